"""Downloads: the maps, areas and figures on view as files, made when somebody asks."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

import streamlit as st

from dashboard.notices import show_error, show_unexpected
from dashboard.session import Keys
from dashboard.shelf import shelf
from satseg.errors import SatsegError, StorageError
from satseg.export.subject import Subject, file_stem
from satseg.uncertainty import UNCERTAINTIES

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.choice import Choice, Look, Series
    from dashboard.words import Words
    from satseg.export.quantities import Unit

log = logging.getLogger("dashboard")

Kind = Literal[
    "figure",
    "report",
    "polygons",
    "mask",
    "probability",
    "classes",
    "entropy",
    "disagreement",
    "information",
    "series",
]
Progress = Callable[[int, int], None]

KINDS: Final = get_args(Kind)
RASTERS: Final = ("mask", "probability", "classes", *UNCERTAINTIES)
"""Kinds that are rasters of one map."""

FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "figure": ("slide", "print"),
    "report": ("html", "pdf"),
    "polygons": ("gpkg", "geojson", "parquet"),
    **dict.fromkeys(RASTERS, ("tif",)),
    "series": ("csv", "parquet"),
}
MIME: Final[Mapping[str, str]] = {
    "png": "image/png",
    "html": "text/html",
    "pdf": "application/pdf",
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
    "tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    "csv": "text/csv",
}
MOST_BYTES: Final = 200_000_000
"""Largest file that goes through the browser: the server holds it in memory meanwhile."""

MOST_PIXELS: Final = 250_000_000
"""Largest map whose polygons are made for a browser; the command line has no such limit."""

AT_ONCE: Final = 2
"""Files made at the same time on this server; other visitors wait for their turn."""

_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that the visitor asks for.

    Attributes:
        kind, form: what, and in which form.
        maps: what it is made of; the map on view is the last.
        min_area_m2: smallest patch, for polygons and mask.
        look: language, unit, colour and opacity, for figure and report.
    """

    kind: Kind
    form: str
    maps: tuple[Subject, ...]
    min_area_m2: float
    look: tuple[str, Unit, str, float]

    @property
    def ending(self) -> str:
        """Ending of the file, without its dot."""
        return "png" if self.kind == "figure" else self.form

    @property
    def name(self) -> str:
        """Name of the file: place, date or content, model, threshold."""
        shown = self.maps[-1]
        dated = self.kind not in ("report", "series")
        about = shown.scene.date.isoformat() if dated else self.kind
        model, threshold = shown.prediction.model_id, shown.threshold
        stem = file_stem(shown.place_id, about, model, threshold=threshold)
        if self.kind in RASTERS:
            stem = f"{stem}-{self.kind}"
        return f"{stem}.{self.ending}"

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from another one."""
        maps = tuple((m.prediction.id, m.prediction.created, m.threshold) for m in self.maps)
        place = (self.maps[-1].place_id, self.maps[-1].clip.wkb if self.maps[-1].clip else b"")
        return self.kind, self.form, maps, place, self.min_area_m2, self.look


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that is ready, and for what it was made."""

    key: tuple[object, ...]
    content: bytes


def show_downloads(
    choice: Choice,
    series: Series,
    look: Look,
    unit: Unit,
    say: Words,
    *,
    clip: BaseGeometry | None = None,
    clip_name: str = "",
) -> None:
    """Offer what is on view as files.

    Args:
        choice: the region, the date and the models.
        series: what is measured for them.
        look: the threshold and how the overlay is painted.
        unit: of areas.
        say: the words.
        clip: an area of interest (longitude, latitude) instead of the region's outline ...
        clip_name: ... and what it is called, an identifier.
    """
    subjects = _subjects(choice, series, look, clip, clip_name)
    with st.popover(say("download"), icon=":material/download:", width="stretch"):
        st.fragment(_panel)(choice, subjects, look, unit, say)


