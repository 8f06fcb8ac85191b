"""Counts by block of ground, by region and by date, and the interval that the blocks give."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from satseg.metrics import Confusion

BLOCK_M = 256.0
"""Side of the squares that are drawn anew: wider than fields and what surrounds them."""

LEAST_CUTS = 3
"""A side is cut in so many blocks at least, where a picture is small."""

WHOLE_PICTURES = 8
"""From so many places on, whole pictures are drawn anew instead of squares."""

LEAST_BLOCKS = 5
"""With fewer blocks no interval is stated."""

DRAWS = 2000
SEED = 1
CONFIDENCE = 0.95

BOUNDARY_M = 6.0
"""Width of the strip along the borders of farmland: ten pixels of 0.6 m, five of 1.2 m."""

Block = tuple[str, int, int]
"""A place, and row and column of a block in it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval of the intersection over union.

    Attributes:
        low, high: its limits.
        blocks: independent blocks of ground that were drawn anew.
        unit: what a block is.
    """

    low: float
    high: float
    blocks: int
    unit: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixels in both and in either of two strips along borders."""

    both: int = 0
    either: int = 0

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(self.both + other.both, self.either + other.either)

    @property
    def iou(self) -> float:
        """Boundary IoU; nan where there is no border in either."""
        return self.both / self.either if self.either else math.nan


@dataclass(frozen=True, slots=True)
class Part:
    """What was counted in some pictures or scenes.

    Attributes:
        images: number of them.
        counts: pixels by truth and prediction.
        boundary: the strips along the borders of truth and prediction.
        blocks: int64 (3,) hits, false alarms and misses by block. The same ground on several dates
            is one block: its dates are no independent witnesses.
    """

    images: int = 0
    counts: Confusion = field(default_factory=Confusion)
    boundary: Overlap = field(default_factory=Overlap)
    blocks: Mapping[Block, NDArray[np.int64]] = field(default_factory=dict)

    def __add__(self, other: Part) -> Part:
        blocks = dict(self.blocks)
        for block, found in other.blocks.items():
            blocks[block] = blocks[block] + found if block in blocks else found
        return Part(
            self.images + other.images,
            self.counts + other.counts,
            self.boundary + other.boundary,
            blocks,
        )

    def row(self) -> dict[str, Any]:
        """Return what a card says of the part; what cannot be stated is left out."""
        numbers = {
            "iou": self.counts.iou,
            "boundary_iou": self.boundary.iou,
            "area_bias": self.counts.area_bias,
        }
        interval = iou_interval(self.blocks)
        if interval is not None:
            numbers |= {"iou_low": interval.low, "iou_high": interval.high}
        stated = {name: round(value, 4) for name, value in numbers.items() if math.isfinite(value)}
        row: dict[str, Any] = {"images": self.images, "pixels": self.counts.pixels, **stated}
        if interval is not None:
            row |= {"blocks": interval.blocks, "block": interval.unit}
        return row


def part_of(
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    counts: NDArray[np.bool_],
    *,
    gsd_m: tuple[float, float],
    place: str,
    confusion: Confusion,
) -> Part:
    """Return what is counted in one picture or scene.

    Args:
        found, truth: farmland as predicted and as it is, (height, width).
        counts: pixels that count, (height, width).
        gsd_m: height and width of a pixel in metres.
        place: name of the ground; pictures of the same ground share it.
        confusion: of the three arrays.
    """
    strips = [border_strip(mask, counts, gsd_m=gsd_m) for mask in (found, truth)]
    overlap = Overlap(
        int(np.count_nonzero(strips[0] & strips[1])), int(np.count_nonzero(strips[0] | strips[1]))
    )
    return Part(1, confusion, overlap, _by_block(found, truth, counts, gsd_m, place))


def border_strip(
    mask: NDArray[np.bool_],
    counts: NDArray[np.bool_],
    *,
    gsd_m: tuple[float, float],
    width_m: float = BOUNDARY_M,
) -> NDArray[np.bool_]:
    """Return the pixels of ``mask`` whose distance to ground outside of it is ``width_m`` or less.

    Distances go from pixel centre to pixel centre. The edge of the picture and pixels that do not
    count are no borders: nobody knows what is behind them.

    Source: Cheng, Girshick, Dollár, Berg, Kirillov: Boundary IoU (CVPR 2021), 4; the width there is
    a share of the picture's diagonal, here it is stated in metres.
    """
    inside = mask | ~counts
    if inside.all() or not mask.any():
        return np.zeros_like(mask)
    distance_m = distance_transform_edt(inside, sampling=gsd_m)
    return np.asarray(mask & counts & (distance_m <= width_m))


def iou_interval(blocks: Mapping[Block, NDArray[np.int64]]) -> Interval | None:
    """Return the percentile interval of the IoU over blocks drawn with replacement.

    Blocks are whole pictures from WHOLE_PICTURES places on, squares of ground below that. Within
    few pictures the interval tells how the figure spreads over such ground as they show; that of
    other places may lie outside. None with less than LEAST_BLOCKS blocks. The same counts give the
    same interval: the draws are seeded.

    Source: Davison and Hinkley, Bootstrap Methods and their Application (1997), 3.8 and 8.3; Efron
    and Tibshirani, An Introduction to the Bootstrap (1993), 13.3.
    """
    places = sorted({place for place, _, _ in blocks})
    whole = len(places) >= WHOLE_PICTURES
    if whole:
        sums = {place: np.zeros(3, dtype=np.int64) for place in places}
        for (place, _, _), found in blocks.items():
            sums[place] = sums[place] + found
        table = np.array([sums[place] for place in places])
    else:
        table = np.array([blocks[block] for block in sorted(blocks)]).reshape(-1, 3)
    table = table[table.sum(axis=1) > 0]
    if len(table) < LEAST_BLOCKS:
        return None
    rng = np.random.default_rng(SEED)
    times = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=DRAWS)
    totals = times @ table
    ious = totals[:, 0] / totals.sum(axis=1)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(ious, [tail, 100 - tail])
    unit = "whole pictures" if whole else f"squares of at most {BLOCK_M:g} m"
    return Interval(float(low), float(high), len(table), unit)


def _by_block(
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    counts: NDArray[np.bool_],
    gsd_m: tuple[float, float],
    place: str,
) -> dict[Block, NDArray[np.int64]]:
    starts = [_starts(size, size * gsd) for size, gsd in zip(found.shape, gsd_m, strict=True)]
    kinds = (found & truth & counts, found & ~truth & counts, ~found & truth & counts)
    sums = np.stack(
        [
            np.add.reduceat(np.add.reduceat(kind, starts[0], 0, np.int64), starts[1], 1)
            for kind in kinds
        ]
    )
    return {
        (place, row, col): sums[:, row, col]
        for row in range(sums.shape[1])
        for col in range(sums.shape[2])
    }


def _starts(size: int, length_m: float) -> NDArray[np.int64]:
    """Return where blocks of the same length begin along a side, in pixels."""
    cuts = min(size, max(LEAST_CUTS, math.ceil(length_m / BLOCK_M)))
    return np.arange(cuts, dtype=np.int64) * size // cuts
