"""One field on two grids of the same footprint: exact averages down, bilinear up.

Each pixel is computed from its own position on the whole axis, in a fixed order of additions, so
that its value is the same bit by bit in whatever piece it is computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FULL = np.float32(1 - 1e-5)
_HALF = np.float32(0.5 - 1e-5)


@dataclass(frozen=True, slots=True)
class Taps:
    """Source pixels of each target pixel along one axis.

    Attributes:
        first: first source pixel that is needed.
        stop: first source pixel that is no longer needed.
        index: int64 (targets, taps), source pixels counted from ``first``.
        weight: float32 (targets, taps), each row sums to 1.
    """

    first: int
    stop: int
    index: NDArray[np.int64]
    weight: NDArray[np.float32]

    @property
    def identity(self) -> bool:
        """Whether each target pixel is one source pixel."""
        return bool(self.index.shape[1] == 1)


def axis_taps(source: int, target: int, start: int, length: int) -> Taps:
    """Return the taps of target pixels [start, start + length).

    Both axes cover the same length on the ground with ``source`` and ``target`` pixels. Fewer
    target than source pixels: averages weighted by the exact overlap. More: linear interpolation
    between pixel centres, held constant beyond the outermost centres.
    """
    position = np.arange(start, start + length, dtype=np.int64)
    if source == target:
        index, weight = position[:, None], np.ones((length, 1))
    elif source > target:
        index, weight = _average(source, target, position)
    else:
        index, weight = _linear(source, target, position)
    first, stop = int(index.min()), int(index.max()) + 1
    weight = weight / weight.sum(axis=1, keepdims=True)
    return Taps(first, stop, index - first, weight.astype(np.float32))


def resample(
    data: NDArray[np.float32], valid: NDArray[np.bool_], rows: Taps, cols: Taps
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the values and the validity of the target pixels.

    Args:
        data: float32 (bands, rows.stop - rows.first, cols.stop - cols.first); finite.
        valid: bool (height, width) of the same piece.

    Returns:
        (values, valid): float32 (bands, h, w), 0 where not valid, and bool (h, w). A target pixel
        is valid where at least half of its weight lies on valid pixels, and then it is the
        weighted mean of these only.
    """
    if rows.identity and cols.identity:
        return np.where(valid, data, np.float32(0)), valid
    if valid.all():
        shape = (len(rows.index), len(cols.index))
        return _along(data, rows, cols), np.ones(shape, dtype=np.bool_)
    share = _along(valid.astype(np.float32)[None], rows, cols)[0]
    total = _along(np.where(valid, data, np.float32(0)), rows, cols)
    enough = share >= _HALF
    # Undivided where all is valid: bit for bit what a piece without invalid pixels gives.
    divisor = np.where(enough & (share < _FULL), share, np.float32(1))
    return np.where(enough, total / divisor, np.float32(0)), enough


def _along(data: NDArray[np.float32], rows: Taps, cols: Taps) -> NDArray[np.float32]:
    if not rows.identity:
        data = _sum(data, rows, axis=1)
    return data if cols.identity else _sum(data, cols, axis=2)


def _sum(data: NDArray[np.float32], taps: Taps, axis: int) -> NDArray[np.float32]:
    total = _tap(data, taps, axis, 0)
    for number in range(1, taps.index.shape[1]):
        total += _tap(data, taps, axis, number)
    return total


def _tap(data: NDArray[np.float32], taps: Taps, axis: int, number: int) -> NDArray[np.float32]:
    weight = taps.weight[:, number]
    piece: NDArray[np.float32] = np.take(data, taps.index[:, number], axis=axis)
    piece *= weight[:, None] if axis == 1 else weight
    return piece


def _average(
    source: int, target: int, position: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    low, high = position * source / target, (position + 1) * source / target
    first = position * source // target
    count = 0 if source % target == 0 else 2
    index = first[:, None] + np.arange(source // target + count)
    weight = np.minimum(high[:, None], index + 1) - np.maximum(low[:, None], index)
    return np.minimum(index, source - 1), np.where(index < source, weight.clip(0), 0.0)


def _linear(
    source: int, target: int, position: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    centre = np.clip((position + 0.5) * source / target - 0.5, 0, source - 1)
    first = np.minimum(centre.astype(np.int64), source - 1)
    share = centre - first
    index = np.stack([first, np.minimum(first + 1, source - 1)], axis=1)
    return index, np.stack([1 - share, share], axis=1)
