"""Intervals where no point disagrees, so that the standard error is 0.

A standard error of 0 says that the sample shows no variation, not that there is none. The bounds
here answer instead: how much of what was not seen could be there, and the sample still have missed
it with a probability of (1 - level) / 2? With p_h the share of stratum h that is of a kind which
none of its n_h points showed, the sample misses all of it with the probability prod (1 - p_h)^n_h.
For one stratum this is the interval of Clopper and Pearson (1934, Biometrika 26:404-413).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 60
"""Halvings of the interval in which a ratio's bound is searched; 2^-60 is below rounding."""

_NO_GAIN = 1e-100
"""Gains up to this are none."""

Cell = tuple[int, int]
"""Values (y, x) of one point in a ratio: counted above and below the line."""


@dataclass(frozen=True, slots=True)
class UnseenMean:
    """What a weighted mean of strata could be beside what its points showed.

    Attributes:
        weights: the factor of each stratum's mean.
        points: points by stratum; 0 where every unit was visited and nothing is unseen.
        means: mean by stratum.
        smallest: smallest value a point of the stratum could have.
        largest: largest value a point of the stratum could have.
    """

    weights: tuple[float, ...]
    points: tuple[int, ...]
    means: tuple[float, ...]
    smallest: tuple[float, ...]
    largest: tuple[float, ...]

    def bounds(self, level: float) -> tuple[float, float]:
        """Return the lower and upper bound at a confidence level."""
        weights, means = np.array(self.weights), np.array(self.means)
        value = float(weights @ means)
        down = weights * (means - np.array(self.smallest))
        up = weights * (np.array(self.largest) - means)
        risk = (1 - level) / 2
        points = np.array(self.points, dtype=np.float64)
        return value - largest_gain(down, points, risk), value + largest_gain(up, points, risk)


@dataclass(frozen=True, slots=True)
class UnseenRatio:
    """What a ratio of two weighted means, from 0 to 1, could be beside what its points showed.

    Attributes:
        weights: the factor of each stratum's mean.
        points: points by stratum; 0 where every unit was visited and nothing is unseen.
        numerators: mean of y by stratum.
        denominators: mean of x by stratum.
        unseen: cells (y, x) that no point of the stratum has, by stratum.
        trials: points with x = 1; the interval is no narrower than that of Clopper and Pearson for
            so many trials, because the denominators are estimates too.
    """

    weights: tuple[float, ...]
    points: tuple[int, ...]
    numerators: tuple[float, ...]
    denominators: tuple[float, ...]
    unseen: tuple[tuple[Cell, ...], ...]
    trials: int

    def bounds(self, level: float) -> tuple[float, float]:
        """Return the lower and upper bound at a confidence level."""
        weights = np.array(self.weights)
        below = float(weights @ np.array(self.denominators))
        value = float(weights @ np.array(self.numerators)) / below
        risk = (1 - level) / 2
        low, high = self._bound(value, -1, risk), self._bound(value, 1, risk)
        if any(self.points):
            alike = risk ** (1 / self.trials)
            low = min(low, alike) if value > 0 else low
            high = max(high, 1 - alike) if value < 1 else high
        return low, high

    def _bound(self, value: float, sign: int, risk: float) -> float:
        """Return the ratio farthest from ``value`` that the unseen allows, by bisection."""
        inside, outside = value, float(sign > 0)
        for _ in range(_STEPS):
            middle = (inside + outside) / 2
            if self._allows(middle, sign, risk):
                inside = middle
            else:
                outside = middle
        return inside

    def _allows(self, ratio: float, sign: int, risk: float) -> bool:
        """Return whether the mean of sign * (y - ratio * x) can reach 0."""
        weights = np.array(self.weights)
        means = sign * (np.array(self.numerators) - ratio * np.array(self.denominators))
        best = np.array(
            [
                max([sign * (y - ratio * x) for y, x in cells], default=-math.inf)
                for cells in self.unseen
            ]
        )
        gains = weights * np.maximum(best - means, 0)
        points = np.array(self.points, dtype=np.float64)
        return float(weights @ means) + largest_gain(gains, points, risk) >= 0


def largest_gain(gains: NDArray[np.float64], points: NDArray[np.float64], risk: float) -> float:
    """Return the largest sum of gains_h p_h with prod (1 - p_h)^points_h at least ``risk``.

    At the maximum 1 - p_h = min(1, t points_h / gains_h) with one t for all strata; t follows from
    the constraint once it is known which strata have p_h > 0: those of the largest gain a point.

    Args:
        gains: float64 (strata,), not negative.
        points: float64 (strata,); a stratum with 0 points cannot gain.
        risk: above 0, below 1.
    """
    used = (gains > _NO_GAIN) & (points > 0)
    if not used.any():
        return 0.0
    gain, count = gains[used], points[used]
    order = np.argsort(-gain / count, kind="stable")
    gain, count = gain[order], count[order]
    rate = np.log(gain / count)
    level = (math.log(risk) + np.cumsum(count * rate)) / np.cumsum(count)
    following = np.append(rate[1:], -math.inf)
    last = int(np.argmax(level >= following))
    shares = 1 - np.exp(level[last] - rate[: last + 1])
    return float(gain[: last + 1] @ shares)
