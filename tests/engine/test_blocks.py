import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from satseg.engine.blocks import plan_blocks
from satseg.windows import plan_windows


def test_own_rows_are_those_that_no_other_block_covers() -> None:
    # Windows of 4 start at 0, 3, 6, 9: two blocks of two windows cover 0..7 and 6..13.
    plan = plan_blocks(plan_windows((13, 4), patch=4, overlap=1), side=6)
    first, second = plan.rows
    assert (first.start, first.own_start, first.own_stop, first.stop) == (0, 0, 6, 7)
    assert (second.start, second.own_start, second.own_stop, second.stop) == (6, 7, 13, 13)
    assert len(plan.cols) == 1
    assert [block.shape for block in plan] == [(7, 4), (7, 4)]


def test_blocks_come_row_by_row_to_and_fro() -> None:
    plan = plan_blocks(plan_windows((10, 10), patch=4, overlap=1), side=4)
    places = [(block.row, block.col) for block in plan]
    assert places == [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0), (2, 0), (2, 1), (2, 2)]


@given(
    st.integers(1, 200),
    st.integers(1, 200),
    st.integers(1, 40),
    st.integers(1, 120),
    st.data(),
)
def test_blocks_hold_each_window_once_and_own_what_they_alone_cover(
    height: int, width: int, patch: int, side: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, patch - 1))
    windows = plan_windows((height, width), patch=patch, overlap=overlap)
    plan = plan_blocks(windows, side)
    found = [window for block in plan for window in plan.windows_of(block)]
    assert sorted(found, key=lambda each: (each.row, each.col)) == list(windows)
    assert sum(plan.count(block) for block in plan) == len(windows)
    for spans, size in ((plan.rows, height), (plan.cols, width)):
        times = np.zeros(size, dtype=int)
        for span in spans:
            times[span.start : span.stop] += 1
        assert times.min() >= 1
        for span in spans:
            own = np.flatnonzero(times[span.start : span.stop] == 1) + span.start
            assert list(own) == list(range(span.own_start, span.own_stop))


def test_blocks_of_long_windows_are_lower() -> None:
    long = plan_windows((8192, 8192), patch=1024, overlap=32, multiple=32, width=2048)
    square = plan_windows((8192, 8192), patch=1024, overlap=32, multiple=32)
    assert max(block.shape for block in plan_blocks(long, 1536)) == (1056, 2080)
    assert max(block.shape for block in plan_blocks(square, 1536)) == (2080, 2080)
