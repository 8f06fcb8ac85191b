"""The difference of a class's area between two dates that may share points."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.estimate import Estimate
from satseg.accuracy.resampling import multiplicities
from satseg.accuracy.sample import SAME_AREA, LabelledSample
from satseg.accuracy.unseen import UnseenMean
from satseg.errors import AccuracyError

Method = Literal["auto", "analytic", "bootstrap"]

_ROUNDING = 1e-12


def compare(
    first: LabelledSample,
    second: LabelledSample,
    ids_first: Sequence[Hashable],
    ids_second: Sequence[Hashable],
    *,
    of: str | None = None,
    draws: int = 2000,
    seed: int = 0,
    method: Method = "auto",
) -> Estimate:
    """Return the area of a class at the second date less that at the first, in square metres.

    Points with one id at both dates are one place: what they have in common makes the difference
    more certain than two samples of different places would. Where all points are shared and the
    strata are the same, the difference is the stratified mean of the points' own differences, and
    its standard error follows from them ("analytic"). Elsewhere points are drawn anew within
    strata, shared ones for both dates at once, and the standard error is that of the draws
    ("bootstrap"). Shared points keep the first date's strata in this.

    Args:
        first: the sample of the first date.
        second: the sample of the second date, with the same classes, over the same area.
        ids_first: one id a point of ``first``, each once.
        ids_second: one id a point of ``second``, each once.
        of: the class; the first one where None.
        draws: bootstrap draws.
        seed: of the draws.
        method: "auto" takes the analytic answer where there is one.

    Raises:
        AccuracyError: classes, areas or ids do not fit, or there is no analytic answer.

    Source: Cochran, Sampling Techniques (1977), sections 5.4 (analytic) and 12.10 (repeated
    sampling of one population); Rao and Wu (1988) for the bootstrap.
    """
    number = _class_number(first, second, of)
    _check_ids(first, ids_first)
    _check_ids(second, ids_second)
    place = {key: position for position, key in enumerate(ids_first)}
    before = np.array([place.get(key, -1) for key in ids_second], dtype=np.int64)
    paired = _one_design(first, second, before)
    if method == "analytic" and not paired:
        raise AccuracyError(
            expected="the same points in the same strata at both dates",
            found=f"{np.count_nonzero(before >= 0)} shared of {before.size} points, or new strata",
            fix="Use the bootstrap",
        )
    if paired and method != "bootstrap":
        change = (second.reference == number).astype(np.float64)
        change -= (first.reference == number)[before]
        return second.weighting.mean(change, (-1.0, 1.0)).scaled(second.total_m2)
    return _Pair(first, second, before, number).estimate(draws, seed)


def _class_number(first: LabelledSample, second: LabelledSample, of: str | None) -> int:
    if first.classes != second.classes or (of is not None and of not in first.classes):
        raise AccuracyError(
            expected=f"{of or 'the same classes'} at both dates",
            found=f"{', '.join(first.classes)} and {', '.join(second.classes)}",
            fix="Label both dates with the same classes",
        )
    if abs(first.total_m2 - second.total_m2) > SAME_AREA * first.total_m2:
        raise AccuracyError(
            expected="samples of one area",
            found=f"{first.total_m2:.0f} and {second.total_m2:.0f} m2",
            fix="Restrict both to the area that has data at both dates",
        )
    return 0 if of is None else first.classes.index(of)


def _check_ids(sample: LabelledSample, ids: Sequence[Hashable]) -> None:
    if len(ids) != sample.reference.size or len(set(ids)) != len(ids):
        raise AccuracyError(
            expected=f"one id for each of {sample.reference.size} points, each once",
            found=f"{len(ids)} ids, {len(set(ids))} of them different",
            fix="Give the points of one date different ids",
        )


def _one_design(first: LabelledSample, second: LabelledSample, before: NDArray[np.int64]) -> bool:
    """Return whether both samples are the same points with the same strata and design."""
    return (
        first.strata == second.strata
        and first.design == second.design
        and before.size == first.stratum.size
        and bool((before >= 0).all())
        and np.array_equal(first.stratum[before], second.stratum)
    )


class _Pair:
    """Two samples as one set of places: those of the first, then the new ones of the second."""

    def __init__(
        self, first: LabelledSample, second: LabelledSample, before: NDArray[np.int64], number: int
    ) -> None:
        self._samples = (first, second)
        self._values = [(sample.reference == number).astype(np.float64) for sample in self._samples]
        new = before < 0
        size = first.stratum.size
        self._shared = before.size - int(np.count_nonzero(new))
        place = np.where(new, size + np.cumsum(new) - 1, before)
        self._places = (np.arange(size), place)
        self._groups = np.concatenate([first.stratum, len(first.strata) + second.stratum[new]])

    def estimate(self, draws: int, seed: int) -> Estimate:
        """Return the difference with the standard error of the draws."""
        total = self._samples[1].total_m2
        value = float(self._areas(1, None)[0] - self._areas(0, None)[0])
        found = [
            self._areas(1, counts) - self._areas(0, counts)
            for counts in multiplicities(self._groups, draws, seed)
        ]
        error = float(np.std(np.concatenate(found), ddof=1))
        if error > _ROUNDING * total:
            return Estimate(value, error, -total, total)
        return Estimate(value, 0.0, -total, total, unseen=self._unseen())

    def _areas(self, date: int, counts: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return the class's area by draw; by the sample itself where there are no counts."""
        sample, values = self._samples[date], self._values[date]
        means = sample.weighting.means(values)
        areas = sample.weighting.shares * sample.total_m2
        if counts is None:
            return np.array([float(areas @ means)])
        drawn = counts[:, self._places[date]]
        member = np.zeros((values.size, areas.size))
        member[np.arange(values.size), sample.stratum] = 1
        below = drawn @ member
        found = np.broadcast_to(means, below.shape).copy()
        np.divide((drawn * values) @ member, below, out=found, where=below > 0)
        return (found @ areas).astype(np.float64)

    def _unseen(self) -> UnseenMean:
        """Return what both samples could have missed; a shared point counts half at each date."""
        weights, points, means = [], [], []
        for sample, values, sign in zip(self._samples, self._values, (-1, 1), strict=True):
            weighting = sample.weighting
            each = 1 - self._shared / values.size / 2
            weights += (weighting.shares * sample.total_m2).tolist()
            points += np.maximum(1, np.floor(weighting.points * each)).astype(int).tolist()
            means += (sign * weighting.means(values)).tolist()
        sizes = [len(sample.strata) for sample in self._samples]
        smallest = (-1.0,) * sizes[0] + (0.0,) * sizes[1]
        largest = (0.0,) * sizes[0] + (1.0,) * sizes[1]
        return UnseenMean(tuple(weights), tuple(points), tuple(means), smallest, largest)
