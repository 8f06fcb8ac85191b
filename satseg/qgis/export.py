"""A folder for QGIS: a prediction to look at and to correct."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from satseg.bands import positions
from satseg.catalog_records import PredictionRecord, SceneRecord
from satseg.classes import CLASSES
from satseg.display import true_colour_bands
from satseg.errors import StorageError
from satseg.masks.codes import UNKNOWN
from satseg.probability_raster import open_probability
from satseg.qgis import styles
from satseg.qgis.layers import editable_polygons, write_uncertainty
from satseg.qgis.project import MapLayer, Project, write_project
from satseg.scene import Scene, open_scene

if TYPE_CHECKING:
    import geopandas as gpd

Progress = Callable[[int, int], None]
POLYGONS = "farmland.gpkg"
PROJECT = "farmland.qgz"

_CHOICES = {"farmland": "Farmland", "other": "Other ground", "unknown": "Cannot tell"}
_GEOPACKAGE = "1.2"
"""Version of the format that GDAL below 3.7, as in QGIS 3.22, knows in full."""

_STEPS = 5


@dataclass(frozen=True, slots=True)
class QgisOptions:
    """How a prediction is handed over.

    Attributes:
        threshold: probability from which a pixel is farmland.
        min_area_m2: smaller patches are left out of the polygons.
        simplify_px: how much detail outlines lose, in pixels; see ``editable_polygons``.
        truth: mask of classes to show beside it (see ``satseg.masks``), or None.
        copy: copy the image and the truth into the folder, instead of pointing to where they are.
    """

    threshold: float
    min_area_m2: float = 100.0
    simplify_px: float = 1.0
    truth: Path | None = None
    copy: bool = False


@dataclass(frozen=True, slots=True)
class QgisFolder:
    """What was written.

    Attributes:
        project: the project's file.
        polygons: number of polygons of farmland.
        area_m2: their area on the ellipsoid in square metres.
    """

    project: Path
    polygons: int
    area_m2: float


def write_qgis(
    scene: SceneRecord,
    prediction: PredictionRecord,
    folder: Path,
    options: QgisOptions,
    *,
    progress: Progress | None = None,
) -> QgisFolder:
    """Write a folder that QGIS 3 opens and return what is in it.

    ``farmland.gpkg`` has the layers ``farmland`` (polygons to correct), ``ignore`` and ``complete``
    (empty, to draw into); ``probability.tif`` and ``uncertainty.tif`` are rasters; each has its
    ``.qml``; ``farmland.qgz`` shows them over the scene by relative paths.

    Args:
        scene: the scene.
        prediction: one of its predictions.
        folder: must not be there; it appears whole or not at all.
        options: see QgisOptions.
        progress: called with (steps done, steps in all).

    Raises:
        SceneError: scene or prediction cannot be read.
        ModelError: the threshold is out of range.
        StorageError: the folder exists or cannot be written.
    """
    target = folder.absolute()
    if target.exists():
        raise StorageError(
            expected="a folder that is not there yet for the QGIS project",
            found=f"{target} exists",
            fix="Choose another folder; what was corrected in it must not be lost",
        )
    work = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        work.mkdir(parents=True)
        frame = _write(scene, prediction, (work, target), options, progress or _quiet)
        work.rename(target)
    except OSError as error:
        raise StorageError(
            expected=f"to write a QGIS project into {target}",
            found=str(error),
            fix="Free space on the disk, or choose another folder",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return QgisFolder(target / PROJECT, len(frame), float(frame["area_m2"].sum()))


def _quiet(done: int, total: int) -> None:
    """Tell nobody."""


def _write(
    scene: SceneRecord,
    prediction: PredictionRecord,
    where: tuple[Path, Path],
    options: QgisOptions,
    progress: Progress,
) -> gpd.GeoDataFrame:
    work, target = where
    image = open_scene(scene.image, bands=scene.bands, date=scene.date)
    progress(1, _STEPS)
    shutil.copyfile(prediction.probability, work / "probability.tif")
    write_uncertainty(work / "probability.tif", work / "uncertainty.tif")
    progress(2, _STEPS)
    frame = editable_polygons(
        work / "probability.tif",
        threshold=options.threshold,
        min_area_m2=options.min_area_m2,
        simplify_px=options.simplify_px,
    )
    progress(3, _STEPS)
    _write_polygons(frame, work / POLYGONS)
    truth = options.truth or scene.truth
    sources = {"scene": scene.image} | ({} if truth is None else {"truth": truth})
    placed = {
        name: _reference(path, name, where, copy=options.copy) for name, path in sources.items()
    }
    progress(4, _STEPS)
    marked = " (simulated)" if scene.simulated else ""
    layers = _layers(image, prediction, placed, marked)
    grid = open_probability(work / "probability.tif").grid
    title = f"Farmland of {scene.title} by {prediction.model_id}{marked}"
    write_project(Project(title, grid.crs, grid.bounds, layers), work / PROJECT)
    for layer in layers:
        style = styles.document(layer.style)
        (work / f"{layer.key}.qml").write_text(style, encoding="utf-8")
    (work / "README.txt").write_text(_way_back(scene, target), encoding="utf-8")
    progress(_STEPS, _STEPS)
    return frame


def _write_polygons(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write the polygons, and the two empty layers that a person draws into."""
    import pyogrio

    empty = frame.iloc[:0]
    for name, rows in (("farmland", frame), ("ignore", empty), ("complete", empty)):
        pyogrio.write_dataframe(
            rows if name == "farmland" else rows[["geometry"]],
            path,
            layer=name,
            driver="GPKG",
            geometry_type="MultiPolygon",
            promote_to_multi=True,
            append=path.exists(),
            **({} if path.exists() else {"dataset_options": {"VERSION": _GEOPACKAGE}}),
        )


