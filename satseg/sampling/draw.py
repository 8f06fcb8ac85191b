"""Drawing points from the strata of a map, without holding the map in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from satseg.area import PixelRegion
from satseg.errors import AccuracyError
from satseg.probability import NODATA, threshold_level
from satseg.probability_raster import ProbabilityRaster, codes, open_probability
from satseg.sampling.points import Point
from satseg.windows import Window

_STRIP_ROWS = 128
_MOSTLY = 0.5

Ranges = Sequence[tuple[int, int]]
"""First and last code of each stratum; together they hold each code from 0 to 254 once."""


def code_ranges(threshold: float, margin: float | None = None) -> list[tuple[str, int, int]]:
    """Return names and code ranges of the strata of a map.

    Without a margin the strata are the map's classes, ``farmland`` and ``other``. With a margin
    each is divided again by how near the probability lies to the threshold, because that is where
    the map errs most; a part in which no code falls is left out.

    Raises:
        AccuracyError: the margin is not above 0.
        ModelError: the threshold is outside of [0, 1].

    >>> code_ranges(0.5)
    [('farmland', 127, 254), ('other', 0, 126)]
    """
    level = threshold_level(threshold)
    if margin is None:
        parts = [("farmland", level, NODATA - 1), ("other", 0, level - 1)]
    elif margin > 0:
        top = threshold_level(min(1.0, threshold + margin))
        bottom = threshold_level(max(0.0, threshold - margin))
        parts = [
            ("farmland, certain", top, NODATA - 1),
            ("farmland, uncertain", level, top - 1),
            ("other, uncertain", bottom, level - 1),
            ("other, certain", 0, bottom - 1),
        ]
    else:
        raise AccuracyError(
            expected="a margin of probability above 0",
            found=str(margin),
            fix="Give for example 0.25",
        )
    return [part for part in parts if part[1] <= part[2]]


def count_pixels(probability: Path, region: BaseGeometry, ranges: Ranges) -> NDArray[np.int64]:
    """Return the number of pixels of each stratum in a region, int64 (strata,).

    A pixel belongs to the region where more than half of it lies inside.

    Raises:
        RegionError: the region is no area.
        SceneError: the raster cannot be read.
    """
    raster = open_probability(probability)
    counts = np.zeros(len(ranges) + 1, dtype=np.int64)
    for _, index, _ in _strips(raster, region, ranges):
        counts += np.bincount(index.ravel(), minlength=len(ranges) + 1)
    return counts[:-1]


def draw_points(
    probability: Path, region: BaseGeometry, ranges: Ranges, sizes: Sequence[int], *, seed: int
) -> list[Point]:
    """Return a stratified random sample of pixel centres, without replacement, in random order.

    Each pixel of a stratum is as likely as any other. The raster is read twice in strips; the same
    arguments give the same points.

    Args:
        probability: a raster that ``predict_scene`` wrote.
        region: polygon or multipolygon in WGS 84.
        ranges: code ranges of the strata.
        sizes: points to draw from each.
        seed: of the random numbers.

    Raises:
        AccuracyError: a stratum has fewer pixels than points are wanted.
        RegionError: the region is no area.
        SceneError: the raster cannot be read.
    """
    raster = open_probability(probability)
    counts = count_pixels(probability, region, ranges)
    for number, (wanted, there) in enumerate(zip(sizes, counts, strict=True)):
        if wanted > there:
            raise AccuracyError(
                expected=f"at least {wanted} pixels in the stratum with the codes {ranges[number]}",
                found=str(there),
                fix="Ask for fewer points, or choose other strata",
            )
    ranks = [
        np.sort(np.random.default_rng([seed, number]).choice(there, wanted, replace=False))
        for number, (wanted, there) in enumerate(zip(sizes, counts, strict=True))
    ]
    found = sorted(_pick(raster, region, ranges, ranks), key=lambda pixel: (pixel[2], *pixel[:2]))
    order = np.random.default_rng([seed, len(ranges)]).permutation(len(found))
    chosen = [found[k] for k in order]
    if not chosen:
        return []
    lon, lat = raster.grid.lonlat([(col + 0.5, row + 0.5) for row, col, _, _ in chosen])
    return [
        Point(number, float(lon[number]), float(lat[number]), stratum, code)
        for number, (_, _, stratum, code) in enumerate(chosen)
    ]


def _pick(
    raster: ProbabilityRaster,
    region: BaseGeometry,
    ranges: Ranges,
    ranks: Sequence[NDArray[np.int64]],
) -> list[tuple[int, int, int, int]]:
    """Return row, column, stratum and code of the pixels with the given ranks, row by row."""
    passed = np.zeros(len(ranges), dtype=np.int64)
    found = []
    for window, index, values in _strips(raster, region, ranges):
        for stratum, wanted in enumerate(ranks):
            where = np.flatnonzero(index == stratum)
            first, last = np.searchsorted(wanted, [passed[stratum], passed[stratum] + len(where)])
            for place in where[wanted[first:last] - passed[stratum]]:
                row, col = divmod(int(place), index.shape[1])
                found.append((window.row + row, window.col + col, stratum, int(values[row, col])))
            passed[stratum] += len(where)
    return found


def _strips(
    raster: ProbabilityRaster, region: BaseGeometry, ranges: Ranges
) -> Iterator[tuple[Window, NDArray[np.int64], NDArray[np.uint8]]]:
    """Yield windows of whole rows with the stratum of each pixel (the last: none) and its code."""
    lookup = np.full(256, len(ranges), dtype=np.int64)
    for number, (low, high) in enumerate(ranges):
        lookup[low : high + 1] = number
    inside = PixelRegion(region, raster.grid)
    with raster.reader() as pixels:
        for row in range(0, raster.grid.height, _STRIP_ROWS):
            window = Window(row, 0, _STRIP_ROWS, raster.grid.width).clipped(raster.grid.shape)
            share = inside.coverage(window)
            if not share.any():
                continue
            values = codes(pixels, window)
            yield window, np.where(share > _MOSTLY, lookup[values], len(ranges)), values
