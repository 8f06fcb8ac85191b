"""The content of a report: texts, table, maps, chart and provenance; no layout."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from satseg import __version__
from satseg.errors import CatalogError
from satseg.export.chart import area_chart
from satseg.export.furniture import draw_outline, draw_scale_and_north, map_axes
from satseg.export.lines import ChartIntervals, ChartLine
from satseg.export.picture import outline_of, picture, view_of
from satseg.export.quantities import Unit, area_text, percent_text
from satseg.export.series import SeriesTable
from satseg.export.subject import Language, Subject
from satseg.export.words import Words, words
from satseg.series import COVERAGE_TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]

MOST_MAPS = 24
"""Maps in one report; with more dates the latest ones are shown, and the report says so."""

NONE = "–"
"""Stands for a figure that there is none of."""

NO_BREAK = "\u00a0"
"""A space at which no line ends."""

_MAP_INCHES = 5.2
_MAP_DPI = 160
_JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class ReportMap:
    """One map: its date, a line below it, and the picture as JPEG with (width, height) pixels."""

    date: str
    caption: str
    jpeg: bytes
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says.

    Attributes:
        say: the words of its language.
        language: that language.
        title, period: of the head.
        simulated: whether a scene is simulated.
        summary: sentences that say the most important.
        maps: one a date, earliest first.
        maps_note: what is said where not all dates have a map; else empty.
        chart_svg, chart_png: the same chart twice.
        table: heading and rows of texts; the first column is words, the others are numbers.
        method, limits: paragraphs.
        provenance: for each map, names and values.
        made: by which software and when.
    """

    say: Words
    language: Language
    title: str
    period: str
    simulated: bool
    summary: tuple[str, ...]
    maps: tuple[ReportMap, ...]
    maps_note: str
    chart_svg: bytes
    chart_png: bytes
    table: tuple[tuple[str, ...], ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]
    provenance: tuple[tuple[tuple[str, str], ...], ...]
    made: str


