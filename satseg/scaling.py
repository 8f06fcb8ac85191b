"""One linear stretch a scene: digital numbers to 0..1, the same for each window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.errors import SceneError

LOW_PERCENTILE = 1.0
HIGH_PERCENTILE = 99.0
_ROWS = 64
"""Rows that are scaled at once: as many as a processor's cache holds."""

_COUNTED = 2**18
"""Numbers that are counted at once: numpy makes each of them 64 bits long first."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The digital numbers of each band that become 0 and 1.

    Attributes:
        low: digital number that becomes 0, one a band.
        high: digital number that becomes 1, one a band, above ``low``.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        pairs = list(zip(self.low, self.high, strict=False))
        usable = all(math.isfinite(a) and math.isfinite(b) and a < b for a, b in pairs)
        if len(self.low) != len(self.high) or not pairs or not usable:
            raise SceneError(
                expected="one finite low below one finite high for each band",
                found=f"low {self.low}, high {self.high}",
                fix="Check the values of the scene's bands",
            )

    def select(self, positions: Sequence[int]) -> Stretch:
        """Return the stretch of the bands at 0-based ``positions``, in that order."""
        return Stretch(
            tuple(self.low[index] for index in positions),
            tuple(self.high[index] for index in positions),
        )

    def apply(
        self, numbers: NDArray[np.number], *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return (DN - low) / (high - low), clipped to [0, 1].

        Args:
            numbers: digital numbers, (bands, height, width), of any real dtype.
            out: where the result goes, float32 (bands, height, width), which may be ``numbers``.

        Returns:
            float32 (bands, height, width): ``out``, or a new array.
        """
        scaled = np.empty(numbers.shape, dtype=np.float32) if out is None else out
        for band, found, low, high in zip(numbers, scaled, self.low, self.high, strict=True):
            for start in range(0, len(band), _ROWS):
                piece = found[start : start + _ROWS]
                piece[...] = band[start : start + _ROWS]
                np.subtract(piece, np.float32(low), out=piece)
                np.multiply(piece, np.float32(1 / (high - low)), out=piece)
                np.clip(piece, np.float32(0), np.float32(1), out=piece)
        return scaled


def percentile_stretch(samples: Sequence[NDArray[np.number]]) -> Stretch:
    """Return the stretch from the 1st to the 99th percentile of each band.

    Args:
        samples: one array of valid digital numbers a band, any shape and real dtype, not empty.

    A band of one value gets the span 1 above it.
    """
    low, high = [], []
    for band in samples:
        bottom, top = _percentiles(band, (LOW_PERCENTILE, HIGH_PERCENTILE))
        low.append(float(bottom))
        high.append(float(top) if np.float32(top) > np.float32(bottom) else float(bottom) + 1.0)
    return Stretch(tuple(low), tuple(high))


def _percentiles(values: NDArray[np.number], wanted: Sequence[float]) -> list[float]:
    """Return np.percentile(values, wanted); of small whole numbers by counting, without a sort."""
    if values.dtype not in (np.uint8, np.uint16):
        return [float(found) for found in np.percentile(values, wanted)]
    flat, counts = values.ravel(), np.zeros(int(values.max()) + 1, dtype=np.int64)
    for start in range(0, flat.size, _COUNTED):
        counts += np.bincount(flat[start : start + _COUNTED], minlength=len(counts))
    reached = np.cumsum(counts)
    found = []
    for percent in wanted:
        place = percent / 100 * (values.size - 1)
        pair = np.searchsorted(reached, [math.floor(place), math.ceil(place)], side="right")
        found.append(float(np.percentile(pair, 100 * (place - math.floor(place)))))
    return found
