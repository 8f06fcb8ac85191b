from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.change import Shift, trend_codes, write_trend
from satseg.errors import ModelError, SceneError

Factory = Callable[..., Path]
PIXEL_M2 = 1.000788

SERIES = {
    "000": 0,
    "111": 1,
    "011": 2,
    "100": 3,
    "001": 4,
    "110": 4,
    "010": 4,
    "101": 4,
    "0011": 2,
    "0111": 2,
    "0001": 4,
    "1100": 3,
    "0110": 4,
    "0101": 4,
    "00-11": 2,
    "0-1-1": 2,
    "1-00-": 3,
    "001-": 4,
    "01-": 255,
    "1--1-": 255,
    "---": 255,
    "1-1-1": 1,
    "01100": 4,
    "010111": 4,
}


@pytest.mark.parametrize("text", SERIES)
def test_rule_by_hand(text: str) -> None:
    states = np.array([{"0": 0, "1": 1, "-": 255}[each] for each in text], dtype=np.uint8)
    assert trend_codes(states[:, None, None]).tolist() == [[SERIES[text]]]


def expected(series: list[int]) -> int:
    states = [state for state in series if state != 255]
    if len(states) < 3:
        return 255
    changes = [index for index, (a, b) in enumerate(pairwise(states), start=1) if a != b]
    if not changes:
        return states[0]
    if len(changes) == 1 and changes[0] <= len(states) - 2:
        return 2 if states[-1] else 3
    return 4


@given(seed=st.integers(0, 999), dates=st.integers(3, 9))
def test_rule_agrees_with_each_pixel_alone(seed: int, dates: int) -> None:
    rng = np.random.default_rng(seed)
    states = rng.choice([0, 1, 255], (dates, 6, 7), p=[0.4, 0.4, 0.2]).astype(np.uint8)
    wanted = [[expected(states[:, row, col].tolist()) for col in range(7)] for row in range(6)]
    assert trend_codes(states).tolist() == wanted


@given(seed=st.integers(0, 999))
def test_trend_of_the_complement_swaps_gain_and_loss(seed: int) -> None:
    states = np.random.default_rng(seed).choice([0, 1, 255], (5, 4, 4)).astype(np.uint8)
    swapped = np.where(states == 255, 255, 1 - states % 255).astype(np.uint8)
    swap = np.arange(256)
    swap[:4] = [1, 0, 3, 2]
    np.testing.assert_array_equal(trend_codes(swapped), swap[trend_codes(states)])


def test_map_and_areas_by_hand(
    probability: Factory, codes_of: Callable[[Path], NDArray[np.uint8]], tmp_path: Path
) -> None:
    series = np.repeat([[0, 1, 0, 1, 0, 2], [0, 1, 1, 0, 1, 1], [0, 1, 1, 0, 0, 1]], 100, axis=0)
    codes = np.array([0, 254, 255])[series.reshape(3, 100, 6)]
    dates = [probability(each, f"{number}.tif") for number, each in enumerate(codes)]
    calls: list[tuple[int, int]] = []
    found = write_trend(
        dates,
        tmp_path / "t.tif",
        thresholds=0.5,
        tags={"MORE": "yes"},
        progress=lambda *call: calls.append(call),
    )
    assert codes_of(tmp_path / "t.tif").tolist() == [[0, 1, 2, 3, 4, 255]] * 100
    each = (found.stable_other_m2, found.stable_farmland_m2, found.sustained_gain_m2)
    each += (found.sustained_loss_m2, found.flicker_m2)
    assert each == pytest.approx([100 * PIXEL_M2] * 5, rel=1e-4)
    assert found.valid_fraction == pytest.approx(5 / 6)
    assert calls == [(64, 100), (100, 100)]
    with rasterio.open(tmp_path / "t.tif") as dataset:
        assert dataset.tags()["SATSEG_KIND"] == "trend"
        assert dataset.tags()["SATSEG_THRESHOLDS"] == "0.5;0.5;0.5"
        assert dataset.tags()["MORE"] == "yes"


def test_each_date_has_its_threshold_and_shift(
    probability: Factory,
    codes_of: Callable[[Path], NDArray[np.uint8]],
    shift: Callable[..., Shift],
    tmp_path: Path,
) -> None:
    dates = [
        probability([[0, 200, 0, 0]], "a.tif"),
        probability([[0, 0, 100, 0]], "b.tif"),
        probability([[100, 0, 0, 0]], "c.tif"),
    ]
    shifts = (None, shift(1, 0), shift(-1, 0))
    write_trend(dates, tmp_path / "t.tif", thresholds=(0.7, 0.3, 0.3), shifts=shifts)
    assert codes_of(tmp_path / "t.tif").tolist() == [[255, 1, 0, 255]]


def test_what_does_not_fit_is_refused(probability: Factory, tmp_path: Path) -> None:
    path, output = probability([[1]], "a.tif"), tmp_path / "t.tif"
    with pytest.raises(SceneError, match="3 or more dates; found 2"):
        write_trend([path] * 2, output, thresholds=0.5)
    with pytest.raises(ModelError, match="found 2 thresholds and 3 shifts"):
        write_trend([path] * 3, output, thresholds=(0.5, 0.5))
    with pytest.raises(ModelError, match="found 3 thresholds and 1 shifts"):
        write_trend([path] * 3, output, thresholds=0.5, shifts=[None])
    assert not output.exists()
