"""Overviews of bytes: averages of 2 x 2 pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CACHED_PX = 2**18
"""Pixels that are averaged at once: as many as a processor's cache holds."""


def halvings(shape: tuple[int, int], most: int) -> int:
    """Return how often height and width can be halved without remainder, ``most`` at most.

    >>> halvings((12, 40), 5)
    2
    """
    height, width = shape
    count = 0
    while count < most and height % 2 == width % 2 == 0:
        height, width, count = height // 2, width // 2, count + 1
    return count


def halved(rows: NDArray[np.uint8], nodata: int) -> NDArray[np.uint8]:
    """Return the averages of 2 x 2 pixels, halves rounded up; nodata where none of them is data.

    They are what GDAL's own averages of whole numbers are.

    Args:
        rows: uint8 (height, width), both even.
        nodata: value that does not count.

    >>> halved(np.array([[1, 2, 255, 9], [2, 2, 255, 255]], np.uint8), 255)
    array([[2, 9]], dtype=uint8)
    """
    found = np.empty((len(rows) // 2, rows.shape[1] // 2), dtype=np.uint8)
    step = 2 * max(1, _CACHED_PX // (2 * rows.shape[1]))
    for start in range(0, len(rows), step):
        found[start // 2 : (start + step) // 2] = _means(rows[start : start + step], nodata)
    return found


def _means(rows: NDArray[np.uint8], nodata: int) -> NDArray[np.uint16]:
    valid = rows != nodata
    if valid.all():
        return (_sums(rows) + np.uint16(2)) >> np.uint16(2)
    counts = _sums(valid.view(np.uint8))
    totals = _sums(np.where(valid, rows, np.uint8(0)))
    means = (totals + counts // np.uint16(2)) // np.maximum(counts, np.uint16(1))
    return np.where(counts, means, np.uint16(nodata))


def _sums(rows: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the sums of 2 x 2 pixels, uint16; pairs of bytes are added as one number."""
    pairs = np.ascontiguousarray(rows).view(np.uint16)
    sums = (pairs & np.uint16(255)) + (pairs >> np.uint16(8))
    total: NDArray[np.uint16] = sums[::2] + sums[1::2]
    return total
