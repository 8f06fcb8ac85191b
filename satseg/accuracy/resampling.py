"""Bootstrap of stratified samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.estimate import normal_quantile
from satseg.errors import AccuracyError

_CHUNK = 128
"""Draws held at a time, so that memory does not depend on their number."""

_LEAST_DRAWS = 100


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """A value with the interval that resampling the points gives.

    Attributes:
        value: computed from the sample itself.
        low: lower confidence limit.
        high: upper confidence limit.
        level: confidence level of the limits.
    """

    value: float
    low: float
    high: float
    level: float


def multiplicities(
    groups: NDArray[np.int64], draws: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Yield how often each point counts in each draw, float64 (up to 128, n) at a time.

    From each group of m points, m - 1 are drawn with replacement and count m / (m - 1) times each,
    so that a mean's variance over the draws is s^2 / m without a bias. A group of one stays as it
    is.

    Args:
        groups: int64 (n,), the group that each point is exchangeable in.
        draws: draws in all, at least 100.
        seed: of the random numbers; equal seeds give equal draws.

    Raises:
        AccuracyError: too few draws.

    Source: Rao and Wu (1988), Journal of the American Statistical Association 83:231-241.
    """
    if draws < _LEAST_DRAWS:
        raise AccuracyError(
            expected=f"at least {_LEAST_DRAWS} draws",
            found=str(draws),
            fix="Leave draws at 2000",
        )
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    for start in range(0, draws, _CHUNK):
        size = min(_CHUNK, draws - start)
        counts = np.ones((size, groups.size))
        for points in members:
            if points.size > 1:
                counts[:, points] = _drawn(random, points.size, size)
        yield counts


def _drawn(random: np.random.Generator, points: int, draws: int) -> NDArray[np.float64]:
    """Return how often each of a group's points counts, (draws, points)."""
    picked = random.integers(points, size=(draws, points - 1))
    cells = picked + np.arange(draws)[:, None] * points
    counts = np.bincount(cells.ravel(), minlength=draws * points).reshape(draws, points)
    return counts.astype(np.float64) * (points / (points - 1))


def percentiles(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Return the limits between which the share ``level`` of the values lies.

    Raises:
        AccuracyError: the level does not lie between 0 and 1.
    """
    normal_quantile(level)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
