"""Weighted windows added up to blocks, in whole numbers and in memory that is used again."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import DTypeLike, NDArray

from satseg.blending import axis_weights
from satseg.engine.blocks import Block, BlockPlan
from satseg.windows import Window

UNIT = 2**24
"""Probability 1 in the sums of weighted windows.

Sums of whole numbers are the same in any order, which sums of floating-point numbers are not. Each
window adds at most half a unit of rounding: 3e-8 of a probability.
"""

MISSING = -1
"""What a window adds where the scene has no data: a sum below 0 is no data."""

_WHOLE = np.float32(2**12)
"""Weight along one axis where no other window reaches: the square root of UNIT."""

_CACHED_ROWS = 32
"""Rows that are weighed at once: as many as a processor's cache holds."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockSums:
    """What the windows of one block add up to.

    Attributes:
        block: the block.
        sums: int32 (height, width) of the block: probability x UNIT x weight, summed over the
            block's windows; below 0 where the scene has no data. (classes, height, width) for a
            predictor with a legend.
    """

    block: Block
    sums: NDArray[np.int32]


class Memory:
    """Arrays of one shape that are used again.

    A new array of this size costs as much as work on it: the system clears its memory page by
    page. And what is never given back leaves no holes.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._shape, self._dtype = shape, dtype
        self._idle: SimpleQueue[NDArray[np.generic]] = SimpleQueue()

    def take(self) -> NDArray[np.generic]:
        """Return an array with any contents: one that was given back, else a new one."""
        try:
            return self._idle.get_nowait()
        except Empty:
            return np.empty(self._shape, self._dtype)

    def give(self, array: NDArray[np.generic]) -> None:
        """Take an array back, which its giver uses no longer."""
        self._idle.put(array)


@dataclass(slots=True, eq=False)
class _Open:
    """A block to which windows are being added, and how many more will be."""

    sums: NDArray[np.int32]
    left: int
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sums:
    """The blocks to which windows are being added, from any thread, in any order.

    Args:
        plan: the scene's blocks.
        layers: what comes before height and width in a window's probabilities.
    """

    def __init__(self, plan: BlockPlan, layers: tuple[int, ...] = ()) -> None:
        self._plan, windows = plan, plan.windows
        self._rows = _weights(windows.row_starts, windows.patch[0], windows.overlap)
        self._cols = _weights(windows.col_starts, windows.patch[1], windows.overlap)
        self._layers = layers
        largest = max(map(len, plan.rows)) * max(map(len, plan.cols))
        self._memory = Memory((math.prod(layers) * largest,), np.int32)
        self._open: dict[tuple[int, int], _Open] = {}
        self._guard = threading.Lock()

    def add(
        self,
        block: Block,
        window: Window,
        valid: NDArray[np.bool_],
        probability: NDArray[np.float32] | None,
    ) -> bool:
        """Add a window of ``block``; return whether it was the last one.

        Args:
            block: the block.
            window: one of its windows.
            valid: bool (height, width) of the part of the window that lies on the grid.
            probability: ([classes,] height, width) of the window, or more; None where nothing is
                valid.
        """
        top, left = window.row - block.rows.start, window.col - block.cols.start
        height, width = valid.shape
        found = self._at(block)
        with found.lock:
            place = found.sums[..., top : top + height, left : left + width]
            if probability is None:
                place += MISSING
            else:
                self._weigh(place, window, valid, probability)
            found.left -= 1
            return not found.left

    def _weigh(
        self,
        place: NDArray[np.int32],
        window: Window,
        valid: NDArray[np.bool_],
        probability: NDArray[np.float32],
    ) -> None:
        height, width = place.shape[-2:]
        rows = self._rows[window.row][:height, None]
        cols = self._cols[window.col][:width]
        inside = cols * _WHOLE
        whole = bool(valid.all())
        for start in range(0, height, _CACHED_ROWS):
            part = slice(start, min(start + _CACHED_ROWS, height))
            seen = probability[..., part, :width]
            if (rows[part] == _WHOLE).all():  # a power of two: the same products in fewer steps
                weighted = seen * inside
            else:
                weighted = seen * rows[part]
                weighted *= cols
            units = np.rint(weighted, out=weighted).astype(np.int32)
            if not whole:
                units[..., ~valid[part]] = MISSING
            place[..., part, :] += units

    def _at(self, block: Block) -> _Open:
        with self._guard:
            key = block.row, block.col
            if key not in self._open:
                shape = (*self._layers, *block.shape)
                taken: NDArray[np.int32] = self._memory.take()  # type: ignore[assignment]
                sums = taken[: math.prod(shape)].reshape(shape)
                sums[:] = 0
                self._open[key] = _Open(sums, self._plan.count(block))
            return self._open[key]

    @contextmanager
    def finished(self, block: Block) -> Iterator[BlockSums]:
        """Yield a block to which all its windows were added; its memory is used again after."""
        sums = self._open[block.row, block.col].sums
        yield BlockSums(block, sums)
        with self._guard:
            del self._open[block.row, block.col]
        self._memory.give(sums.base)  # type: ignore[arg-type]


def _weights(starts: Sequence[int], patch: int, overlap: int) -> dict[int, NDArray[np.float32]]:
    """Return the weights of one axis by first pixel; of both axes they multiply to UNIT."""
    scaled = axis_weights(starts, patch, overlap) * float(_WHOLE)
    return dict(zip(starts, scaled.astype(np.float32), strict=True))
