"""What a project shows of a prediction: its farmland as polygons, and how sure the model is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from satseg.cog import Layer, cog_rows
from satseg.grids import Grid, to_lonlat
from satseg.mask import write_mask
from satseg.osm.areas import polygons_of
from satseg.osm.shares import equal_area
from satseg.probability import NODATA, SCALE
from satseg.probability_raster import open_probability, strips
from satseg.reading import raster_environment, reading

if TYPE_CHECKING:
    import geopandas as gpd

UNCERTAINTY = Layer("uncertainty", nodata=NODATA, scale=1 / SCALE)
"""Rasters of uncertainty: uint8, v / 254, 255 for no data."""

_STRIP_ROWS = 64
_FARMLAND = 1


def write_uncertainty(probability: Path, output: Path) -> None:
    """Write how undecided a probability raster is: 1 - |2 p - 1|, 0 sure, 1 at one half (COG).

    Raises:
        SceneError: the raster cannot be read.
        StorageError: the file cannot be written; nothing is left behind.
    """
    raster = open_probability(probability)
    table = np.full(256, NODATA, dtype=np.uint8)
    code = np.arange(SCALE + 1)
    table[: SCALE + 1] = SCALE - np.abs(2 * code - SCALE)
    tags = {key: value for key, value in raster.tags.items() if key.startswith("SATSEG_")}
    tags["SATSEG_CONTENT"] = "(1 - |2 p - 1|) x 254; 255 no data"
    with cog_rows(output, raster.grid, UNCERTAINTY, tags=tags) as writer:
        for _, codes in strips(raster, _STRIP_ROWS):
            writer.write(table[codes])


def farmland_polygons(
    probability: Path,
    work: Path,
    *,
    threshold: float,
    min_area_m2: float = 0,
    simplify_px: float = 0,
) -> gpd.GeoDataFrame:
    """Return the farmland of a prediction as polygons with ``class`` and ``area_m2``.

    Pixels that share a side belong to one polygon. The mask is read row by row.

    Args:
        probability: a raster that ``predict_scene`` wrote.
        work: folder for the mask in between.
        threshold: probability from which a pixel is farmland.
        min_area_m2: smaller patches are left out.
        simplify_px: how far an outline may leave the pixels' edges, in pixels; 0 keeps it exact.

    Raises:
        ModelError: threshold or smallest area are out of range.
        SceneError: the raster cannot be read.
    """
    import geopandas as gpd

    mask = work / "mask.tif"
    grid = write_mask(probability, mask, threshold=threshold, min_area_m2=min_area_m2)
    shapes = np.array(list(_outlines(mask)), dtype=object)
    mask.unlink()
    if simplify_px > 0 and len(shapes):
        a, b, _, d, e, _ = grid.transform
        side = min(float(np.hypot(a, d)), float(np.hypot(b, e)))
        simple = shapely.make_valid(shapely.simplify(shapes, simplify_px * side))
        shapes = np.array([polygons_of(each) for each in simple], dtype=object)
        shapes = shapes[~shapely.is_empty(shapes)]
    columns = {
        "class": np.full(len(shapes), "farmland", dtype=object),
        "area_m2": np.round(_areas_m2(shapes, grid), 2),
    }
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=grid.crs)


def _outlines(mask: Path) -> Iterator[shapely.Polygon]:
    with raster_environment(), reading(mask), rasterio.open(mask) as source:
        band = rasterio.band(source, 1)
        for ring, value in rasterio.features.shapes(band, transform=source.transform):
            if value == _FARMLAND:
                yield shape(ring)


def _areas_m2(shapes: NDArray[np.object_], grid: Grid) -> NDArray[np.float64]:
    if not len(shapes):
        return np.zeros(0)
    place = to_lonlat(grid.crs)

    def lonlat(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(place.transform(xy[:, 0], xy[:, 1]))

    plane = equal_area(np.asarray(shapely.transform(shapes, lonlat), dtype=object))
    return np.asarray(shapely.area(plane), dtype=np.float64)
