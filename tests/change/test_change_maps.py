import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.change import Shift, write_change
from satseg.change.legend import CHANGED
from satseg.errors import ModelError, SceneError
from satseg.geodesy import pixel_areas_m2
from satseg.patches import pieces
from satseg.probability_raster import open_probability
from satseg.windows import Window

Factory = Callable[..., Path]
Reader = Callable[[Path], NDArray[np.uint8]]
METRE = Affine(1, 0, 500000.0, 0, -1, 3455000.0)
PIXEL_M2 = 1.000788
"""Ground in a square metre of the grid: UTM's scale is 0.9996 at the central meridian."""


def test_every_pair_of_states_by_hand(
    probability: Factory, codes_of: Reader, tmp_path: Path
) -> None:
    before = probability([[0, 0, 254, 254, 255, 0, 255]], "a.tif")
    after = probability([[0, 254, 0, 254, 0, 255, 255]], "b.tif")
    found = write_change(before, after, tmp_path / "c.tif", thresholds=0.5)
    assert codes_of(tmp_path / "c.tif").tolist() == [[0, 2, 3, 1, 255, 255, 255]]
    areas = found.transitions
    each = (areas.stable_other_m2, areas.stable_farmland_m2, areas.gain_m2, areas.loss_m2)
    assert each == pytest.approx([PIXEL_M2] * 4, rel=1e-4)
    assert areas.region_m2 == pytest.approx(7 * PIXEL_M2, rel=1e-4)
    assert areas.valid_fraction == pytest.approx(4 / 7)
    assert (found.dropped_gain_m2, found.dropped_loss_m2) == (0, 0)


def test_each_date_may_have_its_own_threshold(
    probability: Factory, codes_of: Reader, tmp_path: Path
) -> None:
    before, after = probability([[150, 150]], "a.tif"), probability([[150, 220]], "b.tif")
    write_change(before, after, tmp_path / "c.tif", thresholds=(0.5, 0.8))
    assert codes_of(tmp_path / "c.tif").tolist() == [[3, 1]]


def test_small_patches_keep_the_earlier_state(
    probability: Factory, codes_of: Reader, tmp_path: Path
) -> None:
    before = probability(np.array([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0], [1, 1, 1, 0, 0]]) * 254, "a")
    after = probability(np.array([[1, 0, 1, 1, 0], [0, 0, 0, 1, 1], [1, 1, 1, 1, 0]]) * 254, "b")
    plain = write_change(before, after, tmp_path / "c.tif", thresholds=0.5).transitions
    assert codes_of(tmp_path / "c.tif").tolist() == [
        [2, 0, 1, 1, 3],
        [0, 3, 3, 2, 2],
        [1, 1, 1, 2, 0],
    ]
    found = write_change(before, after, tmp_path / "c.tif", thresholds=0.5, min_area_m2=2.5)
    assert codes_of(tmp_path / "c.tif").tolist() == [
        [0, 0, 1, 1, 1],
        [0, 1, 1, 2, 2],
        [1, 1, 1, 2, 0],
    ]
    assert found.dropped_gain_m2 == pytest.approx(PIXEL_M2, rel=1e-4)
    assert found.dropped_loss_m2 == pytest.approx(3 * PIXEL_M2, rel=1e-4)
    assert found.transitions.before_m2 == pytest.approx(plain.before_m2, rel=1e-12)


@settings(max_examples=12)
@given(seed=st.integers(0, 99), smallest=st.floats(0.5, 30))
def test_strips_agree_with_the_whole(
    probability: Factory, codes_of: Reader, tmp_path: Path, seed: int, smallest: float
) -> None:
    rng = np.random.default_rng(seed)
    first, second = (rng.choice([0, 254, 255], (150, 13), p=[0.45, 0.45, 0.1]) for _ in range(2))
    before, after = probability(first, "a.tif"), probability(second, "b.tif")
    found = write_change(before, after, tmp_path / "c.tif", thresholds=0.5, min_area_m2=smallest)
    pair = 2 * (first == 254) + (second == 254)
    raw = np.where((first == 255) | (second == 255), 255, np.array([0, 2, 3, 1])[pair])
    labels, _ = pieces(raw.astype(np.uint8), CHANGED)
    areas = pixel_areas_m2(open_probability(before).grid, Window(0, 0, 150, 13))
    small = (labels > 0) & (np.bincount(labels.ravel(), areas.ravel())[labels] < smallest)
    wanted = np.where(small, raw - 2, raw)
    np.testing.assert_array_equal(codes_of(tmp_path / "c.tif"), wanted)
    assert found.transitions.gain_m2 == pytest.approx(areas[wanted == 2].sum())
    assert found.dropped_loss_m2 == pytest.approx(areas[small & (raw == 3)].sum())


