"""Loss and agreement of networks that tell several classes apart, from complete or partial truth.

A truth mask says of each pixel which classes it may be (``satseg.legend.Legend.possible``): one,
where its class is known; all but farmland, where a data set says no more; any, where it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from satseg.legend import Legend
from satseg.metrics_classes import ClassCounts
from satseg.training.samples import Crop, stack


def possible(masks: Tensor, legend: Legend) -> Tensor:
    """Return which classes each pixel may be, bool (n, classes, h, w), of masks (n, 1, h, w)."""
    table = torch.from_numpy(legend.possible()).to(masks.device)
    return table[masks[:, 0].long()].permute(0, 3, 1, 2)


def known(allowed: Tensor) -> tuple[Tensor, Tensor]:
    """Return what is known of each class, both bool (n, classes, h, w): whether, and that it is it.

    A class is known of a pixel that can be no other, or not be it.
    """
    single = allowed.sum(1, keepdim=True) == 1
    return ~allowed | single, allowed & single


def cross_entropy_dice(
    logits: Tensor, masks: Tensor, legend: Legend, *, smooth: float = 1.0
) -> Tensor:
    """Return cross-entropy plus soft Dice loss, each over what is known.

    The cross-entropy is that of the set of classes which a pixel may be: -log of the sum of their
    probabilities, over the pixels that are not ignored. Dice is averaged over the classes that the
    batch shows.

    Args:
        logits: (n, classes, h, w).
        masks: (n, 1, h, w), codes of satseg.classes, 0 for anything but farmland, 255 ignored.
        legend: the classes.
        smooth: keeps Dice defined for classes of few pixels.
    """
    allowed = possible(masks, legend)
    inside = logits.masked_fill(~allowed, -torch.inf).logsumexp(1)
    pixelwise = logits.logsumexp(1) - inside
    counted = (~allowed.all(1)).sum()
    whether, truth = known(allowed)
    probability = logits.softmax(1) * whether
    axes = (0, 2, 3)
    overlap, size = (probability * truth).sum(axes), truth.sum(axes)
    dice = 1 - (2 * overlap + smooth) / (probability.sum(axes) + size + smooth)
    shown = (size > 0).to(dice.dtype)
    mean = (dice * shown).sum() / shown.sum().clamp(min=1)
    return pixelwise.sum() / counted.clamp(min=1) + mean


def agreement(
    network: nn.Module, crops: Sequence[Crop], legend: Legend, device: str
) -> ClassCounts:
    """Return the agreement of a network's likeliest classes with the truth of the crops."""
    total = ClassCounts.empty(legend)
    network.eval()
    with torch.inference_mode():
        for crop in crops:
            pixels, masks = stack([crop])
            logits = network(pixels.to(device, memory_format=torch.channels_last))
            total += counted_classes(logits.float().cpu(), masks, legend)
    return total


def counted_classes(logits: Tensor, masks: Tensor, legend: Legend) -> ClassCounts:
    """Return the agreement of logits (n, classes, h, w) with masks (n, 1, h, w)."""
    mapped = legend.codes[logits.argmax(1).numpy()]
    return ClassCounts.of(mapped, masks[:, 0].numpy().astype(np.uint8), legend)


def farmland_logits(logits: NDArray[np.float64], legend: Legend) -> NDArray[np.float64]:
    """Return the logit of farmland, float64 (n,), of logits (n, classes).

    It is the log of the odds of all classes that are farmland against all others.
    """
    farmland = list(legend.farmland)
    others = [number for number in range(len(legend)) if number not in farmland]
    return _logsumexp(logits[:, farmland]) - _logsumexp(logits[:, others])


def set_entropy(
    logits: NDArray[np.float64], allowed: NDArray[np.bool_], temperature: float
) -> float:
    """Return the mean cross-entropy of logits (n, classes) divided by a temperature.

    Args:
        logits: of each pixel.
        allowed: bool (n, classes), which classes the pixel may be.
        temperature: divisor of the logits.
    """
    scaled = logits / temperature
    inside = np.where(allowed, scaled, -np.inf)
    return float(np.mean(_logsumexp(scaled) - _logsumexp(inside)))


def _logsumexp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    top = values.max(axis=1, keepdims=True)
    found: NDArray[np.float64] = np.log(np.exp(values - top).sum(axis=1)) + top[:, 0]
    return found


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values with four decimals, as cards keep them."""
    return {key: round(value, 4) for key, value in values.items()}
