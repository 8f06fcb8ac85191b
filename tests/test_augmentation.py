from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from satseg.augmentation import D4, Augmented


@dataclass
class Shaped:
    """Red, and a little more towards the top left; remembers the shapes that it saw."""

    slope: float = 0.0
    bands: tuple[str, ...] = ("red",)
    gsd_m: float | None = 0.6
    patch_px: int = 4
    overlap_px: int = 0
    runtime: str = "by hand"

    def __post_init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.shapes.append(batch.shape[2:])
        _, _, height, width = batch.shape
        lean = np.arange(height)[:, None] * 2 + np.arange(width)
        return (batch[:, 0] * 0.5 + self.slope * lean / lean.max()).astype(np.float32)


def windows(height: int, width: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).random((2, 1, height, width), dtype=np.float32)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5)])
def test_a_predictor_without_a_direction_is_unchanged(shape: tuple[int, int]) -> None:
    plain = Shaped()
    found = Augmented(plain).probabilities(windows(*shape))
    np.testing.assert_allclose(found, plain.probabilities(windows(*shape)), atol=2**-24)
    assert found.dtype == np.float32


@pytest.mark.parametrize("shape", [(4, 4), (3, 5)])
@pytest.mark.parametrize(("turns", "flip"), D4)
def test_the_result_turns_with_the_window_bit_by_bit(
    shape: tuple[int, int],
    turns: int,
    flip: bool,
) -> None:
    model = Augmented(Shaped(slope=0.4))

    def moved(array: NDArray[np.float32]) -> NDArray[np.float32]:
        flipped = np.flip(array, axis=-1) if flip else array
        return np.rot90(flipped, turns, axes=(-2, -1))

    batch = windows(*shape)
    np.testing.assert_array_equal(
        model.probabilities(moved(batch)), moved(model.probabilities(batch))
    )


def test_the_mean_of_the_eight_by_hand() -> None:
    batch = np.zeros((1, 1, 2, 2), dtype=np.float32)
    # Leaning 0, 1/3, 2/3, 1 over the corners: each corner sees each value twice.
    np.testing.assert_allclose(Augmented(Shaped(slope=1.0)).probabilities(batch), 0.5, atol=1e-7)


def test_oblong_windows_change_their_shape_once() -> None:
    model = Shaped()
    Augmented(model).probabilities(windows(3, 5))
    assert model.shapes == [(3, 5)] * 4 + [(5, 3)] * 4


def test_windows_and_runtime_are_those_of_the_predictor() -> None:
    model = Augmented(Shaped())
    assert (model.bands, model.gsd_m, model.patch_px, model.overlap_px) == (("red",), 0.6, 4, 0)
    assert (model.multiple_px, model.lanes, model.batch) == (None, 1, 1)
    assert model.runtime == "by hand, mean of 8 flips and turns"
