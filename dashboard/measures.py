"""Figures and chart: the farmland of the date on view, and of all dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.chart import CONFIG, area_chart
from dashboard.choice import Choice, Series
from dashboard.landcover import FARMLAND, class_chart
from dashboard.progress import name_of
from dashboard.samples import adjusted_areas
from dashboard.session import Keys
from dashboard.shelf import Measured
from dashboard.words import Words
from satseg.export.lines import ChartIntervals, ChartLine
from satseg.export.quantities import UNITS, Unit, area_text, percent_text

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from streamlit.delta_generator import DeltaGenerator

ABSENT = "–"
HEIGHT = 104


def show_figures(row: Measured | None, threshold: float, unit: Unit, say: Words) -> None:
    """Show the four figures of a date; a dash stands for what is not computed."""
    one, two = st.columns(2, gap="small")
    shown_threshold = f"{threshold:.2f}"
    area, share, valid = ABSENT, ABSENT, ABSENT
    if row is not None and row.area_m2 is not None:
        area = f"{area_text(row.area_m2, unit)} {say(unit)}"
        share = percent_text(row.share or 0.0)
        valid = percent_text(row.valid_fraction or 0.0)
    label, change, delta = _change(row, unit, say)
    one.metric(say("area"), area, help=say("area_help", threshold=shown_threshold), border=True)
    two.metric(say("share"), share, help=say("share_help"), border=True)
    one.metric(
        label,
        change,
        delta,
        help=say("change_help"),
        border=True,
        delta_color="off",
        delta_arrow="off",
        height=HEIGHT,
    )
    two.metric(say("valid"), valid, help=say("valid_help"), border=True, height=HEIGHT)
    st.html(f'<p class="satseg-note">{say("mapped_note", threshold=shown_threshold)}</p>')


def choose_unit(say: Words) -> Unit:
    """Return the unit in which areas are shown."""
    st.session_state.setdefault(Keys.UNIT, "ha")
    unit: Unit = st.segmented_control(
        say("unit"),
        UNITS,
        key=Keys.UNIT,
        format_func=say,
        label_visibility="collapsed",
        required=True,
        width="stretch",
    )
    return unit


def show_chart(
    choice: Choice,
    series: Series,
    unit: Unit,
    names: Mapping[str, str],
    say: Words,
    *,
    charted: str,
    place: DeltaGenerator,
) -> None:
    """Show the areas of all dates, of farmland or of classes; a click goes to a date."""
    figure = (
        _farmland_chart(choice, series, unit, names, say)
        if charted == FARMLAND
        else class_chart(choice, series, charted, unit, say)
    )
    place.plotly_chart(
        figure,
        key=Keys.CHART,
        on_select=_go_to_date,
        selection_mode="points",
        config=CONFIG,
        width="stretch",
        height="stretch",
    )


def show_chart_title(charted: str, say: Words) -> None:
    """Head the chart of farmland or of classes."""
    title = say("chart" if charted == FARMLAND else "class_chart")
    st.html(f'<h2 class="satseg-heading">{title}</h2>')


def _farmland_chart(
    choice: Choice, series: Series, unit: Unit, names: Mapping[str, str], say: Words
) -> go.Figure:
    lines = [
        ChartLine(
            name=name_of(selection.model_ids, names, say),
            areas_m2={row.date: row.area_m2 for row in rows},
            ensemble=selection.is_ensemble,
        )
        for selection, rows in series.items()
    ]
    return area_chart(
        lines,
        current=choice.scene.date,
        unit=unit,
        unit_name=say(unit),
        adjusted=None if choice.interest is not None else _adjusted(choice, say),
    )


def _adjusted(choice: Choice, say: Words) -> ChartIntervals:
    found = adjusted_areas(choice.region.id)
    areas = {date: (area.value, *area.interval()) for date, area in found.items()}
    return ChartIntervals(say("adjusted_line"), areas)


def _change(row: Measured | None, unit: Unit, say: Words) -> tuple[str, str, str | None]:
    """Return label, figure and relative change."""
    if row is None or row.area_m2 is None:
        return say("change_none"), ABSENT, None
    if row.change_m2 is None:
        return say("change_none"), ABSENT, say("first_date")
    before = row.area_m2 - row.change_m2
    delta = percent_text(row.change_m2 / before, signed=True) if before else None
    figure = f"{area_text(row.change_m2, unit, signed=True)} {say(unit)}"
    return say("change", date=f"{row.since:%Y-%m}"), figure, delta


def _go_to_date() -> None:
    points = st.session_state[Keys.CHART]["selection"]["points"]
    if not points:
        return
    chosen = points[0].get("customdata") or points[0]["x"]
    text = chosen[0] if isinstance(chosen, list) else chosen
    st.session_state[Keys.DATE] = str(dt.date.fromisoformat(str(text)[:10]))
