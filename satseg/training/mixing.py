"""Mixing the samples of a batch, so that a network cannot learn its data sets by heart."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the samples of a batch are mixed.

    Attributes:
        tones: share of samples that take the tones of another one, see ``exchange_tones``.
        pieces: share that take a piece of another one, see ``mix``.
        grey: share that lose colour, see ``grey``.
        reversed: share whose bands come in reversed order, see ``reverse``.
        dark: share that becomes dark and rich in contrast, see ``darken``.
    """

    tones: float = 0.0
    pieces: float = 0.0
    grey: float = 0.0
    reversed: float = field(default=0.0, repr=False)
    dark: float = field(default=0.0, repr=False)

    @property
    def shares(self) -> tuple[float, ...]:
        """All shares."""
        return (self.tones, self.pieces, self.grey, self.reversed, self.dark)


def exchange_tones(pixels: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Give a share of the samples the mean and spread per band of another sample of the batch.

    Ground keeps its texture and loses the light of the place where it was taken, so that a field
    cannot be told by the look of its data set.
    """
    chosen = rng.random(len(pixels)) < share
    if not chosen.any():
        return pixels
    other = torch.from_numpy(rng.permutation(len(pixels))).to(pixels.device)
    mean = pixels.mean((2, 3), keepdim=True)
    spread = pixels.std((2, 3), keepdim=True).clamp(min=0.02)
    taken = (pixels - mean) / spread * spread[other] + mean[other]
    return torch.where(_each(chosen, pixels), taken.clamp(0, 1), pixels)


def mix(
    pixels: Tensor, masks: Tensor, share: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Put a rectangle of another sample, with its truth, into a share of the samples (CutMix).

    Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
    Features", here for masks: each sample shows borders that no data set has.
    """
    side = pixels.shape[-1]
    other = rng.permutation(len(pixels))
    mixed, truth = pixels.clone(), masks.clone()
    for index in np.flatnonzero(rng.random(len(pixels)) < share):
        height, width = (rng.uniform(0.25, 0.75, 2) * side).astype(int)
        top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
        piece = (..., slice(top, top + height), slice(left, left + width))
        mixed[index][piece] = pixels[other[index]][piece]
        truth[index][piece] = masks[other[index]][piece]
    return mixed, truth


def grey(pixels: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Take the colour, the differences between bands, from a share of the samples in part."""
    kept = np.where(rng.random(len(pixels)) < share, rng.uniform(0, 0.6, len(pixels)), 1.0)
    mean = pixels.mean(1, keepdim=True)
    return mean + (pixels - mean) * _each(kept.astype(np.float32), pixels)


def reverse(pixels: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Reverse the order of the bands of a share of the samples.

    Views of red, green and blue are passed on as blue, green and red again and again; a network
    that has seen both finds fields in both.
    """
    chosen = rng.random(len(pixels)) < share
    return torch.where(_each(chosen, pixels), pixels.flip(1), pixels)


def darken(pixels: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Make a share of the samples (values 0..1) as dark as views that were stretched too far.

    Roofs and roads are white there, and fields nearly as dark as water.
    """
    count = len(pixels)
    exponent = np.where(rng.random(count) < share, rng.uniform(1.3, 2.4, count), 1.0)
    gain = np.where(exponent == 1.0, 1.0, rng.uniform(1.0, 1.5, count))
    power, factor = (_each(values.astype(np.float32), pixels) for values in (exponent, gain))
    return (pixels.clamp(0, 1) ** power * factor).clamp(0, 1)


def _each(values: NDArray[np.generic], pixels: Tensor) -> Tensor:
    """Return values (n,) as a tensor (n, 1, 1, 1) beside pixels (n, bands, h, w)."""
    return torch.from_numpy(values).to(pixels.device)[:, None, None, None]
