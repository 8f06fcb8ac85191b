"""The blocks of a store, joined to the rows of one map."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from satseg.engine.blocks import Block, BlockPlan, Span
from satseg.engine.store import BlockStore, codes
from satseg.legend import Legend

_ROWS = 64
"""Rows that are joined at once: as many as need little memory in a wide scene."""


def joined_rows(
    plan: BlockPlan, store: BlockStore, legend: Legend | None = None
) -> Iterator[NDArray[np.uint8]]:
    """Yield the codes of the whole map from top to bottom, uint8 (rows, width).

    With the predictor's ``legend`` they are (2, rows, width), see ``satseg.engine.store.codes``.
    Every block of the plan must be in the store.
    """
    for start, stop in _segments(plan):
        covering = [
            [Block(number, col, span, cols) for col, cols in enumerate(plan.cols)]
            for number, span in enumerate(plan.rows)
            if span.start < stop > start < span.stop
        ]
        for row in range(start, stop, _ROWS):
            yield _joined(plan, store, covering, (row, min(row + _ROWS, stop)), legend)


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
    legend: Legend | None,
) -> NDArray[np.uint8]:
    (start, stop), width = span, plan.windows.shape[1]
    layers = () if legend is None else (len(legend),)
    sums = np.zeros((*layers, stop - start, width), dtype=np.int32)
    for block in itertools.chain.from_iterable(covering):
        _add(sums, store, block, start, stop)
    rows = covering[0][0].rows
    if not (rows.own_start <= start and stop <= rows.own_stop):
        return codes(sums, legend)
    found = np.empty((*(2 for _ in layers), stop - start, width), dtype=np.uint8)
    for first, last in _shared(plan.cols, width):
        found[..., first:last] = codes(sums[..., first:last], legend)
    piece = slice(start - rows.own_start, stop - rows.own_start)
    for block in covering[0]:
        cols = block.cols
        found[..., cols.own_start : cols.own_stop] = store.part(block, "codes", piece)
    return found


def _add(sums: NDArray[np.int32], store: BlockStore, block: Block, start: int, stop: int) -> None:
    """Add what a block knows about rows [start, stop), apart from what is its own."""
    rows, cols = block.rows, block.cols
    whole = sums[..., cols.start : cols.stop]
    if stop <= rows.own_start:
        whole += store.part(block, "top", slice(start - rows.start, stop - rows.start))
    elif start >= rows.own_stop:
        whole += store.part(block, "bottom", slice(start - rows.own_stop, stop - rows.own_stop))
    else:
        piece = slice(start - rows.own_start, stop - rows.own_start)
        sums[..., cols.start : cols.own_start] += store.part(block, "left", piece)
        sums[..., cols.own_stop : cols.stop] += store.part(block, "right", piece)


def _shared(cols: tuple[Span, ...], width: int) -> Iterator[tuple[int, int]]:
    """Yield the pieces of the columns' axis that no block has for its own."""
    edge = 0
    for span in cols:
        if span.own_start > edge:
            yield edge, span.own_start
        edge = max(edge, span.own_stop)
    if edge < width:
        yield edge, width
