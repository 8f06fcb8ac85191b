"""Whether predicted probabilities hold at the sample's points, and where to cut them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.estimate import Estimate
from satseg.accuracy.resampling import Bootstrapped, multiplicities, percentiles
from satseg.accuracy.weighting import Weighting
from satseg.errors import AccuracyError


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The points whose predicted probability lies in one bin.

    Attributes:
        low: lower limit of the bin, in it.
        high: upper limit, not in it unless it is 1.
        points: points in the bin, one or more.
        share: estimated share of the area that the bin has.
        predicted: mean predicted probability over that area.
        observed: estimated share of that area that is farmland.
    """

    low: float
    high: float
    points: int
    share: float
    predicted: float
    observed: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well probabilities are calibrated, and the threshold that maps best.

    Attributes:
        bins: the bins that have points, in order: the reliability diagram.
        ece: expected calibration error.
        threshold: the threshold with the largest intersection over union (and so the largest F1);
            None where no point is farmland.
        iou: at that threshold; None where there is none. Optimistic, as the threshold was chosen
            on the same points.
        f1: at that threshold; None where there is none.
    """

    bins: tuple[ReliabilityBin, ...]
    ece: Bootstrapped
    threshold: Bootstrapped | None
    iou: float | None
    f1: float | None


def calibration(
    probability: NDArray[np.float64],
    reference: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    bins: int = 10,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Calibration:
    """Return the calibration of probabilities at sampled points.

    The calibration error is sum_b share_b |predicted_b - observed_b|. It is never negative and
    chance adds to it, so that its interval is the reflected ("basic") one, which takes the chance's
    part away; the threshold's interval is that of the percentiles. The points of one stratum share
    one weight, by which the strata are told apart.

    Args:
        probability: float (n,), predicted at the points, 0 to 1.
        reference: bool (n,), whether the interpreter saw farmland.
        weights: float (n,), area that each point stands for (``LabelledSample.weights_m2``).
        bins: equal bins of the probability.
        draws: bootstrap draws.
        seed: of the draws.
        level: confidence level.

    Raises:
        AccuracyError: arrays that do not fit, a weight that one point alone has, no bin, or too
            few draws.

    Source: Guo et al. (2017), On Calibration of Modern Neural Networks, eq. 3, with design weights;
    Davison and Hinkley (1997), Bootstrap Methods, chapter 5 (intervals).
    """
    if bins < 1:
        raise AccuracyError(
            expected="one bin or more",
            found=str(bins),
            fix="Leave bins at 10, or pass another number",
        )
    points = _points(probability, reference, weights)
    groups = points.weighting.stratum
    index = np.minimum((points.probability * bins).astype(np.int64), bins - 1)
    member = np.zeros((index.size, bins))
    member[np.arange(index.size), index] = 1
    gap = member * (points.probability - points.reference)[:, None]
    curve = _Curve.of(points)
    errors, cuts = [], []
    for counts in multiplicities(groups, draws, seed):
        drawn = counts * points.weights
        errors.append(np.abs(drawn @ gap).sum(axis=1) / drawn.sum(axis=1))
        if curve is not None:
            with_farmland = drawn @ points.reference > 0
            cuts.append(curve.best(drawn[with_farmland]))
    value = float(np.abs(points.weights @ gap).sum() / points.weights.sum())
    threshold, iou = None, None
    if curve is not None:
        threshold = Bootstrapped(
            float(curve.best(points.weights[None])[0]),
            *percentiles(np.concatenate(cuts), level),
            level,
        )
        iou = float(curve.overlap(points.weights[None]).max())
    return Calibration(
        bins=tuple(_bins(points, index, bins)),
        ece=_reflected(value, np.concatenate(errors), level),
        threshold=threshold,
        iou=iou,
        f1=None if iou is None else 2 * iou / (1 + iou),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Probability, reference (0 or 1) and weight, float64 (n,) each, and the strata."""

    probability: NDArray[np.float64]
    reference: NDArray[np.float64]
    weights: NDArray[np.float64]
    weighting: Weighting


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """Intersection over union for each way to cut the points' probabilities in two.

    Attributes:
        order: int64 (n,), points by falling probability.
        last: int64 (k,), position in ``order`` of the last point that each cut takes in.
        thresholds: float64 (k,), halfway between the points on both sides of the cut.
        reference: float64 (n,), 1 for farmland, in that order.
    """

    order: NDArray[np.int64]
    last: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    reference: NDArray[np.float64]

    @classmethod
    def of(cls, points: _Points) -> _Curve | None:
        """Return the curve; None where no point is farmland."""
        if not points.reference.any():
            return None
        order = np.argsort(-points.probability, kind="stable")
        falling = points.probability[order]
        following = np.append(falling[1:], 0.0)
        last = np.flatnonzero((falling > following) | (np.arange(order.size) == order.size - 1))
        middle = (falling + following)[last] / 2
        near = np.argsort(np.abs(middle - 0.5), kind="stable")
        return cls(order, last[near], middle[near], points.reference[order])

    def overlap(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the intersection over union by draw and cut, (draws, k), of weights (draws, n)."""
        sorted_weights = weights[:, self.order]
        hits = np.cumsum(sorted_weights * self.reference, axis=1)
        taken = np.cumsum(sorted_weights, axis=1)
        union = hits[:, -1:] + taken[:, self.last] - hits[:, self.last]
        found = np.zeros(union.shape)
        np.divide(hits[:, self.last], union, out=found, where=union > 0)
        return found.round(12)

    def best(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the best threshold by draw, the nearest to 0.5 of equally good ones."""
        places: NDArray[np.intp] = np.argmax(self.overlap(weights), axis=1)
        return self.thresholds.take(places)


def _points(
    probability: NDArray[np.float64], reference: NDArray[np.bool_], weights: NDArray[np.float64]
) -> _Points:
    values, truth, areas = np.asarray(probability), np.asarray(reference), np.asarray(weights)
    if values.ndim != 1 or not values.shape == truth.shape == areas.shape:
        raise AccuracyError(
            expected="a probability, a reference and a weight for each point",
            found=f"shapes {values.shape}, {truth.shape} and {areas.shape}",
            fix="Pass arrays of one length",
        )
    if truth.dtype != np.bool_ or not ((values >= 0) & (values <= 1)).all():
        raise AccuracyError(
            expected="probabilities from 0 to 1 and references that are true or false",
            found=f"references of {truth.dtype}, or a probability outside of it or missing",
            fix="Drop points without data before",
        )
    if not ((areas > 0) & np.isfinite(areas)).all():
        raise AccuracyError(
            expected="a weight above 0 for each point",
            found=f"{areas[~((areas > 0) & np.isfinite(areas))][0]}",
            fix="Pass the area that each point stands for",
        )
    levels, stratum, counts = np.unique(areas, return_inverse=True, return_counts=True)
    if areas.size < 2 or (counts < 2).any():
        raise AccuracyError(
            expected="at least two points of each weight, as the points of a stratum have",
            found=f"{counts.min() if counts.size else 0} of one weight",
            fix="Pass the weights of the sample's design (weights_m2)",
        )
    shares = levels * counts / float(np.sum(levels * counts))
    weighting = Weighting(stratum.astype(np.int64), shares, (None,) * levels.size)
    return _Points(
        values.astype(np.float64), truth.astype(np.float64), areas.astype(np.float64), weighting
    )


def _bins(points: _Points, index: NDArray[np.int64], bins: int) -> list[ReliabilityBin]:
    found = []
    for number in range(bins):
        inside = index == number
        observed = points.weighting.ratio(inside & (points.reference > 0), inside)
        if observed is None:
            continue
        weight = points.weights[inside]
        found.append(
            ReliabilityBin(
                low=number / bins,
                high=(number + 1) / bins,
                points=int(np.count_nonzero(inside)),
                share=float(weight.sum() / points.weights.sum()),
                predicted=float(weight @ points.probability[inside] / weight.sum()),
                observed=observed,
            )
        )
    return found


def _reflected(value: float, drawn: NDArray[np.float64], level: float) -> Bootstrapped:
    """Return the basic bootstrap interval of a calibration error, from 0 to 1."""
    low, high = percentiles(drawn, level)
    return Bootstrapped(
        value, max(0.0, min(2 * value - high, value)), min(1.0, max(2 * value - low, value)), level
    )
