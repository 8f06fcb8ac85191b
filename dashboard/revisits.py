"""The same points on other dates: asking for them, and the difference of two dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.heading import show_figure
from dashboard.notices import attempt
from dashboard.planning import maps_of
from dashboard.samples import known_samples, store
from dashboard.session import Keys
from dashboard.words import Words
from satseg.errors import AccuracyError
from satseg.export.quantities import Unit, area_text
from satseg.sampling import (
    CHANGES,
    Interpreter,
    Sample,
    labelled_change,
    labelled_sample,
)

if TYPE_CHECKING:
    from satseg.accuracy import Estimate
    from satseg.catalog_records import SceneRecord


def show_differences(sample: Sample, interpreter: Interpreter, unit: Unit, say: Words) -> None:
    """Show net change, gain and loss against the other dates with the same points."""
    for other in _family(sample):
        first, second = sorted((other, sample), key=lambda one: one.date)
        title = say("difference", first=first.date, second=second.date)
        st.html(f'<h2 class="satseg-heading">{title}</h2>')
        try:
            rows = _changes(first, second, interpreter, say)
        except AccuracyError:
            st.html(f'<p class="satseg-note">{say("label_more", date=other.date)}</p>')
            continue
        columns = st.columns(len(rows), gap="small")
        for number, (column, (name, found)) in enumerate(zip(columns, rows, strict=True)):
            signed = number == 0
            low, high = (area_text(limit, unit, signed=signed) for limit in found.interval())
            show_figure(
                column,
                name,
                f"{area_text(found.value, unit, signed=signed)} {say(unit)}",
                say("interval", low=low, high=high),
                say("difference_help"),
            )


def _changes(
    first: Sample, second: Sample, interpreter: Interpreter, say: Words
) -> list[tuple[str, Estimate]]:
    """Return net change, gain and loss of farmland between two dates.

    Raises:
        AccuracyError: too few points are labelled on both dates.
    """
    from satseg.accuracy import assess, compare

    shared = {p.number for p in first.sure(interpreter)} & {
        p.number for p in second.sure(interpreter)
    }
    before, after = (labelled_sample(one, interpreter, only=shared) for one in (first, second))
    net = compare(before, after, sorted(shared), sorted(shared))
    areas = assess(labelled_change(first, second, interpreter)).area_m2
    return [
        (say("net_change"), net),
        (say("gain_area"), areas[CHANGES.index("gain")]),
        (say("loss_area"), areas[CHANGES.index("loss")]),
    ]


def offer_revisits(sample: Sample, scenes: Sequence[SceneRecord], say: Words) -> None:
    """Offer to label the same points on the dates that have a map by the same models."""
    seen = {sample.scene_id, *(other.scene_id for other in _family(sample))}
    open_dates = [
        (scene, title)
        for scene in scenes
        if scene.id not in seen
        for title, (_, prediction) in maps_of(scene).items()
        if prediction.model_id == sample.model_id
    ]
    if not open_dates:
        return
    st.html(
        f'<h2 class="satseg-heading">{say("again_title")}</h2>'
        f'<p class="satseg-note">{say("again_text")}</p>'
    )
    with st.container(key="again", horizontal=True, gap="small"):
        for scene, title in open_dates:
            st.button(
                say("again", date=scene.date),
                key=f"again_{scene.id}",
                on_click=attempt,
                args=(_see_again, sample, scene, title),
            )


def _family(sample: Sample) -> list[Sample]:
    """Return the other samples that share this one's points."""
    root = sample.first_id or sample.id
    return [
        other
        for other in known_samples(region_id=sample.region_id)
        if other.id != sample.id and root in (other.id, other.first_id)
    ]


def _see_again(sample: Sample, scene: SceneRecord, title: str) -> None:
    from dashboard.shelf import shelf
    from satseg.sampling.revisit import revisited

    selection, prediction = maps_of(scene)[title]
    again = revisited(
        sample,
        scene_id=scene.id,
        date=scene.date,
        prediction_id=prediction.id,
        model_id=prediction.model_id,
        threshold=selection.threshold,
        probability=prediction.probability,
        histogram=shelf().catalog.area(prediction.id, sample.region_id),
    )
    store().add(again)
    st.session_state[Keys.DATE] = str(scene.date)
    st.session_state[Keys.SAMPLE] = again.id
    st.session_state[Keys.STEP] = "label"
