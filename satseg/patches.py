"""Patches of a map, followed from strip to strip: which are large, how large the biggest are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.sparse
import scipy.sparse.csgraph
from numpy.typing import NDArray

from satseg.geodesy import pixel_areas_m2
from satseg.grids import Grid
from satseg.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """What is known about the patches of a map: pixels of one code that share sides.

    Attributes:
        large: uint8 (pieces,), 1 where the piece belongs to a patch of at least the smallest
            area. A piece is one patch's part in one strip, in the order of ``pieces``.
        biggest_m2: float64, areas of the biggest patches in square metres, descending.
    """

    large: NDArray[np.uint8]
    biggest_m2: NDArray[np.float64]


def pieces(codes: NDArray[np.uint8], kinds: Sequence[int]) -> tuple[NDArray[np.int32], int]:
    """Return the number (h, w) of each pixel's piece and how many pieces there are.

    Pieces of the first of ``kinds`` (codes) are counted from 1, those of the next after them;
    pixels of other codes are 0.
    """
    numbers = np.zeros(codes.shape, dtype=np.int32)
    total = 0
    for kind in kinds:
        found, count = scipy.ndimage.label(codes == kind)
        numbers[found > 0] = found[found > 0] + total
        total += int(count)
    return numbers, total


def find_patches(
    strips: Iterable[tuple[Window, NDArray[np.uint8]]],
    grid: Grid,
    kinds: Sequence[int],
    *,
    min_area_m2: float = 0,
    biggest: int = 0,
) -> Patches:
    """Return which pieces belong to large patches, and the areas of the biggest patches.

    A patch is complete when it does not reach the last row of a strip, and large as soon as it
    has the smallest area; only the others are remembered. Beside one byte a piece, memory does not
    grow with the map's height.

    Args:
        strips: windows over the whole width of ``grid`` from top to bottom, with their codes.
        grid: the map's grid.
        kinds: codes that form patches, each for itself.
        min_area_m2: geodesic area from which a patch is large.
        biggest: how many areas to report.
    """
    scan = _Scan(min_area_m2, biggest)
    for window, codes in strips:
        labels, count = pieces(codes, kinds)
        pixels = pixel_areas_m2(grid, window)
        summed = np.bincount(labels.ravel(), pixels.ravel(), minlength=count + 1)
        scan.add(codes, labels, np.asarray(summed[1:], dtype=np.float64))
    return scan.finished()


class _Scan:
    """Patches that reach the last row seen so far, and what is decided about the pieces."""

    def __init__(self, min_area_m2: float, biggest: int) -> None:
        self._min_area_m2 = min_area_m2
        self._biggest = biggest
        self._top = np.zeros(0)
        self._large = bytearray()
        self._open_m2 = np.zeros(0)
        self._above = np.zeros(0, dtype=np.int64)
        self._above_codes = np.zeros(0, dtype=np.uint8)
        self._undecided = np.zeros((2, 0), dtype=np.int64)

    def add(
        self, codes: NDArray[np.uint8], labels: NDArray[np.int32], areas: NDArray[np.float64]
    ) -> None:
        """Join the pieces of the next strip to the open patches above it."""
        patch = self._joined(codes[0], labels[0], len(areas))
        earlier = len(self._open_m2)
        summed = np.bincount(patch, np.concatenate([self._open_m2, areas]))
        m2 = np.asarray(summed, dtype=np.float64)
        last = labels[-1].astype(np.int64)
        kept = np.unique(patch[earlier + last[last > 0] - 1])
        self._decide(patch, len(areas), m2 >= self._min_area_m2, kept)
        closed = np.ones(len(m2), dtype=np.bool_)
        closed[kept] = False
        self._report(m2[closed])
        self._open_m2 = m2[kept]
        self._above = np.full(len(last), -1, dtype=np.int64)
        self._above[last > 0] = np.searchsorted(kept, patch[earlier + last[last > 0] - 1])
        self._above_codes = codes[-1]

    def finished(self) -> Patches:
        self._report(self._open_m2)
        return Patches(np.frombuffer(bytes(self._large), dtype=np.uint8), self._top[::-1].copy())

    def _joined(
        self, codes: NDArray[np.uint8], labels: NDArray[np.int32], count: int
    ) -> NDArray[np.int64]:
        """Return the patch of each open patch and then of each new piece."""
        nodes = len(self._open_m2) + count
        if not len(self._above) or not nodes:
            return np.arange(nodes)
        touching = (self._above >= 0) & (labels > 0) & (codes == self._above_codes)
        pairs = self._above[touching], len(self._open_m2) + labels[touching].astype(np.int64) - 1
        edges = scipy.sparse.coo_array(
            (np.ones(len(pairs[0]), dtype=np.bool_), pairs), shape=(nodes, nodes)
        )
        found = scipy.sparse.csgraph.connected_components(edges, directed=False)[1]
        return np.asarray(found, dtype=np.int64)

    def _decide(
        self,
        patch: NDArray[np.int64],
        count: int,
        large: NDArray[np.bool_],
        kept: NDArray[np.int64],
    ) -> None:
        earlier = len(patch) - count
        new = np.stack([np.arange(count) + len(self._large), patch[earlier:]])
        waiting, moved = self._undecided
        known = np.concatenate([np.stack([waiting, patch[moved]]), new], axis=1)
        self._large.extend(bytes(count))
        yes = large[known[1]]
        np.frombuffer(self._large, dtype=np.uint8)[known[0][yes]] = 1
        left = known[:, ~yes & np.isin(known[1], kept)]
        self._undecided = np.stack([left[0], np.searchsorted(kept, left[1])])

    def _report(self, closed_m2: NDArray[np.float64]) -> None:
        if self._biggest:
            self._top = np.sort(np.concatenate([self._top, closed_m2]))[-self._biggest :]
