"""The finest overviews of a raster, averaged from its rows while these are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as RasterWindow

_ROWS = 64
"""Rows that are averaged at once: as many as a processor's cache holds."""


class Pyramid:
    """Overviews of halves, quarters and so on of a raster of uint8, each in a file of its own.

    GDAL takes ``x.ovr`` for an overview of ``x``, and so ``x.ovr.ovr`` for one of ``x.ovr``. They
    hold what GDAL's own averages would, as long as each pixel is one of exactly 2 x 2.

    Attributes:
        files: the raster's own file, then those of its overviews.
    """

    def __init__(self, files: list[Path], levels: list[rasterio.io.DatasetWriter]) -> None:
        self.files = files
        self._levels = levels

    def write(self, rows: NDArray[np.uint8], row: int) -> None:
        """Add the overviews of ``rows``, uint8 (h, width), of which ``row`` is the first.

        Both h and ``row`` are multiples of 2 to the power of the number of overviews.
        """
        for level in self._levels:
            rows, row = halved(rows, int(level.nodata)), row // 2
            level.write(rows[None], window=RasterWindow(0, row, level.width, len(rows)))


@contextmanager
def pyramid(path: Path, profile: Mapping[str, Any], most: int) -> Iterator[Pyramid]:
    """Yield the overviews of the raster at ``path``, ``most`` of them at most.

    There are as many as its height and width can be halved without remainder.

    Args:
        path: the raster.
        profile: how rasterio creates it: one band of uint8 with a nodata value that is its largest.
        most: number of overviews at most.
    """
    height, width = profile["height"], profile["width"]
    files = [path]
    levels: list[rasterio.io.DatasetWriter] = []
    with ExitStack() as stack:
        while len(levels) < most and height % 2 == width % 2 == 0:
            height, width = height // 2, width // 2
            files.append(files[-1].with_name(f"{files[-1].name}.ovr"))
            options = {**profile, "height": height, "width": width}
            levels.append(stack.enter_context(rasterio.open(files[-1], "w", **options)))
        yield Pyramid(files, levels)


def halved(rows: NDArray[np.uint8], nodata: int) -> NDArray[np.uint8]:
    """Return the averages of 2 x 2 pixels, halves rounded up; nodata where none of them is data.

    Args:
        rows: uint8 (height, width), both even.
        nodata: value that does not count.

    >>> halved(np.array([[1, 2, 255, 9], [2, 2, 255, 255]], np.uint8), 255)
    array([[2, 9]], dtype=uint8)
    """
    found = np.empty((len(rows) // 2, rows.shape[1] // 2), dtype=np.uint8)
    for start in range(0, len(rows), _ROWS):
        found[start // 2 : (start + _ROWS) // 2] = _means(rows[start : start + _ROWS], nodata)
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
