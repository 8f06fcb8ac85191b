"""Results of a sample: areas with intervals, accuracies, calibration, agreement, change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard.heading import show_figure
from dashboard.measures import choose_unit
from dashboard.notices import show_empty
from dashboard.reliability import show_calibration
from dashboard.revisits import offer_revisits, show_differences
from dashboard.words import Words
from satseg.errors import AccuracyError
from satseg.export.quantities import Unit, area_text, percent_text
from satseg.sampling import LABELS, Interpreter, Sample, labelled_sample

if TYPE_CHECKING:
    from satseg.accuracy import Assessment, Estimate
    from satseg.catalog_records import SceneRecord

FARMLAND = 0


def show_results(
    sample: Sample, scenes: Sequence[SceneRecord], interpreter: Interpreter, say: Words
) -> None:
    """Show what one interpreter's labels say about the map and the region."""
    from satseg.accuracy import assess

    try:
        labelled = labelled_sample(sample, interpreter)
    except AccuracyError:
        show_empty(say("too_few_title"), say("too_few"))
        return
    with st.columns((1, 2))[0]:
        unit = choose_unit(say)
    found = assess(labelled)
    _figures(sample, found, unit, say)
    _notes(sample, interpreter, say)
    left, right = st.columns(2, gap="large")
    with left:
        _confusion(found, say)
        _agreement(sample, say)
        show_differences(sample, interpreter, unit, say)
        offer_revisits(sample, scenes, say)
    with right:
        show_calibration(sample, interpreter, say)


def _figures(sample: Sample, found: Assessment, unit: Unit, say: Words) -> None:
    columns = st.container(key="result_figures").columns(5, gap="small")
    area = found.area_m2[FARMLAND]
    mapped_m2 = sample.mapped_m2[FARMLAND]
    show_figure(
        columns[0],
        say("adjusted"),
        f"{area_text(area.value, unit)} {say(unit)}",
        _area_interval(area, unit, say),
        say("adjusted_help"),
    )
    show_figure(
        columns[1],
        say("mapped"),
        f"{area_text(mapped_m2, unit)} {say(unit)}",
        percent_text(mapped_m2 / area.value - 1, signed=True) if area.value else None,
        say("mapped_help"),
    )
    shares = (
        ("overall", found.overall, None),
        ("users", found.users[FARMLAND], say("users_help")),
        ("producers", found.producers[FARMLAND], say("producers_help")),
    )
    for column, (name, value, note) in zip(columns[2:], shares, strict=True):
        show_figure(
            column,
            say(name),
            say("undefined") if value is None else percent_text(value.value),
            None if value is None else _share_interval(value, say),
            note,
        )


def _area_interval(area: Estimate, unit: Unit, say: Words) -> str:
    low, high = area.interval()
    return say("interval", low=area_text(low, unit), high=area_text(high, unit))


def _share_interval(share: Estimate, say: Words) -> str:
    low, high = share.interval()
    return say("interval", low=percent_text(low), high=percent_text(high))


def _notes(sample: Sample, interpreter: Interpreter, say: Words) -> None:
    notes = []
    if sample.unseen_share:
        notes.append(say("part_note", share=percent_text(sample.unseen_share)))
    unsure, unlabelled = sample.unsure(interpreter), len(sample.unlabelled(interpreter))
    if unsure:
        notes.append(say("unsure_note", n=unsure))
    if unlabelled:
        notes.append(say("open_note", n=unlabelled))
    notes += [
        say("flat_note", n=count, stratum=say(f"stratum_{name}"))
        for name, count in sample.flat_strata(interpreter)
    ]
    if notes:
        st.html("".join(f'<p class="satseg-note">{note}</p>' for note in notes))


def _confusion(found: Assessment, say: Words) -> None:
    names = [say(f"class_{name}") for name in found.classes]
    rows = "".join(
        f"<tr><th>{name}</th>"
        + "".join(
            f"<td>{int(count)} <small>({percent_text(float(share))})</small></td>"
            for count, share in zip(counts, shares, strict=True)
        )
        + "</tr>"
        for name, counts, shares in zip(names, found.counts, found.proportions, strict=True)
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    st.html(
        f'<h2 class="satseg-heading">{say("confusion")}</h2>'
        f'<table class="satseg-table"><tr><th></th>{head}</tr>{rows}</table>'
        f'<p class="satseg-note">{say("confusion_note")}</p>'
    )


def _agreement(sample: Sample, say: Words) -> None:
    from satseg.accuracy import kappa

    first, second = sample.pairs()
    if len(first) < 2:
        return
    found = kappa(*(np.array([LABELS.index(label) for label in seen]) for seen in (first, second)))
    st.html(
        f'<h2 class="satseg-heading">{say("agreement")}</h2><p class="satseg-note">'
        + say(
            "agreement_text",
            n=len(first),
            share=percent_text(found.agreement.value),
            kappa="–" if found.kappa is None else f"{found.kappa.value:.2f}",
            error="–" if found.kappa is None else f"{found.kappa.standard_error:.2f}",
        )
        + "</p>"
    )
