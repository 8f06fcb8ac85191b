"""Scenes of 40 x 60 pixels and shapes drawn in their pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shelf_files import ORIGIN, PIXEL_M, UTM, write_scene

from satseg.masks import Ground, Polygons, Sources, read_ground
from satseg.masks.burn import strips
from satseg.scene import Scene, open_scene

SHAPE = (40, 60)


def scene(folder: Path, **options: object) -> Scene:
    """Return a scene with data everywhere."""
    return open_scene(write_scene(folder / "scene.tif", **options))


def at(*pixels: tuple[float, float]) -> shapely.Polygon:
    """Return a polygon in UTM through (column, row) positions."""
    return shapely.Polygon(
        [(ORIGIN[0] + col * PIXEL_M, ORIGIN[1] - row * PIXEL_M) for col, row in pixels]
    )


def box(col: float, row: float, right: float, bottom: float) -> shapely.Polygon:
    """Return a rectangle of pixels in UTM."""
    return at((col, row), (right, row), (right, bottom), (col, bottom))


def vector(
    path: Path,
    shapes: Sequence[BaseGeometry | None],
    columns: Mapping[str, Sequence[object]] | None = None,
    *,
    crs: str = UTM,
    layer: str | None = None,
) -> Path:
    """Write shapes, given in UTM, in another CRS."""
    frame = gpd.GeoDataFrame(dict(columns or {}), geometry=list(shapes), crs=UTM).to_crs(crs)
    frame.to_file(path, **({} if layer is None else {"layer": layer}))
    return path


def painted(image: Scene, ground: Ground, rows: int = 64) -> NDArray[np.uint8]:
    """Return the whole mask."""
    return np.concatenate([codes for _, codes in strips(image, ground, rows=rows)])


def mask_of(image: Scene, *files: Path, **options: object) -> NDArray[np.uint8]:
    """Return the whole mask of files."""
    sources = Sources(tuple(str(path) for path in files), **options)
    return painted(image, read_ground(sources, image.grid))


def polygons(shapes: Sequence[BaseGeometry], codes: Sequence[int]) -> Polygons:
    """Return polygons that are in pixels already."""
    return Polygons(np.array(shapes, dtype=object), np.array(codes, dtype=np.uint8))


def expected(*parts: tuple[int, int, int, int, int]) -> NDArray[np.uint8]:
    """Return a mask of 0 with rectangles (col, row, right, bottom, code) painted in order."""
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for col, row, right, bottom, code in parts:
        mask[row:bottom, col:right] = code
    return mask