def _reference(path: Path, name: str, where: tuple[Path, Path], *, copy: bool) -> tuple[str, str]:
    """Return an image's path relative to the folder to be, and its CRS; copy it where wanted."""
    import rasterio

    work, target = where
    with rasterio.open(path) as source:
        crs = str(source.crs.to_wkt())
    if copy:
        copied = f"{name}{path.suffix.lower() or '.tif'}"
        shutil.copyfile(path, work / copied)
        return copied, crs
    return Path(os.path.relpath(path.resolve(), target)).as_posix(), crs


def _layers(
    image: Scene, prediction: PredictionRecord, placed: dict[str, tuple[str, str]], marked: str
) -> tuple[MapLayer, ...]:
    crs = open_probability(prediction.probability).grid.crs
    outlined = {
        "farmland": (f"Farmland by {prediction.model_id}: correct it{marked}", True),
        "ignore": ("Ignore: draw what does not count", True),
        "complete": ("Complete: draw around what is corrected", True),
    }
    colours = (styles.FARMLAND_COLOUR, styles.IGNORE_COLOUR, styles.COMPLETE_COLOUR)
    found = [
        MapLayer(
            name,
            title,
            f"./{POLYGONS}|layername={name}",
            "vector",
            crs,
            _polygon_style(name, colour),
            shown,
        )
        for (name, (title, shown)), colour in zip(outlined.items(), colours, strict=True)
    ]
    ramps = {
        "uncertainty": (f"Uncertainty{marked}", styles.UNCERTAINTY),
        "probability": (f"Probability of farmland{marked}", styles.PROBABILITY),
    }
    for name, (title, stops) in ramps.items():
        style = tuple(styles.ramp(stops))
        found.append(MapLayer(name, title, f"./{name}.tif", "raster", crs, style, shown=False))
    if "truth" in placed:
        source, own = placed["truth"]
        style = tuple(styles.palette(class_stops()))
        found.append(MapLayer("truth", f"Truth{marked}", source, "raster", own, style, shown=False))
    source, own = placed["scene"]
    title = f"{image.path.stem}{marked}"
    found.append(MapLayer("scene", title, source, "raster", own, _picture(image)))
    return tuple(found)


def _polygon_style(name: str, colour: styles.Colour) -> tuple[ET.Element, ...]:
    if name == "farmland":
        return tuple(styles.outline(colour, choices=_CHOICES))
    return tuple(styles.outline(colour, fill_alpha=25))


def _picture(image: Scene) -> tuple[ET.Element, ...]:
    wanted = positions(image.bands, true_colour_bands(image.bands))
    stretch = image.stretch.select(wanted)
    bands = [image.layout.indexes[position] for position in wanted]
    return tuple(styles.picture(bands, stretch.low, stretch.high))


def class_stops() -> list[styles.Stop]:
    """Return the classes of masks and truth rasters; 0 and 255 stay transparent."""
    clear = (styles.Stop(0, (255, 255, 255), "Other or unlabelled", 0),)
    shown = [styles.Stop(item.code, item.colour, item.name_en, 200) for item in CLASSES[1:]]
    return [*clear, *shown, styles.Stop(UNKNOWN, (128, 128, 128), "Unknown", 0)]


def way_back(scene_id: str, folder: Path) -> str:
    """Return the command that makes truth of what was corrected in the folder."""
    file = folder / POLYGONS
    return (
        f"satseg masks {scene_id} '{file}|layername=farmland' --class-field class"
        f" --ignore '{file}|layername=ignore' --complete '{file}|layername=complete'"
    )


def _way_back(scene: SceneRecord, folder: Path) -> str:
    return (
        f"Farmland of {scene.title}, for QGIS 3.22 or newer.\n\n"
        "1. Open farmland.qgz.\n"
        "2. Switch editing on for the layer 'Farmland' and correct its polygons. A new polygon is\n"
        "   farmland unless its class says otherwise.\n"
        "3. Draw into 'Ignore' what does not count, and into 'Complete' around all that you have\n"
        "   finished: outside of it nothing is taken as known.\n"
        "4. Save the layers. Then, where satseg is:\n\n"
        f"   {way_back(scene.id, folder)}\n"
    )
