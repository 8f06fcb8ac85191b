"""Maps of farmland yes or no: a threshold and a smallest patch that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.errors import ModelError
from satseg.grids import Grid
from satseg.patches import Patches, find_patches, pieces
from satseg.probability import NODATA, threshold_level
from satseg.probability_raster import ProbabilityRaster, open_probability, strips
from satseg.windows import Window

MASK = Layer("farmland", nodata=NODATA, overviews="mode")
"""Rasters of farmland: uint8, 1 farmland, 0 other, 255 no data."""

_STRIP_ROWS = 64
_FARMLAND = 1


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
            become 0. The raster is then read twice; see ``find_patches`` for memory.
        tags: metadata beside the raster's own.

    Raises:
        ModelError: threshold or smallest area are out of range.
        SceneError: the raster cannot be read.
        StorageError: the mask cannot be written; nothing is left behind.
    """
    raster = open_probability(probability)
    found = mask_strips(raster, threshold=threshold, min_area_m2=min_area_m2)
    provenance = {key: value for key, value in raster.tags.items() if key.startswith("SATSEG_")}
    provenance |= {
        "SATSEG_CONTENT": "1 farmland, 0 other, 255 no data",
        "SATSEG_THRESHOLD": f"{threshold:g}",
        "SATSEG_MIN_AREA_M2": f"{min_area_m2:g}",
        **(tags or {}),
    }
    with cog_rows(output, raster.grid, MASK, tags=provenance) as writer:
        for _, codes in found:
            writer.write(codes)
    return raster.grid


def mask_strips(
    raster: ProbabilityRaster, *, threshold: float, min_area_m2: float = 0
) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Return the strips of a mask from top to bottom, each as window and codes of ``MASK``.

    Args:
        raster: the probabilities.
        threshold: probability from which a pixel is farmland, 0 to 1.
        min_area_m2: see ``write_mask``.

    Raises:
        ModelError: threshold or smallest area are out of range.
        SceneError: the raster cannot be read.
    """
    level = threshold_level(threshold)
    if not min_area_m2 >= 0:
        raise ModelError(
            expected="a smallest area of 0 m2 or more",
            found=str(min_area_m2),
            fix="Give the area of the smallest patch to keep, for example 500",
        )
    if min_area_m2 == 0:
        return _farmland(raster, level)
    patches = find_patches(
        _farmland(raster, level), raster.grid, (_FARMLAND,), min_area_m2=min_area_m2
    )
    return _without_small(_farmland(raster, level), patches)


def _without_small(
    found: Iterator[tuple[Window, NDArray[np.uint8]]], patches: Patches
) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Yield the strips with the pieces of small patches as 0."""
    before = 0
    for window, codes in found:
        labels, count = pieces(codes, (_FARMLAND,))
        large = np.append(np.uint8(1), patches.large[before : before + count])[labels] == 1
        before += count
        codes[~large] = 0
        yield window, codes


def _farmland(raster: ProbabilityRaster, level: int) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Yield strips of the mask, whatever the size of its patches."""
    for window, found in strips(raster, _STRIP_ROWS):
        yield window, np.where(found == NODATA, NODATA, found >= level).astype(np.uint8)
