"""Polygons of any vector file that QGIS writes, mended and placed on a scene's grid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from satseg.classes import FARMLAND
from satseg.errors import VectorError
from satseg.grids import Grid
from satseg.masks.codes import UNKNOWN, ClassTable
from satseg.osm.areas import polygons_of

if TYPE_CHECKING:
    import geopandas as gpd

_LAYER = "|layername="
"""How QGIS names a layer of a file."""

_METRES_PER_DEGREE = 111_320.0
_SEGMENT_PX = 64


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the polygons of a file are to be understood.

    Attributes:
        class_field: field that names the class; without it every polygon is farmland.
        ignore_field: field that is true, 1 or yes where the polygon's ground is not to count.
        table: codes by class name.
    """

    class_field: str | None = None
    ignore_field: str | None = None
    table: ClassTable = field(default_factory=ClassTable)


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Polygons in pixels of a grid, in the order in which they are painted.

    Attributes:
        shapes: (multi)polygons whose x is the column and whose y is the row, object (n,).
        codes: uint8 (n,).
        repaired: names of polygons whose rings had to be mended, with the fault.
        skipped: names of features that could not be used, with the reason.
    """

    shapes: NDArray[np.object_]
    codes: NDArray[np.uint8]
    repaired: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.shapes)


def read_polygons(source: str | Path, grid: Grid, meaning: Meaning | None = None) -> Polygons:
    """Return the polygons of a vector file on a grid.

    Rings that cross themselves are mended so that everything they go around belongs to the polygon,
    holes stay holes; heights are dropped and curves made of short lines. Sides are straight in the
    file's own CRS.

    Args:
        source: a GeoPackage, Shapefile, GeoJSON or whatever GDAL reads, in any CRS; one layer of
            it as QGIS writes it, ``fields.gpkg|layername=truth``; all layers without that.
        grid: where the polygons go.
        meaning: see Meaning; every polygon is farmland without it.

    Raises:
        VectorError: no such file, layer or field, no CRS, or a class that nobody knows.
    """
    said = meaning or Meaning()
    parts = [_placed(name, frame, grid, said) for name, frame in _layers(str(source))]
    return Polygons(
        np.concatenate([part.shapes for part in parts]),
        np.concatenate([part.codes for part in parts]),
        tuple(text for part in parts for text in part.repaired),
        tuple(text for part in parts for text in part.skipped),
    )


def on_grid(
    names: Sequence[str], shapes: NDArray[np.object_], crs: str, grid: Grid
) -> tuple[NDArray[np.object_], list[str], list[str]]:
    """Return shapes in pixels of a grid (None where unusable), those mended and those skipped.

    ``names``: of each shape, for the report; ``shapes``: any geometries in ``crs``.
    """
    flat = shapely.force_2d(shapes)
    missing = shapely.is_missing(flat) | shapely.is_empty(flat)
    faulty = ~missing & ~shapely.is_valid(flat)
    flat[faulty] = shapely.make_valid(flat[faulty], method="structure", keep_collapsed=False)
    areal = np.array([polygons_of(shape) for shape in flat], dtype=object)
    placed = _to_pixels(areal, crs, grid)
    within = shapely.intersects(placed, shapely.box(0, 0, grid.width, grid.height))
    finite = np.isfinite(shapely.bounds(placed)).all(axis=1)
    skipped, repaired = [], []
    found = np.full(len(flat), None, dtype=object)
    for index, name in enumerate(names):
        if missing[index]:
            skipped.append(f"{name}: no geometry")
        elif shapely.area(areal[index]) == 0:
            skipped.append(f"{name}: a {shapes[index].geom_type} without area")
        elif not finite[index]:
            skipped.append(f"{name}: outside of where the scene's CRS can place it")
        elif not within[index]:
            skipped.append(f"{name}: outside of the scene")
        else:
            found[index] = placed[index]
            if faulty[index]:
                repaired.append(f"{name}: {shapely.is_valid_reason(shapes[index])[:60]}")
    return found, repaired, skipped


def _placed(name: str, frame: gpd.GeoDataFrame, grid: Grid, said: Meaning) -> Polygons:
    codes, unclear = _codes(name, frame, said)
    names = [f"{name} {fid}" for fid in frame.index]
    crs = frame.crs.to_wkt()
    found, repaired, skipped = on_grid(names, frame.geometry.to_numpy(), crs, grid)
    kept = np.array([shape is not None for shape in found], dtype=np.bool_)
    left = tuple(f"{names[i]}: no class, its ground is unknown" for i in unclear if kept[i])
    return Polygons(found[kept], codes[kept], tuple(repaired), (*skipped, *left))


def _codes(
    name: str, frame: gpd.GeoDataFrame, said: Meaning
) -> tuple[NDArray[np.uint8], list[int]]:
    """Return the code of each row, and the rows without a class, whose ground is unknown."""
    codes = np.full(len(frame), FARMLAND, dtype=np.uint8)
    unclear: list[int] = []
    if said.class_field is not None:
        values = _field(name, frame, said.class_field)
        unclear = [index for index, value in enumerate(values) if _is_empty(value)]
        found = [UNKNOWN if i in set(unclear) else said.table.code(v) for i, v in enumerate(values)]
        strange = sorted({str(v) for v, code in zip(values, found, strict=True) if code is None})
        if strange:
            raise VectorError(
                expected=f"classes that have a code in the field {said.class_field} of {name}",
                found=", ".join(strange[:8]),
                fix="Say what they are, for example --class "
                + f"{strange[0]}=1 (1 farmland, 0 other, 255 unknown)",
            )
        codes = np.array(found, dtype=np.uint8)
    if said.ignore_field is not None:
        marks = _field(name, frame, said.ignore_field)
        codes[[_is_true(value) for value in marks]] = UNKNOWN
    return codes, unclear


def _field(name: str, frame: gpd.GeoDataFrame, wanted: str) -> list[object]:
    if wanted not in frame.columns or wanted == frame.geometry.name:
        fields = [str(column) for column in frame.columns if column != frame.geometry.name]
        raise VectorError(
            expected=f"the field {wanted!r} in {name}",
            found=f"the fields {', '.join(fields) or '(none)'}",
            fix="Name one of them",
        )
    return list(frame[wanted])


def _is_empty(value: object) -> bool:
    import pandas as pd

    return bool(pd.isna(value)) or not str(value).strip()


def _is_true(value: object) -> bool:
    return not _is_empty(value) and str(value).strip().casefold() in {
        "1",
        "1.0",
        "true",
        "yes",
        "是",
    }


def _layers(source: str) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Return the layers with geometries of a file, by the names under which they are reported."""
    import pyogrio

    text, _, wanted = source.partition(_LAYER)
    path = Path(text)
    wanted = wanted.partition("|")[0]
    if not path.exists():
        raise VectorError(
            expected="a vector file (GeoPackage, Shapefile, GeoJSON)",
            found=f"no file at {path}",
            fix="Check the path",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # measures, heights and curves, which are reduced here
            known = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
            if wanted and wanted not in known:
                raise VectorError(
                    expected=f"the layer {wanted!r} in {path.name}",
                    found=f"the layers {', '.join(known) or '(none)'}",
                    fix="Name one of them",
                )
            chosen = [wanted] if wanted else known
            frames = [pyogrio.read_dataframe(path, layer=n, fid_as_index=True) for n in chosen]
    except (pyogrio.errors.DataSourceError, RuntimeError, ValueError) as error:
        raise VectorError(
            expected=f"a vector file that GDAL reads at {path.name}",
            found=str(error)[:200],
            fix="Save it from QGIS as a GeoPackage",
        ) from error
    for layer, frame in zip(chosen, frames, strict=True):
        if len(frame) and frame.crs is None:
            raise VectorError(
                expected=f"a coordinate reference system in {path.name}, layer {layer}",
                found="none",
                fix="Set it in QGIS (Layer, Set CRS) and save the file again",
            )
    found = [(f"{path.name}|{n}", f) for n, f in zip(chosen, frames, strict=True) if len(f)]
    if not found and not wanted:
        raise VectorError(
            expected=f"polygons in {path.name}", found="none", fix="Draw some, or give another file"
        )
    import geopandas as gpd

    return found or [(path.name, gpd.GeoDataFrame(geometry=[], crs="EPSG:4326"))]


def _to_pixels(shapes: NDArray[np.object_], crs: str, grid: Grid) -> NDArray[np.object_]:
    """Return shapes of a CRS in (column, row) of a grid."""
    own, target = pyproj.CRS.from_user_input(crs), pyproj.CRS.from_user_input(grid.crs)
    transformer = pyproj.Transformer.from_crs(own, target, always_xy=True)
    a, b, c, d, e, f = (~grid.affine)[:6]

    def place(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transformer.transform(xy[:, 0], xy[:, 1])
        with np.errstate(invalid="ignore"):
            return np.column_stack([a * x + b * y + c, d * x + e * y + f])

    if not own.equals(target, ignore_axis_order=True):
        metres = (
            _METRES_PER_DEGREE if own.is_geographic else own.axis_info[0].unit_conversion_factor
        )
        shapes = shapely.segmentize(shapes, _SEGMENT_PX * min(grid.gsd_m()) / metres)
    return np.asarray(shapely.transform(shapes, place), dtype=object)
