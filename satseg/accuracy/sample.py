"""A probability sample of points with what the map says and what an interpreter saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.weighting import Weighting
from satseg.errors import AccuracyError

DesignName = Literal["stratified", "simple", "systematic"]
DESIGNS: tuple[str, ...] = get_args(DesignName)

SAME_AREA = 1e-3
"""By how much, as a share, two areas may differ and count as one: they are measured twice."""

LEAST_POINTS = 2
"""Points a stratum needs: its variance divides by n - 1."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the region of which points were drawn with one probability.

    Attributes:
        name: what people call it; the name of a map class where the stratum is that class.
        area_m2: geodesic area, above 0.
        units: pixels or blocks in it, for the finite population correction; None where points were
            drawn from so many pixels that the correction is 1.
    """

    name: str
    area_m2: float
    units: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.area_m2) and self.area_m2 > 0):
            raise AccuracyError(
                expected="a stratum with an area above 0 m2",
                found=f"{self.area_m2} m2 for {self.name!r}",
                fix="Leave out strata without an area",
            )
        if self.units is not None and self.units < LEAST_POINTS:
            raise AccuracyError(
                expected=f"at least {LEAST_POINTS} units in a stratum",
                found=f"{self.units} in {self.name!r}",
                fix="Merge the stratum with another one",
            )


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSample:
    """Points drawn by chance, each with its stratum, its map class and its reference class.

    Attributes:
        strata: the parts of the region; one for a design without strata. Several strata beside the
            design "simple" or "systematic" are post-strata: points were grouped after the draw.
        classes: map and reference classes, at least two.
        stratum: int64 (n,), index into ``strata``. Not writeable, like the next two.
        mapped: int64 (n,), index into ``classes``: what the map says.
        reference: int64 (n,), index into ``classes``: what the interpreter saw.
        design: how the points were drawn. Only probability samples have a design.

    Raises:
        AccuracyError: the arrays do not fit, or nothing could be estimated from them.
    """

    strata: tuple[Stratum, ...]
    classes: tuple[str, ...]
    stratum: NDArray[np.int64]
    mapped: NDArray[np.int64]
    reference: NDArray[np.int64]
    design: DesignName = "stratified"

    def __post_init__(self) -> None:
        _check_design(self.design)
        _check_names("stratum", [stratum.name for stratum in self.strata], least=1)
        _check_names("class", self.classes, least=2)
        sizes = {"stratum": len(self.strata), "mapped": len(self.classes)}
        sizes["reference"] = len(self.classes)
        for name, size in sizes.items():
            indices = _indices(name, getattr(self, name), size)
            object.__setattr__(self, name, indices)
        lengths = {name: getattr(self, name).size for name in sizes}
        if len(set(lengths.values())) > 1:
            raise AccuracyError(
                expected="one stratum, one map class and one reference class for each point",
                found=", ".join(f"{size} of {name}" for name, size in lengths.items()),
                fix="Pass arrays of one length",
            )
        self._check_points()

    def _check_points(self) -> None:
        for stratum, points in zip(self.strata, self.points.tolist(), strict=True):
            if points < LEAST_POINTS:
                raise AccuracyError(
                    expected=f"at least {LEAST_POINTS} labelled points in each stratum",
                    found=f"{points} in {stratum.name!r}",
                    fix="Label more of its points, or merge it with another stratum",
                )
            if stratum.units is not None and points > stratum.units:
                raise AccuracyError(
                    expected=f"at most {stratum.units} points in {stratum.name!r}",
                    found=f"{points}, more than it has units",
                    fix="Draw without replacement, or leave units out",
                )

    @property
    def points(self) -> NDArray[np.int64]:
        """Points by stratum, int64 (strata,)."""
        return np.bincount(self.stratum, minlength=len(self.strata)).astype(np.int64)

    @property
    def total_m2(self) -> float:
        """Square metres of all strata."""
        return math.fsum(stratum.area_m2 for stratum in self.strata)

    @property
    def weights_m2(self) -> NDArray[np.float64]:
        """Square metres that each point stands for, float64 (n,); they add up to ``total_m2``."""
        areas = np.array([stratum.area_m2 for stratum in self.strata])
        return (areas / self.points)[self.stratum]

    @property
    def weighting(self) -> Weighting:
        """The points' strata with their shares of the area, as the estimators take them."""
        total = self.total_m2
        return Weighting(
            stratum=self.stratum,
            shares=np.array([stratum.area_m2 / total for stratum in self.strata]),
            units=tuple(stratum.units for stratum in self.strata),
        )


def check_coverage(
    strata: Sequence[Stratum], region_m2: float, *, tolerance: float = SAME_AREA
) -> None:
    """Refuse a region of which the strata cover only a part.

    Points can only be drawn where there is data, so a sample says nothing about the rest.

    Args:
        strata: the strata of the sample.
        region_m2: geodesic area of the region that an estimate is wanted for.
        tolerance: largest difference that counts as none, as a share of the region.

    Raises:
        AccuracyError: the areas differ by more than ``tolerance``.
    """
    covered = math.fsum(stratum.area_m2 for stratum in strata)
    if abs(covered - region_m2) > tolerance * region_m2:
        raise AccuracyError(
            expected=f"strata that cover the region's {region_m2:.0f} m2",
            found=f"{covered:.0f} m2, {covered / region_m2:.1%} of it",
            fix="Report the area with data as the region, or sample where the data is missing too",
        )


def _check_design(design: str) -> None:
    if design not in DESIGNS:
        raise AccuracyError(
            expected=f"a probability sample: {', '.join(DESIGNS)}",
            found=repr(design),
            fix="Draw points by chance; hand-picked points have no standard error",
        )


def _check_names(kind: str, names: Sequence[str], *, least: int) -> None:
    if len(names) < least or len(set(names)) < len(names):
        raise AccuracyError(
            expected=f"at least {least} {kind} name{'s' * (least > 1)}, each once",
            found=", ".join(names) or "none",
            fix=f"Name each {kind} once",
        )


def _indices(name: str, values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    found = np.asarray(values)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise AccuracyError(
            expected=f"{name} as whole numbers in one dimension",
            found=f"{found.dtype} of shape {found.shape}",
            fix="Pass one index for each point",
        )
    wrong = found[(found < 0) | (found >= size)]
    if wrong.size:
        raise AccuracyError(
            expected=f"{name} from 0 to {size - 1} at every point",
            found=f"{wrong[0]} and {wrong.size - 1} more outside of it",
            fix="Drop points without data or without a clear label, and say so beside the result",
        )
    indices = found.astype(np.int64)
    indices.setflags(write=False)
    return indices
