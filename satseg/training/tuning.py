"""Temperature and threshold of a trained network, from its validation pictures alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import nn

from satseg.training.pictures import PictureSet
from satseg.training.samples import counted, fixed_crops, stack

ALL_CROPS = 100_000
_EDGE, _STEP = 14.0, 0.05
_BINS = round(2 * _EDGE / _STEP)
_CENTRES = -_EDGE + _STEP * (np.arange(_BINS) + 0.5)
_THRESHOLDS = np.arange(5, 96) / 100
TEMPERATURES = (0.3, 5.0)


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the validation pictures say about a network's probabilities.

    Attributes:
        temperature: divisor of the logits with the least mean cross-entropy.
        threshold: probability after that with the largest mean IoU of farmland.
        iou: IoU at the threshold by source.
        classes: IoU by source and class, of networks that tell several classes apart.
    """

    temperature: float
    threshold: float
    iou: dict[str, float]
    classes: dict[str, dict[str, float]] = field(default_factory=dict)


UNTUNED = Tuning(1.0, 0.5, {})
"""What holds where there is nothing to tune on."""


def tune(
    network: nn.Module,
    sources: Sequence[PictureSet],
    *,
    crop_px: int,
    gsd_m: float,
    device: str = "cpu",
) -> Tuning:
    """Return temperature and threshold; every source counts alike, whatever its size.

    Args:
        network: gives logits (n, 1, h, w) for input (n, bands, h, w) in 0..1.
        sources: their validation pictures are cut into crops, all of which are used.
        crop_px: side of a crop in pixels.
        gsd_m: ground sample distance of the network in metres.
        device: where to run.

    Source of temperature scaling: Guo et al.: On Calibration of Modern Neural Networks (2017), 4.2.
    """
    found = {
        source.config.name: histogram(network, source, crop_px, gsd_m, device)
        for source in sources
        if source.validation
    }
    found = {name: counts for name, counts in found.items() if counts.sum() > 0}
    if not found:
        return UNTUNED
    temperature = round(best_temperature(list(found.values())), 3)
    threshold, ious = best_threshold(list(found.values()), temperature)
    return Tuning(
        temperature,
        threshold,
        {name: round(iou, 4) for name, iou in zip(found, ious, strict=True)},
    )


def histogram(
    network: nn.Module, source: PictureSet, crop_px: int, gsd_m: float, device: str
) -> NDArray[np.float64]:
    """Return pixels by label (0 other, 1 farmland) and logit, float64 (2, bins)."""
    counts = np.zeros((2, _BINS))
    network.eval()
    with torch.inference_mode():
        for crop in fixed_crops(source, crop_px, gsd_m, ALL_CROPS):
            pixels, mask = stack([crop])
            logits = network(pixels.to(device, memory_format=torch.channels_last)).float().cpu()
            index = ((logits + _EDGE) / _STEP).long().clamp(0, _BINS - 1)
            valid = counted(mask) > 0
            for label in (0, 1):
                chosen = index[valid & (mask == label)].numpy()
                counts[label] += np.bincount(chosen, minlength=_BINS)
    return counts


def logit_histogram(
    probability: NDArray[np.float32], truth: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return pixels by label and logit, float64 (2, bins), of probabilities and truths (n,)."""
    inside = probability.astype(np.float64).clip(1e-6, 1 - 1e-6)
    return histogram_of(np.log(inside / (1 - inside)), truth)


def histogram_of(logits: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return pixels by label and logit, float64 (2, bins), of logits and truths (n,)."""
    index = np.clip(((logits + _EDGE) / _STEP).astype(np.intp), 0, _BINS - 1)
    parts = [np.bincount(index[truth == label], minlength=_BINS) for label in (False, True)]
    return np.stack(parts).astype(np.float64)


def best_threshold(
    histograms: Sequence[NDArray[np.float64]], temperature: float
) -> tuple[float, list[float]]:
    """Return the threshold with the largest mean IoU over the sources, and the IoU of each there.

    Of equally good ones it is the nearest to 0.5.
    """
    ious = np.stack([iou_by_threshold(counts, temperature) for counts in histograms])
    mean = ious.mean(axis=0)
    nearest = np.argsort(np.abs(_THRESHOLDS - 0.5), kind="stable")
    best = int(nearest[np.argmax(mean[nearest].round(6))])
    return float(_THRESHOLDS[best]), [float(values[best]) for values in ious]


def best_temperature(histograms: Sequence[NDArray[np.float64]]) -> float:
    """Return the divisor of the logits with the least cross-entropy, averaged over sources."""

    def entropy(temperature: float) -> float:
        scaled = _CENTRES / temperature
        costs = np.stack([np.logaddexp(0, scaled), np.logaddexp(0, -scaled)])
        return float(np.mean([(counts * costs).sum() / counts.sum() for counts in histograms]))

    return float(minimize_scalar(entropy, bounds=TEMPERATURES, method="bounded").x)


def iou_by_threshold(counts: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return the IoU of farmland at each threshold from 0.05 to 0.95, float64 (91,)."""
    cuts = temperature * np.log(_THRESHOLDS / (1 - _THRESHOLDS))
    first = np.clip(np.ceil((cuts + _EDGE) / _STEP - 0.5).astype(int), 0, _BINS)
    above = np.concatenate([counts[:, ::-1].cumsum(axis=1)[:, ::-1], np.zeros((2, 1))], axis=1)
    hits, false = above[1, first], above[0, first]
    union = counts[1].sum() + false
    found = np.zeros(_THRESHOLDS.size)
    np.divide(hits, union, out=found, where=union > 0)
    return found
