"""Pan-sharpening: multispectral detail from the panchromatic band, block by block.

Both methods compare the panchromatic band with what a weighted sum of the multispectral bands says
it should be. The weights are fitted to the images themselves (non-negative least squares over a
decimated read), so that they hold for reflectance and for digital numbers.

Source: weighted Brovey after Gillespie, Kahle and Walker (1987); Gram-Schmidt with a simulated
low-resolution band after Laben and Brower (2000), US patent 6,011,875 (expired), in the form of
component substitution of Aiazzi, Baronti and Selva (2007): injection gain of each band
cov(band, simulated) / var(simulated).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from satseg.deliveries.image import Plain
from satseg.deliveries.pixels import Pixels
from satseg.errors import SceneError
from satseg.windows import Window

Method = Literal["gram-schmidt", "brovey"]
METHODS: tuple[Method, ...] = ("gram-schmidt", "brovey")

SEEN_BY_PAN = ("blue", "green", "yellow", "red", "red_edge", "nir1")
"""Bands that the panchromatic band, 450 to 800 nm, overlaps.

Source: DigitalGlobe, WorldView-3 Data Sheet (2014), table "Spectral bands".
"""

_LEAST_SAMPLES = 16
_MOST_RATIO = 8.0


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a decimated read of both images says.

    Attributes:
        weights: float64 (bands,), of the simulated panchromatic band.
        gains: float64 (bands,), cov(band, simulated) / var(simulated).
        pan_mean: of the panchromatic band.
        pan_std: likewise.
        simulated_mean: of the simulated band.
        simulated_std: likewise.
    """

    weights: NDArray[np.float64]
    gains: NDArray[np.float64]
    pan_mean: float
    pan_std: float
    simulated_mean: float
    simulated_std: float

    def tags(self) -> dict[str, object]:
        """Return the numbers for the provenance."""
        return {
            "weights": [round(float(each), 6) for each in self.weights],
            "injection_gains": [round(float(each), 6) for each in self.gains],
            "pan_mean_std": [self.pan_mean, self.pan_std],
            "simulated_mean_std": [self.simulated_mean, self.simulated_std],
        }


def statistics(
    bands: tuple[str, ...], image: NDArray[np.float64], pan: NDArray[np.float64]
) -> Statistics:
    """Return the statistics of samples.

    Args:
        bands: names in the order of ``image``.
        image: float64 (bands, n), multispectral values.
        pan: float64 (n,), panchromatic values of the same places.

    Raises:
        SceneError: the images share too little, or one of them is the same everywhere.
    """
    seen = np.array([name in SEEN_BY_PAN for name in bands])
    if pan.size < _LEAST_SAMPLES or pan.std() == 0 or not seen.any():
        raise SceneError(
            expected="a panchromatic and a multispectral image of the same ground",
            found=f"{pan.size} places with data in both, bands {', '.join(bands)}",
            fix="Check that both products belong to one order, or leave out --pansharpen",
        )
    weights = np.zeros(len(bands))
    weights[seen] = nnls(image[seen].T, pan)[0]
    simulated = weights @ image
    spread = float(simulated.var())
    if spread == 0:
        weights[seen] = 1 / seen.sum()
        simulated = weights @ image
        spread = float(simulated.var())
    centred = simulated - simulated.mean()
    gains = (image * centred).mean(axis=1) / spread if spread else np.ones(len(bands))
    return Statistics(
        weights,
        gains,
        float(pan.mean()),
        float(pan.std()),
        float(simulated.mean()),
        float(simulated.std()),
    )


def brovey(
    image: NDArray[np.float32], pan: NDArray[np.float32], found: Statistics
) -> NDArray[np.float32]:
    """Return bands (bands, h, w) times pan (h, w) over the simulated band, at most 8-fold."""
    simulated = _simulated(image, found)
    ratio = np.ones_like(pan)
    np.divide(pan, simulated, out=ratio, where=simulated > 0)
    return np.asarray(image * np.clip(ratio, 0, _MOST_RATIO), dtype=np.float32)


def gram_schmidt(
    image: NDArray[np.float32], pan: NDArray[np.float32], found: Statistics
) -> NDArray[np.float32]:
    """Return bands (bands, h, w) plus their gain times (matched pan less the simulated band)."""
    simulated = _simulated(image, found)
    scale = np.float32(found.simulated_std / found.pan_std)
    matched = (pan - np.float32(found.pan_mean)) * scale + np.float32(found.simulated_mean)
    gains = found.gains.astype(np.float32)[:, None, None]
    return np.asarray(image + gains * (matched - simulated)[None], dtype=np.float32)


def _simulated(image: NDArray[np.float32], found: Statistics) -> NDArray[np.float32]:
    """Return the weighted sum of the bands, (h, w), added in one order whatever the block."""
    total = np.zeros(image.shape[1:], dtype=np.float32)
    for weight, band in zip(found.weights, image, strict=True):
        if weight:
            total += np.float32(weight) * band
    return total


@dataclass(frozen=True, slots=True)
class Sharpened:
    """Multispectral values sharpened by panchromatic ones; both on the same grid."""

    image: Plain
    pan: Plain
    found: Statistics
    method: Method

    @property
    def source(self) -> Pixels:
        """Pixels on the grid of the image."""
        return self.image.source

    def read(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return float32 (bands, h, w); valid where both images are."""
        image, valid = self.image.read(window)
        pan, seen = self.pan.read(window)
        method = brovey if self.method == "brovey" else gram_schmidt
        return method(image, pan[0], self.found), valid & seen
