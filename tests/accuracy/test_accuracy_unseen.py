import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.accuracy.unseen import UnseenMean, UnseenRatio, largest_gain

RISK = 0.025
COUNTS = st.lists(st.integers(1, 300), min_size=1, max_size=5)


def test_one_stratum_is_clopper_and_pearson():
    assert largest_gain(np.array([1.0]), np.array([50.0]), RISK) == pytest.approx(1 - RISK**0.02)


def test_strata_of_equal_weight_a_point_count_as_one():
    found = largest_gain(np.array([0.2, 0.8]), np.array([20.0, 80.0]), RISK)
    assert found == pytest.approx(1 - RISK**0.01)


def test_two_strata_against_a_search():
    gains, points = np.array([0.7, 0.3]), np.array([40.0, 60.0])
    first = np.linspace(0, 1 - RISK ** (1 / 40), 20_001)
    second = 1 - (RISK / (1 - first) ** 40) ** (1 / 60)
    best = (gains[0] * first + gains[1] * np.maximum(second, 0)).max()
    assert largest_gain(gains, points, RISK) == pytest.approx(best, abs=1e-8)


def test_a_stratum_of_little_weight_and_many_points_hides_nothing():
    alone = largest_gain(np.array([0.9]), np.array([10.0]), RISK)
    assert largest_gain(np.array([0.9, 0.01]), np.array([10.0, 500.0]), RISK) == alone


@given(counts=COUNTS, data=st.data())
def test_nothing_the_sample_could_have_missed_is_larger(counts, data):
    gains = np.array([data.draw(st.floats(0, 1)) for _ in counts])
    pulls = np.array([data.draw(st.floats(0, 1)) for _ in counts])
    points = np.array(counts, dtype=np.float64)
    # Any split of the allowed improbability over the strata is a population that could be missed.
    parts = pulls / pulls.sum() if pulls.sum() > 0 else np.full(points.size, 1 / points.size)
    shares = 1 - np.exp(parts * math.log(RISK) / points)
    assert gains @ shares <= largest_gain(gains, points, RISK) + 1e-12


def test_visited_strata_hide_nothing():
    assert UnseenMean((1.0,), (0,), (0.4,), (0.0,), (1.0,)).bounds(0.95) == (0.4, 0.4)


def test_a_ratio_of_one_falls_with_what_other_strata_may_hide():
    # All 10 points of the class were found by the map; but 50 points stand for 19 of 20 parts.
    hidden = UnseenRatio(
        weights=(0.05, 0.95),
        points=(50, 50),
        numerators=(0.2, 0.0),
        denominators=(0.2, 0.0),
        unseen=(((0, 1),), ((0, 1), (1, 1))),
        trials=10,
    )
    low, high = hidden.bounds(0.95)
    assert high == 1
    # By hand: (0.01 y) / (0.01 y + 0.95 p) with p = 1 - 0.025 ** (1 / 50), the first stratum full.
    assert low == pytest.approx(0.01 / (0.01 + 0.95 * (1 - RISK**0.02)), rel=0.02)
    assert low < RISK**0.1, "no better than ten trials"


def test_a_ratio_is_no_more_certain_than_its_trials():
    alike = UnseenRatio((1.0,), (1000,), (0.005,), (0.005,), (((0, 1),),), trials=5)
    assert alike.bounds(0.95) == (pytest.approx(RISK**0.2), 1)


def test_a_ratio_between_0_and_1_widens_to_both_sides():
    # One stratum is right throughout, the other wrong throughout.
    cells = (((0, 0), (0, 1)), ((0, 0), (1, 1)))
    mixed = UnseenRatio((0.5, 0.5), (30, 30), (1.0, 0.0), (1.0, 1.0), cells, trials=60)
    low, high = mixed.bounds(0.95)
    assert 0.35 < low < 0.5 < high < 0.65
    assert low == pytest.approx(1 - high)
