"""From reflectance on the ground to digital numbers: air, optics, noise, WorldView-3's gains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.bands import WORLDVIEW3
from satseg.radiometry import TABLES
from satseg.simulate.sun import Sun
from satseg.simulate.textures import Field

MAX_DN = 2047
"""Largest number in 11 bits."""

BANDWIDTH_UM = (0.0405, 0.0540, 0.0618, 0.0381, 0.0585, 0.0387, 0.1004, 0.0889)
"""Effective bandwidth of each band in micrometres. Source: DigitalGlobe, .IMD of WorldView-3."""

_TABLE = TABLES["2016v0.Int"]

SUN_IRRADIANCE = tuple(_TABLE.irradiance[name] for name in WORLDVIEW3)
"""Band-averaged solar irradiance at 1 au, W/m²/µm."""

GAIN = tuple(_TABLE.gain[name] for name in WORLDVIEW3)
OFFSET = tuple(_TABLE.offset[name] for name in WORLDVIEW3)
"""Adjustment of radiance: L = gain * DN * absCalFactor / bandwidth + offset, W/m²/sr/µm."""

ABS_CAL = (0.0148, 0.0154, 0.0119, 0.0076, 0.0113, 0.0080, 0.0115, 0.0085)
"""absCalFactor of each band, W/m²/sr per DN.

Real files carry factors of this size that vary with the order's integration setting; these were
chosen so that a rendered village has the histogram of a real tile (see README.md).
"""

PATH = (0.122, 0.096, 0.070, 0.060, 0.052, 0.040, 0.027, 0.021)
"""Path reflectance of Shanghai's usual hazy air at nadir; scaled by the scene's haze.

Our own rounding of Rayleigh scattering (wavelength to the power -4) plus an urban aerosol of
optical depth about 0.5; blue, green and red agree with the darkest pixels of a real tile."""

DIFFUSE = (0.34, 0.29, 0.23, 0.19, 0.165, 0.15, 0.12, 0.11)
"""Share of the light that reaches shadows, clear sky. Our own rounding of usual sky models."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What differs from one acquisition to the next.

    Attributes:
        haze: multiplies the path reflectance; 1 is clear.
        gain: float (8,), small calibration and illumination differences, about 1.
        blur_px: standard deviation of the point spread in pixels.
        sharpen: strength of the producer's sharpening, 0 for none.
        noise: multiplies the noise, 1 is usual.
        tilt: change of brightness across the scene in x and y (share of 1).
    """

    haze: float
    gain: tuple[float, ...]
    blur_px: float
    sharpen: float
    noise: float
    tilt: tuple[float, float]


def draw_conditions(rng: np.random.Generator) -> Conditions:
    """Return random conditions of one acquisition."""
    common = rng.normal(1.0, 0.05)
    return Conditions(
        haze=float(rng.uniform(0.8, 1.6)),
        gain=tuple(float(common * g) for g in rng.normal(1.0, 0.015, 8)),
        blur_px=float(rng.uniform(0.45, 0.75)),
        sharpen=float(rng.uniform(0.0, 0.5)),
        noise=float(rng.uniform(0.6, 1.5)),
        tilt=(float(rng.normal(0, 0.02)), float(rng.normal(0, 0.02))),
    )


def to_dn(
    reflectance: Field, band: int, sun: Sun, conditions: Conditions, noise: Field
) -> NDArray[np.uint16]:
    """Return digital numbers (1 to 2047) of one band.

    L = rho * E * cos(zenith) / (pi * d²), DN = (L - offset) / gain * bandwidth / absCalFactor.

    Args:
        reflectance: float32 (h, w) on the ground; overwritten.
        band: position in WorldView-3's order.
        sun: at the moment of the image.
        conditions: of the acquisition.
        noise: float32 (h, w), mean 0, standard deviation 1.
    """
    path = PATH[band] * conditions.haze
    clear = math.exp(-0.9 * PATH[band] * (conditions.haze - 0.4)) * 0.97
    reflectance *= np.float32(clear * conditions.gain[band])
    reflectance += np.float32(path)
    blurred = _optics(reflectance, conditions)
    scale = SUN_IRRADIANCE[band] * sun.cosine_zenith / (math.pi * sun.distance_au**2)
    counts = BANDWIDTH_UM[band] / (ABS_CAL[band] * GAIN[band])
    blurred *= np.float32(scale * counts)
    blurred -= np.float32(OFFSET[band] * counts)
    spread = np.sqrt(np.clip(blurred, 1, None) * np.float32(0.016) + np.float32(2.2))
    spread *= noise
    spread *= np.float32(conditions.noise)
    blurred += spread
    np.rint(blurred, out=blurred)
    return np.clip(blurred, 1, MAX_DN).astype(np.uint16)


REACH_PX = 2
"""How far the point spread reaches, pixels."""


def _optics(image: Field, conditions: Conditions) -> Field:
    """Return the image through the point spread and the producer's mild sharpening.

    Sums of shifted slices: the kernel is short and even, and float32 is kept throughout.
    """
    reach = np.arange(-REACH_PX, REACH_PX + 1)
    kernel = np.exp(-0.5 * (reach / conditions.blur_px) ** 2)
    wide = np.exp(-0.5 * (reach / (conditions.blur_px * 2)) ** 2)
    kernel = kernel / kernel.sum() * (1 + conditions.sharpen)
    kernel = (kernel - conditions.sharpen * wide / wide.sum()).astype(np.float32)
    padded = np.pad(image, REACH_PX, mode="edge")
    down = _folded([padded[k : k + len(image)] for k in range(len(kernel))], kernel)
    width = image.shape[1]
    return _folded([down[:, k : k + width] for k in range(len(kernel))], kernel)


def _folded(shifted: list[Field], kernel: Field) -> Field:
    """Return the sum of five shifted images under an even kernel (5,)."""
    total: Field = shifted[2] * kernel[2]
    for near in (0, 1):
        pair = shifted[near] + shifted[4 - near]
        pair *= kernel[near]
        total += pair
    return total