def test_other_grids_are_taken_at_the_nearest_pixel(
    probability: Factory, codes_of: Reader, tmp_path: Path
) -> None:
    before = probability(np.zeros((2, 5)), "a.tif")
    coarse = METRE @ Affine.translation(1, 0) @ Affine.scale(2)
    after = probability([[254, 0]], "b.tif", transform=coarse)
    write_change(before, after, tmp_path / "c.tif", thresholds=0.5)
    assert codes_of(tmp_path / "c.tif").tolist() == [[255, 2, 2, 0, 0]] * 2


def test_other_crs_are_brought_to_the_first_one(
    probability: Factory, codes_of: Reader, tmp_path: Path
) -> None:
    codes = np.zeros((40, 60))
    codes[10:20, 15:45] = 254
    before = probability(codes, "a.tif")
    grid = open_probability(before).grid
    fine = np.zeros((400, 600))
    lon, lat = grid.lonlat([(0, 0), (60, 0), (60, 40), (0, 40)])
    west, north = lon.min() - 1e-5, lat.max() + 1e-5
    place = Affine(1.25e-6, 0, west, 0, -1.05e-6, north)
    east, south = west + 600 * 1.25e-6, north - 400 * 1.05e-6
    assert east > lon.max()
    assert south < lat.min()
    cols, rows = np.meshgrid(np.arange(600) + 0.5, np.arange(400) + 0.5)
    x, y = rasterio.warp.transform(
        "EPSG:4326",
        "EPSG:32651",
        (place.a * cols + place.c).ravel(),
        (place.e * rows + place.f).ravel(),
    )
    col, row = np.floor(np.array(x) - 500000), np.floor(3455000 - np.array(y))
    inside = (col >= 15) & (col < 45) & (row >= 10) & (row < 20)
    fine[inside.reshape(400, 600)] = 254
    after = probability(fine, "b.tif", crs="EPSG:4326", transform=place)
    write_change(before, after, tmp_path / "c.tif", thresholds=0.5)
    np.testing.assert_array_equal(codes_of(tmp_path / "c.tif"), codes / 254)


def test_a_shift_is_taken_back(
    probability: Factory, codes_of: Reader, shift: Callable[..., Shift], tmp_path: Path
) -> None:
    field = np.zeros((90, 40))
    field[20:70, 10:30] = 254
    before = probability(field, "a.tif")
    after = probability(np.roll(field, (2, 3), (0, 1)), "b.tif")
    shifted = write_change(before, after, tmp_path / "c.tif", thresholds=0.5).transitions
    assert shifted.gain_m2 == pytest.approx((50 * 3 + 17 * 2) * PIXEL_M2, rel=1e-4)
    assert shifted.net_m2 == pytest.approx(0, abs=0.01)
    found = write_change(before, after, tmp_path / "c.tif", thresholds=0.5, shift=shift(3, 2))
    assert (found.transitions.gain_m2, found.transitions.loss_m2) == (0, 0)
    codes = codes_of(tmp_path / "c.tif")
    assert (codes[:, -3:] == 255).all()
    assert (codes[-2:] == 255).all()
    assert (codes[:-2, :-3] != 255).all()


def test_a_shift_below_half_a_pixel_changes_nothing(
    probability: Factory, codes_of: Reader, shift: Callable[..., Shift], tmp_path: Path
) -> None:
    codes = np.random.default_rng(0).integers(0, 255, (70, 20))
    before = probability(codes, "a.tif")
    write_change(before, before, tmp_path / "c.tif", thresholds=0.5, shift=shift(0.4, -0.4))
    np.testing.assert_array_equal(codes_of(tmp_path / "c.tif"), codes >= 127)


def test_maps_of_one_place_without_common_data_are_all_nodata(
    probability: Factory, codes_of: Reader, tmp_path: Path
) -> None:
    before, after = probability([[254, 255]], "a.tif"), probability([[255, 254]], "b.tif")
    areas = write_change(before, after, tmp_path / "c.tif", thresholds=0.5).transitions
    assert codes_of(tmp_path / "c.tif").tolist() == [[255, 255]]
    assert (areas.valid_m2, areas.valid_fraction, areas.before_m2) == (0, 0, 0)


