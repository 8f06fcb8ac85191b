"""Probabilities as bytes: v stands for v / 254, 255 for no data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satseg.errors import ModelError

SCALE = 254
NODATA = 255


def encode(probability: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return uint8 codes of probabilities in [0, 1]; NODATA where not ``valid``.

    Both arrays have the same shape. Rounded to the nearest code, so that decoding is off by
    1 / 508 at most.
    """
    codes = np.rint(np.clip(probability, 0.0, 1.0) * np.float32(SCALE))
    return np.where(valid, codes, NODATA).astype(np.uint8)


def decode(codes: NDArray[np.uint8]) -> np.ma.MaskedArray:
    """Return probabilities, float32 in [0, 1], masked where the code is NODATA."""
    missing = codes == NODATA
    values = np.where(missing, 0, codes).astype(np.float32) / np.float32(SCALE)
    return np.ma.MaskedArray(values, mask=missing)


def threshold_level(threshold: float) -> int:
    """Return the smallest code v with v / 254 >= ``threshold``.

    Raises:
        ModelError: the threshold is outside of [0, 1].

    >>> threshold_level(0.5), threshold_level(1.0)
    (127, 254)
    """
    if not 0.0 <= threshold <= 1.0:
        raise ModelError(
            expected="a threshold from 0 to 1",
            found=str(threshold),
            fix="Give the probability from which a pixel counts as farmland, for example 0.5",
        )
    return int(np.searchsorted(np.arange(SCALE + 1) / SCALE, threshold, side="left"))
