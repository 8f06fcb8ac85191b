"""Phase correlation: how far one picture lies from another, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

_SMOOTHING_PX = 1.0
_PEAK_WIDTH_PX = 0.9
_PEAK_RADIUS_PX = 4
_FLAT = 1e-4
"""Spread of a gradient image, in shares of the scene's stretch a pixel, below which it is flat."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The best match of two pictures.

    Attributes:
        dx: columns by which the second picture's content lies to the right of the first's.
        dy: rows by which it lies below.
        clearness: height of the peak by that of the next one; about 1 in noise.
    """

    dx: float
    dy: float
    clearness: float


def edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the length of the gradient, float32 (h, w), of a picture smoothed over a pixel.

    It is the same where dark fields beside bright ones become bright fields beside dark ones, as
    between flooded and ripe paddies.
    """
    lengths = scipy.ndimage.gaussian_gradient_magnitude(picture, _SMOOTHING_PX, mode="nearest")
    return np.asarray(lengths, dtype=np.float32)


def match(
    first: NDArray[np.float32], second: NDArray[np.float32], max_shift_px: int
) -> Peak | None:
    """Return how far ``second`` lies from ``first``, or None where one of them is flat.

    The phases of the cross-power spectrum are that of a pure shift; weighted by a Gaussian, which
    favours the coarse detail that both pictures resolve, their inverse transform is a Gaussian
    around the shift. Its logarithm is a parabola, whose top three values tell to a fraction of a
    pixel.

    Args:
        first: edges, float32 (h, w).
        second: edges of the same size.
        max_shift_px: how far the peak may lie from 0, less than half of each side.

    Source: Kuglin and Hines, The phase correlation image alignment method (1975).
    """
    if min(float(first.std()), float(second.std())) < _FLAT:
        return None
    surface = _correlation(first, second)
    height, width = surface.shape
    rows, cols = (np.rint(scipy.fft.fftfreq(size) * size) for size in (height, width))
    near = (np.abs(rows)[:, None] <= max_shift_px) & (np.abs(cols) <= max_shift_px)
    row, col = np.unravel_index(int(np.argmax(np.where(near, surface, -np.inf))), surface.shape)
    top = float(surface[row, col])
    if top <= 0:
        return None
    away_rows, away_cols = _around(rows - rows[row], height), _around(cols - cols[col], width)
    beside = np.hypot(away_rows[:, None], away_cols) > _PEAK_RADIUS_PX
    following = max(float(surface[beside].max()), top * 1e-6)
    dy = rows[row] + _parabola_top(surface[:, col], int(row))
    dx = cols[col] + _parabola_top(surface[row], int(col))
    return Peak(float(dx), float(dy), top / following)


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    height, width = first.shape
    taper = np.outer(np.hanning(height), np.hanning(width))
    spectra = [scipy.fft.fft2((each - each.mean()) * taper) for each in (first, second)]
    cross = spectra[1] * np.conj(spectra[0])
    size = np.abs(cross)
    size[size == 0] = 1
    squared = scipy.fft.fftfreq(height)[:, None] ** 2 + scipy.fft.fftfreq(width) ** 2
    weight = np.exp(-2 * (np.pi * _PEAK_WIDTH_PX) ** 2 * squared)
    return np.asarray(scipy.fft.ifft2(cross / size * weight).real)


def _parabola_top(line: NDArray[np.float64], top: int) -> float:
    """Return where a Gaussian through three values of a periodic line peaks, from -0.5 to 0.5."""
    values = line[[top - 1, top, (top + 1) % len(line)]]
    if values.min() <= 0:
        return 0.0
    left, centre, right = np.log(values)
    bend = left - 2 * centre + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _around(distance: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.asarray((distance + size / 2) % size - size / 2)
