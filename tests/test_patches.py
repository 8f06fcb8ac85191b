from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.geodesy import pixel_areas_m2
from satseg.grids import Grid
from satseg.patches import find_patches, pieces
from satseg.windows import Window


def grid_of(codes: NDArray[np.uint8]) -> Grid:
    return Grid("EPSG:32651", (1, 0, 500000.0, 0, -1, 3455000.0), *codes.shape)


def strips(codes: NDArray[np.uint8], rows: int) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    for row in range(0, len(codes), rows):
        window = Window(row, 0, rows, codes.shape[1]).clipped(codes.shape)
        yield window, codes[row : window.row_stop]


def test_gain_and_loss_side_by_side_are_two_pieces() -> None:
    labels, count = pieces(np.array([[2, 2, 3, 0, 2, 255, 1]], dtype=np.uint8), (2, 3))
    assert (labels.tolist(), count) == ([[1, 1, 3, 0, 2, 0, 0]], 3)


def test_patches_that_meet_below_are_one() -> None:
    codes = np.array([[2, 0, 2, 0, 3], [2, 0, 2, 0, 2], [2, 2, 2, 0, 2]], dtype=np.uint8)
    found = find_patches(strips(codes, 1), grid_of(codes), (2, 3), min_area_m2=5, biggest=9)
    assert found.large.tolist() == [1, 1, 0, 1, 1, 0, 1, 0]
    assert found.biggest_m2 == pytest.approx([7, 2, 1], rel=2e-3)


def test_only_the_biggest_areas_are_reported() -> None:
    codes = np.array([[2, 0, 3, 3, 0, 2, 2, 2]], dtype=np.uint8)
    found = find_patches(strips(codes, 1), grid_of(codes), (2, 3), biggest=2)
    assert found.biggest_m2 == pytest.approx([3, 2], rel=2e-3)
    assert found.large.tolist() == [1, 1, 1]


def test_map_without_change_has_no_patches() -> None:
    codes = np.ones((5, 4), dtype=np.uint8)
    found = find_patches(strips(codes, 2), grid_of(codes), (2, 3), min_area_m2=2, biggest=3)
    assert (len(found.large), len(found.biggest_m2)) == (0, 0)


@given(
    seed=st.integers(0, 999),
    density=st.floats(0.2, 0.9),
    smallest=st.floats(0.5, 40),
    rows=st.integers(1, 9),
)
def test_strips_agree_with_one_labelling_of_the_whole(
    seed: int, density: float, smallest: float, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = np.where(rng.random((31, 17)) < density, rng.integers(2, 4, (31, 17)), 0)
    codes = codes.astype(np.uint8)
    grid = grid_of(codes)
    found = find_patches(strips(codes, rows), grid, (2, 3), min_area_m2=smallest, biggest=5)
    areas = pixel_areas_m2(grid, Window(0, 0, *codes.shape))
    labels, _ = pieces(codes, (2, 3))
    total = np.bincount(labels.ravel(), areas.ravel())
    wanted = np.where(labels > 0, total[labels] >= smallest, 0)
    before = 0
    for window, strip in strips(codes, rows):
        own, count = pieces(strip, (2, 3))
        large = np.append(0, found.large[before : before + count])[own]
        before += count
        np.testing.assert_array_equal(large, wanted[window.row : window.row_stop])
    np.testing.assert_allclose(found.biggest_m2, np.sort(total[1:])[::-1][:5], rtol=1e-12)
