"""Maps of farmland yes or no: a threshold and a smallest patch that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import scipy.ndimage
import scipy.sparse
import scipy.sparse.csgraph
from numpy.typing import NDArray

from satseg.cog import Layer, cog_rows
from satseg.errors import ModelError
from satseg.geodesy import pixel_areas_m2
from satseg.grids import Grid
from satseg.probability import NODATA, threshold_level
from satseg.probability_raster import ProbabilityRaster, codes, open_probability
from satseg.windows import Window

MASK = Layer("farmland", nodata=NODATA, overviews="mode")
"""Rasters of farmland: uint8, 1 farmland, 0 other, 255 no data."""

_STRIP_ROWS = 64


def write_mask(
    probability: Path,
    output: Path,
    *,
    threshold: float,
    min_area_m2: float = 0,
    tags: Mapping[str, str] | None = None,
) -> Grid:
    """Write where there is farmland and return the grid.

    Args:
        probability: a raster that ``predict_scene`` wrote.
        output: where the COG goes (uint8: 1 farmland, 0 other, 255 no data).
        threshold: probability from which a pixel is farmland, 0 to 1.
        min_area_m2: patches of farmland (pixels that share a side) below this geodesic area
            become 0. The raster is then read twice; memory grows with the number of patches only.
        tags: metadata beside the raster's own.

    Raises:
        ModelError: threshold or smallest area are out of range.
        SceneError: the raster cannot be read.
        StorageError: the mask cannot be written; nothing is left behind.
    """
    level = threshold_level(threshold)
    if not min_area_m2 >= 0:
        raise ModelError(
            expected="a smallest area of 0 m2 or more",
            found=str(min_area_m2),
            fix="Give the area of the smallest patch to keep, for example 500",
        )
    raster = open_probability(probability)
    large = _large_patches(raster, level, min_area_m2) if min_area_m2 > 0 else None
    provenance = {key: value for key, value in raster.tags.items() if key.startswith("SATSEG_")}
    provenance |= {
        "SATSEG_CONTENT": "1 farmland, 0 other, 255 no data",
        "SATSEG_THRESHOLD": f"{threshold:g}",
        "SATSEG_MIN_AREA_M2": f"{min_area_m2:g}",
        **(tags or {}),
    }
    with cog_rows(output, raster.grid, MASK, tags=provenance) as writer:
        before = 0
        for _, found in _strips(raster):
            farmland = (found >= level) & (found != NODATA)
            if large is not None:
                labels, count = _labels(farmland)
                farmland &= np.append(False, large[before : before + count])[labels]
                before += count
            writer.write(np.where(found == NODATA, NODATA, farmland).astype(np.uint8))
    return raster.grid


def _large_patches(raster: ProbabilityRaster, level: int, min_area_m2: float) -> NDArray[np.bool_]:
    """Return for each strip-wise label, in order, whether its whole patch is large enough."""
    areas: list[NDArray[np.float64]] = []
    joins: list[NDArray[np.int64]] = []
    above: NDArray[np.int64] | None = None
    before = 0
    for window, found in _strips(raster):
        labels, count = _labels((found >= level) & (found != NODATA))
        pixels = pixel_areas_m2(raster.grid, window)
        summed = np.bincount(labels.ravel(), pixels.ravel(), minlength=count + 1)
        areas.append(np.asarray(summed[1:], dtype=np.float64))
        numbered = np.where(labels > 0, labels + before, 0)
        if above is not None:
            touching = (above > 0) & (numbered[0] > 0)
            joins.append(np.stack([above[touching], numbered[0][touching]]) - 1)
        above = numbered[-1]
        before += count
    if before == 0:
        return np.zeros(0, dtype=np.bool_)
    pairs = np.concatenate([np.zeros((2, 0), dtype=np.int64), *joins], axis=1)
    graph = scipy.sparse.coo_array(
        (np.ones(pairs.shape[1], dtype=np.bool_), (pairs[0], pairs[1])), shape=(before, before)
    )
    patch = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    total = np.bincount(patch, np.concatenate(areas))
    return np.asarray(total[patch] >= min_area_m2)


def _labels(farmland: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    labels, count = scipy.ndimage.label(farmland)
    return labels.astype(np.int64), int(count)


def _strips(raster: ProbabilityRaster) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    with raster.reader() as pixels:
        for row in range(0, raster.grid.height, _STRIP_ROWS):
            window = Window(row, 0, _STRIP_ROWS, raster.grid.width).clipped(raster.grid.shape)
            yield window, codes(pixels, window)
