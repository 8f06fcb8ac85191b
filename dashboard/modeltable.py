"""The comparison of all models and ensembles by what their cards say they measured."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.cardtexts import listing, said
from dashboard.shelf import cards, ensembles, models_folder
from dashboard.words import Words
from satseg.errors import TrainingError

if TYPE_CHECKING:
    import pandas as pd

    from satseg.evaluation_sets import EvaluationSet
    from satseg.zoo.card import ModelCard
    from satseg.zoo.ensembles import EnsembleCard

COLUMNS = (
    *("data", "role", "iou", "iou_low", "iou_high", "boundary_iou", "f1", "precision", "recall"),
    *("accuracy", "area_bias", "ece", "auroc_entropy", "images", "pixels"),
)
SHARES = (
    "iou",
    "iou_low",
    "iou_high",
    "boundary_iou",
    "f1",
    "precision",
    "recall",
    "accuracy",
    "ece",
    "auroc_entropy",
)
ROWS = 15


def show_comparison(say: Words) -> None:
    """Show one row for each model and data set, to be sorted, and what the data sets are."""
    every = [*cards(), *ensembles()]
    frame = metrics_frame(every, say)
    st.html(f'<p class="satseg-note">{say("comparison_hint")}</p>')
    st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        height="content" if len(frame) <= ROWS else 560,
        column_config=columns_of(say),
        key="comparison",
    )
    st.html(f'<p class="satseg-note">{say("metrics_note")}</p>')
    found = evaluation_sets()
    if found:
        listed = "".join(
            f"<li><b>{html.escape(said(one.name))}</b>: {html.escape(said(one.note))} "
            f"({say(f'role_{one.role}')})</li>"
            for one in found
        )
        st.html(
            f'<h2 class="satseg-heading">{say("sets_title")}</h2>'
            f'<ul class="satseg-list">{listed}</ul>'
        )
    notes = [
        f"{said(card.title)}: "
        + say("not_measurable", names=listing(names), reason=say("reason_rgb"))
        for card in every
        if (names := lacking_sets(_bands(card)))
    ]
    if notes:
        st.html("".join(f'<p class="satseg-note">{html.escape(note)}</p>' for note in notes))


def metrics_frame(every: Sequence[ModelCard | EnsembleCard], say: Words) -> pd.DataFrame:
    """Return the rows of the cards' metrics under the headings of the visitor's language."""
    import pandas as pd

    rows = [
        {"model": said(card.title)}
        | {name: row.get(name) for name in COLUMNS}
        | {name: said(row.get(name, "")) for name in ("data", "role")}
        for card in every
        for row in card.metrics
    ]
    names = ("model", *COLUMNS)
    frame = pd.DataFrame(rows, columns=list(names))
    return frame.rename(columns={name: say(f"metric_{name}") for name in names})


def columns_of(say: Words) -> Mapping[str, Any]:
    """Return how the columns of ``metrics_frame`` are written."""
    numbers = {name: st.column_config.NumberColumn(format="%.3f") for name in SHARES}
    numbers["area_bias"] = st.column_config.NumberColumn(format="%+.3f")
    numbers["pixels"] = st.column_config.NumberColumn(format="localized")
    numbers["model"] = st.column_config.TextColumn(width=170)
    return {say(f"metric_{name}"): column for name, column in numbers.items()}


def evaluation_sets() -> list[EvaluationSet]:
    """Return what models/evaluation.toml says about the data sets; none where there is no file."""
    from satseg.evaluation_sets import load_sets

    try:
        return load_sets(models_folder() / "evaluation.toml")
    except TrainingError:
        return []


def roles() -> dict[str, str]:
    """Return the role of each data set by its name."""
    return {one.name: one.role for one in evaluation_sets()}


def lacking_sets(bands: Sequence[str]) -> list[str]:
    """Return the data sets that have not the bands of a model."""
    from satseg.evaluation_sets import has_bands

    return [one.name for one in evaluation_sets() if not has_bands(one, bands)]


def _bands(card: ModelCard | EnsembleCard) -> tuple[str, ...]:
    from satseg.zoo.card import ModelCard

    if isinstance(card, ModelCard):
        return card.bands
    return tuple(band for member in card.models() for band in member.bands)
