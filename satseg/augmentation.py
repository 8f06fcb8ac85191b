"""Test-time augmentation: a model applied to all eight flips and turns of a window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from satseg.engine.flow import Predictor
from satseg.engine.sums import UNIT
from satseg.legend import Legend

D4 = tuple((turns, flip) for flip in (False, True) for turns in range(4))
"""The symmetries of a square: quarter turns, after a flip of the columns or without one.

Source: the dihedral group of order 8.
"""


class Augmented:
    """A predictor whose probabilities are the mean over the eight symmetries of a window.

    The mean is taken of whole numbers (``UNIT`` for 1), whose sum does not depend on their order:
    the prediction of a flipped or turned window is the flipped or turned prediction, bit by bit.

    Attributes:
        predictor: what is applied eight times; it takes eight times as long. Its windows are
            squares here, where it would take longer ones: turned, those need a second network.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands in the order of the batch."""
        return self.predictor.bands

    @property
    def gsd_m(self) -> float | None:
        """Ground sample distance in metres, None for the scene's own."""
        return self.predictor.gsd_m

    @property
    def patch_px(self) -> int:
        """Side of a window in pixels."""
        return self.predictor.patch_px

    @property
    def overlap_px(self) -> int:
        """Pixels that neighbouring windows share."""
        return self.predictor.overlap_px

    @property
    def multiple_px(self) -> int | None:
        """What sides of windows must be multiples of; None for windows of ``patch_px`` exactly."""
        return getattr(self.predictor, "multiple_px", None)

    @property
    def legend(self) -> Legend | None:
        """The classes that it tells apart, None for farmland only."""
        return getattr(self.predictor, "legend", None)

    @property
    def lanes(self) -> int:
        """How many calls may run side by side."""
        return int(getattr(self.predictor, "lanes", 1))

    @property
    def batch(self) -> int:
        """How many windows a call takes best."""
        return int(getattr(self.predictor, "batch", 1))

    @property
    def runtime(self) -> str:
        """Name and version of what computes, for the provenance."""
        own = getattr(self.predictor, "runtime", type(self.predictor).__name__)
        return f"{own}, mean of 8 flips and turns"

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (n, [classes,] h, w) of (n, bands, h, w) scaled to 0..1."""
        layers = () if self.legend is None else (len(self.legend),)
        total = np.zeros((len(batch), *layers, *batch.shape[2:]), dtype=np.int64)
        for turns, flip in _by_shape(batch.shape[2] == batch.shape[3]):
            seen = np.flip(batch, axis=3) if flip else batch
            seen = np.ascontiguousarray(np.rot90(seen, turns, axes=(2, 3)))
            found = np.rot90(self.predictor.probabilities(seen), -turns, axes=(-2, -1))
            total += np.rint(
                np.float64(UNIT) * (np.flip(found, axis=-1) if flip else found)
            ).astype(np.int64)
        return (total / (len(D4) * UNIT)).astype(np.float32)


def _by_shape(square: bool) -> Iterator[tuple[int, bool]]:
    """Yield the symmetries; of oblong windows those that keep the shape first, then the others.

    Networks are compiled for the shape of their windows, which should not change at each call.
    """
    yield from D4 if square else sorted(D4, key=lambda symmetry: symmetry[0] % 2)
