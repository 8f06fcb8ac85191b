"""Agreement of two interpreters who labelled the same points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy.estimate import Estimate
from satseg.accuracy.unseen import UnseenMean
from satseg.accuracy.weighting import Weighting
from satseg.errors import AccuracyError

_ROUNDING = 1e-14
"""Variances below this come from rounding and count as 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How far two interpreters agree; points count alike, whatever area they stand for.

    Attributes:
        labels: int64 (k,), the labels that occur, ascending.
        counts: int64 (k, k), points by first (row) and second (column) interpreter.
        agreement: share of the points with the same label from both.
        kappa: Cohen's kappa; None where one interpreter used one label only.
        note: why there is no kappa; empty where there is one.
    """

    labels: NDArray[np.int64]
    counts: NDArray[np.int64]
    agreement: Estimate
    kappa: Estimate | None
    note: str


def kappa(first: NDArray[np.int64], second: NDArray[np.int64]) -> Agreement:
    """Return the agreement of two interpreters' labels of the same points.

    kappa = (p_o - p_e) / (1 - p_e): agreement beyond what the two frequencies of labels give by
    chance. Where either interpreter used one label only, p_o = p_e whatever the other one did, and
    kappa says nothing.

    Args:
        first: int (n,), labels of the first interpreter, two points or more.
        second: int (n,), labels of the second interpreter of the same points in the same order.

    Raises:
        AccuracyError: the labels are not whole numbers, of two lengths, or fewer than two.

    Source: Cohen (1960), Educational and Psychological Measurement 20:37-46; standard error of
    Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72:323-327.
    """
    one, two = np.asarray(first), np.asarray(second)
    if one.ndim != 1 or one.shape != two.shape or one.size < 2:
        raise AccuracyError(
            expected="at least two points labelled by both interpreters",
            found=f"labels of shapes {one.shape} and {two.shape}",
            fix="Pass the points that both have labelled, in one order",
        )
    if one.dtype.kind not in "iu" or two.dtype.kind not in "iu":
        raise AccuracyError(
            expected="labels as whole numbers",
            found=f"{one.dtype} and {two.dtype}",
            fix="Pass the index of each label",
        )
    labels, places = np.unique(np.concatenate([one, two]), return_inverse=True)
    cells = places[: one.size] * labels.size + places[one.size :]
    counts = np.bincount(cells, minlength=labels.size**2).reshape(labels.size, -1)
    same = Weighting(np.zeros(one.size, dtype=np.int64), np.ones(1), (None,)).mean(
        (one == two).astype(np.float64)
    )
    value, note = _kappa(counts / one.size, one.size)
    return Agreement(labels.astype(np.int64), counts.astype(np.int64), same, value, note)


def _kappa(shares: NDArray[np.float64], points: int) -> tuple[Estimate | None, str]:
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    if np.count_nonzero(rows) == 1 or np.count_nonzero(columns) == 1:
        return None, "No kappa: one interpreter gave all points the same label."
    agreed, chance = float(np.trace(shares)), float(rows @ columns)
    value = (agreed - chance) / (1 - chance)
    error = math.sqrt(_variance(shares, agreed, chance) / points)
    unseen = None
    if error == 0:
        unseen = UnseenMean((1.0,), (points,), (agreed,), (0.0,), (1.0,))
    factor = 1 / (1 - chance)
    estimate = Estimate(
        value, error, -1.0, 1.0, unseen=unseen, factor=factor, offset=-chance * factor
    )
    return estimate, ""


def _variance(shares: NDArray[np.float64], agreed: float, chance: float) -> float:
    """Return the variance of kappa times the number of points."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    diagonal = np.diagonal(shares)
    hits = float(diagonal @ ((1 - chance) - (rows + columns) * (1 - agreed)) ** 2)
    apart = shares * (columns[:, None] + rows[None, :]) ** 2
    misses = (1 - agreed) ** 2 * float(apart.sum() - np.trace(apart))
    centre = (agreed * chance - 2 * chance + agreed) ** 2
    variance = (hits + misses - centre) / (1 - chance) ** 4
    return variance if variance > _ROUNDING else 0.0
