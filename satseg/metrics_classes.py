"""Agreement of a map of classes with the truth, counted in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satseg.legend import Legend


@dataclass(frozen=True, slots=True, eq=False)
class ClassCounts:
    """Pixels by class, over what the truth says of each.

    A class is told of every pixel whose truth allows no other class, or not this one
    (``Legend.possible``): land of a kind that the legend lacks counts for and against farmland, and
    for nothing else.

    Attributes:
        legend: the classes.
        pixels: float64 (3, classes): in map and truth, in either, in the truth.
    """

    legend: Legend
    pixels: NDArray[np.float64]

    def __add__(self, other: ClassCounts) -> ClassCounts:
        return ClassCounts(self.legend, self.pixels + other.pixels)

    @classmethod
    def empty(cls, legend: Legend) -> ClassCounts:
        """Return the counts of no pixels."""
        return cls(legend, np.zeros((3, len(legend))))

    @classmethod
    def of(cls, mapped: NDArray[np.uint8], truth: NDArray[np.uint8], legend: Legend) -> ClassCounts:
        """Return the counts of a map and a truth of one shape, both codes of satseg.classes.

        Pixels whose truth is 255 (ignored) or whose map is none of the legend's codes do not count;
        a truth of 0 is anything but farmland.
        """
        possible = legend.possible()
        pairs = np.bincount(
            truth.ravel().astype(np.int64) * 256 + mapped.ravel(), minlength=256 * 256
        ).reshape(256, 256)[:, legend.codes]
        single = possible.sum(axis=1, keepdims=True) == 1
        told, is_it = ~possible | single, possible & single
        both = np.einsum("tc,tc->c", pairs, is_it)
        mapped_to = np.einsum("tc,tc->c", pairs, told)
        true = np.einsum("t,tc->c", pairs.sum(axis=1), is_it)
        return cls(legend, np.stack([both, mapped_to + true - both, true]).astype(np.float64))

    def iou(self) -> dict[str, float]:
        """Return the intersection over union of each class that the truth shows."""
        both, either, true = self.pixels
        return {
            key: float(both[number] / either[number])
            for number, key in enumerate(self.legend.keys)
            if true[number]
        }

    @property
    def mean_iou(self) -> float:
        """Mean of ``iou`` over the classes that the truth shows; nan without any."""
        found = list(self.iou().values())
        return float(np.mean(found)) if found else math.nan

    def row(self) -> dict[str, Any]:
        """Return what the card keeps: the mean and each class's intersection over union."""
        if not self.iou():
            return {}
        by_class = {key: round(value, 4) for key, value in self.iou().items()}
        return {"mean_iou": round(self.mean_iou, 4), "class_iou": by_class}
