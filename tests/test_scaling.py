import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from satseg.errors import SceneError
from satseg.scaling import Stretch, percentile_stretch


def test_low_becomes_0_and_high_becomes_1_and_the_rest_is_clipped() -> None:
    numbers = np.array([[[50, 100, 150, 200, 250]], [[0, 1, 2, 3, 4]]], dtype=np.float32)
    scaled = Stretch((100.0, 0.0), (200.0, 4.0)).apply(numbers)
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [[[0, 0, 0.5, 1, 1]], [[0, 0.25, 0.5, 0.75, 1]]]
    assert numbers[0, 0, 0] == 50


def test_numbers_can_be_scaled_where_they_are() -> None:
    numbers = np.array([[[50, 150, 250]]], dtype=np.float32)
    scaled = Stretch((100.0,), (200.0,)).apply(numbers, out=numbers)
    assert scaled is numbers
    assert numbers.tolist() == [[[0, 0.5, 1]]]


def test_percentiles_are_the_1st_and_the_99th() -> None:
    stretch = percentile_stretch([np.arange(101), np.arange(101) * 2.0])
    assert stretch == Stretch((1.0, 2.0), (99.0, 198.0))


@given(arrays(np.uint16, st.integers(1, 60), elements=st.integers(0, 2000)))
def test_whole_numbers_are_counted_to_the_same_percentiles(values: np.ndarray) -> None:
    counted = percentile_stretch([values])
    sorted_out = percentile_stretch([values.astype(np.float64)])
    assert counted.low == pytest.approx(sorted_out.low, abs=1e-9)
    assert counted.high == pytest.approx(sorted_out.high, abs=1e-9)


def test_band_of_one_value_gets_a_span() -> None:
    assert percentile_stretch([np.full(7, 9, dtype=np.uint8)]) == Stretch((9.0,), (10.0,))


def test_bands_are_selected_in_the_wanted_order() -> None:
    assert Stretch((1, 2, 3), (4, 5, 6)).select((2, 0)) == Stretch((3, 1), (6, 4))


@pytest.mark.parametrize(
    ("low", "high"), [((1.0,), (1.0,)), ((1.0,), (2.0, 3.0)), ((), ()), ((float("nan"),), (1.0,))]
)
def test_unusable_stretch_is_refused(low: tuple[float, ...], high: tuple[float, ...]) -> None:
    with pytest.raises(SceneError, match="one finite low below one finite high"):
        Stretch(low, high)
