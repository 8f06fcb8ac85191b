import math

import pytest

from satseg.accuracy import Estimate
from satseg.accuracy.estimate import normal_quantile
from satseg.accuracy.unseen import UnseenMean
from satseg.errors import AccuracyError

ALL_OF_100 = UnseenMean((1.0,), (100,), (1.0,), (0.0,), (1.0,))


def test_the_interval_is_1_96_standard_errors_to_both_sides():
    assert Estimate(10.0, 2.0).interval() == pytest.approx((10 - 3.92, 10 + 3.92))
    assert Estimate(10.0, 2.0).interval(0.9) == pytest.approx((10 - 3.29, 10 + 3.29))
    assert Estimate(10.0, 2.0).margin() == pytest.approx(3.92)


def test_the_interval_ends_where_values_end():
    assert Estimate(0.98, 0.02, 0.0, 1.0).interval() == pytest.approx((0.9408, 1.0))
    assert Estimate(1.0, 2.0, 0.0, 100.0).interval() == pytest.approx((0.0, 4.92))


def test_no_variation_has_a_documented_interval():
    found = Estimate(1.0, 0.0, 0.0, 1.0, unseen=ALL_OF_100)
    assert found.certain
    # Clopper and Pearson: 0.025 = low ** 100
    assert found.interval() == pytest.approx((0.025**0.01, 1.0))
    assert not Estimate(1.0, 0.1).certain


def test_another_unit_changes_value_error_and_interval_alike():
    share = Estimate(0.3, 0.1, 0.0, 1.0).scaled(50.0)
    assert (share.value, share.standard_error, share.largest) == pytest.approx((15, 5, 50))
    certain = Estimate(1.0, 0.0, 0.0, 1.0, unseen=ALL_OF_100).scaled(50.0)
    assert certain.interval() == pytest.approx((50 * 0.025**0.01, 50))


def test_an_interval_without_width_is_refused():
    with pytest.raises(AccuracyError, match="found 0 for 0.5, which would show an interval with"):
        Estimate(0.5, 0.0)


@pytest.mark.parametrize(("value", "error"), [(math.nan, 1), (0, math.nan), (math.inf, 1), (0, -1)])
def test_numbers_that_are_none_are_refused(value, error):
    with pytest.raises(AccuracyError, match="a finite value with a standard error of 0 or above"):
        Estimate(value, error)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_a_level_lies_between_0_and_1(level):
    with pytest.raises(AccuracyError, match=r"level between 0 and 1; found .*\. Pass 0.95 for 95"):
        Estimate(0.5, 0.1).interval(level)


def test_quantiles_are_those_of_printed_tables():
    assert [normal_quantile(level) for level in (0.68, 0.9, 0.95, 0.99)] == [
        0.994,
        1.645,
        1.96,
        2.576,
    ]
