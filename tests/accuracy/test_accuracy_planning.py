import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.accuracy import Stratum, plan
from satseg.accuracy.planning import allocate
from satseg.errors import AccuracyError

# Olofsson et al. (2014), section 5.1
SHARES, USERS = (0.02, 0.015, 0.32, 0.645), (0.7, 0.6, 0.9, 0.95)
STRATA = tuple(Stratum(name, share) for name, share in zip("abcd", SHARES, strict=True))
HALVES = (Stratum("a", 50.0), Stratum("b", 50.0))


def test_the_published_number_of_points():
    assert plan(STRATA, USERS, standard_error=0.01, minimum=2).points == 641


def test_the_published_proportional_allocation():
    found = plan(STRATA, USERS, points=641, allocation="proportional", minimum=2)
    assert found.counts == (13, 10, 205, 413)


def test_equal_numbers():
    found = plan(STRATA, USERS, points=641, allocation="equal", minimum=2)
    assert sorted(found.counts) == [160, 160, 160, 161]


@pytest.mark.parametrize("allocation", ["neyman", "proportional", "equal"])
def test_every_allocation_reaches_the_error_and_one_point_less_would_not(allocation):
    found = plan(STRATA, USERS, standard_error=0.01, allocation=allocation, minimum=2)
    assert found.standard_error <= 0.01
    fewer = plan(STRATA, USERS, points=found.points - 3, allocation=allocation, minimum=2)
    assert fewer.standard_error > 0.01


def test_neyman_needs_the_fewest_points():
    numbers = [
        plan(STRATA, USERS, standard_error=0.01, allocation=name, minimum=2).points
        for name in ("neyman", "proportional", "equal")
    ]
    assert numbers == sorted(numbers)


def test_minima_are_kept_and_cost_points():
    found = plan(STRATA, USERS, standard_error=0.01, minimum=75)
    assert found.counts[:2] == (75, 75)
    assert found.standard_error <= 0.01
    assert found.points > 641


def test_the_error_is_that_of_the_counts():
    found = plan(HALVES, (0.5, 0.9), points=100, allocation="equal")
    assert found.counts == (50, 50)
    assert found.standard_error == pytest.approx((0.25 * (0.25 + 0.09) / 50) ** 0.5)
    assert found.simple_standard_error == pytest.approx((0.7 * 0.3 / 100) ** 0.5)
    assert found.gain == pytest.approx(0.0021 / 0.0017)


def test_strata_without_variation_get_the_minimum():
    found = plan(HALVES, (1.0, 0.5), points=100, minimum=10)
    assert found.counts == (10, 90)
    certain = plan(HALVES, (1.0, 0.0), standard_error=0.05, minimum=10)
    assert certain.counts == (10, 10)
    assert (certain.standard_error, certain.gain) == (0, math.inf)


def test_no_stratum_gets_more_points_than_units():
    strata = (Stratum("a", 1.0, 20), Stratum("b", 99.0, 1980))
    found = plan(strata, (0.5, 0.5), points=200, allocation="equal", minimum=30)
    assert found.counts == (20, 180)
    everything = plan(strata, (0.5, 0.5), standard_error=1e-9)
    assert everything.counts == (20, 1980)
    assert everything.standard_error == 0


@given(
    points=st.integers(0, 5000),
    parts=st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda each: sum(each) > 0.01),
    data=st.data(),
)
def test_points_add_up_within_the_limits(points, parts, data):
    size = len(parts)
    least = np.array([data.draw(st.integers(2, 50)) for _ in range(size)], dtype=np.float64)
    most = least + np.array([data.draw(st.integers(0, 2000)) for _ in range(size)])
    counts = allocate(points, np.array(parts) / sum(parts), least, most)
    assert counts.sum() == min(max(points, least.sum()), most.sum())
    assert ((counts >= least) & (counts <= most)).all()
    assert (counts == counts.round()).all()


@pytest.mark.parametrize("expected", [(0.5,), (0.5, 1.1), (-0.1, 0.5), (math.nan, 0.5), ()])
def test_expectations_that_do_not_fit_are_refused(expected):
    with pytest.raises(AccuracyError, match="a share from 0 to 1 for each of 2 strata"):
        plan(HALVES, expected, standard_error=0.01)


def test_a_plan_needs_strata():
    with pytest.raises(AccuracyError, match="each of 0 strata, of which there is one; found none"):
        plan((), (), standard_error=0.01)


@pytest.mark.parametrize(("error", "points"), [(None, None), (0.01, 100)])
def test_a_plan_has_one_aim(error, points):
    with pytest.raises(AccuracyError, match="either a standard error or a number of points; found"):
        plan(HALVES, (0.5, 0.5), standard_error=error, points=points)


@pytest.mark.parametrize("error", [0.0, -0.1, 0.6, math.nan])
def test_the_error_is_a_share(error):
    with pytest.raises(AccuracyError, match="above 0 and at most 0.5.*0.01 for one percentage poi"):
        plan(HALVES, (0.5, 0.5), standard_error=error)
