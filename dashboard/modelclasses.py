"""A card's classes: their names and colours, and how well each was found."""

from __future__ import annotations

import html

import streamlit as st

from dashboard.cardtexts import said
from dashboard.landcover import class_label
from dashboard.modelparts import figure
from dashboard.session import Keys
from dashboard.words import Words
from satseg.classes import CLASSES, FARMLAND_CODES
from satseg.legend import Entry, Legend
from satseg.zoo.card import ModelCard

_FARMLAND = "#ffc400"
"""Farmland as maps of a model without a legend paint it."""


def class_names(legend: Legend | None) -> str:
    """Return the classes as HTML, each with the colour that it has on the map."""
    if legend is not None:
        return "<br>".join(map(_label, legend.entries))
    swatch = f'<i class="satseg-swatch" style="background:{_FARMLAND}"></i>'
    zh = st.session_state[Keys.LANGUAGE] == "zh"
    names = [one.name_zh if zh else one.name_en for one in CLASSES if one.code in FARMLAND_CODES]
    return "<br>".join(swatch + name for name in names)


def show_class_scores(card: ModelCard, say: Words) -> None:
    """Show the IoU of each class on each data set that has truth of the classes."""
    measured = [row for row in card.metrics if "class_iou" in row]
    if card.legend is None or not measured:
        return
    head = "".join(f"<th>{html.escape(said(row['data']))}</th>" for row in measured)
    body = "".join(
        f"<tr><th>{_label(entry)}</th>"
        + "".join(f"<td>{figure(row['class_iou'].get(entry.key))}</td>" for row in measured)
        + "</tr>"
        for entry in card.legend.entries
    )
    means = "".join(f"<td>{figure(row.get('mean_iou'))}</td>" for row in measured)
    st.html(
        f'<h2 class="satseg-heading">{say("class_scores")}</h2>'
        f'<table class="satseg-table satseg-class-scores"><tr><th>{say("class")}</th>{head}</tr>'
        f"{body}<tr><th>{say('class_mean')}</th>{means}</tr></table>"
        f'<p class="satseg-note">{say("class_scores_note")}</p>'
    )


def _label(entry: Entry) -> str:
    return class_label(entry, st.session_state[Keys.LANGUAGE])
