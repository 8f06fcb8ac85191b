import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from satseg.engine.blocks import BlockPlan, plan_blocks
from satseg.engine.sums import MISSING, UNIT, Memory, Sums
from satseg.windows import Window, plan_windows


@pytest.fixture
def plan() -> BlockPlan:
    return plan_blocks(plan_windows((20, 31), patch=8, overlap=3), side=15)


def _valid(plan: BlockPlan, window: Window) -> NDArray[np.bool_]:
    return np.ones(window.clipped(plan.windows.shape).shape, dtype=bool)


def test_a_constant_adds_up_to_itself_in_any_order_of_threads(plan: BlockPlan) -> None:
    values = np.random.default_rng(0).random((8, 8), dtype=np.float32)
    found = []
    for threads, backwards in itertools.product((1, 4), (False, True)):
        sums = Sums(plan)
        pairs = [(block, window) for block in plan for window in plan.windows_of(block)]
        with ThreadPoolExecutor(threads) as pool:
            for block, window in reversed(pairs) if backwards else pairs:
                pool.submit(sums.add, block, window, _valid(plan, window), values)
        whole = np.zeros(plan.windows.shape, dtype=np.int64)
        for block in plan:
            rows, cols = block.rows, block.cols
            with sums.finished(block) as each:
                whole[rows.start : rows.stop, cols.start : cols.stop] += each.sums
        found.append(whole)
    assert found[0].max() > UNIT // 2
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_what_one_window_sees_alone_counts_in_full() -> None:
    plan = plan_blocks(plan_windows((200, 300), patch=128, overlap=16), side=1000)
    (block,) = plan
    sums = Sums(plan)
    values = np.full((128, 128), np.float32(0.375))
    for window in plan.windows_of(block):
        sums.add(block, window, _valid(plan, window), values)
    with sums.finished(block) as found:
        assert abs(found.sums - 0.375 * UNIT).max() <= 4  # half a unit of rounding a window
        assert found.sums[48, 48] == 0.375 * UNIT


def test_the_last_window_of_a_block_is_known_and_only_that_one(plan: BlockPlan) -> None:
    sums = Sums(plan)
    blank = np.zeros((8, 8), dtype=np.float32)
    for block in plan:
        windows = list(plan.windows_of(block))
        last = [sums.add(block, window, _valid(plan, window), blank) for window in windows]
        assert last == [False] * (len(windows) - 1) + [True]


def test_pixels_without_data_are_below_0_whatever_the_network_says(plan: BlockPlan) -> None:
    block = next(iter(plan))
    sums, first = Sums(plan), Window(0, 0, 8, 8)
    valid = np.ones((8, 8), dtype=bool)
    valid[2, 3] = False
    sums.add(block, first, valid, np.full((8, 8), np.float32(0.5)))
    with sums.finished(block) as found:
        assert found.sums[2, 3] == MISSING
        assert found.sums[2, 2] == UNIT // 2
    sums.add(block, first, ~valid, None)
    with sums.finished(block) as found:
        assert (found.sums[:8, :8] == MISSING).all()
        assert not found.sums[8:].any()  # nothing is left of the block before it


def test_memory_that_was_given_back_is_used_again() -> None:
    memory = Memory((2, 3), np.float32)
    first, second = memory.take(), memory.take()
    assert first is not second
    assert (first.shape, first.dtype) == ((2, 3), np.float32)
    memory.give(second)
    assert memory.take() is second
    assert memory.take() is not second
