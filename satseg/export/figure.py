"""A figure of one date: map, legend, scale bar, north arrow, area and source; a PNG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from satseg import __version__
from satseg.errors import StorageError
from satseg.export import legend
from satseg.export.furniture import (
    draw_chip,
    draw_outline,
    draw_rule,
    draw_scale_and_north,
    draw_swatch,
    map_axes,
    width_of,
    write,
)
from satseg.export.picture import outline_of, picture, view_of
from satseg.export.quantities import Unit, area_text, percent_text
from satseg.export.subject import Language, Subject, as_tags
from satseg.export.words import Words, words
from satseg.storage import storing

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from satseg.area import AreaHistogram

Size = Literal["slide", "print"]

INCHES: Final[dict[Size, tuple[float, float]]] = {
    "slide": (13.3334, 7.5),
    "print": (11.6934, 8.268),
}
"""Width and height: a 16:9 slide, and A4 on its side (297 x 210 mm)."""

DPI: Final[dict[Size, int]] = {"slide": 144, "print": 300}
"""Usual dots an inch: 1920 x 1080 pixels, and what printers ask for."""

LEAST_DPI, MOST_DPI = 50, 600

_MARGIN = 0.45
_GAP = 0.45
_LEAST_COLUMN = 3.4
_LEAST_MAP = 3.6
_LEAST_HEIGHT = 5.6
_QUIET = legend.QUIET
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """How a figure looks.

    Attributes:
        size: for a slide or for print.
        dpi: dots an inch; None for the usual of the size.
        language: of all words.
        unit: of areas.
        false_colour: whether imagery shows near infrared as red, where the scene has it.
        opacity: of the farmland, 0 to 1.

    Raises:
        StorageError: the dots an inch are out of range.
    """

    size: Size = "slide"
    dpi: int | None = None
    language: Language = "en"
    unit: Unit = "ha"
    false_colour: bool = False
    opacity: float = legend.OPACITY

    def __post_init__(self) -> None:
        if not LEAST_DPI <= self.dots <= MOST_DPI:
            raise StorageError(
                expected=f"{LEAST_DPI} to {MOST_DPI} dots an inch",
                found=str(self.dpi),
                fix="Give for example 150 for a screen or 300 for print",
            )

    @property
    def dots(self) -> int:
        """Dots an inch."""
        return DPI[self.size] if self.dpi is None else self.dpi


def write_figure(
    subject: Subject, area: AreaHistogram, path: Path, options: FigureOptions | None = None
) -> None:
    """Write a figure as PNG; see ``figure_png``.

    Raises:
        StorageError: the file cannot be written; what was there is kept.
    """
    content = figure_png(subject, area, options)
    with storing(path) as whole:
        whole.write_bytes(content)


def figure_png(
    subject: Subject, area: AreaHistogram, options: FigureOptions | None = None
) -> bytes:
    """Return a figure of a map as PNG, with its provenance in the file's text fields.

    Args:
        subject: the map.
        area: its area by probability, measured in the outline that the figure shows.
        options: how it looks.

    Raises:
        SceneError: a picture cannot be read.
    """
    chosen = options or FigureOptions()
    say = words(chosen.language)
    width, height = INCHES[chosen.size]
    figure = Figure(figsize=(width, height), dpi=chosen.dots, facecolor="white")
    FigureCanvasAgg(figure)
    outline = outline_of(subject)
    box = _map_box(outline, width, height)
    _map(figure, box, outline, subject, chosen)
    x = box[0] + box[2] + _GAP
    top = height - _MARGIN
    bottom = max(_MARGIN, min(box[1], top - _LEAST_HEIGHT))
    column = (x, bottom, width - _MARGIN - x, top - bottom)
    below = _head(figure, column, subject, chosen)
    below = _figures(figure, (*column[:3], below - column[1]), subject, area, chosen)
    _legend(figure, column, below, subject, chosen)
    _source(figure, column, subject, say)
    content = BytesIO()
    figure.savefig(content, format="png", metadata=_metadata(subject, chosen))
    return content.getvalue()


def source(subject: Subject, say: Words) -> list[tuple[str, str]]:
    """Return what the imagery is, and which model and software made the map of it, by name."""
    scene, prediction = subject.scene, subject.prediction
    sensor = say("bands_and_gsd", bands=len(scene.bands), gsd=f"{scene.gsd_m:.2g}")
    model = prediction.model_id
    if prediction.members:
        model = say("ensemble_of", members=" + ".join(prediction.members))
    return [
        (say("imagery"), f"{say('simulated_word')} · {sensor}" if scene.simulated else sensor),
        (say("scene"), scene.id),
        (say("model"), model),
        (say("threshold"), f"{subject.threshold:.2f}"),
        (say("software"), f"satseg {__version__}"),
    ]


def _map_box(outline: BaseGeometry, width: float, height: float) -> _Box:
    """Return where the map goes: as high as the sheet, as wide as the outline asks for."""
    west, south, east, north = outline.bounds
    shape = (east - west) / (north - south)
    tallest = height - 2 * _MARGIN
    widest = width - 2 * _MARGIN - _GAP - _LEAST_COLUMN
    wide = min(widest, max(_LEAST_MAP, tallest * shape))
    high = min(tallest, max(_LEAST_MAP, wide / shape))
    return _MARGIN, height - _MARGIN - high, wide, high


def _map(
    figure: Figure, box: _Box, outline: BaseGeometry, subject: Subject, options: FigureOptions
) -> None:
    x, y, width, height = box
    dots = options.dots
    view = view_of(outline, width=round(width * dots), height=round(height * dots))
    pixels = picture(subject, view, false_colour=options.false_colour, opacity=options.opacity)
    axes = map_axes(figure, box, view, pixels)
    draw_outline(axes, outline)
    place = (x + 0.15, y + 0.15)
    letter = words(options.language)("north")
    draw_scale_and_north(figure, place, view.metres_across / width, width, letter)


def _head(figure: Figure, column: _Box, subject: Subject, options: FigureOptions) -> float:
    """Write place and date; return the height below them."""
    x, bottom, width, height = column
    top = bottom + height
    say = words(options.language)
    write(figure, x, top - 0.3, subject.place(options.language), 24, bold=True, room=width)
    write(figure, x, top - 0.68, str(subject.scene.date), 14, colour=_QUIET)
    if not subject.scene.simulated:
        return top - 0.95
    draw_chip(figure, x, top - 1.1, say("simulated"), 10)
    return top - 1.35


def _figures(
    figure: Figure,
    column: _Box,
    subject: Subject,
    area: AreaHistogram,
    options: FigureOptions,
) -> float:
    """Write the area and its shares; return the height below them."""
    say = words(options.language)
    x, bottom, width, height = column
    top = bottom + height
    draw_rule(figure, x, top, width)
    label = f"{say('farmland')} · {say('mapped_area')}"
    write(figure, x, top - 0.38, label, 11, colour=_QUIET)
    text = area_text(area.area_m2(subject.threshold), options.unit)
    value = write(figure, x, top - 0.9, text, 32)
    write(figure, x + width_of(figure, value) + 0.1, top - 0.9, say(options.unit), 16)
    share = area.share(subject.threshold)
    text = "" if math.isnan(share) else say("share_of_valid", share=percent_text(share))
    write(figure, x, top - 1.22, text, 11, room=width)
    text = say("valid_share", share=percent_text(area.valid_fraction))
    write(figure, x, top - 1.47, text, 11, colour=_QUIET, room=width)
    return top - 1.72


def _legend(
    figure: Figure, column: _Box, top: float, subject: Subject, options: FigureOptions
) -> None:
    say = words(options.language)
    x, _, width, _ = column
    draw_rule(figure, x, top, width)
    threshold = f"{subject.threshold:.2f}"
    entries = (
        (say("farmland_key", threshold=threshold), legend.FARMLAND, "none"),
        (say("outline_key"), "white", legend.INK),
        (say("no_data_key"), legend.GROUND, "#b6c0c5"),
    )
    for number, (text, fill, edge) in enumerate(entries):
        y = top - 0.4 - 0.32 * number
        draw_swatch(figure, (x, y - 0.03), fill=fill, edge=edge)
        write(figure, x + 0.4, y, text, 11, room=width - 0.4)


def _source(figure: Figure, column: _Box, subject: Subject, say: Words) -> None:
    """Write where the map comes from, its last line at the bottom of the sheet's margin."""
    x, bottom, width, _ = column
    lines = source(subject, say)
    draw_rule(figure, x, bottom + 0.23 * len(lines) + 0.06, width)
    for number, (name, text) in enumerate(reversed(lines)):
        y = bottom + 0.23 * number + 0.02
        write(figure, x, y, name, 9, colour=_QUIET)
        write(figure, x + 0.85, y, text, 9, room=width - 0.85)


def _metadata(subject: Subject, options: FigureOptions) -> dict[str, str]:
    fields = {f"satseg:{key}": text for key, text in as_tags(subject.provenance()).items()}
    title = f"{subject.place(options.language)} {subject.scene.date}"
    return {"Title": title, "Software": f"satseg {__version__}", **fields}