def test_map_tells_how_it_was_made(
    probability: Factory, shift: Callable[..., Shift], tmp_path: Path
) -> None:
    early = {"SATSEG_DATE": "2015-06-06", "SATSEG_SIMULATED": "NO", "SATSEG_SCENE": "s.tif"}
    late = {"SATSEG_DATE": "2020-06-06", "SATSEG_SIMULATED": "YES", "SATSEG_MODEL": "unet8"}
    before, after = probability([[0]], "a.tif", tags=early), probability([[0]], "b.tif", tags=late)
    options = {"min_area_m2": 500, "shift": shift(0.25, -0.5), "tags": {"MORE": "yes"}}
    write_change(before, after, tmp_path / "c.tif", thresholds=(0.5, 0.25), **options)
    with rasterio.open(tmp_path / "c.tif") as dataset:
        tags = dataset.tags()
        assert (dataset.nodata, dataset.descriptions) == (255, ("farmland change",))
    assert tags["SATSEG_KIND"] == "change"
    assert tags["SATSEG_SCENES"] == "s.tif;b.tif"
    assert tags["SATSEG_MODELS"] == ";unet8"
    assert tags["SATSEG_DATES"] == "2015-06-06;2020-06-06"
    assert tags["SATSEG_THRESHOLDS"] == "0.5;0.25"
    assert tags["SATSEG_SHIFTS_M"] == "0 0;0.250 -0.500"
    assert (tags["SATSEG_SIMULATED"], tags["SATSEG_MIN_AREA_M2"]) == ("YES", "500")
    assert (tags["SATSEG_CONTENT"][:14], tags["MORE"]) == ("0 stable other", "yes")


def test_progress_counts_the_rows_of_all_passes(probability: Factory, tmp_path: Path) -> None:
    path = probability(np.zeros((100, 3)), "a.tif")
    calls: list[tuple[int, int]] = []
    options = {"progress": lambda *call: calls.append(call), "min_area_m2": 1}
    write_change(path, path, tmp_path / "c.tif", thresholds=0.5, **options)
    assert calls == [(64, 200), (100, 200), (164, 200), (200, 200)]


def test_memory_does_not_grow_with_the_height(probability: Factory, tmp_path: Path) -> None:
    peaks = []
    for height in (512, 4096):
        first, second = np.zeros((2, height, 64))
        second[::50, 7:9] = first[::40, 30:50] = 254
        before, after = probability(first, "a.tif"), probability(second, "b.tif")
        tracemalloc.start()
        write_change(before, after, tmp_path / "c.tif", thresholds=0.5, min_area_m2=30)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"thresholds": 2}, "a threshold from 0 to 1"),
        ({"thresholds": (0.5, 0.5, 0.5)}, "found 3 thresholds and 2 shifts"),
        ({"thresholds": 0.5, "min_area_m2": -1}, "a smallest area of 0 m2 or more"),
        ({"thresholds": 0.5, "min_area_m2": float("nan")}, "found nan"),
    ],
)
def test_options_out_of_range_are_refused(
    probability: Factory, tmp_path: Path, options: dict[str, object], told: str
) -> None:
    path = probability([[1]], "a.tif")
    with pytest.raises(ModelError, match=told):
        write_change(path, path, tmp_path / "c.tif", **options)
    assert not (tmp_path / "c.tif").exists()


def test_maps_of_different_places_are_refused(probability: Factory, tmp_path: Path) -> None:
    before = probability([[1, 2]], "a.tif")
    away = probability([[1, 2]], "b.tif", transform=Affine.translation(2, 0) @ METRE)
    with pytest.raises(SceneError, match="maps of the same region"):
        write_change(before, away, tmp_path / "c.tif", thresholds=0.5)
    assert not (tmp_path / "c.tif").exists()


def test_dates_in_the_wrong_order_are_refused(probability: Factory, tmp_path: Path) -> None:
    before = probability([[1]], "a.tif", tags={"SATSEG_DATE": "2020-01-01"})
    after = probability([[1]], "b.tif", tags={"SATSEG_DATE": "2019-01-01"})
    with pytest.raises(SceneError, match="a.tif of 2020-01-01 before b.tif of 2019-01-01"):
        write_change(before, after, tmp_path / "c.tif", thresholds=0.5)
