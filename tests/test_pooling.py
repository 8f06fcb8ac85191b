import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from satseg.errors import ModelError
from satseg.pooling import METHODS, Method, Pooling, tempered

PROBABILITIES = st.floats(0, 1, width=32)
MEMBERS = arrays(
    np.float32, st.tuples(st.integers(1, 4), st.integers(1, 3), st.just(2)), elements=PROBABILITIES
)


def column(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32).reshape(-1, 1, 1)


@pytest.mark.parametrize(
    ("method", "expected"), [("mean", 0.5), ("median", 0.4), ("vote", 1 / 3), ("maximum", 0.9)]
)
def test_each_method_by_hand(method: Method, expected: float) -> None:
    assert Pooling.of(3, method=method).pooled(column(0.2, 0.4, 0.9)) == pytest.approx(expected)


def test_votes_count_at_each_members_own_cut() -> None:
    pooling = Pooling.of(3, method="vote", weights=[2, 1, 1], cuts=[0.1, 0.5, 0.95])
    assert pooling.pooled(column(0.2, 0.4, 0.9)) == pytest.approx(0.5)
    assert pooling.pooled(column(0.2, 0.5, 0.95)) == pytest.approx(1)


def test_a_temperature_calms_the_mean_and_keeps_its_side() -> None:
    assert Pooling.of(2, temperature=2).pooled(column(0.9, 0.9)) == pytest.approx(0.75)
    assert tempered(np.array([0.0, 0.5, 1.0]), 2.0) == pytest.approx([0.001, 0.5, 0.999], abs=1e-6)


@given(MEMBERS, st.sampled_from(METHODS), st.randoms())
def test_the_result_lies_between_members_or_is_a_share_and_knows_no_order(
    values: NDArray[np.float32], method: Method, random: object
) -> None:
    pooling = Pooling.of(len(values), method=method)
    found = pooling.pooled(values)
    assert found.dtype == np.float32
    assert found.shape == values.shape[1:]
    assert ((found >= 0) & (found <= 1 + 1e-6)).all()
    if method != "vote":
        assert (found >= values.min(axis=0) - 1e-6).all()
        assert (found <= values.max(axis=0) + 1e-6).all()
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_allclose(pooling.pooled(values[order]), found, atol=1e-6)


@given(MEMBERS)
def test_members_that_agree_are_the_mean_the_median_and_the_maximum(
    values: NDArray[np.float32],
) -> None:
    same = np.repeat(values[:1], 3, axis=0)
    for method in ("mean", "median", "maximum"):
        found = Pooling.of(3, method=method).pooled(same)
        np.testing.assert_allclose(found, values[0], atol=1e-6)


def test_no_member_is_no_ensemble() -> None:
    with pytest.raises(ModelError, match="one or more members"):
        Pooling.of(0)
