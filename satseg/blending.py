"""Weights with which overlapping windows add up to one map without seams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def ramp(patch: int, overlap: int) -> NDArray[np.float64]:
    """Return the raw weights (patch,) of one window: 1 inside, falling linearly over the overlap.

    Weights stay above 0 at both ends, so that a pixel seen by a single window counts in full once
    it is divided by the sum.

    >>> ramp(4, 2).tolist()
    [0.25, 0.75, 0.75, 0.25]
    """
    centres = np.arange(patch) + 0.5
    inside = np.minimum(centres, centres[::-1])
    weights: NDArray[np.float64] = np.minimum(1.0, inside / max(overlap, 0.5))
    return weights


def axis_weights(starts: Sequence[int], patch: int, overlap: int) -> NDArray[np.float64]:
    """Return weights (len(starts), patch) that sum to 1 at each position of the axis.

    Row i belongs to positions starts[i] ... starts[i] + patch - 1. The weights are the ramp divided
    by the sum of the ramps of all windows over the same position. The weight of a window on the
    grid is the outer product of its row and its column weights; as products of sums these add up
    to 1 as well, at the borders too.
    """
    raw = ramp(patch, overlap)
    total = np.zeros(max(starts) + patch)
    for start in starts:
        total[start : start + patch] += raw
    return np.stack([raw / total[start : start + patch] for start in starts])
