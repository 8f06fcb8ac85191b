import numpy as np
import pytest
from accuracy_samples import CLASSES, FARMLAND, OTHER, by_map, expand, simple, stehman
from hypothesis import given
from hypothesis import strategies as st

from satseg.accuracy import LabelledSample, Stratum, assess
from satseg.accuracy.unseen import UnseenRatio
from satseg.errors import AccuracyError

COUNTS = st.lists(
    st.lists(st.integers(0, 40), min_size=3, max_size=3).filter(lambda row: sum(row) > 1),
    min_size=3,
    max_size=3,
)
AREAS = st.lists(st.floats(0.01, 1e6), min_size=3, max_size=3)
THREE = ("farmland", "woods", "water")


def test_by_hand():
    found = assess(by_map([[4, 1], [1, 9]], [20, 80]))
    assert found.proportions == pytest.approx(np.array([[0.16, 0.04], [0.08, 0.72]]))
    assert found.overall.value == pytest.approx(0.88)
    assert found.area_m2[FARMLAND].value == pytest.approx(24)
    # sum of W^2 p (1 - p) / (n - 1), from shares to square metres
    variance = 0.2**2 * 0.8 * 0.2 / 4 + 0.8**2 * 0.1 * 0.9 / 9
    assert found.area_m2[FARMLAND].standard_error == pytest.approx(100 * variance**0.5)
    assert found.mapped_m2 == (20, 80)


@given(counts=COUNTS, areas=AREAS)
def test_strata_that_are_the_map_give_the_equations_of_olofsson(counts, areas):
    matrix = np.array(counts)
    found = assess(by_map(counts, areas, THREE))
    shares = np.array(areas) / sum(areas)
    points = matrix.sum(axis=1)
    rates = matrix / points[:, None]
    right = np.diagonal(rates)
    cells = shares[:, None] * rates
    assert found.proportions == pytest.approx(cells)
    assert found.overall.value == pytest.approx(np.trace(cells))
    overall = np.sum(shares**2 * right * (1 - right) / (points - 1))  # eq. 5
    assert found.overall.standard_error == pytest.approx(overall**0.5, abs=1e-9)
    users = right * (1 - right) / (points - 1)  # eq. 6
    for estimate, value, variance in zip(found.users, right, users, strict=True):
        assert (estimate.value, estimate.standard_error) == pytest.approx(
            (value, variance**0.5), abs=1e-9
        )
    spread = np.array(areas)[:, None] ** 2 * rates * (1 - rates) / (points - 1)[:, None]
    totals = (np.array(areas)[:, None] * rates).sum(axis=0)
    for index, estimate in enumerate(found.producers):
        if estimate is None:
            assert totals[index] == 0
            continue
        value = areas[index] * right[index] / totals[index]
        others = spread[:, index].sum() - spread[index, index]
        variance = (1 - value) ** 2 * spread[index, index] + value**2 * others  # eq. 7
        expected = (value, variance**0.5 / totals[index])
        assert (estimate.value, estimate.standard_error) == pytest.approx(expected, abs=1e-7)
    errors = [estimate.standard_error for estimate in found.area_m2]
    assert errors == pytest.approx(spread.sum(axis=0) ** 0.5, rel=1e-6, abs=1e-9 * sum(areas))


@given(counts=COUNTS, areas=AREAS)
def test_everything_is_consistent(counts, areas):
    found = assess(by_map(counts, areas, THREE))
    total = sum(areas)
    assert sum(area.value for area in found.area_m2) == pytest.approx(total)
    assert found.proportions.sum() == pytest.approx(1)
    for estimate in (found.overall, *found.users, *found.producers, *found.area_m2):
        if estimate is not None:
            low, high = estimate.interval()
            assert estimate.smallest <= low <= estimate.value + 1e-9 * total
            assert estimate.value - 1e-9 * total <= high <= estimate.largest
            assert low < high


def test_the_order_of_the_points_means_nothing():
    sample = stehman()
    order = np.random.default_rng(0).permutation(40)
    mixed = LabelledSample(
        sample.strata,
        sample.classes,
        sample.stratum[order],
        sample.mapped[order],
        sample.reference[order],
    )
    assert assess(mixed).users[1].standard_error == pytest.approx(
        assess(sample).users[1].standard_error
    )


def test_a_simple_random_sample_is_one_stratum():
    found = assess(simple([0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1, 0]))
    assert found.overall.value == 0.75
    assert found.overall.standard_error == pytest.approx((0.75 * 0.25 / 7) ** 0.5)
    assert found.area_m2[FARMLAND].value == pytest.approx(100 * 3 / 8)
    assert found.users[FARMLAND].value == pytest.approx(2 / 3)
    assert found.mapped_m2 is None


def test_a_systematic_sample_says_which_error_it_has():
    mapped, reference = expand(np.array([[3, 1], [1, 3]]))
    strata = (Stratum("region", 100.0),)
    zeros = np.zeros(8, dtype=np.int64)
    found = assess(LabelledSample(strata, CLASSES, zeros, mapped, reference, "systematic"))
    assert found.notes == (
        "Standard errors of a systematic sample are those of a simple random one.",
    )


