"""The loss that training minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from satseg.training.samples import counted


def bce_dice(logits: Tensor, masks: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Return binary cross-entropy plus soft Dice loss over the pixels that count.

    Args:
        logits: (n, 1, h, w).
        masks: (n, 1, h, w) with 1 farmland, 0 not, 255 ignored.
        smooth: keeps Dice defined where a batch has no farmland.

    Source of the Dice term: Milletari, Navab, Ahmadi: V-Net (3DV 2016), eq. 3 with plain sums.
    """
    weight = counted(masks)
    target = masks * weight
    pixelwise = binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="sum")
    probability = torch.sigmoid(logits) * weight
    overlap = (probability * target).sum()
    dice = 1 - (2 * overlap + smooth) / (probability.sum() + target.sum() + smooth)
    return pixelwise / weight.sum().clamp(min=1) + dice
