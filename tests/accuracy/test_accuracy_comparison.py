import numpy as np
import pytest
from accuracy_samples import CLASSES, simple

from satseg.accuracy import LabelledSample, Stratum, assess, compare
from satseg.errors import AccuracyError

STRATA = (Stratum("dense", 40.0), Stratum("sparse", 60.0))
STRATUM = np.repeat([0, 1], 50)


def labelled(reference, strata=STRATA, stratum=STRATUM) -> LabelledSample:
    return LabelledSample(strata, CLASSES, stratum, reference, reference)


def pair(seed=0) -> tuple[LabelledSample, LabelledSample]:
    random = np.random.default_rng(seed)
    first = (random.random(100) > np.repeat([0.8, 0.2], 50)).astype(np.int64)
    changed = random.random(100) < 0.1
    return labelled(first), labelled(np.where(changed, 1 - first, first))


def test_shared_points_by_hand():
    # One of four points turns from farmland (0) to other (1): -25 of 100 m2.
    first, second = simple([0] * 4, [0, 0, 1, 1]), simple([0] * 4, [1, 0, 1, 1])
    found = compare(first, second, "abcd", "abcd")
    assert found.value == pytest.approx(-25)
    assert found.standard_error == pytest.approx(100 * (0.25 / 4) ** 0.5)
    other = compare(first, second, "abcd", "abcd", of="other")
    assert (other.value, other.standard_error) == pytest.approx((25, found.standard_error))


def test_ids_say_which_points_are_the_same():
    first, second = simple([0] * 4, [0, 0, 1, 1]), simple([0] * 4, [1, 1, 1, 0])
    found = compare(first, second, [1, 2, 3, 4], [4, 3, 1, 2])
    # By id the labels are 0, 0, 1, 1 and then 1, 0, 1, 1.
    assert (found.value, found.standard_error) == pytest.approx((-25, 25))


def test_the_bootstrap_agrees_with_the_analytic_error():
    first, second = pair()
    exact = compare(first, second, range(100), range(100), method="analytic")
    drawn = compare(first, second, range(100), range(100), method="bootstrap", draws=4000)
    assert drawn.value == pytest.approx(exact.value)
    assert drawn.standard_error == pytest.approx(exact.standard_error, rel=0.04)


def test_samples_without_shared_points_add_their_variances():
    first, second = pair()
    found = compare(first, second, range(100), range(100, 200), draws=4000)
    errors = [assess(each).area_m2[0].standard_error for each in (first, second)]
    assert found.standard_error == pytest.approx(np.hypot(*errors), rel=0.04)


def test_shared_points_make_the_difference_more_certain():
    first, second = pair()
    half = [*range(25), *range(100, 125), *range(50, 75), *range(125, 150)]
    errors = [
        compare(first, second, range(100), ids).standard_error
        for ids in (range(100), half, range(100, 200))
    ]
    assert errors == sorted(errors)
    assert errors[0] < 0.7 * errors[2]


def test_partly_shared_points_keep_their_covariance():
    first, second = pair()
    ids = [*range(25), *range(100, 125), *range(50, 75), *range(125, 150)]
    variance = 0.0
    for index, share in enumerate((0.4, 0.6)):
        before = 1 - first.reference[index == STRATUM]
        after = 1 - second.reference[index == STRATUM]
        covariance = np.cov(before[:25], after[:25])[0, 1]
        sums = before.var(ddof=1) + after.var(ddof=1) - 2 * 25 / 50 * covariance
        variance += share**2 * sums / 50
    found = compare(first, second, range(100), ids, draws=4000)
    assert found.standard_error == pytest.approx(100 * variance**0.5, rel=0.05)


def test_new_strata_at_the_second_date():
    first, second = pair()
    moved = LabelledSample(
        (Stratum("a", 30.0), Stratum("b", 70.0)),
        CLASSES,
        np.tile([0, 1], 50),
        second.mapped,
        second.reference,
    )
    found = compare(first, moved, range(100), range(100))
    expected = assess(moved).area_m2[0].value - assess(first).area_m2[0].value
    assert found.value == pytest.approx(expected)
    apart = compare(first, moved, range(100), range(100, 200))
    assert 0 < found.standard_error < apart.standard_error


def test_no_change_at_any_point_still_has_an_interval():
    first, _ = pair()
    found = compare(first, first, range(100), range(100))
    assert (found.value, found.certain) == (0, True)
    low, high = found.interval()
    # Changes in the sparse stratum, of more area a point, would be missed most easily.
    assert low == pytest.approx(-high)
    assert 100 * (1 - 0.025 ** (1 / 100)) < high < 60 * (1 - 0.025 ** (1 / 50)) + 1


@pytest.mark.parametrize(("ids", "points"), [(range(20), 20), (range(50, 70), 40)])
def test_unanimous_dates_have_the_interval_of_the_places_seen(ids, points):
    # All farmland, then none: 40 labels of 20 shared places, or of 40 places. Both dates could
    # have missed as much.
    first, second = simple([0] * 20, [0] * 20), simple([0] * 20, [1] * 20)
    found = compare(first, second, range(20), ids, method="bootstrap", draws=100)
    missed = 1 - 0.025 ** (1 / points)
    assert (found.value, found.standard_error) == (-100, 0)
    assert found.interval() == pytest.approx((-100, -100 + 200 * missed))


def test_equal_seeds_give_equal_errors():
    first, second = pair()
    errors = {
        compare(first, second, range(100), range(50, 150), seed=seed).standard_error
        for seed in (1, 1, 2)
    }
    assert len(errors) == 2


@pytest.mark.parametrize(
    ("ids", "found"),
    [(range(99), "99 ids, 99"), ([0, *range(99)], "100 ids, 99 of them different")],
)
def test_ids_that_do_not_fit_are_refused(ids, found):
    first, second = pair()
    with pytest.raises(AccuracyError, match=f"one id for each of 100 points.*found {found}"):
        compare(first, second, range(100), ids)


def test_an_unknown_class_is_refused():
    first, second = pair()
    with pytest.raises(
        AccuracyError, match="Expected water at both dates; found farmland, other a"
    ):
        compare(first, second, range(100), range(100), of="water")


def test_two_different_areas_are_refused():
    first, second = simple([0, 0], [0, 1], 100.0), simple([0, 0], [0, 1], 90.0)
    with pytest.raises(AccuracyError, match="one area; found 100 and 90 m2. Restrict both"):
        compare(first, second, "ab", "ab")


def test_there_is_no_analytic_answer_for_different_points():
    first, second = pair()
    with pytest.raises(AccuracyError, match="found 50 shared of 100 points, or new strata. Use th"):
        compare(first, second, range(100), range(50, 150), method="analytic")
