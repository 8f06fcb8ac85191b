"""Stratified means and ratios of values at the points, with their standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.estimate import Estimate
from satseg.accuracy.unseen import UnseenMean, UnseenRatio

_ROUNDING = 1e-12
"""Standard errors of shares below this come from rounding and count as 0."""

_RATIO_CELLS = ((0, 0), (0, 1), (1, 1))
"""The values (y, x) that a point can have in a ratio of counts: y is part of x."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """Which stratum each point stands for, and how much of the whole the stratum is.

    Attributes:
        stratum: int64 (n,), index of each point's stratum; two points or more in each.
        shares: float64 (strata,), W_h: the strata's shares of the area, adding up to 1.
        units: N_h by stratum for the finite population correction, None for infinitely many.
        points: int64 (strata,), n_h: points by stratum.
        correction: float64 (strata,), 1 - n_h / N_h: 1 for infinitely many units, 0 for all.
    """

    stratum: NDArray[np.int64]
    shares: NDArray[np.float64]
    units: tuple[int | None, ...]
    points: NDArray[np.int64] = field(init=False)
    correction: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        points = np.bincount(self.stratum, minlength=self.shares.size).astype(np.int64)
        units = np.array([math.inf if count is None else count for count in self.units])
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "correction", 1 - points / units)

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of the points' values (n,) by stratum, float64 (strata,)."""
        return self._sums(values) / self.points

    def error(self, values: NDArray[np.float64]) -> float:
        """Return the standard error of the weighted mean of the points' values (n,).

        V = sum_h W_h^2 (1 - n_h / N_h) s_h^2 / n_h, s_h^2 the sample variance in stratum h.
        Source: Cochran, Sampling Techniques (1977), section 5.4; Stehman (2014), eqs. 25-26.
        """
        points = self.points
        deviations = values - self.means(values)[self.stratum]
        variances = self._sums(deviations**2) / (points - 1)
        error = math.sqrt(float(np.sum(self.shares**2 * self.correction * variances / points)))
        return error if error > _ROUNDING else 0.0

    def mean(
        self, values: NDArray[np.float64], limits: tuple[float, float] = (0.0, 1.0)
    ) -> Estimate:
        """Return the weighted mean of the points' values (n,) between two ``limits``."""
        means = self.means(values)
        error = self.error(values)
        unseen = None
        if error == 0:
            each = self.shares.size
            unseen = UnseenMean(
                weights=tuple(self.shares.tolist()),
                points=self._open_points(),
                means=tuple(means.tolist()),
                smallest=(limits[0],) * each,
                largest=(limits[1],) * each,
            )
        return Estimate(float(self.shares @ means), error, *limits, unseen=unseen)

    def ratio(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Estimate | None:
        """Return the share that ``part`` (n,) is of ``whole`` (n,), of which it is a subset.

        R = sum_h W_h y_h / sum_h W_h x_h (combined ratio estimator); its standard error is that of
        the mean of (y - R x), divided by the mean of x. None where no point is in ``whole``.
        Source: Cochran (1977), section 6.11; Stehman (2014), eqs. 27-29.
        """
        above, below = part.astype(np.float64), whole.astype(np.float64)
        numerators, denominators = self.means(above), self.means(below)
        size = float(self.shares @ denominators)
        if size == 0:
            return None
        value = min(float(self.shares @ numerators) / size, 1.0)
        error = self.error(above - value * below) / size
        unseen = None if error else self._unseen_ratio(part, whole, numerators, denominators)
        return Estimate(value, error, 0.0, 1.0, unseen=unseen)

    def _unseen_ratio(
        self,
        part: NDArray[np.bool_],
        whole: NDArray[np.bool_],
        numerators: NDArray[np.float64],
        denominators: NDArray[np.float64],
    ) -> UnseenRatio:
        seen = np.zeros((self.shares.size, len(_RATIO_CELLS)), dtype=np.bool_)
        seen[self.stratum, part.astype(np.int64) + whole] = True
        return UnseenRatio(
            weights=tuple(self.shares.tolist()),
            points=self._open_points(),
            numerators=tuple(numerators.tolist()),
            denominators=tuple(denominators.tolist()),
            unseen=tuple(
                tuple(cell for cell, known in zip(_RATIO_CELLS, row, strict=True) if not known)
                for row in seen.tolist()
            ),
            trials=int(np.count_nonzero(whole)),
        )

    def _open_points(self) -> tuple[int, ...]:
        """Return the points by stratum, 0 where all units were visited."""
        return tuple(np.where(self.correction > 0, self.points, 0).tolist())

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(self.stratum, weights=values, minlength=self.shares.size)
        return sums.astype(np.float64)
