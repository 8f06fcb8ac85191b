"""The chart of farmland area over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from satseg.export.legend import INK
from satseg.export.lines import ChartIntervals, ChartLine
from satseg.export.quantities import Unit, area_text, in_unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

GRID: Final = "#e3e8ea"
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "cross")
DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
CONFIG: Final = {"displayModeBar": False, "scrollZoom": False}


def area_chart(
    lines: Sequence[ChartLine],
    *,
    current: dt.date | None,
    unit: Unit,
    unit_name: str,
    adjusted: ChartIntervals | None = None,
) -> go.Figure:
    """Return the chart; its points carry their date as ``customdata``."""
    import plotly.graph_objects as go

    traces = [
        _trace(line, number, current=current, unit=unit, unit_name=unit_name)
        for number, line in enumerate(lines)
    ]
    if adjusted is not None and adjusted.areas_m2:
        traces.append(_adjusted_trace(adjusted, unit=unit, unit_name=unit_name))
    dates = sorted({date for line in lines for date in line.areas_m2})
    # Given at once: each update of a figure checks all of its layout anew.
    return go.Figure(
        {"data": traces, "layout": _layout(dates, current, unit_name, legend=len(traces) > 1)}
    )


def _layout(
    dates: Sequence[dt.date], current: dt.date | None, unit_name: str, *, legend: bool
) -> dict[str, Any]:
    now = {
        "type": "line",
        "x0": str(current),
        "x1": str(current),
        "yref": "y domain",
        "y0": 0,
        "y1": 1,
        "line": {"color": "#9aa7ad", "width": 1, "dash": "dot"},
    }
    return {
        "margin": {"l": 4, "r": 8, "t": 6, "b": 4},
        "font": {"color": INK, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "font": {"size": 12},
        },
        "hovermode": "closest",
        "dragmode": False,
        "clickmode": "event+select",
        "shapes": [] if current is None else [now],
        "xaxis": {
            "showgrid": False,
            "linecolor": GRID,
            "tickfont": {"color": INK},
            **_ticks(dates),
        },
        "yaxis": {
            "title": {"text": unit_name, "standoff": 6, "font": {"color": INK}},
            "rangemode": "tozero",
            "gridcolor": GRID,
            "zerolinecolor": GRID,
            "tickfont": {"color": INK},
            "nticks": 6,
            "automargin": True,
        },
    }


def _trace(
    line: ChartLine, number: int, *, current: dt.date | None, unit: Unit, unit_name: str
) -> dict[str, Any]:
    dates = sorted(line.areas_m2)
    areas = [line.areas_m2[date] for date in dates]
    colour = line.colour(number)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": line.name,
        "x": [str(date) for date in dates],
        "y": [None if area is None else in_unit(area, unit) for area in areas],
        "customdata": [str(date) for date in dates],
        "text": ["" if area is None else area_text(area, unit) for area in areas],
        "hovertemplate": "%{x|%Y-%m-%d}<br><b>%{text} "
        f"{unit_name}</b><extra>{line.name}</extra>",
        "connectgaps": False,
        "line": {
            "color": colour,
            "width": 3 if line.ensemble else 2,
            "dash": DASHES[number % len(DASHES)],
        },
        "marker": {
            "color": colour,
            "opacity": 1,
            "size": [13 if date == current else 8 for date in dates],
            "symbol": SYMBOLS[number % len(SYMBOLS)],
            "line": {"color": "#ffffff", "width": 1.5},
        },
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }


def _adjusted_trace(adjusted: ChartIntervals, *, unit: Unit, unit_name: str) -> dict[str, Any]:
    dates = sorted(adjusted.areas_m2)
    rows = [adjusted.areas_m2[date] for date in dates]
    values = [in_unit(value, unit) for value, _, _ in rows]
    ranges = [f"{area_text(low, unit)} – {area_text(high, unit)}" for _, low, high in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": adjusted.name,
        "x": [str(date) for date in dates],
        "y": values,
        "customdata": [str(date) for date in dates],
        "text": [
            f"<b>{area_text(value, unit)}</b> ({limits})"
            for (value, _, _), limits in zip(rows, ranges, strict=True)
        ],
        "hovertemplate": f"%{{x|%Y-%m-%d}}<br>%{{text}} {unit_name}<extra>{adjusted.name}</extra>",
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [in_unit(high - value, unit) for value, _, high in rows],
            "arrayminus": [in_unit(value - low, unit) for value, low, _ in rows],
            "color": INK,
            "thickness": 1.6,
            "width": 6,
        },
        "marker": {
            "color": "#ffffff",
            "opacity": 1,
            "size": 9,
            "symbol": "diamond",
            "line": {"color": INK, "width": 2},
        },
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }


def _ticks(dates: Sequence[dt.date]) -> dict[str, Any]:
    """Return the ticks of the time axis: the dates themselves while they fit."""
    if not 1 <= len(dates) <= 5:
        return {"type": "date"}
    texts = [f"{date:%b}<br>{date:%Y}" for date in dates]
    return {"type": "date", "tickvals": [str(date) for date in dates], "ticktext": texts}
