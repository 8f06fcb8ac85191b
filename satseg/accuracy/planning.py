"""How many points a wanted standard error needs, and in which strata."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.sample import LEAST_POINTS, Stratum
from satseg.errors import AccuracyError

Allocation = Literal["neyman", "proportional", "equal"]

_MINIMUM = 30
"""Points by stratum below which the normal interval is too short for shares near 0 or 1."""

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Plan:
    """Points by stratum and the precision to expect of them.

    Attributes:
        strata: the strata.
        counts: points to draw in each.
        standard_error: to be expected if the expectations hold; of the share planned for.
        simple_standard_error: of a simple random sample of as many points.
    """

    strata: tuple[Stratum, ...]
    counts: tuple[int, ...]
    standard_error: float
    simple_standard_error: float

    @property
    def points(self) -> int:
        """Points in all."""
        return sum(self.counts)

    @property
    def gain(self) -> float:
        """Points a simple random sample would need for the same precision, over ``points``.

        Infinite where the strata leave no variation.
        """
        if self.standard_error == 0:
            return math.inf
        return (self.simple_standard_error / self.standard_error) ** 2


def plan(
    strata: Sequence[Stratum],
    expected: Sequence[float],
    *,
    standard_error: float | None = None,
    points: int | None = None,
    allocation: Allocation = "neyman",
    minimum: int = _MINIMUM,
) -> Plan:
    """Return the points to draw by stratum, for a standard error or for a number of points.

    Cochran's eq. 5.24, n = sum_h (W_h^2 S_h^2 / w_h) / (V + sum_h W_h^2 S_h^2 / N_h) with S_h^2 =
    p_h (1 - p_h) and w_h the share of the points that the allocation gives stratum h; with Neyman's
    w_h ~ W_h S_h it is his eq. 5.25 and eq. 13 of Olofsson et al. (2014). Points are added until
    the whole numbers by stratum, minima included, reach the standard error.

    Args:
        strata: the strata with their areas.
        expected: p_h by stratum, 0 to 1: the user's accuracies expected, to plan for overall
            accuracy; or the class's shares expected, to plan for the share of a class.
        standard_error: wanted, of the share planned for (half the margin at 95 %, about).
        points: how many points there will be; instead of ``standard_error``.
        allocation: "neyman" for the smallest error, "proportional" to area, or "equal" numbers.
        minimum: fewest points in a stratum, as far as it has so many units.

    Raises:
        AccuracyError: the expectations do not fit, or not exactly one aim is given.
    """
    shares = _shares_of(strata, expected)
    if (standard_error is None) == (points is None):
        raise AccuracyError(
            expected="either a standard error or a number of points",
            found="both" if points is not None else "neither",
            fix="Pass one of standard_error and points",
        )
    deviations = np.sqrt(shares.expected * (1 - shares.expected))
    parts = _parts(shares.areas, deviations, allocation)
    least = np.minimum(max(minimum, LEAST_POINTS), shares.units)
    if points is not None:
        counts = allocate(points, parts, least, shares.units)
    else:
        counts = _reaching(standard_error or 0.0, shares, parts, least)
    sizes = tuple(counts.astype(np.int64).tolist())
    mean = float(shares.areas @ shares.expected)
    whole = _simple_error(mean, sum(sizes), float(shares.units.sum()))
    return Plan(tuple(strata), sizes, _error(shares, counts), whole)


@dataclass(frozen=True, slots=True, eq=False)
class _Shares:
    """W_h, p_h and N_h (infinite where not given), float64 (strata,) each."""

    areas: NDArray[np.float64]
    expected: NDArray[np.float64]
    units: NDArray[np.float64]


def _shares_of(strata: Sequence[Stratum], expected: Sequence[float]) -> _Shares:
    shares = np.array(expected, dtype=np.float64)
    if not strata or shares.shape != (len(strata),) or not ((shares >= 0) & (shares <= 1)).all():
        raise AccuracyError(
            expected=f"a share from 0 to 1 for each of {len(strata)} strata, of which there is one",
            found=", ".join(f"{share:g}" for share in shares.ravel()) or "none",
            fix="Pass the user's accuracies or the class's shares that you expect",
        )
    areas = np.array([stratum.area_m2 for stratum in strata])
    units = [math.inf if stratum.units is None else stratum.units for stratum in strata]
    return _Shares(areas / areas.sum(), shares, np.array(units, dtype=np.float64))


def _parts(
    areas: NDArray[np.float64], deviations: NDArray[np.float64], allocation: Allocation
) -> NDArray[np.float64]:
    """Return w_h, adding up to 1."""
    if allocation == "equal":
        return np.full(areas.size, 1 / areas.size)
    wanted = areas * deviations
    if allocation == "proportional" or not wanted.any():
        return areas
    return wanted / float(wanted.sum())


def _reaching(
    target: float, shares: _Shares, parts: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64]:
    if not 0 < target <= 0.5:
        raise AccuracyError(
            expected="a standard error above 0 and at most 0.5",
            found=repr(target),
            fix="Pass it as a share: 0.01 for one percentage point",
        )
    squares = shares.areas**2 * shares.expected * (1 - shares.expected)
    used = squares > 0
    first = float(np.sum(squares[used] / parts[used]))
    points = math.ceil(first / (target**2 + float(np.sum(squares / shares.units))) - _SLACK)
    while True:
        counts = allocate(points, parts, least, shares.units)
        if _error(shares, counts) <= target * (1 + _SLACK) or (counts >= shares.units).all():
            return counts
        points = max(points, int(counts.sum())) + max(1, points // 1000)


def _error(shares: _Shares, counts: NDArray[np.float64]) -> float:
    squares = shares.areas**2 * shares.expected * (1 - shares.expected)
    return math.sqrt(float(np.sum(squares * (1 - counts / shares.units) / counts)))


def _simple_error(share: float, points: int, units: float) -> float:
    return math.sqrt(max(share * (1 - share), 0.0) * (1 - points / units) / points)


def allocate(
    points: int,
    parts: NDArray[np.float64],
    least: NDArray[np.float64],
    most: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return whole numbers of points by stratum, in proportion to ``parts`` within limits.

    Strata whose part lies outside of their limits get the limit, the others share the rest in
    proportion; fractions go to the largest remainders. The sum is ``points``, or the sum of
    ``least`` or ``most`` where it cannot be.

    Args:
        points: points to share out.
        parts: float64 (strata,), 0 or above, adding up to 1.
        least: float64 (strata,), fewest points.
        most: float64 (strata,), most points; infinity for no limit.
    """
    total = float(min(max(points, least.sum()), most.sum()))
    counts = np.zeros(parts.size)
    free = np.ones(parts.size, dtype=np.bool_)
    while free.any():
        rest = total - counts[~free].sum()
        scale = parts[free] if parts[free].any() else np.ones(int(free.sum()))
        wanted = np.zeros(parts.size)
        wanted[free] = rest * scale / scale.sum()
        low, high = free & (wanted < least), free & (wanted > most)
        missing, excess = (least - wanted)[low].sum(), (wanted - most)[high].sum()
        if not (low.any() or high.any()):
            counts[free] = _whole(wanted[free])
            break
        limited, limit = (low, least) if missing >= excess else (high, most)
        counts[limited] = limit[limited]
        free &= ~limited
    return counts


def _whole(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return whole numbers of the same sum, by largest remainders."""
    whole = np.floor(wanted + _SLACK)
    missing = round(float(wanted.sum() - whole.sum()))
    order = np.argsort(whole - wanted, kind="stable")
    whole[order[:missing]] += 1
    return whole
