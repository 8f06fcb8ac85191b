"""Overlapping windows that cover a grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from satseg.errors import ModelError


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of whole pixels: rows [row, row + height) and columns [col, col + width)."""

    row: int
    col: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    @property
    def row_stop(self) -> int:
        """First row after the window."""
        return self.row + self.height

    @property
    def col_stop(self) -> int:
        """First column after the window."""
        return self.col + self.width

    def clipped(self, shape: tuple[int, int]) -> Window:
        """Return the part inside a grid of ``shape``; height or width is 0 where there is none.

        >>> Window(-2, 6, 5, 5).clipped((8, 8))
        Window(row=0, col=6, height=3, width=2)
        """
        row, col = min(max(self.row, 0), shape[0]), min(max(self.col, 0), shape[1])
        row_stop, col_stop = min(self.row_stop, shape[0]), min(self.col_stop, shape[1])
        return Window(row, col, max(0, row_stop - row), max(0, col_stop - col))


def blocks(shape: tuple[int, int], side: int) -> Iterator[Window]:
    """Yield squares of ``side`` pixels that tile a grid of ``shape``, row by row, cut at its edges.

    >>> [window.shape for window in blocks((3, 5), 3)]
    [(3, 3), (3, 2)]
    """
    for row in range(0, shape[0], side):
        for col in range(0, shape[1], side):
            yield Window(row, col, side, side).clipped(shape)


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Windows of one shape whose union covers a grid.

    Attributes:
        shape: (height, width) of the grid in pixels.
        patch: (height, width) of each window in pixels.
        overlap: pixels that neighbours share at least.
        row_starts: first row of each row of windows, ascending.
        col_starts: first column of each column of windows, ascending.
    """

    shape: tuple[int, int]
    patch: tuple[int, int]
    overlap: int
    row_starts: tuple[int, ...]
    col_starts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.row_starts) * len(self.col_starts)

    def __iter__(self) -> Iterator[Window]:
        for row in self.row_starts:
            for col in self.col_starts:
                yield Window(row, col, *self.patch)


def plan_windows(
    shape: tuple[int, int],
    *,
    patch: int,
    overlap: int,
    multiple: int | None = None,
    width: int | None = None,
) -> WindowPlan:
    """Return windows that cover a grid.

    Neighbours share ``overlap`` pixels at least. Along each axis windows start with tiles of 256
    pixels where that takes no more of them, else they are evenly spread. An axis shorter than a
    window gets one that starts at 0 and may reach beyond the grid: callers pad there.

    Args:
        shape: (height, width) of the grid.
        patch: side of the windows in pixels.
        overlap: pixels that neighbours share at least.
        multiple: what the sides must be multiples of, where the model takes windows of any size.
            Each side is then chosen for the grid, up to an eighth above ``patch``, so that as few
            pixels as possible are computed twice or beyond the edge. None: ``patch`` exactly.
        width: width of oblong windows, whose height is ``patch`` then. None: they are squares.

    Raises:
        ModelError: a side is below 1 or no such multiple, or overlap not below both.

    >>> plan_windows((10, 3), patch=4, overlap=1).row_starts
    (0, 3, 6)
    >>> plan_windows((70, 20), patch=64, overlap=8, multiple=8).patch
    (72, 24)
    """
    wanted = patch, patch if width is None else width
    for side in wanted:
        if side < 1 or not 0 <= overlap < side or (multiple and side % multiple):
            raise ModelError(
                expected="a patch of at least 1 pixel and an overlap from 0 to less than the patch",
                found=f"a patch of {side} and an overlap of {overlap} pixels",
                fix="Correct patch_px and overlap_px of the model",
            )
    sides = tuple(
        _side(size, side, overlap, multiple) for size, side in zip(shape, wanted, strict=True)
    )
    rows, cols = (_starts(size, side, overlap) for size, side in zip(shape, sides, strict=True))
    return WindowPlan(shape, (sides[0], sides[1]), overlap, rows, cols)


_AS_FEW = 1.01
"""Ratio of pixels up to which one side of windows hardly differs from another."""

_TILE_PX = 256
"""Side of the tiles of most rasters."""


def _side(size: int, patch: int, overlap: int, multiple: int | None) -> int:
    """Return the side of the windows of an axis: the one with the fewest pixels in all.

    Of those that hardly differ in that, it is the closest to ``patch``.
    """
    if multiple is None:
        return patch
    sides = []
    for count in range(_count(size, patch, overlap), 0, -1):
        even = math.ceil((size + (count - 1) * overlap) / count)
        side = math.ceil(even / multiple) * multiple
        if side > patch + patch // 8:
            break
        sides.append((side * count, side))
    fewest = min(sides)[0]
    as_few = [side for pixels, side in sides if pixels <= _AS_FEW * fewest]
    return min(as_few, key=lambda side: abs(side - patch))


def _count(size: int, side: int, overlap: int) -> int:
    return 1 if size <= side else math.ceil((size - overlap) / (side - overlap))


def _starts(size: int, side: int, overlap: int) -> tuple[int, ...]:
    """Return where windows start: with tiles, so that few are read twice, or evenly spread."""
    count, last = _count(size, side, overlap), max(0, size - side)
    step = (side - overlap) // _TILE_PX * _TILE_PX
    if step * (count - 1) >= last:
        return tuple(min(number * step, last) for number in range(count))
    return tuple(number * last // max(1, count - 1) for number in range(count))
