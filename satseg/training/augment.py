"""Augmentation: what light, air, sensor and stretch do to the same ground."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from satseg.torchvision_shim import prepare_torchvision
from satseg.training.mixing import Mixing, darken, exchange_tones, grey, mix, reverse


class Augmentation:
    """Flips, turns and tone changes for batches (n, bands, side, side) in 0..1.

    Geometry is kornia's; so are gamma, blur, noise and the colour changes of red, green, blue. Haze
    and colour casts are per band and of our own, as they must work for any number of bands.
    """

    def __init__(self, bands: int, mixing: Mixing | None = None) -> None:
        self._mixing = mixing or Mixing()
        prepare_torchvision()
        import kornia.augmentation as ka

        self._geometry = ka.AugmentationSequential(
            ka.RandomHorizontalFlip(p=0.5),
            ka.RandomVerticalFlip(p=0.5),
            ka.RandomRotation90(times=(0, 3), p=0.75, resample="nearest"),
            data_keys=["input", "mask"],
        )
        tones = [ka.RandomGamma((0.55, 1.7), (0.9, 1.1), p=0.6)]
        if bands == 3:
            tones.append(ka.ColorJiggle(0.12, 0.25, 0.5, 0.03, p=0.5))
        self._tones = ka.ImageSequential(
            *tones,
            ka.RandomGaussianBlur((5, 5), (0.3, 1.4), p=0.25),
            ka.RandomGaussianNoise(0.0, 0.025, p=0.3),
        )

    def __call__(self, pixels: Tensor, masks: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Return augmented pixels and masks; the same seed gives the same result."""
        with torch.random.fork_rng(devices=_cuda(pixels)):
            torch.manual_seed(seed)
            pixels, masks = self._geometry(pixels, masks)
            rng = np.random.default_rng(seed)
            pixels = exchange_tones(pixels, self._mixing.tones, rng)
            pixels, masks = mix(pixels, masks, self._mixing.pieces, rng)
            pixels = self._tones(grey(air(pixels, rng), self._mixing.grey, rng))
            pixels = reverse(pixels, self._mixing.reversed, rng)
            pixels = darken(pixels, self._mixing.dark, rng)
        return pixels.clamp(0, 1), masks.round()

    def turned(self, pixels: Tensor, masks: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Return pixels and masks turned and mirrored alone; a seed always gives the same."""
        with torch.random.fork_rng(devices=_cuda(pixels)):
            torch.manual_seed(seed)
            pixels, masks = self._geometry(pixels, masks)
        return pixels, masks.round()


def _cuda(pixels: Tensor) -> list[torch.device]:
    """Return the devices whose state of chance must be put back, but for the CPU."""
    return [pixels.device] if pixels.is_cuda else []


def air(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """Return the batch with random haze (less contrast, more light) and colour cast per band."""
    count, bands = pixels.shape[:2]
    shape = (count, bands, 1, 1)
    cast = np.where(rng.random((count, 1, 1, 1)) < 0.6, rng.normal(1, 0.12, shape), 1.0)
    lift = np.where(rng.random((count, 1, 1, 1)) < 0.3, rng.uniform(0, 0.2, shape), 0.0)
    gain = torch.from_numpy(np.clip(cast, 0.6, 1.5).astype(np.float32)).to(pixels.device)
    haze = torch.from_numpy(lift.astype(np.float32)).to(pixels.device)
    return (pixels * gain) * (1 - haze) + haze
