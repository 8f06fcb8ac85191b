"""What a project shows of a prediction: its farmland as polygons, and how sure the model is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.export.outlines import areas_m2, farmland_outlines
from satseg.export.polygons import on_the_map, simplified
from satseg.probability import NODATA, SCALE
from satseg.probability_raster import open_probability, strips

if TYPE_CHECKING:
    import geopandas as gpd

UNCERTAINTY = Layer("uncertainty", nodata=NODATA, scale=1 / SCALE)
"""Rasters of uncertainty: uint8, v / 254, 255 for no data."""

_STRIP_ROWS = 64


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


def editable_polygons(
    probability: Path, *, threshold: float, min_area_m2: float = 0, simplify_px: float = 0
) -> gpd.GeoDataFrame:
    """Return the farmland of a prediction as polygons with ``class`` and ``area_m2``.

    Pixels that share a side belong to one polygon; ``area_m2`` is that of the polygon as drawn.

    Args:
        probability: a raster that ``predict_scene`` wrote.
        threshold: probability from which a pixel is farmland.
        min_area_m2: smaller patches are left out.
        simplify_px: how much detail simplification takes away, in pixels: corners whose triangle
            is smaller than its square go. 0 keeps the pixels' sides.

    Raises:
        ModelError: threshold or smallest area are out of range.
        SceneError: the raster cannot be read.
    """
    import geopandas as gpd

    raster = open_probability(probability)
    exact = farmland_outlines(raster, threshold=threshold, min_area_m2=min_area_m2)
    shapes = simplified(exact, simplify_px) if simplify_px > 0 else exact
    columns = {
        "class": np.full(len(shapes), "farmland", dtype=object),
        "area_m2": np.round(areas_m2(shapes, raster.grid), 2),
    }
    drawn = on_the_map(shapes, raster.grid)
    return gpd.GeoDataFrame(columns, geometry=list(drawn), crs=raster.grid.crs)
