import numpy as np
import pytest
from accuracy_samples import FARMLAND, OTHER, simple, stehman

from satseg.accuracy import assess, estimate_domain
from satseg.errors import AccuracyError

REFERENCE = [0, 0, 0, 1, 0, 1, 1, 1, 1, 1]
SAMPLE = simple([0] * 10, REFERENCE)
INSIDE = np.arange(10) < 4


def test_shares_and_totals_by_hand():
    found = estimate_domain(SAMPLE, INSIDE)
    assert found.points == 4
    assert found.shares[FARMLAND].value == pytest.approx(3 / 4)
    # Of y - 0.75 x three points have 0.25, one -0.75 and six 0; their variance is 0.75 / 9.
    error = (0.75 / 9 / 10) ** 0.5 / 0.4
    assert found.shares[FARMLAND].standard_error == pytest.approx(error)
    assert found.totals_m2[FARMLAND].value == pytest.approx(30)
    assert found.totals_m2[FARMLAND].standard_error == pytest.approx(100 * (0.3 * 0.7 / 9) ** 0.5)
    assert found.area_m2 == found.totals_m2


def test_a_known_area_makes_the_estimate_more_precise():
    found = estimate_domain(SAMPLE, INSIDE, domain_m2=38.0)
    assert found.area_m2[FARMLAND].value == pytest.approx(38 * 0.75)
    assert found.area_m2[FARMLAND].standard_error < found.totals_m2[FARMLAND].standard_error
    assert sum(area.value for area in found.area_m2) == pytest.approx(38)
    assert found.area_m2[OTHER].largest == 38


def test_the_whole_region_as_a_domain_is_the_assessment():
    sample = stehman()
    found = estimate_domain(sample, np.ones(40, dtype=np.bool_), domain_m2=sample.total_m2)
    for one, two in zip(found.area_m2, assess(sample).area_m2, strict=True):
        assert one.value == pytest.approx(two.value)
        assert one.standard_error == pytest.approx(two.standard_error)


def test_a_domain_of_one_class_has_an_interval():
    found = estimate_domain(SAMPLE, np.arange(10) >= 5, domain_m2=50.0)
    low, high = found.area_m2[FARMLAND].interval()
    assert (found.area_m2[FARMLAND].value, low) == (0, 0)
    assert high == pytest.approx(50 * (1 - 0.025**0.2)), "Clopper and Pearson for five points"


def test_fewer_than_two_points_are_refused():
    with pytest.raises(AccuracyError, match="at least 2 points inside of the domain; found 1. Cho"):
        estimate_domain(SAMPLE, np.arange(10) < 1)


@pytest.mark.parametrize("inside", [INSIDE[:3], INSIDE.astype(int), INSIDE[None]])
def test_inside_is_true_or_false_for_each_point(inside):
    with pytest.raises(AccuracyError, match="true or false for each of 10 points"):
        estimate_domain(SAMPLE, inside)


@pytest.mark.parametrize("area", [0.0, -3.0, 101.0, float("nan")])
def test_a_domain_is_a_part_of_the_region(area):
    with pytest.raises(AccuracyError, match="more than 0 and at most 100 m2, the whole region"):
        estimate_domain(SAMPLE, INSIDE, domain_m2=area)
