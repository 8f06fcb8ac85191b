"""Where a scene has data, as a polygon."""

from __future__ import annotations

import numpy as np
import pyproj
import rasterio.features
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from satseg.grids import Grid
from satseg.scene import Scene
from satseg.windows import Window

_SIDE_PX = 512


def valid_outline(scene: Scene) -> BaseGeometry:
    """Return the part of the scene with data as a (multi)polygon in WGS 84.

    It is drawn along pixels of a grid with at most 512 pixels a side, of which those count that are
    at least half covered; a scene that has data everywhere gets its exact outline. Memory does not
    depend on the scene's size.

    Raises:
        SceneError: the scene cannot be read.
    """
    height, width = scene.grid.shape
    factor = max(1.0, max(height, width) / _SIDE_PX)
    coarse = scene.grid.resized(max(1, round(height / factor)), max(1, round(width / factor)))
    with scene.reader() as reader:
        _, valid = reader.pixels.read(Window(0, 0, *coarse.shape), coarse, (0,))
    if valid.all():
        return shapely.Polygon(scene.grid.footprint())
    found = rasterio.features.shapes(valid.astype(np.uint8), mask=valid)
    pixels = shapely.union_all([shape(ring) for ring, _ in found])
    return shapely.make_valid(to_lonlat_shape(pixels, coarse))


def to_lonlat_shape(pixels: BaseGeometry, grid: Grid) -> BaseGeometry:
    """Return a shape in (column, row) of a grid in WGS 84."""
    a, b, c, d, e, f = grid.transform
    to_map = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)

    def place(xy: np.ndarray) -> np.ndarray:
        col, row = xy[:, 0], xy[:, 1]
        return np.column_stack(to_map.transform(a * col + b * row + c, d * col + e * row + f))

    return shapely.transform(pixels, place)
