"""Maps of farmland yes or no: a threshold and a smallest patch that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.cog import Layer, cog_rows
from satseg.errors import ModelError
from satseg.grids import Grid
from satseg.patches import find_patches, pieces
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
    level = threshold_level(threshold)
    if not min_area_m2 >= 0:
        raise ModelError(
            expected="a smallest area of 0 m2 or more",
            found=str(min_area_m2),
            fix="Give the area of the smallest patch to keep, for example 500",
        )
    raster = open_probability(probability)
    patches = None
    if min_area_m2 > 0:
        patches = find_patches(
            _farmland(raster, level), raster.grid, (_FARMLAND,), min_area_m2=min_area_m2
        )
    provenance = {key: value for key, value in raster.tags.items() if key.startswith("SATSEG_")}
    provenance |= {
        "SATSEG_CONTENT": "1 farmland, 0 other, 255 no data",
        "SATSEG_THRESHOLD": f"{threshold:g}",
        "SATSEG_MIN_AREA_M2": f"{min_area_m2:g}",
        **(tags or {}),
    }
    with cog_rows(output, raster.grid, MASK, tags=provenance) as writer:
        before = 0
        for _, found in _farmland(raster, level):
            if patches is not None:
                labels, count = pieces(found, (_FARMLAND,))
                large = np.append(np.uint8(1), patches.large[before : before + count])[labels] == 1
                before += count
                found[~large] = 0
            writer.write(found)
    return raster.grid


def _farmland(raster: ProbabilityRaster, level: int) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Yield strips of the mask, whatever the size of its patches."""
    for window, found in strips(raster, _STRIP_ROWS):
        yield window, np.where(found == NODATA, NODATA, found >= level).astype(np.uint8)
