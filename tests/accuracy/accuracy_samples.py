"""Samples that the accuracy tests share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy import LabelledSample, Stratum

FARMLAND, OTHER = 0, 1
CLASSES = ("farmland", "other")

OLOFSSON_COUNTS = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]
OLOFSSON_PIXELS = [200_000, 150_000, 3_200_000, 6_450_000]
OLOFSSON_CLASSES = ("deforestation", "forest gain", "stable forest", "stable non-forest")


def by_map(
    counts: Sequence[Sequence[int]], areas: Sequence[float], classes: tuple[str, ...] = CLASSES
) -> LabelledSample:
    """Return the sample whose strata are the map classes, from an error matrix of counts."""
    matrix = np.array(counts)
    mapped, reference = expand(matrix)
    strata = tuple(Stratum(name, area) for name, area in zip(classes, areas, strict=True))
    return LabelledSample(strata, classes, mapped, mapped, reference)


def expand(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and the column of each counted point."""
    rows, columns = np.indices(matrix.shape)
    return np.repeat(rows.ravel(), matrix.ravel()), np.repeat(columns.ravel(), matrix.ravel())


def simple(mapped: Sequence[int], reference: Sequence[int], area: float = 100.0) -> LabelledSample:
    """Return a simple random sample of one region."""
    return LabelledSample(
        (Stratum("region", area),),
        CLASSES,
        np.zeros(len(mapped), dtype=np.int64),
        np.array(mapped),
        np.array(reference),
        "simple",
    )


def olofsson() -> LabelledSample:
    """Return the example of Olofsson et al. (2014), section 5: pixels of 30 m."""
    areas = [pixels * 900.0 for pixels in OLOFSSON_PIXELS]
    return by_map(OLOFSSON_COUNTS, areas, OLOFSSON_CLASSES)


def stehman() -> LabelledSample:
    """Return the example of Stehman (2014), table 2, in pixels of 1 m2."""
    stratum = "A" * 10 + "B" * 10 + "C" * 10 + "D" * 10
    mapped = "AAAAAAABBB" + "ABBBBBBBBB" + "BBCCCCCCBB" + "DDDDDDDDDD"
    reference = "AAAAACBABC" + "ABBBBBAABB" + "CCCCCDDBBA" + "DDDDDDDCCB"
    units = {"A": 40_000, "B": 30_000, "C": 20_000, "D": 10_000}
    return LabelledSample(
        tuple(Stratum(name, float(count), count) for name, count in units.items()),
        tuple("ABCD"),
        *(np.array(["ABCD".index(letter) for letter in text]) for text in (stratum, mapped)),
        np.array(["ABCD".index(letter) for letter in reference]),
    )
