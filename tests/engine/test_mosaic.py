import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.engine.blocks import BlockPlan, plan_blocks
from satseg.engine.mosaic import BEHIND_PX, Arrivals, joined_rows
from satseg.engine.store import BlockStore, stored
from satseg.engine.sums import MISSING, UNIT, BlockSums
from satseg.errors import Cancelled
from satseg.windows import plan_windows

Factory = Callable[[str], Path]


def _fill(store: BlockStore, plan: BlockPlan, truth: NDArray[np.int32]) -> None:
    """Save blocks whose sums add up to ``truth``: a pixel counts in the first block that has it."""
    taken = np.zeros(truth.shape, dtype=bool)
    for block in plan:
        place = (slice(block.rows.start, block.rows.stop), slice(block.cols.start, block.cols.stop))
        sums = np.where(taken[place], 0, truth[place]).astype(np.int32)
        sums[truth[place] < 0] = MISSING
        taken[place] = True
        store.save(stored(BlockSums(block, sums)))


@given(
    st.integers(1, 150),
    st.integers(1, 150),
    st.integers(1, 33),
    st.integers(1, 90),
    st.integers(0, 3),
    st.data(),
)
def test_a_mosaic_shows_each_pixel_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory,
    height: int,
    width: int,
    patch: int,
    side: int,
    seed: int,
    data: st.DataObject,
) -> None:
    overlap = data.draw(st.integers(0, patch - 1))
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 255, (height, width))
    codes[rng.random((height, width)) < 0.2] = 255
    sums = np.where(codes == 255, MISSING, codes * UNIT // 254).astype(np.int32)
    plan = plan_blocks(plan_windows((height, width), patch=patch, overlap=overlap), side)
    store = BlockStore(tmp_path_factory.mktemp("work") / "blocks", "key")
    _fill(store, plan, sums)
    found = np.concatenate(list(joined_rows(plan, store)))
    np.testing.assert_array_equal(found, codes)
    store.clear()


def test_rows_are_joined_as_soon_as_the_blocks_below_are_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, UNIT, (300, 90), dtype=np.int32)
    plan = plan_blocks(plan_windows(truth.shape, patch=32, overlap=8), 60)
    assert len(plan.rows) > 3
    whole = BlockStore(tmp_path / "whole", "key")
    _fill(whole, plan, truth)
    store, arrivals = BlockStore(tmp_path / "blocks", "key"), Arrivals(plan)
    pieces: list[NDArray[np.uint8]] = []

    def join() -> None:
        pieces.extend(joined_rows(plan, store, wait=arrivals.wait))

    thread = threading.Thread(target=join, daemon=True)
    thread.start()
    for block in sorted(plan, key=lambda block: (-block.col, block.row)):  # in any order
        shutil.copy(whole._path(block), store.folder)
        assert thread.is_alive()
        arrivals.mark(block)
    thread.join(10)
    expected = np.concatenate(list(joined_rows(plan, whole)))
    np.testing.assert_array_equal(np.concatenate(pieces), expected)


def test_who_waits_for_blocks_that_will_not_come_is_sent_away(tmp_path: Path) -> None:
    plan = plan_blocks(plan_windows((100, 50), patch=32, overlap=8), 40)
    arrivals = Arrivals(plan)
    threading.Timer(0.1, arrivals.stop).start()
    with pytest.raises(Cancelled):
        list(joined_rows(plan, BlockStore(tmp_path / "blocks", "key"), wait=arrivals.wait))


def test_rows_of_a_map_that_will_not_be_whole_are_not_joined() -> None:
    plan = plan_blocks(plan_windows((100, 50), patch=32, overlap=8), 40)
    arrivals = Arrivals(plan)
    for block in plan:
        if not block.row:
            arrivals.mark(block)
    arrivals.wait(0)
    arrivals.stop()
    with pytest.raises(Cancelled):
        arrivals.wait(0)


def test_joining_stays_behind_until_a_core_has_no_more_blocks() -> None:
    plan = plan_blocks(plan_windows((16384, 8192), patch=1024, overlap=0), 1024)
    behind = BEHIND_PX // (8192 * 1024)
    assert 0 < behind < len(plan.rows) - 2
    arrivals, passed = Arrivals(plan, lanes=3), threading.Semaphore(0)

    def join() -> None:
        for row in range(len(plan.rows)):
            arrivals.wait(row)
            passed.release()

    def passes(count: int) -> None:
        assert all(passed.acquire(timeout=10) for _ in range(count))
        assert not passed.acquire(timeout=0.2)

    thread = threading.Thread(target=join, daemon=True)
    thread.start()
    blocks = list(plan)
    for block in blocks[: 8 * (behind + 2)]:
        arrivals.mark(block)
    passes(2)
    for block in blocks[8 * (behind + 2) : -3]:
        arrivals.mark(block)
    passes(len(plan.rows) - behind - 3)
    arrivals.mark(blocks[-3])  # two lanes are at work, the third has nothing left to do
    passes(behind)
    for block in blocks[-2:]:
        arrivals.mark(block)
    passes(1)
    thread.join(10)
    assert not thread.is_alive()
