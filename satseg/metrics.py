"""Agreement of a predicted mask with the truth, counted in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CODES = 255
"""Steps in which uncertainty is counted, as in its rasters (satseg.probability)."""

BINS = 10
"""Bins of the reliability diagram."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Pixels by truth and prediction; farmland is the positive class."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
            self.true_negative + other.true_negative,
        )

    @property
    def pixels(self) -> int:
        """Pixels counted."""
        positive = self.true_positive + self.false_negative
        return positive + self.false_positive + self.true_negative

    @property
    def iou(self) -> float:
        """Intersection over union of farmland (Jaccard); nan where there is none of either."""
        union = self.true_positive + self.false_positive + self.false_negative
        return _ratio(self.true_positive, union)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall (Dice)."""
        both = 2 * self.true_positive
        return _ratio(both, both + self.false_positive + self.false_negative)

    @property
    def precision(self) -> float:
        """Share of the predicted farmland that is farmland."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of the farmland that is predicted."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def accuracy(self) -> float:
        """Share of all pixels that are right."""
        return _ratio(self.true_positive + self.true_negative, self.pixels)

    @property
    def area_bias(self) -> float:
        """Predicted farmland over true farmland, less one: +0.1 is 10 % too much."""
        predicted = self.true_positive + self.false_positive
        return _ratio(predicted, self.true_positive + self.false_negative) - 1


@dataclass(frozen=True, slots=True)
class Reliability:
    """Predicted probability against observed frequency, in ten equal bins.

    Attributes:
        count: (10,) pixels.
        predicted: (10,) sum of the predicted probabilities.
        observed: (10,) pixels that are farmland.
    """

    count: NDArray[np.float64]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]

    def __add__(self, other: Reliability) -> Reliability:
        return Reliability(
            self.count + other.count,
            self.predicted + other.predicted,
            self.observed + other.observed,
        )

    @classmethod
    def empty(cls) -> Reliability:
        """Return the reliability of no pixels."""
        return cls(np.zeros(BINS), np.zeros(BINS), np.zeros(BINS))

    @classmethod
    def of(cls, probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> Reliability:
        """Return the reliability of probabilities in [0, 1] and truths of one shape."""
        index = np.minimum((probability * BINS).astype(np.intp), BINS - 1).ravel()
        values = probability.astype(np.float64).ravel()
        ones = truth.ravel().astype(np.float64)
        return cls(
            np.bincount(index, minlength=BINS).astype(np.float64),
            np.bincount(index, weights=values, minlength=BINS).astype(np.float64),
            np.bincount(index, weights=ones, minlength=BINS).astype(np.float64),
        )

    def table(self) -> dict[str, list[float]]:
        """Return the bins that hold pixels: share of all, mean prediction, observed frequency."""
        held = self.count > 0
        count = self.count[held]
        shares = count / count.sum() if held.any() else count
        parts = {
            "share": shares,
            "predicted": self.predicted[held] / count,
            "observed": self.observed[held] / count,
        }
        return {name: [round(float(value), 4) for value in row] for name, row in parts.items()}

    @property
    def ece(self) -> float:
        """Expected calibration error: mean |predicted - observed| over bins, weighted by pixels.

        Source: Guo et al., On Calibration of Modern Neural Networks (ICML 2017), eq. 3, with the
        probability of farmland instead of the winning class's.
        """
        total = self.count.sum()
        return float(np.abs(self.predicted - self.observed).sum() / total) if total else math.nan


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well a measure of uncertainty tells wrong pixels from right ones.

    Attributes:
        wrong, right: (255,) pixels by the code of their uncertainty, 0 for the surest.
    """

    wrong: NDArray[np.int64]
    right: NDArray[np.int64]

    def __add__(self, other: Ranking) -> Ranking:
        return Ranking(self.wrong + other.wrong, self.right + other.right)

    @classmethod
    def empty(cls) -> Ranking:
        """Return the ranking of no pixels."""
        return cls(np.zeros(CODES, dtype=np.int64), np.zeros(CODES, dtype=np.int64))

    @classmethod
    def of(cls, share: NDArray[np.floating], wrong: NDArray[np.bool_]) -> Ranking:
        """Return the ranking of uncertainties as shares of the largest one, 0 to 1."""
        codes = np.rint(np.clip(share, 0, 1) * (CODES - 1)).astype(np.intp).ravel()
        flat = wrong.ravel()
        return cls(
            np.bincount(codes[flat], minlength=CODES).astype(np.int64),
            np.bincount(codes[~flat], minlength=CODES).astype(np.int64),
        )

    @property
    def auroc(self) -> float:
        """Chance that a wrong pixel is less sure than a right one, ties half; nan without either.

        It is the area under the receiver operating characteristic.

        Source: Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.
        """
        below = np.concatenate([[0], np.cumsum(self.right)[:-1]])
        pairs = float(self.wrong.sum()) * float(self.right.sum())
        wins = float((self.wrong * (below + self.right / 2)).sum())
        return wins / pairs if pairs else math.nan


def confusion(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], counts: NDArray[np.bool_]
) -> Confusion:
    """Return the confusion of two masks of one shape, over the pixels that count.

    >>> import numpy as np
    >>> yes, no = np.array([True, True]), np.array([True, False])
    >>> confusion(yes, no, np.array([True, True])).precision
    0.5
    """
    return Confusion(
        int(np.count_nonzero(predicted & truth & counts)),
        int(np.count_nonzero(predicted & ~truth & counts)),
        int(np.count_nonzero(~predicted & truth & counts)),
        int(np.count_nonzero(~predicted & ~truth & counts)),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
