import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from satseg.training.config import LOSSES, Loss
from satseg.training.losses import bce_dice, dice, focal, loss_of

LOGITS = torch.tensor([[[[2.0, -1.0], [0.5, 3.0]]]])
MASKS = torch.tensor([[[[1.0, 0.0], [0.0, 255.0]]]])


def test_without_gamma_focal_loss_is_cross_entropy_of_what_counts():
    expected = binary_cross_entropy_with_logits(
        torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 0.0, 0.0])
    )
    assert focal(LOGITS, MASKS, gamma=0.0) == pytest.approx(float(expected))
    assert bce_dice(LOGITS, MASKS) == pytest.approx(float(expected + dice(LOGITS, MASKS)))


def test_focal_loss_by_hand():
    truth = torch.sigmoid(torch.tensor([2.0, 1.0, -0.5]))
    expected = (-torch.log(truth) * (1 - truth) ** 2).mean()
    assert focal(LOGITS, MASKS, gamma=2.0) == pytest.approx(float(expected), rel=1e-5)


def test_what_is_right_already_counts_less():
    sure, unsure = torch.full((1, 1, 1, 1), 4.0), torch.full((1, 1, 1, 1), 0.1)
    one = torch.ones(1, 1, 1, 1)
    plain = focal(sure, one, gamma=0.0) / focal(unsure, one, gamma=0.0)
    assert focal(sure, one, gamma=2.0) / focal(unsure, one, gamma=2.0) < 0.01 * plain


@pytest.mark.parametrize("kind", LOSSES)
def test_every_loss_falls_towards_the_truth_and_ignores_the_rest(kind):
    logits = LOGITS.clone().requires_grad_()
    loss = loss_of(logits, MASKS, Loss(kind))
    loss.backward()
    assert loss > 0
    assert logits.grad[0, 0, 0, 0] < 0 < logits.grad[0, 0, 0, 1]
    assert logits.grad[0, 0, 1, 1] == 0


def test_nothing_that_counts_is_no_loss_but_no_failure():
    nothing = torch.full((1, 1, 2, 2), 255.0)
    assert all(torch.isfinite(loss_of(LOGITS, nothing, Loss(kind))) for kind in LOSSES)
