"""Temperature and threshold of a network that tells several classes apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import nn

from satseg.classes import FARMLAND
from satseg.legend import IGNORED, Legend
from satseg.metrics_classes import ClassCounts
from satseg.training.classwise import (
    counted_classes,
    farmland_logits,
    rounded,
    set_entropy,
)
from satseg.training.pictures import PictureSet
from satseg.training.samples import fixed_crops, stack
from satseg.training.tuning import (
    TEMPERATURES,
    UNTUNED,
    Tuning,
    best_threshold,
    histogram_of,
)

_CROPS = 120
"""Crops of a source that are tuned on at most; logits of several classes take more room than one's.
"""

_EVERY = 5
"""Every fifth row and column of pixels is tuned on: neighbours say the same."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a source's validation pictures show: logits (n, classes), masks (n,), agreement."""

    logits: NDArray[np.float64]
    masks: NDArray[np.uint8]
    agreement: ClassCounts


def tune_classes(
    network: nn.Module,
    sources: Sequence[PictureSet],
    legend: Legend,
    *,
    crop_px: int,
    gsd_m: float,
    device: str = "cpu",
) -> Tuning:
    """Return temperature and threshold of farmland, as ``satseg.training.tuning.tune``.

    The temperature has the least mean cross-entropy of the classes; the threshold belongs to the
    probability of all classes that are farmland. Every source counts alike.
    """
    seen = {
        source.config.name: _look(network, source, legend, crop_px, gsd_m, device)
        for source in sources
        if source.validation
    }
    seen = {name: found for name, found in seen.items() if len(found.masks)}
    if not seen:
        return UNTUNED
    table = legend.possible()
    pairs = [(found.logits, table[found.masks]) for found in seen.values()]

    def entropy(temperature: float) -> float:
        return float(np.mean([set_entropy(*pair, temperature) for pair in pairs]))

    best = minimize_scalar(entropy, bounds=TEMPERATURES, method="bounded")
    temperature = round(float(best.x), 3)
    counts = [
        histogram_of(farmland_logits(found.logits / temperature, legend), found.masks == FARMLAND)
        for found in seen.values()
    ]
    threshold, ious = best_threshold(counts, 1.0)
    by_class = {name: rounded(found.agreement.iou()) for name, found in seen.items()}
    return Tuning(
        temperature,
        threshold,
        {name: round(iou, 4) for name, iou in zip(seen, ious, strict=True)},
        by_class,
    )


def _look(  # noqa: PLR0917 -- one caller
    network: nn.Module,
    source: PictureSet,
    legend: Legend,
    crop_px: int,
    gsd_m: float,
    device: str,
) -> _Seen:
    logits, masks, agreement = [], [], ClassCounts.empty(legend)
    network.eval()
    with torch.inference_mode():
        for crop in fixed_crops(source, crop_px, gsd_m, _CROPS):
            pixels, mask = stack([crop])
            found = network(pixels.to(device, memory_format=torch.channels_last)).float().cpu()
            agreement += counted_classes(found, mask, legend)
            some = (..., slice(_EVERY // 2, None, _EVERY), slice(_EVERY // 2, None, _EVERY))
            values = mask[some].numpy().astype(np.uint8).ravel()
            rows = found[some].permute(0, 2, 3, 1).reshape(len(values), -1).numpy()
            logits.append(rows[values != IGNORED].astype(np.float64))
            masks.append(values[values != IGNORED])
    if not masks:
        return _Seen(np.zeros((0, len(legend))), np.zeros(0, dtype=np.uint8), agreement)
    return _Seen(np.concatenate(logits), np.concatenate(masks), agreement)
