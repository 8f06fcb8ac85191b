import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from satseg.pooling import Pooling
from satseg.uncertainty import LARGEST, UNCERTAINTIES, Uncertainty, uncertainty

MEMBERS = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.just(2), st.just(2)),
    elements=st.floats(0, 1, width=32),
)


def of(values: list[float], kind: Uncertainty, weights: list[float] | None = None) -> float:
    array = np.array(values, dtype=np.float32).reshape(-1, 1, 1)
    shares = Pooling.of(len(values), weights=weights).shares
    return float(uncertainty(array, shares, kind)[0, 0])


def test_members_that_contradict_each_other_are_as_unsure_as_can_be() -> None:
    assert of([0, 1], "disagreement") == 0.5
    assert of([0, 1], "entropy") == 1
    assert of([0, 1], "information") == 1


def test_members_that_are_all_undecided_share_no_contradiction() -> None:
    assert of([0.5, 0.5], "entropy") == 1
    assert of([0.5, 0.5], "information") == 0
    assert of([0.5, 0.5], "disagreement") == 0


def test_weighted_numbers_by_hand() -> None:
    # Mean 0.25; variance 0.75 x 0.0625 + 0.25 x 0.5625 = 0.1875.
    assert of([0, 1], "disagreement", [3, 1]) == pytest.approx(0.1875**0.5)
    # H(1/4) = 2 - 3/4 log2 3; both members are sure, so all of it is what they do not share.
    quarter = 2 - 0.75 * np.log2(3)
    assert of([0, 1], "entropy", [3, 1]) == pytest.approx(quarter)
    assert of([0, 1], "information", [3, 1]) == pytest.approx(quarter)


def test_one_member_has_its_own_entropy() -> None:
    assert of([0.25], "entropy") == pytest.approx(2 - 0.75 * np.log2(3))
    assert of([0.25], "information") == 0


@given(MEMBERS, st.data())
def test_bounds_hold_for_any_members_and_weights(
    values: NDArray[np.float32], data: st.DataObject
) -> None:
    count = len(values)
    weights = data.draw(st.lists(st.floats(0.01, 10), min_size=count, max_size=count))
    shares = Pooling.of(count, weights=weights).shares
    found = {kind: uncertainty(values, shares, kind) for kind in UNCERTAINTIES}
    for kind, raster in found.items():
        assert raster.dtype == np.float32
        assert np.isfinite(raster).all()
        assert ((raster >= 0) & (raster <= LARGEST[kind] + 1e-6)).all()
    assert (found["information"] <= found["entropy"]).all()
    order = data.draw(st.permutations(range(count)))
    for kind, raster in found.items():
        again = uncertainty(values[list(order)], [shares[i] for i in order], kind)
        # The entropy is steep at 0 and at 1, where rounding of the mean counts most.
        np.testing.assert_allclose(again, raster, atol=1e-5)


@given(MEMBERS)
def test_equal_members_tell_nothing_apart(values: NDArray[np.float32]) -> None:
    same = np.repeat(values[:1], 3, axis=0)
    shares = Pooling.of(3).shares
    assert uncertainty(same, shares, "information").max() <= 1e-6
    assert uncertainty(same, shares, "disagreement").max() <= 1e-6
