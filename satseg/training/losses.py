"""The losses that training minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from satseg.training.config import Loss
from satseg.training.samples import counted


def loss_of(logits: Tensor, masks: Tensor, loss: Loss) -> Tensor:
    """Return the loss of ``loss.kind`` over the pixels that count.

    Args:
        logits: (n, 1, h, w).
        masks: (n, 1, h, w) with 1 farmland, 0 not, 255 ignored.
        loss: which one.
    """
    if loss.kind == "bce-dice":
        return bce_dice(logits, masks)
    found = focal(logits, masks, gamma=loss.gamma)
    return found if loss.kind == "focal" else found + dice(logits, masks)


def bce_dice(logits: Tensor, masks: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Return binary cross-entropy plus soft Dice loss over the pixels that count."""
    return focal(logits, masks, gamma=0.0) + dice(logits, masks, smooth=smooth)


def focal(logits: Tensor, masks: Tensor, *, gamma: float) -> Tensor:
    """Return the mean focal loss, that is cross-entropy times (1 - probability of the truth)^gamma.

    Source: Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection (ICCV 2017),
    eq. 4.
    """
    weight = counted(masks)
    target = masks * weight
    pixelwise = weight * binary_cross_entropy_with_logits(logits, target, reduction="none")
    if gamma:
        truth = torch.sigmoid(torch.where(target > 0, logits, -logits))
        pixelwise = pixelwise * (1 - truth) ** gamma
    return pixelwise.sum() / weight.sum().clamp(min=1)


def dice(logits: Tensor, masks: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Return the soft Dice loss; ``smooth`` keeps it defined where a batch has no farmland.

    Source: Milletari, Navab, Ahmadi: V-Net (3DV 2016), eq. 3 with plain sums.
    """
    weight = counted(masks)
    target = masks * weight
    probability = torch.sigmoid(logits) * weight
    overlap = (probability * target).sum()
    return 1 - (2 * overlap + smooth) / (probability.sum() + target.sum() + smooth)
