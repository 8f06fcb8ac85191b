"""The chart of farmland area over time, for paper: SVG and PNG."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from satseg.export import legend
from satseg.export.fonts import drawable, font
from satseg.export.lines import ChartIntervals, ChartLine
from satseg.export.quantities import Unit, in_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (7.2, 2.9)
_PNG_DPI = 220
_MOST_TICKS = 9
_SYMBOLS = ("o", "s", "D", "^", "X", "P")
_DASHES = ("-", "--", ":", "-.")


def area_chart(
    lines: Sequence[ChartLine],
    intervals: ChartIntervals,
    *,
    unit: Unit,
    unit_name: str,
    kind: Literal["svg", "png"],
) -> bytes:
    """Return the chart; the axis begins at 0, and a date without a map is a gap in its line."""
    figure = Figure(figsize=_INCHES, dpi=_PNG_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.095, 0.14, 0.885, 0.7))
    for number, line in enumerate(lines):
        _draw_line(axes, line, number, unit)
    if intervals.areas_m2:
        _draw_intervals(axes, intervals, unit)
    _axes(axes, {date for line in lines for date in line.areas_m2} | set(intervals.areas_m2))
    axes.set_ylabel(drawable(unit_name), fontproperties=font(9), color=legend.QUIET)
    if len(lines) > 1 or intervals.areas_m2:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            ncols=4,
            frameon=False,
            prop=font(9),
            labelcolor=legend.INK,
            handlelength=2.4,
            columnspacing=1.6,
        )
    content = BytesIO()
    figure.savefig(content, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return content.getvalue()


def _draw_line(axes: Axes, line: ChartLine, number: int, unit: Unit) -> None:
    dates = sorted(line.areas_m2)
    values = [line.areas_m2[date] for date in dates]
    axes.plot(
        [date.toordinal() for date in dates],
        [float("nan") if value is None else in_unit(value, unit) for value in values],
        label=drawable(line.name),
        color=line.colour(number),
        linestyle=_DASHES[number % len(_DASHES)],
        marker=_SYMBOLS[number % len(_SYMBOLS)],
        markersize=6.5,
        markeredgecolor="white",
        markeredgewidth=0.8,
        linewidth=1.8,
        clip_on=False,
        zorder=3,
    )


def _draw_intervals(axes: Axes, intervals: ChartIntervals, unit: Unit) -> None:
    dates = sorted(intervals.areas_m2)
    rows = [intervals.areas_m2[date] for date in dates]
    axes.errorbar(
        [date.toordinal() for date in dates],
        [in_unit(value, unit) for value, _, _ in rows],
        yerr=[
            [in_unit(value - low, unit) for value, low, _ in rows],
            [in_unit(high - value, unit) for value, _, high in rows],
        ],
        label=drawable(intervals.name),
        fmt="D",
        color=legend.INK,
        markerfacecolor="white",
        markersize=5.5,
        capsize=3.5,
        elinewidth=1.2,
        zorder=4,
    )


def _axes(axes: Axes, dates: set[dt.date]) -> None:
    days = sorted(dates)
    span = dt.timedelta(days=max(30, (days[-1] - days[0]).days))
    rim = 0.05 * span.days
    axes.set_xlim(days[0].toordinal() - rim, days[-1].toordinal() + rim)
    axes.set_ylim(0, 1.08 * max(axes.dataLim.y1, 1e-9))
    marked = _apart(days, span / _MOST_TICKS)
    axes.set_xticks([day.toordinal() for day in marked], [f"{day:%Y-%m}" for day in marked])
    axes.tick_params(length=0, pad=5, labelcolor=legend.INK)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font(9))
    axes.grid(axis="y", color=legend.RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    for name, side in axes.spines.items():
        side.set_visible(name == "bottom")
        side.set_color(legend.RULE)


def _apart(days: Sequence[dt.date], least: dt.timedelta) -> list[dt.date]:
    """Return the first of some days in order, and each that is far enough from the one before."""
    kept = list(days[:1])
    for day in days[1:]:
        if day - kept[-1] >= least:
            kept.append(day)
    return kept
