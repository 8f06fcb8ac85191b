"""Random fields that make surfaces uneven: smooth noise, grain and streaks along rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def grain(rng: np.random.Generator, shape: tuple[int, int], sigma_px: float = 0.6) -> Field:
    """Return noise of mean 0 and standard deviation 1, correlated over ``sigma_px`` pixels."""
    from scipy.ndimage import gaussian_filter

    noise = rng.standard_normal(shape, dtype=np.float32)
    if sigma_px > 0:
        noise = gaussian_filter(noise, sigma_px, truncate=2.0, mode="wrap")
    return np.asarray(noise / noise.std(), dtype=np.float32)


def mottle(rng: np.random.Generator, shape: tuple[int, int], cell_px: float) -> Field:
    """Return smooth noise of mean 0 and standard deviation about 1 with blobs of ``cell_px``.

    Two octaves of random knots under quadratic B-splines, summed with elementwise
    arithmetic only, so that the result does not depend on threads or libraries for matrices.
    """
    total = _octave(rng, shape, cell_px)
    total += 0.5 * _octave(rng, shape, cell_px / 2.3)
    return np.asarray(total / 1.12, dtype=np.float32)


def _octave(rng: np.random.Generator, shape: tuple[int, int], cell_px: float) -> Field:
    cell_px = max(cell_px, 1.0)
    rows, columns = (int(side / cell_px) + 4 for side in shape)
    knots = rng.standard_normal((rows, columns), dtype=np.float32)
    place, weights = _between(shape[0], cell_px, float(rng.random()))
    bands = sum(w[:, None] * knots[place + k] for k, w in enumerate(weights))
    bands = np.asarray(bands, dtype=np.float32)
    place, weights = _between(shape[1], cell_px, float(rng.random()))
    total = bands[:, place]
    total *= weights[0]
    for k in (1, 2):
        part = bands[:, place + k]
        part *= weights[k]
        total += part
    return np.asarray(total * np.float32(1.75))


def _between(count: int, cell_px: float, start: float) -> tuple[NDArray[np.int64], list[Field]]:
    """Return first knots and the weights of three knots: a quadratic B-spline."""
    place = np.arange(count) / cell_px + start
    whole = place.astype(np.int64)
    x = (place - whole).astype(np.float32)
    return whole, [0.5 * (1 - x) ** 2, 0.5 + x - x * x, 0.5 * x * x]


class Streaks:
    """A wrapped noise tile that is read along the rows of each parcel."""

    SIDE = 512

    def __init__(self, rng: np.random.Generator) -> None:
        from scipy.ndimage import gaussian_filter

        fine = rng.standard_normal((self.SIDE, self.SIDE), dtype=np.float32)
        broad = gaussian_filter(fine, (3, 1.0), mode="wrap")
        tile = 0.5 * fine + broad / broad.std()
        self._tile = np.asarray(tile / tile.std(), dtype=np.float32).ravel()

    def along(self, u: Field, v: Field, *, length_m: float, width_m: float) -> Field:
        """Return noise stretched to ``length_m`` along u and ``width_m`` along v (metres)."""
        mask = self.SIDE - 1
        row = (v * np.float32(1 / width_m)).astype(np.int32) & mask
        column = (u * np.float32(1 / length_m)).astype(np.int32) & mask
        return np.asarray(self._tile[row * self.SIDE + column])
