import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.errors import ModelError
from satseg.windows import Window, plan_windows

sizes = st.integers(1, 60)


def test_windows_are_spread_evenly_from_edge_to_edge() -> None:
    plan = plan_windows((11, 4), patch=4, overlap=1)
    assert plan.row_starts == (0, 2, 4, 7)
    assert plan.col_starts == (0,)
    assert list(plan)[-1] == Window(7, 0, 4, 4)


def test_windows_come_row_by_row() -> None:
    plan = plan_windows((5, 5), patch=3, overlap=1)
    places = [(window.row, window.col) for window in plan]
    assert places == [(0, 0), (0, 2), (2, 0), (2, 2)]
    assert len(plan) == 4


def test_small_scene_gets_one_window_of_patch_size() -> None:
    assert list(plan_windows((3, 2), patch=8, overlap=4)) == [Window(0, 0, 8, 8)]


@given(sizes, sizes, st.integers(1, 20), st.data())
def test_every_pixel_is_covered_and_neighbours_overlap(
    height: int, width: int, patch: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, patch - 1))
    plan = plan_windows((height, width), patch=patch, overlap=overlap)
    seen = np.zeros((max(height, patch), max(width, patch)), dtype=int)
    for window in plan:
        seen[window.row : window.row_stop, window.col : window.col_stop] += 1
    assert seen[:height, :width].min() >= 1
    assert len(set(plan)) == len(plan)
    for starts in (plan.row_starts, plan.col_starts):
        assert all(
            0 < after - before <= patch - overlap for before, after in itertools.pairwise(starts)
        )
    assert plan.row_starts[-1] == max(0, height - patch)


@pytest.mark.parametrize(("patch", "overlap"), [(0, 0), (4, 4), (4, -1)])
def test_impossible_windows_are_refused(patch: int, overlap: int) -> None:
    with pytest.raises(ModelError, match="Correct patch_px and overlap_px"):
        plan_windows((10, 10), patch=patch, overlap=overlap)


def test_clipping_keeps_only_what_is_inside() -> None:
    assert Window(2, 2, 4, 4).clipped((5, 3)) == Window(2, 2, 3, 1)
    assert Window(9, 0, 4, 4).clipped((5, 3)).height == 0
    assert Window(-3, -3, 4, 4).clipped((5, 3)) == Window(0, 0, 1, 1)


@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([16, 64, 96]), st.data())
def test_windows_of_free_size_cover_with_no_more_pixels_than_fixed_ones(
    height: int, width: int, patch: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, patch // 2))
    free = plan_windows((height, width), patch=patch, overlap=overlap, multiple=16)
    fixed = plan_windows((height, width), patch=patch, overlap=overlap)
    for starts, size, side in zip(
        (free.row_starts, free.col_starts), (height, width), free.patch, strict=True
    ):
        assert side % 16 == 0
        assert side <= patch + patch // 8
        assert starts[0] == 0
        assert starts[-1] + side >= size
        assert all(
            0 < after - before <= side - overlap for before, after in itertools.pairwise(starts)
        )
    assert len(free) * free.patch[0] * free.patch[1] <= len(fixed) * patch**2


def test_window_size_suits_the_scene() -> None:
    # 8 windows of 1088 pixels (8 x 1088 = 8704) beat 9 of 992 (8928): 7 overlaps fewer in all.
    plan = plan_windows((8192, 1000), patch=1024, overlap=64, multiple=32)
    assert plan.patch == (1088, 1024)
    assert len(plan) == 8


@pytest.mark.parametrize("size", [1, 30, 32])
def test_a_scene_smaller_than_the_overlap_gets_one_window(size: int) -> None:
    plan = plan_windows((size, size), patch=1024, overlap=32, multiple=32)
    assert list(plan) == [Window(0, 0, 32, 32)]


def test_windows_start_with_the_tiles_of_rasters_where_that_takes_no_more_of_them() -> None:
    plan = plan_windows((8192, 5000), patch=1024, overlap=32, multiple=32)
    assert plan.row_starts == (*range(0, 7168, 1024), 7136)
    assert plan.col_starts == (0, 827, 1654, 2481, 3308, 4136)  # evenly: 768 each fall short


def test_a_long_axis_gets_windows_of_the_side_that_wastes_least() -> None:
    # 40 windows of 1056 pixels (42240) beat 42 of 1024 (43008) and 41 of 1056
    plan = plan_windows((40960, 1000), patch=1024, overlap=32, multiple=32)
    assert plan.patch[0] == 1056
    assert len(plan) == 40


def test_windows_of_the_usual_size_are_kept_where_others_hardly_help() -> None:
    # 9 windows of 2272 pixels would have 20448 pixels of the axis, 10 of 2048 have 20480
    assert plan_windows((20000, 20000), patch=2048, overlap=32, multiple=32).patch == (2048, 2048)


def test_long_windows_overlap_less() -> None:
    plan = plan_windows((8192, 8192), patch=1024, overlap=32, multiple=32, width=2048)
    assert plan.patch == (1056, 2080)
    assert (len(plan.row_starts), len(plan.col_starts)) == (8, 4)
    assert plan_windows((500, 300), patch=256, overlap=32, width=512).patch == (256, 512)


@pytest.mark.parametrize("width", [40, 8, 0])
def test_a_width_that_the_model_cannot_take_is_refused(width: int) -> None:
    with pytest.raises(ModelError, match=f"a patch of {width} and an overlap of 8"):
        plan_windows((90, 90), patch=64, overlap=8, multiple=32, width=width)


def test_a_patch_that_the_model_cannot_take_is_refused() -> None:
    with pytest.raises(ModelError, match="Correct patch_px"):
        plan_windows((10, 10), patch=40, overlap=8, multiple=32)
