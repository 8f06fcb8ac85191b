"""The blocks of a store, joined to the rows of one map."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from satseg.engine.blocks import Block, BlockPlan, Span
from satseg.engine.store import BlockStore, Part, codes
from satseg.errors import Cancelled

_PIECE_PX = 1 << 19
"""Pixels that are joined at once, about: little memory in a wide scene, few reads in a narrow."""

BEHIND_PX = 1 << 25
"""Pixels by which joining stays behind, about: half a second of work for a slow core."""


class Arrivals:
    """Tells a thread that joins rows how many rows of blocks are in the store.

    Args:
        plan: the map's blocks.
        lanes: how many blocks are computed side by side, on as many cores. Joining stays behind
            then by ``BEHIND_PX``, until fewer blocks than these are missing: it is what a core
            does that has no more blocks, while the others compute their last.
    """

    def __init__(self, plan: BlockPlan, *, lanes: int = 1) -> None:
        self._left = [len(plan.cols)] * len(plan.rows)
        self._lanes = lanes
        row_px = plan.windows.shape[1] * max(map(len, plan.rows))
        self._behind = BEHIND_PX // row_px if lanes > 1 else 0
        self._changed = threading.Condition()
        self._stopped = False

    def mark(self, block: Block) -> None:
        """Say that a block is in the store, once for each."""
        with self._changed:
            self._left[block.row] -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Say that all blocks have come that will: whoever waits for another is sent away."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait(self, row: int) -> None:
        """Return when all blocks of this row of blocks and of those above are in the store.

        Raises:
            Cancelled: some of the map's blocks will not come: what is joined of it is of no use.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._may_go(row))
            if self._stopped and any(self._left):
                raise Cancelled

    def _may_go(self, row: int) -> bool:
        behind = 0 if sum(self._left) < self._lanes else self._behind
        return not any(self._left[: row + behind + 1])


def joined_rows(
    plan: BlockPlan,
    store: BlockStore,
    *,
    wait: Callable[[int], None] | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """Yield the codes of the whole map from top to bottom, uint8 (rows, width).

    With a legend in the store they are (2, rows, width), see ``satseg.engine.store.codes``.
    Every block of the plan must be in the store, or come there while ``wait`` waits: it is called
    with the number of a row of blocks before that row and those above are read.
    """
    step = max(1, _PIECE_PX // plan.windows.shape[1])
    for start, stop in _segments(plan):
        covering = [
            [Block(number, col, span, cols) for col, cols in enumerate(plan.cols)]
            for number, span in enumerate(plan.rows)
            if span.start < stop > start < span.stop
        ]
        if wait is not None:
            wait(covering[-1][0].row)
        rows = covering[0][0].rows
        alone = rows.own_start <= start and stop <= rows.own_stop
        # sums take four times the room of codes
        join, height = (_joined, step) if alone else (_added, max(1, step // 4))
        for row in range(start, stop, height):
            yield join(plan, store, covering, (row, min(row + height, stop)))


def _segments(plan: BlockPlan) -> list[tuple[int, int]]:
    """Return the pieces of the rows' axis over which the same blocks count in the same way."""
    edges = {
        edge
        for span in plan.rows
        for edge in (span.start, span.own_start, span.own_stop, span.stop)
    }
    return list(itertools.pairwise(sorted(edges)))


def _joined(
    plan: BlockPlan,
    store: BlockStore,
    covering: list[list[Block]],
    span: tuple[int, int],
) -> NDArray[np.uint8]:
    """Return rows to which the blocks of one row add."""
    (start, stop), width, legend = span, plan.windows.shape[1], store.legend
    rows = covering[0][0].rows
    layers = () if legend is None else (2,)
    found = np.empty((*layers, stop - start, width), dtype=np.uint8)
    piece = slice(start - rows.own_start, stop - rows.own_start)
    for block in covering[0]:
        cols = block.cols
        found[..., cols.own_start : cols.own_stop] = store.part(block, "codes", piece)
    strips = _strips(covering[0], store, piece)
    for first, last in _shared(plan.cols, width):
        shape = (*(() if legend is None else (len(legend),)), stop - start, last - first)
        sums = np.zeros(shape, dtype=np.int32)
        for begin, part in strips:
            low, high = max(first, begin), min(last, begin + part.shape[-1])
            if low < high:
                sums[..., low - first : high - first] += part[..., low - begin : high - begin]
        found[..., first:last] = codes(sums, legend)
    return found


def _strips(
    blocks: list[Block], store: BlockStore, piece: slice
) -> list[tuple[int, NDArray[np.int32]]]:
    """Return what the blocks of a row know of the columns that are not their own: (start, sums)."""
    sides: list[tuple[Block, Part, int, int]] = []
    for block in blocks:
        cols = block.cols
        sides.append((block, "left", cols.start, cols.own_start))
        sides.append((block, "right", cols.own_stop, cols.stop))
    return [
        (start, store.part(block, part, piece))
        for block, part, start, stop in sides
        if start < stop
    ]


def _added(
    plan: BlockPlan,
    store: BlockStore,
    covering: list[list[Block]],
    span: tuple[int, int],
) -> NDArray[np.uint8]:
    """Return rows to which blocks of two rows add, the one below and the one above."""
    (start, stop), width, legend = span, plan.windows.shape[1], store.legend
    layers = () if legend is None else (len(legend),)
    sums = np.zeros((*layers, stop - start, width), dtype=np.int32)
    for block in itertools.chain.from_iterable(covering):
        rows, whole = block.rows, sums[..., block.cols.start : block.cols.stop]
        if stop <= rows.own_start:
            whole += store.part(block, "top", slice(start - rows.start, stop - rows.start))
        else:
            piece = slice(start - rows.own_stop, stop - rows.own_stop)
            whole += store.part(block, "bottom", piece)
    return codes(sums, legend)


def _shared(cols: tuple[Span, ...], width: int) -> Iterator[tuple[int, int]]:
    """Yield the pieces of the columns' axis that no block has for its own."""
    edge = 0
    for span in cols:
        if span.own_start > edge:
            yield edge, span.own_start
        edge = max(edge, span.own_stop)
    if edge < width:
        yield edge, width
