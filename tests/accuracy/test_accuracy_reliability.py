import numpy as np
import pytest
from accuracy_samples import by_map

from satseg.accuracy import calibration
from satseg.errors import AccuracyError

YES, NO = True, False
FOUR = np.array([0.9, 0.8, 0.3, 0.1])
TRUTH = np.array([YES, YES, NO, NO])
ONES = np.ones(4)


def test_bins_and_error_by_hand():
    found = calibration(np.array([0.95, 0.95, 0.05, 0.05]), np.array([YES, NO, NO, NO]), ONES)
    low, high = found.bins
    assert (low.low, low.high, low.points, low.share) == (0, 0.1, 2, 0.5)
    assert (high.predicted, high.observed.value) == pytest.approx((0.95, 0.5))
    # y - x / 2 is -0.5 and 0.5 at two of the four points, which are half of the weight.
    assert high.observed.standard_error == pytest.approx((0.5 / 3 / 4) ** 0.5 / 0.5)
    assert found.ece.value == pytest.approx(0.5 * 0.45 + 0.5 * 0.05)


def test_weights_say_how_much_a_point_counts():
    found = calibration(
        np.array([0.95, 0.95, 0.05, 0.05]), np.array([YES, NO, NO, NO]), np.array([9, 9, 1, 1.0])
    )
    assert found.bins[1].share == pytest.approx(0.9)
    assert found.ece.value == pytest.approx(0.9 * 0.45 + 0.1 * 0.05)


def test_the_threshold_lies_halfway_between_the_classes():
    found = calibration(FOUR, TRUTH, ONES)
    assert found.threshold.value == pytest.approx(0.55)
    assert found.threshold.low <= 0.55 <= found.threshold.high
    assert (found.iou, found.f1) == (1, 1)


def test_the_threshold_follows_the_weights():
    probability = np.array([0.9, 0.9, 0.6, 0.6, 0.2, 0.2])
    truth = np.array([YES, YES, NO, YES, NO, NO])
    light = calibration(probability, truth, np.array([1, 1, 1, 1, 1, 1.0]))
    # Cut at 0.4: 3 / 4; cut at 0.75: 2 / 3
    assert light.threshold.value == pytest.approx(0.4)
    assert light.iou == pytest.approx(3 / 4)
    assert light.f1 == pytest.approx(6 / 7)
    heavy = calibration(probability, truth, np.array([9, 9, 6, 6, 1, 1.0]))
    # Cut at 0.4: 24 / 30; cut at 0.75: 18 / 24
    assert heavy.iou == pytest.approx(24 / 30)
    lowest = calibration(probability, np.array([YES] * 6), np.ones(6))
    assert lowest.threshold.value == pytest.approx(0.1), "everything is farmland"


def test_of_equally_good_thresholds_the_nearest_to_a_half_is_taken():
    # IoU 1 / 2 with the cut at 0.85, 2 / 4 with the one at 0.45
    found = calibration(
        np.array([0.9, 0.8, 0.7, 0.6, 0.3]), np.array([YES, NO, NO, YES, NO]), ONES5
    )
    assert found.iou == pytest.approx(0.5)
    assert found.threshold.value == pytest.approx(0.45)


ONES5 = np.ones(5)


def test_a_calibrated_map_may_have_no_calibration_error():
    random = np.random.default_rng(0)
    probability = random.random(400)
    found = calibration(probability, random.random(400) < probability, np.ones(400))
    assert found.ece.low < 0.02
    assert 0.3 < found.threshold.low < found.threshold.value < found.threshold.high < 0.7


def test_a_map_that_promises_too_much_has_a_calibration_error():
    random = np.random.default_rng(0)
    probability = random.random(400)
    found = calibration(probability, random.random(400) < probability / 2, np.ones(400))
    assert 0.15 < found.ece.low < 0.25 < found.ece.high < 0.35


def test_equal_seeds_give_equal_intervals():
    random = np.random.default_rng(0)
    probability, truth = random.random(50), random.random(50) < 0.5
    one, two = (calibration(probability, truth, np.ones(50), seed=3) for _ in range(2))
    assert (one.ece, one.threshold) == (two.ece, two.threshold)


def test_the_weights_of_a_sample_fit():
    sample = by_map([[8, 2], [1, 19]], [20, 80])
    probability = np.where(sample.mapped == 0, 0.8, 0.1)
    found = calibration(probability, sample.reference == 0, sample.weights_m2)
    assert [each.observed.value for each in found.bins] == pytest.approx([0.05, 0.8])
    assert found.bins[1].observed.standard_error == pytest.approx((0.16 / 9) ** 0.5)


def test_without_farmland_there_is_no_threshold():
    found = calibration(FOUR, np.zeros(4, dtype=np.bool_), ONES)
    assert found.threshold is found.iou is found.f1 is None
    assert found.ece.value == pytest.approx(FOUR.mean())


def test_a_bin_of_one_kind_still_has_an_interval():
    low, high = calibration(FOUR, TRUTH, ONES).bins[0].observed.interval()
    assert (low, high) == (0, pytest.approx(1 - 0.025))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reference": TRUTH[:3]}, "found shapes .4,., .3,. and .4,."),
        ({"reference": TRUTH.astype(int)}, "references that are true or false; found referen"),
        ({"probability": FOUR + 0.2}, "probabilities from 0 to 1"),
        ({"probability": FOUR * np.nan}, "Drop points without data"),
        ({"weights": ONES * 0}, "a weight above 0 for each point; found 0.0"),
        ({"weights": np.arange(1.0, 5)}, "two points of each weight.* found 1 of one weight"),
        ({"bins": 0}, "one bin or more; found 0"),
        ({"draws": 10}, "at least 100 draws; found 10"),
        ({"level": 95}, "level between 0 and 1; found 95"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    fields = {"probability": FOUR, "reference": TRUTH, "weights": ONES}
    with pytest.raises(AccuracyError, match=message):
        calibration(**{**fields, **changes})
