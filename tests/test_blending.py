import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from satseg.blending import axis_weights, ramp
from satseg.windows import plan_windows


def test_ramp_falls_over_the_overlap_only() -> None:
    assert ramp(6, 2).tolist() == [0.25, 0.75, 1, 1, 0.75, 0.25]
    assert ramp(3, 0).tolist() == [1, 1, 1]
    assert ramp(3, 1).tolist() == [0.5, 1, 0.5]


def test_two_windows_share_their_overlap_linearly() -> None:
    first, second = axis_weights((0, 2), 4, 2)
    np.testing.assert_allclose(first, [1, 1, 0.75, 0.25])
    np.testing.assert_allclose(second, [0.25, 0.75, 1, 1])


@given(st.integers(1, 200), st.integers(1, 64), st.data())
def test_weights_sum_to_one_everywhere(size: int, patch: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, patch - 1))
    starts = plan_windows((size, 1), patch=patch, overlap=overlap).row_starts
    total = np.zeros(max(size, patch))
    for start, weight in zip(starts, axis_weights(starts, patch, overlap), strict=True):
        assert weight.min() > 0
        total[start : start + patch] += weight
    np.testing.assert_allclose(total, 1, atol=1e-12)
