"""Accuracies and error-adjusted areas from a labelled sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.estimate import Estimate
from satseg.accuracy.sample import SAME_AREA, LabelledSample
from satseg.accuracy.weighting import Weighting
from satseg.errors import AccuracyError


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """What a sample says about a map and about the region.

    Attributes:
        classes: the classes in whose order everything below stands; k of them.
        counts: int64 (k, k), points by map class (row) and reference class (column).
        proportions: float64 (k, k), estimated shares of the area, adding up to 1.
        overall: share of the area that the map has right.
        users: share of each map class that is right; None where no point is mapped as the class.
        producers: share of each reference class that the map has found; None where no point is it.
        area_m2: error-adjusted area of each reference class.
        mapped_m2: area of each map class: passed by the caller, or the strata's where these are the
            map classes; None where it is not known exactly.
        notes: what a reader has to know beside the numbers.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    proportions: NDArray[np.float64]
    overall: Estimate
    users: tuple[Estimate | None, ...]
    producers: tuple[Estimate | None, ...]
    area_m2: tuple[Estimate, ...]
    mapped_m2: tuple[float, ...] | None
    notes: tuple[str, ...]


def assess(sample: LabelledSample, *, mapped_m2: Sequence[float] | None = None) -> Assessment:
    """Return the accuracies and error-adjusted areas of a sample, each with its standard error.

    One estimator serves all designs: weighted means of indicators for overall accuracy and areas,
    combined ratios for user's and producer's accuracy. Where the strata are the map classes it
    gives what Olofsson et al. give. A simple random or systematic sample is one stratum; with
    several strata beside it, these are post-strata and the errors hold for the numbers of points
    that fell into them. Systematic samples get the errors of simple random ones, which are too
    large where neighbours are alike and never use the order of the points.

    Args:
        sample: the labelled points.
        mapped_m2: area of each map class, in the order of the sample's classes, counted on the map
            over the same area as the strata.

    Raises:
        AccuracyError: ``mapped_m2`` does not fit the classes or the strata.

    Source: Olofsson et al. (2014), Remote Sensing of Environment 148:42-57, eqs. 1-11; Stehman
    (2014), International Journal of Remote Sensing 35:4923-4939, eqs. 3, 12-23 and 25-29.
    """
    weighting = sample.weighting
    right = sample.mapped == sample.reference
    sizes = range(len(sample.classes))
    is_mapped = [sample.mapped == index for index in sizes]
    is_seen = [sample.reference == index for index in sizes]
    total_m2 = sample.total_m2
    return Assessment(
        classes=sample.classes,
        counts=_counts(sample),
        proportions=_proportions(sample, weighting),
        overall=weighting.mean(right.astype(np.float64)),
        users=tuple(weighting.ratio(right & mapped, mapped) for mapped in is_mapped),
        producers=tuple(weighting.ratio(right & seen, seen) for seen in is_seen),
        area_m2=tuple(weighting.mean(seen.astype(np.float64)).scaled(total_m2) for seen in is_seen),
        mapped_m2=_mapped_areas(sample) if mapped_m2 is None else _checked(sample, mapped_m2),
        notes=tuple(_notes(sample)),
    )


def _counts(sample: LabelledSample) -> NDArray[np.int64]:
    size = len(sample.classes)
    cells = np.bincount(sample.mapped * size + sample.reference, minlength=size * size)
    counts = cells.reshape(size, size).astype(np.int64)
    counts.setflags(write=False)
    return counts


def _proportions(sample: LabelledSample, weighting: Weighting) -> NDArray[np.float64]:
    size = len(sample.classes)
    each = (weighting.shares / weighting.points)[sample.stratum]
    cells = sample.mapped * size + sample.reference
    shares = np.bincount(cells, weights=each, minlength=size * size).reshape(size, size)
    proportions = shares.astype(np.float64)
    proportions.setflags(write=False)
    return proportions


def _mapped_areas(sample: LabelledSample) -> tuple[float, ...] | None:
    """Return the areas of the map classes where each stratum is one of them, None elsewhere."""
    areas = dict.fromkeys(sample.classes, 0.0)
    if not all(stratum.name in areas for stratum in sample.strata):
        return None
    own = np.array([sample.classes.index(stratum.name) for stratum in sample.strata])
    if not np.array_equal(own[sample.stratum], sample.mapped):
        return None
    areas.update({stratum.name: stratum.area_m2 for stratum in sample.strata})
    return tuple(areas.values())


def _checked(sample: LabelledSample, mapped_m2: Sequence[float]) -> tuple[float, ...]:
    areas = tuple(float(area) for area in mapped_m2)
    if len(areas) != len(sample.classes) or not all(0 <= area < math.inf for area in areas):
        raise AccuracyError(
            expected=f"the areas of {', '.join(sample.classes)} on the map, 0 m2 or more each",
            found=", ".join(f"{area:g}" for area in areas) or "none",
            fix="Count the map's area by class again",
        )
    mapped, sampled = math.fsum(areas), sample.total_m2
    if abs(mapped - sampled) > SAME_AREA * sampled:
        raise AccuracyError(
            expected=f"a map of the strata's {sampled:.0f} m2",
            found=f"{mapped:.0f} m2, {mapped / sampled:.1%} of it",
            fix="Leave the part without data out of the strata, or map it",
        )
    return areas


def _notes(sample: LabelledSample) -> list[str]:
    notes = []
    for index, name in enumerate(sample.classes):
        if not (sample.mapped == index).any():
            notes.append(f"No user's accuracy of {name}: no point is mapped as {name}.")
        if not (sample.reference == index).any():
            notes.append(
                f"No producer's accuracy of {name}: no point is {name} in the reference. "
                "Its area's upper limit is what so many points could have missed."
            )
    for index, stratum in enumerate(sample.strata):
        labels = np.unique(sample.reference[sample.stratum == index])
        if labels.size == 1:
            points = int(sample.points[index])
            notes.append(
                f"All {points} points of stratum {stratum.name} are {sample.classes[labels[0]]}: "
                "it adds nothing to the areas' standard errors, which may be too small."
            )
    if sample.design == "systematic":
        notes.append("Standard errors of a systematic sample are those of a simple random one.")
    if sample.design != "stratified" and len(sample.strata) > 1:
        notes.append("Strata were formed after the draw: errors hold for the points in each.")
    return notes