def test_post_strata_are_named():
    mapped, reference = expand(np.array([[3, 1], [1, 3]]))
    strata = (Stratum("farmland", 20.0), Stratum("other", 80.0))
    found = assess(LabelledSample(strata, CLASSES, mapped, mapped, reference, "simple"))
    assert found.area_m2[FARMLAND].value == pytest.approx(20 * 0.75 + 80 * 0.25)
    assert found.mapped_m2 == (20, 80)
    assert found.notes == (
        "Strata were formed after the draw: errors hold for the points in each.",
    )


def test_finite_populations_are_known_better():
    mapped, reference = expand(np.array([[4, 4], [0, 0]]))
    zeros = np.zeros(8, dtype=np.int64)

    def error(units):
        strata = (Stratum("region", 1.0, units),)
        found = assess(LabelledSample(strata, CLASSES, zeros, mapped, reference, "simple"))
        return found.overall.standard_error

    assert error(32) == pytest.approx(error(None) * 0.75**0.5)


def test_a_census_has_no_error_and_an_interval_without_width():
    mapped, reference = expand(np.array([[4, 4], [0, 0]]))
    strata = (Stratum("region", 1.0, 8),)
    zeros = np.zeros(8, dtype=np.int64)
    found = assess(LabelledSample(strata, CLASSES, zeros, mapped, reference, "simple"))
    assert found.overall.interval() == (0.5, 0.5)
    assert found.users[FARMLAND].interval() == pytest.approx((0.5, 0.5))


def test_a_sample_without_an_error_still_has_intervals():
    found = assess(by_map([[50, 0], [0, 150]], [20, 80]))
    assert found.overall.certain
    assert found.overall.interval()[0] == pytest.approx(0.978, abs=0.003)
    assert found.overall.interval()[1] == 1
    low, high = found.area_m2[FARMLAND].interval()
    # Each stratum can hide what so many points miss with a probability of 0.025.
    assert low == pytest.approx(20 * 0.025 ** (1 / 50))
    assert high == pytest.approx(20 + 80 * (1 - 0.025 ** (1 / 150)))
    assert found.producers[FARMLAND].interval()[0] < 0.93
    assert found.notes[0].startswith("All 50 points of stratum farmland are farmland")


def test_what_no_point_showed_is_kept_with_a_ratio():
    # In the first stratum everything is farmland and found, in the second nothing is farmland.
    found = assess(by_map([[50, 0], [0, 150]], [20, 80]))
    assert found.producers[FARMLAND].unseen == UnseenRatio(
        weights=(0.2, 0.8),
        points=(50, 150),
        numerators=(1, 0),
        denominators=(1, 0),
        unseen=(((0, 0), (0, 1)), ((0, 1), (1, 1))),
        trials=50,
    )


def test_a_class_that_the_map_lacks_has_no_users_accuracy():
    found = assess(simple([1, 1, 1, 1], [0, 1, 1, 1]))
    assert found.users[FARMLAND] is None
    assert found.users[OTHER].value == 0.75
    assert found.producers[FARMLAND].value == 0
    assert found.producers[FARMLAND].interval()[1] > 0.9
    assert found.notes == ("No user's accuracy of farmland: no point is mapped as farmland.",)


def test_a_class_that_nobody_saw_has_no_producers_accuracy_but_an_upper_limit():
    found = assess(simple([0, 1, 1, 1], [1, 1, 1, 1]))
    assert found.producers[FARMLAND] is None
    assert found.users[FARMLAND].value == 0
    assert found.area_m2[FARMLAND].value == 0
    assert found.area_m2[FARMLAND].interval() == pytest.approx((0, 100 * (1 - 0.025**0.25)))
    assert "no point is farmland in the reference" in found.notes[0]


def test_a_map_of_one_class_that_is_right():
    found = assess(simple([1] * 20, [1] * 20))
    assert found.overall.value == 1
    assert found.users[OTHER].interval() == pytest.approx((0.025 ** (1 / 20), 1))
    assert found.users[FARMLAND] is found.producers[FARMLAND] is None


def test_mapped_areas_are_taken_from_the_caller():
    sample = simple([0, 1, 1, 1], [0, 1, 1, 0])
    assert assess(sample, mapped_m2=[30, 70]).mapped_m2 == (30, 70)


def test_the_area_of_a_class_that_the_map_lacks_is_0():
    points = np.array([1, 1, 1])
    strata = (Stratum("other", 100.0),)
    found = assess(LabelledSample(strata, CLASSES, points - 1, points, points))
    assert found.mapped_m2 == (0, 100)


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        ([100], "areas of farmland, other on the map, 0 m2 or more each; found 100"),
        ([], "found none"),
        ([-1, 101], "found -1, 101"),
        ([30, 60], "a map of the strata's 100 m2; found 90 m2, 90.0% of it. Leave the part w"),
    ],
)
def test_mapped_areas_that_do_not_fit_are_refused(areas, message):
    with pytest.raises(AccuracyError, match=message):
        assess(simple([0, 1, 1, 1], [0, 1, 1, 0]), mapped_m2=areas)


def test_the_tables_cannot_be_written():
    found = assess(stehman())
    with pytest.raises(ValueError, match="read-only"):
        found.counts[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        found.proportions[0, 0] = 1
