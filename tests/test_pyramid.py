import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.pyramid import halved

NODATA = 255


def holed(height: int, width: int, share: float) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, NODATA, (height, width), dtype=np.uint8)
    rows[rng.random(rows.shape) < share] = NODATA
    return rows


@given(st.integers(1, 70), st.integers(1, 9), st.sampled_from([0.0, 0.3, 1.0]))
def test_each_pixel_is_the_mean_of_those_of_its_four_that_are_data(
    height: int, width: int, share: float
) -> None:
    rows = holed(2 * height, 2 * width, share)
    fours = rows.reshape(height, 2, width, 2).swapaxes(1, 2).reshape(height, width, 4)
    count = (fours != NODATA).sum(axis=2)
    total = np.where(fours == NODATA, 0, fours).sum(axis=2)
    means = np.floor(total / np.maximum(count, 1) + 0.5)
    np.testing.assert_array_equal(halved(rows, NODATA), np.where(count, means, NODATA))
