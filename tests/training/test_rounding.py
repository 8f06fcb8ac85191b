import numpy as np
import pytest

from satseg.training.rounding import LARGEST, rounded


def related_inputs(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return samples of inputs that go together, as neighbouring pixels do."""
    return rng.random((4000, 1)) + 0.1 * rng.random((4000, size))


def error(weights, numbers, steps, seen) -> float:
    """Return how far the answers to ``seen`` are off, root mean square."""
    off = (numbers * steps[:, None, None] - weights).reshape(len(weights), -1)
    return float(np.sqrt(np.mean((seen @ off.T) ** 2)))


def test_answers_stay_closer_than_with_the_nearest_numbers() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(6, 10, 9))
    seen = related_inputs(rng, 90)
    nearest = error(weights, *rounded(weights, None, depthwise=False), seen)
    fitted = error(weights, *rounded(weights, seen.T @ seen, depthwise=False), seen)
    assert fitted < 0.3 * nearest


def test_depthwise_kernels_are_fitted_one_by_one() -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(20, 1, 9))
    seen = [related_inputs(rng, 9) for _ in range(20)]
    moments = np.stack([one.T @ one for one in seen])
    fitted, steps = rounded(weights, moments, depthwise=True)
    nearest, _ = rounded(weights, None, depthwise=True)
    assert np.abs(fitted).max() == LARGEST
    errors = [
        sum(
            error(weights[c : c + 1], found[c : c + 1], steps[c : c + 1], seen[c])
            for c in range(20)
        )
        for found in (fitted, nearest)
    ]
    assert errors[0] < 0.6 * errors[1]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("fit", [True, False])
def test_two_large_neighbours_do_not_overflow_sixteen_bits(sign: int, fit: bool) -> None:
    rng = np.random.default_rng(2)
    weights = sign * (1 + 0.2 * rng.random((8, 16, 3)))
    seen = related_inputs(rng, 48)
    numbers, steps = rounded(weights, seen.T @ seen if fit else None, depthwise=False)
    groups = numbers.astype(int).reshape(8, 4, 4, 3)
    pairs = np.sort(np.abs(groups), axis=2)[:, :, -2:].sum(axis=2)
    assert pairs.max() * 255 <= 2**15
    assert pairs.max() > 110  # and the room is used
    np.testing.assert_allclose(numbers * steps[:, None, None], weights, atol=3 * steps.max())


def test_a_lone_large_weight_keeps_eight_bits() -> None:
    weights = np.full((1, 4, 1), 0.001)
    weights[0, 2] = 1
    numbers, steps = rounded(weights, None, depthwise=False)
    assert numbers[0, 2, 0] > 120
    assert numbers[0, 2, 0] * steps[0] == pytest.approx(1, abs=steps[0])


def test_a_channel_without_weights_stays_zero() -> None:
    weights = np.zeros((2, 3, 1))
    weights[1] = 1
    numbers, steps = rounded(weights, np.eye(3), depthwise=False)
    assert not numbers[0].any()
    assert numbers[1].all()
    assert np.isfinite(steps).all()


def test_more_inputs_than_are_handled_in_one_go() -> None:
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(3, 300, 1))
    seen = related_inputs(rng, 300)
    nearest = error(weights, *rounded(weights, None, depthwise=False), seen)
    fitted = error(weights, *rounded(weights, seen.T @ seen, depthwise=False), seen)
    assert fitted < 0.3 * nearest
