"""Overlapping windows that cover a grid."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Square windows whose union covers a grid.

    Attributes:
        shape: (height, width) of the grid in pixels.
        patch: side of each window in pixels.
        overlap: pixels that neighbours share at least.
        row_starts: first row of each row of windows, ascending.
        col_starts: first column of each column of windows, ascending.
    """

    shape: tuple[int, int]
    patch: int
    overlap: int
    row_starts: tuple[int, ...]
    col_starts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.row_starts) * len(self.col_starts)

    def __iter__(self) -> Iterator[Window]:
        for row in self.row_starts:
            yield from self.strip(row)

    def strip(self, row_start: int) -> Iterator[Window]:
        """Yield the windows that start at ``row_start``, from left to right."""
        for col in self.col_starts:
            yield Window(row_start, col, self.patch, self.patch)


def plan_windows(shape: tuple[int, int], *, patch: int, overlap: int) -> WindowPlan:
    """Return windows of ``patch`` pixels at a regular stride of ``patch - overlap``.

    The last window of each axis lies flush with the far edge and shares more than ``overlap`` with
    its neighbour where the stride does not divide the axis. An axis shorter than ``patch`` gets one
    window that starts at 0 and reaches beyond the grid: callers pad there.

    Raises:
        ModelError: patch below 1, or overlap outside of [0, patch).

    >>> plan_windows((10, 3), patch=4, overlap=1).row_starts
    (0, 3, 6)
    """
    if patch < 1 or not 0 <= overlap < patch:
        raise ModelError(
            expected="a patch of at least 1 pixel and an overlap from 0 to less than the patch",
            found=f"a patch of {patch} and an overlap of {overlap} pixels",
            fix="Correct patch_px and overlap_px of the model",
        )
    rows, cols = (_starts(size, patch, patch - overlap) for size in shape)
    return WindowPlan(shape, patch, overlap, rows, cols)


def _starts(size: int, patch: int, stride: int) -> tuple[int, ...]:
    last = max(0, size - patch)
    return (*range(0, last, stride), last)
