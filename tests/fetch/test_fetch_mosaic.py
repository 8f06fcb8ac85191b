"""Chips joined on their common grid: exact pixels, holes as nodata."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import rasterio
from chip_files import NORTH, SIDE, SMALL_MS, SMALL_RGB, WEST, pixels_of, write_chip
from hypothesis import given
from hypothesis import strategies as st

from satseg.errors import Cancelled, FetchError, SceneError
from satseg.fetch import mosaic as module
from satseg.fetch.chips import Chip
from satseg.fetch.mosaic import arrange, join
from satseg.fetch.spacenet import PIXEL_DEG, Product
from satseg.scene import open_scene
from satseg.windows import Window


def chip(number: int, col: float, row: float, path: Path = Path("x")) -> Chip:
    return Chip(number, path, WEST + col * PIXEL_DEG, NORTH - row * PIXEL_DEG)


def written(folder: Path, number: int, col: float, row: float, pixels: np.ndarray) -> Chip:
    return chip(number, col, row, write_chip(folder / f"{number}.tif", pixels, col=col, row=row))


def joined(chips: list[Chip], target: Path, product: Product = SMALL_RGB) -> np.ndarray:
    join(arrange(chips, product), product, target, tags={"A": "b"})
    with rasterio.open(target) as dataset:
        return np.asarray(dataset.read())


def test_two_chips_with_a_hole_between_them(tmp_path: Path) -> None:
    one, two = pixels_of(1), pixels_of(2)
    chips = [written(tmp_path, 1, 0, 0, one), written(tmp_path, 2, 20, 3, two)]
    expected = np.zeros((3, 19, 36), np.uint16)
    expected[:, :16, :16] = one
    expected[:, 3:, 20:] = two
    assert np.array_equal(joined(chips, tmp_path / "m.tif"), expected)
    with rasterio.open(tmp_path / "m.tif") as dataset:
        assert dataset.nodata == 0
        assert dataset.descriptions == ("red", "green", "blue")
        assert dataset.interleaving == rasterio.enums.Interleaving.band
        assert dataset.tags()["A"] == "b"
        assert tuple(dataset.transform)[:6] == (PIXEL_DEG, 0, WEST, 0, -PIXEL_DEG, NORTH)
    scene = open_scene(tmp_path / "m.tif")
    assert scene.bands == ("red", "green", "blue")
    valid = ~scene.read(Window(0, 0, 19, 36)).mask[0]
    assert np.array_equal(valid, expected.any(axis=0))


def test_all_eight_bands_keep_their_names(tmp_path: Path) -> None:
    pixels = pixels_of(1, bands=8)
    chips = [written(tmp_path, 1, 0, 0, pixels)]
    assert np.array_equal(joined(chips, tmp_path / "m.tif", SMALL_MS), pixels)
    assert open_scene(tmp_path / "m.tif").bands == SMALL_MS.bands


def test_where_chips_overlap_the_lower_number_counts_and_black_lets_through(tmp_path: Path) -> None:
    one, two = pixels_of(1), pixels_of(2)
    one[:, 5, 7] = 0
    one[0, 6, 6] = 0  # black in one band only is data
    for order in ((1, 2), (2, 1)):
        first, second = order
        chips = [written(tmp_path, first, 0, 0, one), written(tmp_path, second, 0, 0, two)]
        found = joined(chips, tmp_path / "m.tif")
        expected = two.copy() if first == 2 else one.copy()
        expected[:, 5, 7] = two[:, 5, 7]
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("step", [1, 3, 16, 1000])
def test_the_result_does_not_depend_on_the_strips(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [(0, 0), (15, 7), (40, 2), (3, 30), (16, 30), (0, 20)]  # overlaps both ways
    chips = [
        written(tmp_path, number, col, row, pixels_of(number))
        for number, (col, row) in enumerate(places)
    ]
    expected = np.zeros((3, 46, 56), np.uint16)
    for number, (col, row) in reversed(list(enumerate(places))):
        expected[:, row : row + 16, col : col + 16] = pixels_of(number)
    monkeypatch.setattr(module, "_STRIP_ROWS", step)
    assert np.array_equal(joined(chips, tmp_path / "m.tif"), expected)


def test_rounded_coordinates_lie_on_one_grid() -> None:
    found = arrange([chip(1, 0, 0), chip(2, 16.004, -0.004), chip(3, 32.0003, 0)], SMALL_RGB)
    assert (found.moved, found.largest_move_px) == (0, 0.0)
    assert [(each.row, each.col) for each in found.placed] == [(0, 0), (0, 16), (0, 32)]
    assert found.covered == 1.0


def test_a_chip_off_the_grid_is_moved_to_the_nearest_pixel_and_counted() -> None:
    chips = [chip(1, 0.3, 0), chip(2, 16, 0), chip(3, 32, 16), chip(4, 47.6, 0.3)]
    found = arrange(chips, SMALL_RGB)
    places = {each.chip.number: (each.row, each.col) for each in found.placed}
    assert places == {1: (0, 0), 2: (0, 16), 3: (16, 32), 4: (0, 48)}
    assert found.moved == 2
    assert found.largest_move_px == pytest.approx(0.5, abs=1e-6)  # hypot(0.4, 0.3)
    assert found.grid.transform[2] == pytest.approx(WEST, abs=1e-12)
    assert found.covered == 4 * 16 * 16 / (32 * 64)


@given(
    st.lists(
        st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000)), min_size=1, max_size=12
    ),
    st.floats(-0.004, 0.004),
)
def test_places_differ_by_whole_pixels_whatever_the_rounding(
    places: list[tuple[int, int]], error: float
) -> None:
    signs = itertools.cycle((1, -1))
    chips = [
        chip(number, col + next(signs) * error, row) for number, (col, row) in enumerate(places)
    ]
    found = arrange(chips, SMALL_RGB)
    left, top = min(col for col, _ in places), min(row for _, row in places)
    at = {each.chip.number: (each.col + left, each.row + top) for each in found.placed}
    assert at == dict(enumerate(places))
    assert found.moved == 0
    assert found.grid.width == max(col for col, _ in places) - left + SIDE


def test_nothing_to_join_is_told() -> None:
    with pytest.raises(FetchError, match="at least one chip to join"):
        arrange([], SMALL_RGB)


def test_a_chip_that_vanished_leaves_no_image(tmp_path: Path) -> None:
    chips = [written(tmp_path, 1, 0, 0, pixels_of(1)), chip(2, 16, 0, tmp_path / "gone.tif")]
    with pytest.raises(SceneError, match="gone.tif"):
        joined(chips, tmp_path / "to" / "m.tif")
    assert list((tmp_path / "to").iterdir()) == []


def test_joining_tells_its_progress_and_can_be_cancelled(tmp_path: Path) -> None:
    mosaic = arrange([written(tmp_path, 1, 0, 0, pixels_of(1))], SMALL_RGB)
    seen: list[tuple[int, int]] = []
    target = tmp_path / "to" / "m.tif"
    join(mosaic, SMALL_RGB, target, tags={}, progress=lambda *step: seen.append(step))
    assert seen == [(16, 16)]
    target.unlink()
    with pytest.raises(Cancelled):
        join(mosaic, SMALL_RGB, target, tags={}, cancelled=lambda: True)
    assert list(target.parent.iterdir()) == []
