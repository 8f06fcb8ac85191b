"""The head of a page, and figures in boxes."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.choice import region_name
from dashboard.session import Keys
from dashboard.words import Words

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from satseg.regions import Region


def show_heading(region: Region, when: str, summary: str, say: Words, *, simulated: bool) -> None:
    """Show region, date and one line about the page; simulated scenes are called so."""
    name = html.escape(region_name(region, st.session_state[Keys.LANGUAGE]))
    chip = ""
    if simulated:
        note = html.escape(say("simulated_note"))
        chip = f'<span class="satseg-chip" title="{note}">{say("simulated")}</span>'
    st.html(
        f'<div class="satseg-place"><h1>{name}</h1><p>{html.escape(when)}</p>{chip}</div>'
        f'<p class="satseg-summary">{html.escape(summary) or "&nbsp;"}</p>'
    )


def show_figure(
    column: DeltaGenerator, label: str, value: str, note: str | None, hint: str | None = None
) -> None:
    """Show a figure in a box with a note below it, which is no judgement: no colour, no arrow."""
    column.metric(
        label,
        value,
        note,
        help=hint,
        border=True,
        delta_color="off",
        delta_arrow="off",
        height="stretch",  # as high as the box beside it, whose note may be longer
    )
