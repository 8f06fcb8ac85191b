"""Classes of the land on the page Explore: their areas on a date, and over time."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.chart import area_chart
from dashboard.choice import Choice, Series
from dashboard.session import Keys, Language
from dashboard.shelf import Measured, shelf
from dashboard.words import Words
from satseg.errors import RegionError
from satseg.export.lines import ChartLine
from satseg.export.quantities import Unit, area_text, percent_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from satseg.area_classes import ClassAreas
    from satseg.interest import Interest
    from satseg.legend import Entry, Legend

FARMLAND: Final = "by_threshold"
STACKED: Final = "stacked"


def class_name(entry: Entry, language: Language) -> str:
    """Return the name of a class in a language."""
    return entry.land.name_zh if language == "zh" else entry.land.name_en


def class_label(entry: Entry, language: Language) -> str:
    """Return a class as HTML: the colour that it has on the map, and its name."""
    swatch = f'<span class="satseg-swatch" style="background:{entry.colour}"></span>'
    return swatch + html.escape(class_name(entry, language))


def class_rows(legend: Legend, language: Language) -> list[dict[str, Any]]:
    """Return code, colour and name of each class, for the map's legend."""
    return [
        {
            "code": entry.land.code,
            "colour": list(entry.rgb),
            "name": class_name(entry, language),
        }
        for entry in legend.entries
    ]


def show_classes(choice: Choice, row: Measured | None, unit: Unit, say: Words) -> None:
    """Show the area of each class on the date on view, of a model that tells some apart."""
    areas = None if row is None else areas_of(row, choice.interest)
    legend = _legend(row)
    if areas is None or legend is None:
        return
    rows = "".join(
        f"<tr><th>{class_label(entry, choice.language)}</th>"
        f"<td>{area_text(areas.m2[entry.key], unit)}</td>"
        f"<td>{percent_text(areas.share(entry.key)) if areas.valid_m2 else '–'}</td></tr>"
        for entry in legend.entries
    )
    st.html(
        f'<h2 class="satseg-heading">{say("classes")}</h2>'
        f'<table class="satseg-table satseg-class-areas"><tr><th>{say("class")}</th>'
        f"<th>{say(unit)}</th><th>{say('share')}</th></tr>{rows}</table>"
        f'<p class="satseg-note">{say("classes_note")}</p>'
    )


def choose_charted(choice: Choice, row: Measured | None, say: Words) -> str:
    """Return what the chart shows: farmland, or one or all of the classes.

    That is ``FARMLAND``, ``STACKED`` or the key of a class. Without classes there is no choice.
    """
    legend = _legend(row)
    if legend is None:
        return FARMLAND
    names = {entry.key: class_name(entry, choice.language) for entry in legend.entries}
    fixed = {FARMLAND: say("charted_farmland"), STACKED: say("charted_all")}
    options = [*fixed, *names]
    if st.session_state.get(Keys.CHARTED) not in options:
        st.session_state[Keys.CHARTED] = FARMLAND
    # As with regions, each language has a box of its own.
    box = f"{Keys.CHARTED}_{choice.language}"
    st.session_state[box] = st.session_state[Keys.CHARTED]
    st.selectbox(
        say("charted"),
        options,
        key=box,
        label_visibility="collapsed",
        format_func={**fixed, **names}.__getitem__,
        on_change=_chart,
        args=(box,),
    )
    return str(st.session_state[Keys.CHARTED])


def _chart(box: str) -> None:
    st.session_state[Keys.CHARTED] = st.session_state[box]


def class_chart(choice: Choice, series: Series, charted: str, unit: Unit, say: Words) -> go.Figure:
    """Return the chart of one class, or of all of them one on the other, of the model on view."""
    rows = [] if choice.shown is None else series[choice.shown]
    legend = next((found for row in rows if (found := _legend(row)) is not None), None)
    found = {row.date: areas_of(row, choice.interest) for row in rows}
    figure = area_chart(
        [] if legend is None or charted == STACKED else [_line(legend, charted, found, choice)],
        current=choice.scene.date,
        unit=unit,
        unit_name=say(unit),
    )
    if legend is not None and charted == STACKED:
        _stack(figure, legend, found, choice, unit, say)
    elif legend is not None:
        colour = next(entry.colour for entry in legend.entries if entry.key == charted)
        figure.update_traces(marker_color=colour, marker_line_color="#51626b")
    return figure


def _line(
    legend: Legend, key: str, found: Mapping[dt.date, ClassAreas | None], choice: Choice
) -> ChartLine:
    entry = next(entry for entry in legend.entries if entry.key == key)
    areas = {date: None if one is None else one.m2[key] for date, one in found.items()}
    return ChartLine(name=class_name(entry, choice.language), areas_m2=areas)


def _stack(  # noqa: PLR0917 -- one caller, everything of it
    figure: go.Figure,
    legend: Legend,
    found: Mapping[dt.date, ClassAreas | None],
    choice: Choice,
    unit: Unit,
    say: Words,
) -> None:
    """Add one bar a date, in which the classes lie one on the other."""
    from satseg.export.quantities import in_unit

    shown = {date: one for date, one in sorted(found.items()) if one is not None}
    dates = [str(date) for date in shown]
    for entry in legend.entries:
        areas = [one.m2[entry.key] for one in shown.values()]
        name = class_name(entry, choice.language)
        figure.add_bar(
            x=dates,
            y=[in_unit(area, unit) for area in areas],
            name=name,
            customdata=dates,
            text=[area_text(area, unit) for area in areas],
            textposition="none",
            hovertemplate=f"%{{x|%Y-%m-%d}}<br><b>%{{text}} {say(unit)}</b><extra>{name}</extra>",
            marker={"color": entry.colour, "line": {"color": "#ffffff", "width": 0.5}},
        )
    # Dates are categories here: bars on an axis of time would be as thin as a day.
    figure.update_layout(barmode="stack", bargap=0.35, showlegend=True, shapes=[])
    figure.update_xaxes(type="category", tickvals=None, ticktext=None)


def areas_of(row: Measured, interest: Interest | None) -> ClassAreas | None:
    """Return the areas of a date's classes; None without a map of classes or beside the area."""
    prediction = row.prediction
    if prediction is None or prediction.classes is None or prediction.legend is None:
        return None
    place = row.scene.region_id if interest is None else interest
    return _areas(prediction.id, place, str(prediction.created))


@lru_cache(maxsize=2048)
def _areas(prediction_id: str, place: str | Interest, made: str) -> ClassAreas | None:
    """Return areas in a region or an area of interest; ``made`` tells a prediction made anew."""
    del made
    from satseg.area_classes import class_areas
    from satseg.workflow_classes import areas_in_region

    catalog = shelf().catalog
    prediction = catalog.prediction(prediction_id)
    try:
        if isinstance(place, str):
            return areas_in_region(catalog, prediction, place)
        return (
            None if prediction.classes is None else class_areas(prediction.classes, place.geometry)
        )
    except RegionError:  # on the scene's outline, where the map has no pixel
        return None


def _legend(row: Measured | None) -> Legend | None:
    if row is None or row.prediction is None or row.prediction.classes is None:
        return None
    return row.prediction.legend