def _subjects(
    choice: Choice, series: Series, look: Look, clip: BaseGeometry | None, clip_name: str
) -> tuple[Subject, ...]:
    """Return all maps of the choice; those of the selection on view last, its date at the end."""
    found = [
        (
            selection == choice.shown,
            row.scene.id == choice.scene.id,
            Subject(
                region=choice.region,
                scene=row.scene,
                prediction=row.prediction,
                threshold=look.threshold,
                clip=choice.region.geometry if clip is None else clip,
                clip_name=clip_name,
            ),
        )
        for selection, rows in series.items()
        for row in rows
        if row.prediction is not None
    ]
    return tuple(subject for *_, subject in sorted(found, key=lambda each: each[:2]))


def _panel(
    choice: Choice, subjects: tuple[Subject, ...], look: Look, unit: Unit, say: Words
) -> None:
    if not subjects or subjects[-1].scene.id != choice.scene.id or not _is_shown(choice, subjects):
        st.session_state.pop(Keys.DOWNLOAD, None)
        st.caption(say("download_no_map"))
        return
    wanted = _choose(choice, subjects, look, unit, say)
    st.caption(f"{say(f'download_about_{wanted.kind}')}  \n`{wanted.name}`")
    ready = st.session_state.get(Keys.DOWNLOAD)
    if ready is not None and ready.key != wanted.key:
        ready = None
        del st.session_state[Keys.DOWNLOAD]
    slot = st.empty()
    if ready is None and slot.button(
        say("download_prepare"), key="download_prepare", width="stretch"
    ):
        ready = _prepare(wanted, slot, say)
    if ready is not None:
        slot.download_button(
            say("download_save", size=_size(len(ready.content))),
            ready.content,
            file_name=wanted.name,
            mime=MIME[wanted.ending],
            key="download_save",
            on_click="ignore",
            type="primary",
            icon=":material/download:",
            width="stretch",
        )


def _is_shown(choice: Choice, subjects: tuple[Subject, ...]) -> bool:
    shown = choice.shown
    return shown is not None and subjects[-1].prediction.model_id == shown.recipe.model_id


def _choose(
    choice: Choice, subjects: tuple[Subject, ...], look: Look, unit: Unit, say: Words
) -> Wanted:
    """Draw the boxes and return what they say."""
    kinds = kinds_of(subjects[-1])
    box = f"download_what_{choice.language}"
    if st.session_state.get(box, kinds[0]) not in kinds:
        del st.session_state[box]  # chosen for another model, whose map has more kinds
    kind: Kind = st.selectbox(
        say("download_what"),
        kinds,
        key=box,
        format_func=lambda name: say(f"download_{name}"),
    )
    forms = FORMATS[kind]
    form = forms[0]
    if len(forms) > 1:
        form = st.segmented_control(
            say("download_format"),
            forms,
            default=forms[0],
            key=f"download_format_{kind}_{choice.language}",
            format_func=lambda name: say(f"download_{name}"),
            required=True,
            width="stretch",
        )
    min_area_m2 = 0.0
    if kind in ("polygons", "mask"):
        min_area_m2 = st.number_input(
            say("download_min_area"), 0.0, 1e6, 0.0, step=100.0, format="%.0f", key="download_least"
        )
    dressed = (choice.language, unit, choice.colour, look.opacity)
    plain = (choice.language, unit, "", 0.0)
    return Wanted(
        kind=kind,
        form=form,
        maps=subjects if kind in ("report", "series") else subjects[-1:],
        min_area_m2=min_area_m2,
        look=dressed if kind in ("figure", "report") else plain,
    )


def kinds_of(shown: Subject) -> tuple[Kind, ...]:
    """Return what a map can be downloaded as; not every model has classes or all uncertainties."""
    from satseg.export.rasters import has_uncertainty

    lacking = [str(name) for name in UNCERTAINTIES if not has_uncertainty(shown.prediction, name)]
    lacking += ["classes"] if shown.prediction.classes is None else []
    return tuple(kind for kind in KINDS if kind not in lacking)


def _prepare(wanted: Wanted, slot: DeltaGenerator, say: Words) -> Prepared | None:
    """Make a file and keep it for this visitor; tell what went wrong.

    The progress stands in ``slot``, where the button was.
    """
    text = say("download_busy")
    slot.progress(0.0, text=text)

    def progress(done: int, total: int) -> None:
        slot.progress(min(1.0, done / max(1, total)), text=text)

    try:
        with _turns:
            content = made(wanted, progress)
    except SatsegError as error:
        slot.empty()
        show_error(error, say)
        return None
    except Exception:
        log.exception("the download %s failed", wanted.name)
        slot.empty()
        show_unexpected(say)
        return None
    ready = Prepared(wanted.key, content)
    st.session_state[Keys.DOWNLOAD] = ready
    return ready


