"""Blocks: groups of neighbouring windows, the units of work, of storage and of restarts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from satseg.windows import Window, WindowPlan


@dataclass(frozen=True, slots=True)
class Span:
    """The part of an axis that a group of neighbouring windows covers, in pixels.

    Attributes:
        windows: first window of the group and the one after its last, by number.
        start, stop: what the group covers, cut at the end of the axis.
        own_start, own_stop: what no other group covers; empty where they are equal.
    """

    windows: tuple[int, int]
    start: int
    stop: int
    own_start: int
    own_stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its place among the blocks and what it covers.

    Attributes:
        row, col: number of its row and column of blocks.
        rows, cols: what it covers along both axes.
    """

    row: int
    col: int
    rows: Span
    cols: Span

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels of what it covers."""
        return len(self.rows), len(self.cols)


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """The blocks of a scene.

    Attributes:
        windows: the windows that they group.
        rows, cols: the groups along both axes.
    """

    windows: WindowPlan
    rows: tuple[Span, ...]
    cols: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.rows) * len(self.cols)

    def __iter__(self) -> Iterator[Block]:
        """Yield the blocks row by row, to and fro: tiles between two rows are read once there."""
        for row, rows in enumerate(self.rows):
            cols = list(enumerate(self.cols))
            for col, span in reversed(cols) if row % 2 else cols:
                yield Block(row, col, rows, span)

    def windows_of(self, block: Block) -> Iterator[Window]:
        """Yield the windows of a block, row by row."""
        plan = self.windows
        for row in plan.row_starts[slice(*block.rows.windows)]:
            for col in plan.col_starts[slice(*block.cols.windows)]:
                yield Window(row, col, *plan.patch)

    def count(self, block: Block) -> int:
        """Return how many windows a block has."""
        (first_row, last_row), (first_col, last_col) = block.rows.windows, block.cols.windows
        return (last_row - first_row) * (last_col - first_col)


def plan_blocks(windows: WindowPlan, side: int) -> BlockPlan:
    """Return blocks of whole windows whose sides are about ``side`` pixels, one window at least.

    Of windows wider than that they are as much lower, so that they take no more memory.
    """
    height, width = windows.shape
    lower = side * side // max(side, windows.patch[1])
    return BlockPlan(
        windows,
        _spans(windows.row_starts, windows.patch[0], height, lower),
        _spans(windows.col_starts, windows.patch[1], width, side),
    )


def _spans(starts: Sequence[int], patch: int, size: int, side: int) -> tuple[Span, ...]:
    stride = max(1, (starts[-1] - starts[0]) // max(1, len(starts) - 1))
    count = max(1, round(side / stride)) if len(starts) > 1 else 1
    groups = [(first, min(first + count, len(starts))) for first in range(0, len(starts), count)]
    covers = [(starts[first], min(starts[stop - 1] + patch, size)) for first, stop in groups]
    spans = []
    for number, ((start, stop), group) in enumerate(zip(covers, groups, strict=True)):
        before = max((each[1] for each in covers[:number]), default=start)
        after = min((each[0] for each in covers[number + 1 :]), default=stop)
        own_start = min(max(start, before), stop)
        own_stop = max(own_start, min(stop, after))
        spans.append(Span(group, start, stop, own_start, own_stop))
    return tuple(spans)
