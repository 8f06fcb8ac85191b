import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.errors import ModelError
from satseg.probability import NODATA, decode, encode, threshold_level


def test_every_code_comes_back_and_nodata_is_masked() -> None:
    codes = np.arange(256, dtype=np.uint8)
    values = decode(codes)
    assert values.dtype == np.float32
    assert np.ma.getmaskarray(values).tolist() == [False] * 255 + [True]
    np.testing.assert_array_equal(encode(values.data, ~np.ma.getmaskarray(values)), codes)


def test_values_beyond_0_and_1_are_held() -> None:
    codes = encode(np.array([-0.1, 1.1, 0.5], np.float32), np.array([True, True, False]))
    assert codes.tolist() == [0, 254, NODATA]


@given(st.floats(0, 1, width=32))
def test_rounding_is_at_most_half_a_code(probability: float) -> None:
    code = encode(np.array([probability], np.float32), np.array([True]))
    assert abs(float(decode(code)[0]) - probability) <= 1 / 508 + 1e-6


@given(st.floats(0, 1))
def test_level_is_the_smallest_code_at_or_above_the_threshold(threshold: float) -> None:
    level = threshold_level(threshold)
    assert level / 254 >= threshold
    assert level == 0 or (level - 1) / 254 < threshold


def test_level_of_a_code_is_that_code() -> None:
    assert [threshold_level(code / 254) for code in range(255)] == list(range(255))


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan")])
def test_threshold_outside_of_0_to_1_is_refused(threshold: float) -> None:
    with pytest.raises(ModelError, match="a threshold from 0 to 1"):
        threshold_level(threshold)
