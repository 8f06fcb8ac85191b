import numpy as np
import pytest

from satseg.accuracy.resampling import multiplicities, percentiles
from satseg.errors import AccuracyError

GROUPS = np.array([0, 0, 0, 0, 5, 5, 9])


def test_groups_keep_their_weight_in_every_draw():
    drawn = np.concatenate(list(multiplicities(GROUPS, 300, 0)))
    assert drawn.shape == (300, 7)
    assert drawn[:, :4].sum(axis=1) == pytest.approx(4)
    assert drawn[:, 4:6].sum(axis=1) == pytest.approx(2)
    assert (drawn[:, 6] == 1).all(), "a point alone in its group stays"


def test_the_variance_of_a_mean_has_no_bias():
    values = np.array([0.0, 0.0, 1.0, 3.0, 6.0])
    drawn = np.concatenate(list(multiplicities(np.zeros(5, dtype=np.int64), 20_000, 1)))
    means = drawn @ values / 5
    assert means.var() == pytest.approx(values.var(ddof=1) / 5, rel=0.03)


def test_too_few_draws_are_refused():
    with pytest.raises(AccuracyError, match="at least 100 draws; found 99. Leave draws at 2000"):
        list(multiplicities(GROUPS, 99, 0))


def test_percentiles_hold_the_level():
    assert percentiles(np.arange(101.0), 0.9) == pytest.approx((5, 95))
