"""Class areas inside of a part of the region: a district, or a polygon somebody drew."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.estimate import Estimate
from satseg.accuracy.sample import LEAST_POINTS, SAME_AREA, LabelledSample
from satseg.errors import AccuracyError


@dataclass(frozen=True, slots=True)
class DomainEstimate:
    """What a sample says about a domain.

    Attributes:
        classes: the classes in whose order the estimates stand.
        points: points inside of the domain.
        shares: share of the domain by reference class (ratio estimator).
        totals_m2: area by reference class without use of the domain's own area (total estimator).
        area_m2: the estimate to report: share times the domain's area where that is known, as it
            is the more precise one; the total elsewhere.
    """

    classes: tuple[str, ...]
    points: int
    shares: tuple[Estimate, ...]
    totals_m2: tuple[Estimate, ...]
    area_m2: tuple[Estimate, ...]


def estimate_domain(
    sample: LabelledSample, inside: NDArray[np.bool_], *, domain_m2: float | None = None
) -> DomainEstimate:
    """Return the areas of the reference classes inside of a domain.

    How many points fall into the domain is left to chance, and both standard errors count that in.

    Args:
        sample: the labelled points of the whole region.
        inside: bool (n,), whether each point lies in the domain.
        domain_m2: geodesic area of the domain; None where it is not known.

    Raises:
        AccuracyError: fewer than two points inside, or ``inside`` or ``domain_m2`` do not fit.

    Source: Cochran, Sampling Techniques (1977), sections 5A.14 (totals) and 6.11 (combined ratio).
    """
    found = np.asarray(inside)
    if found.shape != sample.reference.shape or found.dtype != np.bool_:
        raise AccuracyError(
            expected=f"true or false for each of {sample.reference.size} points",
            found=f"{found.dtype} of shape {found.shape}",
            fix="Say of each point whether it lies in the domain",
        )
    points = int(np.count_nonzero(found))
    if points < LEAST_POINTS:
        raise AccuracyError(
            expected=f"at least {LEAST_POINTS} points inside of the domain",
            found=str(points),
            fix="Choose a larger domain, or draw more points in it",
        )
    total_m2 = sample.total_m2
    _check_area(domain_m2, total_m2)
    weighting = sample.weighting
    parts = [found & (sample.reference == index) for index in range(len(sample.classes))]
    shares = tuple(_present(weighting.ratio(part, found)) for part in parts)
    totals = tuple(weighting.mean(part.astype(np.float64)).scaled(total_m2) for part in parts)
    if domain_m2 is None:
        return DomainEstimate(sample.classes, points, shares, totals, totals)
    areas = tuple(share.scaled(domain_m2) for share in shares)
    return DomainEstimate(sample.classes, points, shares, totals, areas)


def _present(share: Estimate | None) -> Estimate:
    assert share is not None  # noqa: S101 (two points or more are inside)
    return share


def _check_area(domain_m2: float | None, total_m2: float) -> None:
    if domain_m2 is None:
        return
    if not (math.isfinite(domain_m2) and 0 < domain_m2 <= total_m2 * (1 + SAME_AREA)):
        raise AccuracyError(
            expected=f"a domain of more than 0 and at most {total_m2:.0f} m2, the whole region",
            found=f"{domain_m2:.0f} m2",
            fix="Cut the domain at the border of the region that was sampled",
        )
