"""What stands on a map: outline, scale bar, north arrow, legend entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle
from matplotlib.patheffects import withStroke
from shapely.geometry.base import BaseGeometry

from satseg.export import legend
from satseg.export.fonts import drawable, font
from satseg.export.picture import View
from satseg.export.quantities import length_text, round_length_m

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

_LONGEST = 0.24
"""Of a scale bar, as a share of the map's width."""


def write(  # noqa: PLR0913 -- a text has a place and a look
    figure: Figure,
    x: float,
    y: float,
    text: str,
    size_pt: float,
    *,
    colour: str = legend.INK,
    bold: bool = False,
    align: str = "left",
    room: float | None = None,
) -> Text:
    """Write a text at a place in inches from the lower left corner.

    A text wider than ``room`` (inches) is set smaller, to half its size, and then cut off.
    """
    width, height = figure.get_size_inches()
    written = figure.text(
        x / width,
        y / height,
        drawable(text),
        fontproperties=font(size_pt),
        color=colour,
        ha=align,
    )
    if room is not None:
        _fit(figure, written, size_pt, room)
    if bold:
        written.set_path_effects([withStroke(linewidth=size_pt / 40, foreground=colour)])
    return written


def _fit(figure: Figure, text: Text, size_pt: float, room: float) -> None:
    wide = width_of(figure, text)
    if wide <= room:
        return
    text.set_fontsize(max(size_pt / 2, size_pt * room / wide))
    full = text.get_text()
    kept = len(full)
    while kept > 1 and width_of(figure, text) > room:
        kept -= max(1, kept // 20)
        text.set_text(full[:kept].rstrip() + "…")


def width_of(figure: Figure, text: Text) -> float:
    """Return how wide a text is, in inches."""
    return float(text.get_window_extent().width / figure.dpi)


def map_axes(
    figure: Figure,
    box: tuple[float, float, float, float],
    view: View,
    pixels: NDArray[np.uint8],
) -> Axes:
    """Return axes in Web Mercator with a picture, in a box (x, y, width, height) of inches."""
    wide, high = figure.get_size_inches()
    x, y, width, height = box
    axes = figure.add_axes((x / wide, y / high, width / wide, height / high))
    west, south, east, north = view.bounds
    axes.imshow(pixels, extent=(west, east, south, north), interpolation="nearest", aspect="auto")
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    return axes


def draw_outline(axes: Axes, outline: BaseGeometry, *, width_pt: float = 1.6) -> None:
    """Draw the outline of a (multi)polygon: white on a dark edge, seen on any ground."""
    for part in getattr(outline, "geoms", [outline]):
        for ring in (part.exterior, *part.interiors):
            x, y = ring.xy
            (line,) = axes.plot(x, y, color="white", linewidth=width_pt, solid_joinstyle="round")
            line.set_path_effects(
                [withStroke(linewidth=width_pt + 1.4, foreground=legend.INK, alpha=0.75)]
            )


def draw_scale_and_north(
    figure: Figure,
    corner: tuple[float, float],
    metres_an_inch: float,
    map_width: float,
    north: str,
) -> None:
    """Draw a scale bar and a north arrow on a plate whose lower left corner is at a place.

    Args:
        figure: where to.
        corner: (x, y) in inches.
        metres_an_inch: geodesic metres on the ground in an inch of the map.
        map_width: of the map, in inches.
        north: the arrow's letter.
    """
    x, y = corner
    length_m = round_length_m(_LONGEST * map_width * metres_an_inch)
    bar = length_m / metres_an_inch
    height, pad, arrow = 0.44, 0.13, 0.3
    _plate(figure, (x, y, bar + 3 * pad + arrow, height))
    left, base = x + pad, y + 0.115
    for part in range(4):
        colour = legend.INK if part % 2 == 0 else "white"
        place = (left + part * bar / 4, base)
        _rectangle(figure, place, (bar / 4, 0.06), fill=colour, edge=legend.INK)
    write(figure, left, base + 0.115, "0", 7.5)
    write(figure, left + bar, base + 0.115, length_text(length_m), 7.5, align="right")
    _north(figure, left + bar + pad + arrow / 2, y, north)


def draw_swatch(
    figure: Figure, place: tuple[float, float], *, fill: str, edge: str, alpha: float = 1.0
) -> None:
    """Draw a legend's box at a place in inches."""
    _rectangle(figure, place, (0.26, 0.17), fill=fill, edge=edge, alpha=alpha)


def draw_chip(figure: Figure, x: float, y: float, text: str, size_pt: float) -> None:
    """Draw a text on a coloured plate that begins at ``x``, its text's line at ``y`` (inches)."""
    pad = 0.35
    written = write(figure, x + pad * size_pt / 72, y, text, size_pt, colour="white")
    written.set_bbox(
        {"boxstyle": f"round,pad={pad},rounding_size=0.3", "fc": legend.SIMULATED, "ec": "none"}
    )


def draw_rule(figure: Figure, x: float, y: float, width: float) -> None:
    """Draw a thin line."""
    _rectangle(figure, (x, y), (width, 0.011), fill=legend.RULE, edge="none")


def _north(figure: Figure, x: float, y: float, letter: str) -> None:
    wide, high = figure.get_size_inches()
    points = [(x, y + 0.26), (x - 0.075, y + 0.08), (x, y + 0.125), (x + 0.075, y + 0.08)]
    figure.add_artist(
        Polygon(
            [(px / wide, py / high) for px, py in points],
            closed=True,
            transform=figure.transFigure,
            facecolor=legend.INK,
            edgecolor="none",
            zorder=4,
        )
    )
    write(figure, x, y + 0.29, letter, 7.5, align="center")


def _plate(figure: Figure, box: tuple[float, float, float, float]) -> None:
    wide, high = figure.get_size_inches()
    x, y, width, height = box
    figure.add_artist(
        FancyBboxPatch(
            (x / wide, y / high),
            width / wide,
            height / high,
            boxstyle="square,pad=0",
            transform=figure.transFigure,
            facecolor="white",
            edgecolor="none",
            alpha=0.9,
            zorder=3,
        )
    )


def _rectangle(
    figure: Figure,
    place: tuple[float, float],
    size: tuple[float, float],
    *,
    fill: str,
    edge: str,
    alpha: float = 1.0,
) -> None:
    wide, high = figure.get_size_inches()
    figure.add_artist(
        Rectangle(
            (place[0] / wide, place[1] / high),
            size[0] / wide,
            size[1] / high,
            transform=figure.transFigure,
            facecolor=fill,
            edgecolor=edge,
            linewidth=0.6,
            alpha=alpha,
            zorder=4,
        )
    )
