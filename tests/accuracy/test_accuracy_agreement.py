import numpy as np
import pytest
from accuracy_samples import expand

from satseg.accuracy import kappa
from satseg.errors import AccuracyError


def agreement_of(counts):
    return kappa(*expand(np.array(counts)))


def test_kappa_by_hand():
    found = agreement_of([[20, 5], [10, 15]])
    assert found.agreement.value == pytest.approx(0.7)
    assert found.kappa.value == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert found.counts.tolist() == [[20, 5], [10, 15]]
    assert found.note == ""


def test_the_standard_error_is_that_of_the_delta_method():
    shares = np.array([[30, 4, 1], [6, 25, 3], [2, 5, 24]]) / 100

    def value(each):
        chance = each.sum(axis=1) @ each.sum(axis=0) / each.sum() ** 2
        return (np.trace(each) / each.sum() - chance) / (1 - chance)

    steps = np.eye(9).reshape(9, 3, 3) * 1e-6
    slopes = np.array([(value(shares + step) - value(shares - step)) / 2e-6 for step in steps])
    cells = shares.ravel()
    variance = (slopes**2 @ cells - (slopes @ cells) ** 2) / 100
    found = agreement_of([[30, 4, 1], [6, 25, 3], [2, 5, 24]])
    assert found.kappa.standard_error == pytest.approx(variance**0.5, rel=1e-6)


def test_full_agreement_still_has_an_interval():
    found = agreement_of([[20, 0], [0, 20]])
    assert found.kappa.value == found.agreement.value == 1
    missed = 1 - 0.025 ** (1 / 40)
    assert found.agreement.interval() == pytest.approx((1 - missed, 1))
    assert found.kappa.interval() == pytest.approx((1 - missed / 0.5, 1))


def test_full_disagreement_still_has_an_interval():
    found = agreement_of([[0, 20], [20, 0]])
    assert found.kappa.value == -1
    assert found.kappa.interval() == pytest.approx((-1, -1 + (1 - 0.025 ** (1 / 40)) / 0.5))


@pytest.mark.parametrize("counts", [[[30, 0], [0, 0]], [[20, 10], [0, 0]], [[20, 0], [10, 0]]])
def test_one_label_throughout_leaves_no_kappa(counts):
    found = agreement_of(counts)
    assert found.kappa is None
    assert found.note == "No kappa: one interpreter gave all points the same label."
    assert found.agreement.value == pytest.approx(counts[0][0] / 30)


def test_labels_may_be_any_whole_numbers():
    found = kappa(np.array([7, 7, 3, 3]), np.array([7, 3, 3, 3]))
    assert found.labels.tolist() == [3, 7]
    assert found.counts.tolist() == [[2, 0], [1, 1]]


@pytest.mark.parametrize(("first", "second"), [([0], [0]), ([0, 1], [0]), ([[0, 1]], [[0, 1]])])
def test_labels_that_do_not_fit_are_refused(first, second):
    with pytest.raises(AccuracyError, match="two points labelled by both interpreters"):
        kappa(np.array(first), np.array(second))


def test_labels_are_whole_numbers():
    with pytest.raises(AccuracyError, match="whole numbers; found float64 and int64"):
        kappa(np.array([0.0, 1.0]), np.array([0, 1]))