def compose_report(
    table: SeriesTable,
    shown: Sequence[Subject],
    *,
    language: Language = "en",
    unit: Unit = "ha",
    false_colour: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Return the content of a report on one place.

    Args:
        table: areas of all models and dates; see ``satseg.export.series.area_table``.
        shown: the maps to show, one a date, all by one model.
        language: of all words.
        unit: of areas.
        false_colour: whether imagery shows near infrared as red, where the scenes have it.
        progress: called with (maps done, maps in all).

    Raises:
        CatalogError: there is no map to report on.
        SceneError: a picture cannot be read.
    """
    if not shown:
        raise CatalogError(
            expected="at least one map to report on",
            found="none",
            fix="Map the farmland first, with 'satseg predict'",
        )
    say = words(language)
    ordered = sorted(shown, key=lambda subject: subject.scene.date)
    rows = [_row(table.frame, subject) for subject in ordered]
    pictured = list(zip(ordered, rows, strict=True))[-MOST_MAPS:]
    maps = []
    for number, (subject, row) in enumerate(pictured, start=1):
        maps.append(_map(subject, row, unit, false_colour, say))
        if progress is not None:
            progress(number, len(pictured))
    lines, intervals = _lines(table, say)
    charts = [
        area_chart(lines, intervals, unit=unit, unit_name=say(unit), kind=kind)
        for kind in ("svg", "png")
    ]
    left_out = len(ordered) - len(maps)
    return Report(
        say=say,
        language=language,
        title=say("title", place=ordered[0].place(language)),
        period=_period(ordered, say),
        simulated=any(subject.scene.simulated for subject in ordered),
        summary=tuple(text.replace(" %", NO_BREAK + "%") for text in _summary(rows, unit, say)),
        maps=tuple(maps),
        maps_note=say("maps_note", n=len(maps), left=left_out) if left_out else "",
        chart_svg=charts[0],
        chart_png=charts[1],
        table=_table(table.frame, unit, say),
        method=_method(ordered[-1], table.frame, say),
        limits=_limits(table.frame, say),
        provenance=tuple(_provenance(subject, say) for subject in ordered),
        made=say(
            "exported",
            when=f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d %H:%M} UTC",
            software=f"satseg {__version__}",
        ),
    )


def _row(frame: pd.DataFrame, subject: Subject) -> pd.Series:
    found = frame[
        (frame["prediction_id"] == subject.prediction.id)
        & (frame["threshold"] == subject.threshold)
    ]
    return found.iloc[0]


def _map(subject: Subject, row: pd.Series, unit: Unit, false_colour: bool, say: Words) -> ReportMap:
    outline = outline_of(subject)
    west, south, east, north = outline.bounds
    shape = min(1.6, max(0.75, (east - west) / (north - south)))
    width, height = _MAP_INCHES, _MAP_INCHES / shape
    figure = Figure(figsize=(width, height), dpi=_MAP_DPI)
    FigureCanvasAgg(figure)
    view = view_of(outline, width=round(width * _MAP_DPI), height=round(height * _MAP_DPI))
    pixels = picture(subject, view, false_colour=false_colour)
    axes = map_axes(figure, (0, 0, width, height), view, pixels)
    draw_outline(axes, outline)
    per_inch = view.metres_across / width
    draw_scale_and_north(figure, (0.12, 0.12), per_inch, width, say("north"))
    content = BytesIO()
    figure.savefig(content, format="jpeg", pil_kwargs={"quality": _JPEG_QUALITY})
    caption = f"{area_text(row['area_m2'], unit)} {say(unit)}"
    if not math.isnan(row["share"]):
        caption += " · " + say("share_of_valid", share=percent_text(row["share"]))
    return ReportMap(
        str(subject.scene.date), caption, content.getvalue(), (view.width, view.height)
    )


def _period(ordered: Sequence[Subject], say: Words) -> str:
    first, last = ordered[0].scene.date, ordered[-1].scene.date
    return str(first) if first == last else say("period", first=first, last=last)


def _summary(rows: Sequence[pd.Series], unit: Unit, say: Words) -> tuple[str, ...]:
    first, last = rows[0], rows[-1]
    latest = say(
        "summary_one",
        date=f"{last['date']:%Y-%m-%d}",
        area=area_text(last["area_m2"], unit),
        unit=say(unit),
        share=NONE if math.isnan(last["share"]) else percent_text(last["share"]),
    )
    if len(rows) == 1:
        return (latest,)
    if abs(first["valid_fraction"] - last["valid_fraction"]) > COVERAGE_TOLERANCE:
        return latest, say("summary_uneven")
    change = last["area_m2"] - first["area_m2"]
    percent = percent_text(change / first["area_m2"], signed=True) if first["area_m2"] else NONE
    return latest, say(
        "summary_change",
        first=f"{first['date']:%Y-%m-%d}",
        last=f"{last['date']:%Y-%m-%d}",
        before=area_text(first["area_m2"], unit),
        after=area_text(last["area_m2"], unit),
        unit=say(unit),
        change=area_text(change, unit, signed=True),
        percent=percent,
    )


def _lines(table: SeriesTable, say: Words) -> tuple[list[ChartLine], ChartIntervals]:
    """Return a line for each model, ensembles last, and the adjusted areas."""
    frame = table.frame
    ensembles = {s.prediction.model_id for s in table.subjects if s.prediction.members}
    dates = [stamp.date() for stamp in sorted(frame["date"].unique())]
    lines = []
    for model, rows in frame.groupby("model", sort=True):
        areas: dict[dt.date, float | None] = dict.fromkeys(dates)
        areas |= {row.date.date(): float(row.area_m2) for row in rows.itertuples()}
        lines.append(ChartLine(str(model), areas, ensemble=str(model) in ensembles))
    lines.sort(key=lambda line: line.ensemble)
    sampled = frame[frame["adjusted_m2"].notna()]
    found = {
        row.date.date(): (row.adjusted_m2, row.adjusted_low_m2, row.adjusted_high_m2)
        for row in sampled.itertuples()
    }
    return lines, ChartIntervals(say("adjusted"), found)


def _table(frame: pd.DataFrame, unit: Unit, say: Words) -> tuple[tuple[str, ...], ...]:
    sampled = bool(frame["adjusted_m2"].notna().any())
    names = [say("date"), say("model"), say("threshold"), say("area_in", unit=say(unit))]
    names += [say("share"), say("valid"), say("change_in", unit=say(unit))]
    if sampled:
        names.append(f"{say('adjusted_short')}, {say(unit)}")
    rows = [tuple(names)]
    for row in frame.sort_values(["date", "model"]).itertuples():
        change = row.change_m2
        cells = [
            f"{row.date:%Y-%m-%d}",
            row.model,
            f"{row.threshold:.2f}",
            area_text(row.area_m2, unit),
            NONE if math.isnan(row.share) else percent_text(row.share),
            percent_text(row.valid_fraction),
            NONE if math.isnan(change) else area_text(change, unit, signed=True),
        ]
        if sampled:
            limits = (row.adjusted_m2, row.adjusted_low_m2, row.adjusted_high_m2)
            value, low, high = (area_text(limit, unit) for limit in limits)
            cells.append(NONE if math.isnan(row.adjusted_m2) else f"{value} ({low} – {high})")
        rows.append(tuple(cells))
    return tuple(rows)


def _method(subject: Subject, frame: pd.DataFrame, say: Words) -> tuple[str, ...]:
    prediction = subject.prediction
    gsd_m = gsd_of(subject)
    texts = [
        say(
            "method_map",
            model=prediction.model_id,
            gsd=f"{gsd_m:.2g}",
            threshold=f"{subject.threshold:.2f}",
        )
    ]
    if prediction.members:
        texts.append(say("method_ensemble", members=", ".join(prediction.members)))
    texts.append(say("method_area"))
    if frame["adjusted_m2"].notna().any():
        texts.append(say("method_adjusted"))
    return tuple(texts)


def gsd_of(subject: Subject) -> float:
    """Return the ground sample distance of the map in metres."""
    from satseg.probability_raster import open_probability

    down, across = open_probability(subject.prediction.probability).grid.gsd_m()
    return float((down * across) ** 0.5)


def _limits(frame: pd.DataFrame, say: Words) -> tuple[str, ...]:
    texts = [say("limit_mapped")]
    if not frame["adjusted_m2"].notna().any():
        texts.append(say("limit_no_sample"))
    if len(frame["date"].unique()) > 1:
        texts += [say("limit_change"), say("limit_dates")]
    return tuple(texts)


def _provenance(subject: Subject, say: Words) -> tuple[tuple[str, str], ...]:
    scene, prediction = subject.scene, subject.prediction
    model = prediction.model_id
    if prediction.members:
        model += f" ({say('ensemble_of', members=' + '.join(prediction.members))})"
    known = [
        (say("date"), str(scene.date)),
        (say("scene"), f"{scene.id} · SHA-256 {scene.sha256}"),
        (say("licence"), scene.licence or "–"),
        (say("model"), model),
        (say("weights"), prediction.weights_sha256),
        (
            say("prediction"),
            f"{prediction.id} · {prediction.runtime} · satseg {prediction.software}",
        ),
    ]
    return tuple(known)
