"""Outlines of farmland: from the mask's pixels to polygons that follow their sides exactly.

Everything here is in pixels: x is the column, y is minus the row, as in ``satseg.area``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window as RasterWindow
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from satseg.area import PixelRegion
from satseg.errors import RegionError
from satseg.geodesy import authalic_y_m
from satseg.grids import WGS84, Grid, to_lonlat
from satseg.mask import mask_strips
from satseg.probability_raster import ProbabilityRaster
from satseg.reading import raster_environment
from satseg.windows import Window

Progress = Callable[[int, int], None]
Polygons = NDArray[np.object_]

_SEGMENT_M = 200.0
_SLIVER_PX = 1e-6
"""Pieces below this many pixels are left by the region's border touching a pixel's side."""


def farmland_outlines(
    raster: ProbabilityRaster,
    *,
    threshold: float,
    min_area_m2: float = 0,
    clip: BaseGeometry | None = None,
    progress: Progress | None = None,
) -> Polygons:
    """Return the patches of farmland as polygons in pixels, shapely objects (n,).

    A patch is pixels that share sides; each is one polygon with its holes, whatever the strips in
    which the raster is read. GDAL's polygonizer follows the mask line by line, so that memory
    grows with the polygons but not with the scene.

    Args:
        raster: the probabilities.
        threshold: probability from which a pixel is farmland, 0 to 1.
        min_area_m2: patches below this geodesic area are left out, before clipping.
        clip: (multi)polygon in longitude and latitude; patches are cut along its border, and a
            patch that falls apart becomes several polygons.
        progress: called with (rows done, rows in all).

    Raises:
        ModelError: threshold or smallest area are out of range.
        RegionError: ``clip`` is no area, or shares none with the raster.
        SceneError: the raster cannot be read.

    Source: GDAL, GDALPolygonize with 4-connectedness.
    """
    inside = None if clip is None else inside_of(clip, raster.grid)
    place = Window(0, 0, *raster.grid.shape) if inside is None else extent_of(inside, raster.grid)
    with tempfile.TemporaryDirectory(prefix="satseg-export-") as folder, raster_environment():
        mask = Path(folder) / "mask.tif"
        _write_cropped(raster, mask, place, (threshold, min_area_m2), progress)
        with rasterio.open(mask) as dataset:
            band = rasterio.band(dataset, 1)
            found = [
                shape(outline)
                for outline, _ in rasterio.features.shapes(band, mask=band, connectivity=4)
            ]
    polygons = shapely.transform(np.array(found, dtype=object), lambda xy: xy - _OFFSET)
    return polygons if inside is None else _cut(polygons, inside)


def areas_m2(polygons: Polygons, grid: Grid) -> NDArray[np.float64]:
    """Return the geodesic areas of polygons in pixels of a grid, square metres, float64 (n,).

    Sides are straight in the grid's CRS. They are cut into pieces of 200 m at most and projected
    onto a cylinder of equal area, where the area is plain; see ``satseg.geodesy``.
    """
    longest = max(1.0, _SEGMENT_M / max(grid.gsd_m()))

    def projected(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = to_crs_xy(xy, grid).T
        lon, lat = to_lonlat(grid.crs).transform(x, y)
        return np.column_stack([WGS84.a * np.radians(lon), authalic_y_m(np.asarray(lat))])

    flat = shapely.transform(shapely.segmentize(polygons, longest), projected)
    return np.asarray(shapely.area(flat), dtype=np.float64)


def to_crs_xy(xy: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Return positions (n, 2) of the grid's CRS for positions (n, 2) in pixels."""
    a, b, c, d, e, f = grid.transform
    col, row = xy[:, 0], -xy[:, 1]
    return np.column_stack([a * col + b * row + c, d * col + e * row + f])


def inside_of(clip: BaseGeometry, grid: Grid) -> PixelRegion:
    """Return the part of an outline inside of a grid.

    Raises:
        RegionError: the outline is no area, or shares none with the grid.
    """
    inside = PixelRegion(clip, grid)
    if inside.shape.is_empty:
        west, south, east, north = clip.bounds
        raise RegionError(
            expected="an area that overlaps the scene",
            found=f"one from {west:.4f} {south:.4f} to {east:.4f} {north:.4f}, outside of it",
            fix="Choose an area inside of the scene, or export the whole scene",
        )
    return inside


def extent_of(inside: PixelRegion, grid: Grid) -> Window:
    """Return the smallest window of whole pixels around a region."""
    west, south, east, north = inside.shape.bounds
    row, col = max(0, int(np.floor(-north))), max(0, int(np.floor(west)))
    height, width = int(np.ceil(-south)) - row, int(np.ceil(east)) - col
    return Window(row, col, height, width).clipped(grid.shape)


def _write_cropped(
    raster: ProbabilityRaster,
    target: Path,
    place: Window,
    wanted: tuple[float, float],
    progress: Progress | None,
) -> None:
    """Write 1 for farmland and 0 for all else, of a window of the raster."""
    threshold, min_area_m2 = wanted
    profile = {
        "driver": "GTiff",
        "height": place.height,
        "width": place.width,
        "count": 1,
        "dtype": "uint8",
        "transform": Affine(1, 0, place.col + _OFFSET[0], 0, -1, -place.row + _OFFSET[1]),
        "compress": "deflate",
        "zlevel": 1,
        "bigtiff": "if_safer",
    }
    with rasterio.open(target, "w", **profile) as dataset:
        for window, codes in mask_strips(raster, threshold=threshold, min_area_m2=min_area_m2):
            first, last = max(window.row, place.row), min(window.row_stop, place.row_stop)
            if first < last:
                rows = codes[first - window.row : last - window.row, place.col : place.col_stop]
                target_rows = RasterWindow(0, first - place.row, place.width, last - first)
                dataset.write((rows == 1).astype(np.uint8), 1, window=target_rows)
            if progress is not None:
                progress(window.row_stop, raster.grid.height)


def _cut(polygons: Polygons, inside: PixelRegion) -> Polygons:
    """Return the polygons' parts inside of a region, as polygons."""
    region = inside.shape
    shapely.prepare(region)
    whole = shapely.contains_properly(region, polygons)
    touched = polygons[~whole & shapely.intersects(region, polygons)]
    parts = shapely.get_parts(shapely.get_parts(shapely.intersection(touched, region)))
    kept = parts[(shapely.get_type_id(parts) == _POLYGON) & (shapely.area(parts) > _SLIVER_PX)]
    return np.concatenate([polygons[whole], kept])


_OFFSET = (1, -1)
"""Of the mask's file: without it a mask at the origin would have the transform that stands for
none, about which rasterio warns. ``shapes`` takes a band's own transform and no other."""

_POLYGON = int(shapely.GeometryType.POLYGON)