def made(wanted: Wanted, progress: Progress) -> bytes:
    """Return a file's content; whatever is written meanwhile lies in a temporary folder.

    Raises:
        StorageError: the map or the file is too large for a browser.
        SatsegError: the map cannot be read.
    """
    _check_size(wanted)
    if wanted.kind == "figure":
        return _figure(wanted)
    with tempfile.TemporaryDirectory(prefix="satseg-download-") as folder:
        path = Path(folder) / wanted.name
        if wanted.kind in ("report", "series"):
            _write_table(wanted, path, progress)
        else:
            _write_map(wanted, path, progress)
        if path.stat().st_size > MOST_BYTES:
            raise _too_large(wanted, _size(path.stat().st_size))
        return path.read_bytes()


def _figure(wanted: Wanted) -> bytes:
    from satseg.export.figure import FigureOptions, figure_png
    from satseg.export.series import measured

    (subject,) = wanted.maps
    language, unit, colour, opacity = wanted.look
    options = FigureOptions(
        size="print" if wanted.form == "print" else "slide",
        language="zh" if language == "zh" else "en",
        unit=unit,
        false_colour=colour == "false_colour",
        opacity=opacity,
    )
    return figure_png(subject, measured(shelf().catalog, subject), options)


def _write_table(wanted: Wanted, path: Path, progress: Progress) -> None:
    from satseg.export.report import compose_report
    from satseg.export.report_files import report_bytes
    from satseg.export.series import area_table, write_series

    catalog = shelf().catalog
    if wanted.kind == "series":
        write_series(area_table(catalog, wanted.maps, progress=progress), path)
        return
    language, unit, colour, _ = wanted.look
    shown = wanted.maps[-1].prediction.model_id
    report = compose_report(
        area_table(catalog, wanted.maps),
        [subject for subject in wanted.maps if subject.prediction.model_id == shown],
        language="zh" if language == "zh" else "en",
        unit=unit,
        false_colour=colour == "false_colour",
        progress=progress,
    )
    path.write_bytes(report_bytes(report, path.suffix))


def _write_map(wanted: Wanted, path: Path, progress: Progress) -> None:
    from satseg.export.polygons import farmland_polygons
    from satseg.export.rasters import write_raster_cog
    from satseg.export.vector_files import write_polygons

    subject = replace(wanted.maps[-1], min_area_m2=wanted.min_area_m2)
    if wanted.kind == "polygons":
        write_polygons(farmland_polygons(subject, progress=progress), path)
    elif wanted.kind not in ("figure", "report", "series"):
        write_raster_cog(subject, wanted.kind, path, progress=progress)


def _check_size(wanted: Wanted) -> None:
    """Refuse what is too large before any work is done."""
    from satseg.probability_raster import open_probability

    path = wanted.maps[-1].prediction.probability
    if wanted.kind in RASTERS and path.stat().st_size > MOST_BYTES:
        raise _too_large(wanted, _size(path.stat().st_size))
    if wanted.kind == "polygons":
        grid = open_probability(path).grid
        if grid.height * grid.width > MOST_PIXELS:
            raise _too_large(wanted, f"{grid.width} x {grid.height} pixels")


def _too_large(wanted: Wanted, found: str) -> StorageError:
    subject = wanted.maps[-1]
    command = "polygons" if wanted.kind == "polygons" else f"raster {wanted.kind}"
    return StorageError(
        expected=f"a map of at most {MOST_PIXELS / 1e6:.0f} million pixels and a file of at most"
        f" {_size(MOST_BYTES)}",
        found=found,
        fix=f"Run 'satseg export {command} --scene {subject.scene.id} -m"
        f" {subject.prediction.model_id} --threshold {subject.threshold:g}' on the server",
    )


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{max(count, 100) / 1e3:,.1f} kB"
