"""An estimated quantity with its standard error and its confidence interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

from satseg.accuracy.unseen import UnseenMean, UnseenRatio
from satseg.errors import AccuracyError


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard error, both in the unit of what is estimated.

    Attributes:
        value: the estimate.
        standard_error: 0 or above; 0 where the points show no variation at all.
        smallest: the smallest value that is possible (0 for a share or an area).
        largest: the largest value that is possible (1 for a share).
        unseen: what stands for the standard error where it is 0.
        factor: what turns ``unseen``'s bounds into the unit of the value ...
        offset: ... together with this: bound * factor + offset.

    Raises:
        AccuracyError: a number is not finite, or the standard error is 0 and nothing says what the
            points could have missed.
    """

    value: float
    standard_error: float
    smallest: float = -math.inf
    largest: float = math.inf
    unseen: UnseenMean | UnseenRatio | None = None
    factor: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and 0 <= self.standard_error < math.inf):
            raise AccuracyError(
                expected="a finite value with a standard error of 0 or above",
                found=f"{self.value} with {self.standard_error}",
                fix="Report the estimate as missing, with the reason",
            )
        if self.certain and self.unseen is None:
            raise AccuracyError(
                expected="a standard error above 0",
                found=f"0 for {self.value}, which would show an interval without width",
                fix="Say what the points could have missed (unseen)",
            )

    @property
    def certain(self) -> bool:
        """Whether the points show no variation, so that the standard error is 0."""
        return self.standard_error == 0

    def margin(self, level: float = 0.95) -> float:
        """Return half of the normal interval's width: 1.96 standard errors at 0.95.

        It is 0 where the estimate is ``certain``: show ``interval`` there.
        """
        return normal_quantile(level) * self.standard_error

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the lower and upper confidence limit.

        The normal interval, value -+ z * standard_error, cut at the values that are possible. Where
        the points show no variation: the bounds of what they could have missed (satseg.accuracy.
        unseen), which are not symmetric.

        Raises:
            AccuracyError: the level does not lie between 0 and 1.
        """
        half = self.margin(level)
        low, high = self.value - half, self.value + half
        if self.certain and self.unseen is not None:
            first, second = self.unseen.bounds(level)
            ends = (first * self.factor + self.offset, second * self.factor + self.offset)
            low, high = min(*ends, self.value), max(*ends, self.value)
        return max(low, self.smallest), min(high, self.largest)

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in another unit: value, error and limits times ``factor`` > 0."""
        return replace(
            self,
            value=self.value * factor,
            standard_error=self.standard_error * factor,
            smallest=self.smallest * factor,
            largest=self.largest * factor,
            factor=self.factor * factor,
            offset=self.offset * factor,
        )


def normal_quantile(level: float) -> float:
    """Return z with P(-z < Z < z) = ``level``, to three decimals as in printed tables.

    Published margins come out to their last digit with 1.960, not with 1.95996.

    >>> normal_quantile(0.95), normal_quantile(0.9), normal_quantile(0.99)
    (1.96, 1.645, 2.576)

    Raises:
        AccuracyError: the level does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise AccuracyError(
            expected="a confidence level between 0 and 1",
            found=repr(level),
            fix="Pass 0.95 for 95 %",
        )
    return round(NormalDist().inv_cdf((1 + level) / 2), 3)
