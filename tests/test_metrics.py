import math

import numpy as np
import pytest

from satseg.metrics import Confusion, Ranking, Reliability, confusion

YES, NO = True, False
TRUTH = np.array([[YES, YES, YES], [NO, NO, NO]])
FOUND = np.array([[YES, YES, NO], [YES, NO, NO]])


def test_counts_by_hand():
    counts = confusion(FOUND, TRUTH, np.ones_like(TRUTH))
    assert counts == Confusion(2, 1, 1, 2)
    assert counts.iou == 2 / 4
    assert counts.f1 == 4 / 6
    assert counts.precision == counts.recall == 2 / 3
    assert counts.accuracy == 4 / 6
    assert counts.area_bias == 0


def test_pixels_that_do_not_count_are_left_out():
    counts = confusion(FOUND, TRUTH, np.array([[YES, NO, NO], [NO, NO, YES]]))
    assert counts == Confusion(1, 0, 0, 1)


def test_too_much_farmland_is_a_positive_bias():
    assert Confusion(2, 1, 0, 5).area_bias == pytest.approx(0.5)


def test_nothing_to_compare_is_nan_not_zero():
    assert math.isnan(Confusion().iou)
    assert math.isnan(Confusion(0, 0, 0, 7).iou)


def test_a_calibrated_prediction_has_no_calibration_error():
    probability = np.full(10, 0.3, dtype=np.float32)
    truth = np.array([YES] * 3 + [NO] * 7)
    assert Reliability.of(probability, truth).ece == pytest.approx(0, abs=1e-6)


def test_calibration_error_by_hand():
    probability = np.array([0.9, 0.9, 0.1, 1.0], dtype=np.float32)
    truth = np.array([YES, NO, NO, YES])
    # bin 9: predicted 2.8, observed 2; bin 1: predicted 0.1, observed 0
    assert Reliability.of(probability, truth).ece == pytest.approx((0.8 + 0.1) / 4, abs=1e-6)


def test_reliabilities_add_up():
    rng = np.random.default_rng(0)
    probability, truth = rng.random(50, dtype=np.float32), rng.random(50) < 0.5
    whole = Reliability.of(probability, truth)
    parts = Reliability.of(probability[:20], truth[:20]) + Reliability.of(
        probability[20:], truth[20:]
    )
    assert parts.ece == pytest.approx(whole.ece)


def test_wrong_pixels_that_are_less_sure_rank_first() -> None:
    unsure = np.array([0.9, 0.8, 0.2, 0.1])
    assert Ranking.of(unsure, np.array([True, True, False, False])).auroc == 1
    assert Ranking.of(unsure, np.array([False, False, True, True])).auroc == 0
    # Of the four pairs of a wrong and a right pixel, three are in order.
    assert Ranking.of(unsure, np.array([True, False, True, False])).auroc == 0.75


def test_ties_rank_half_and_nothing_ranks_not() -> None:
    same = Ranking.of(np.array([0.5, 0.5]), np.array([True, False]))
    assert same.auroc == 0.5
    assert (same + same).wrong.sum() == 2
    assert math.isnan(Ranking.empty().auroc)
    assert math.isnan(Ranking.of(np.array([0.5]), np.array([True])).auroc)


def test_the_table_of_reliability_holds_the_bins_that_have_pixels() -> None:
    found = Reliability.of(
        np.array([0.05, 0.05, 0.05, 0.95], dtype=np.float32), np.array([False, False, True, True])
    )
    assert found.table() == {
        "share": [0.75, 0.25],
        "predicted": [0.05, 0.95],
        "observed": [0.3333, 1.0],
    }
    assert Reliability.empty().table() == {"share": [], "predicted": [], "observed": []}
