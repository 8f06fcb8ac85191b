import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.change.correlation import edges, match


def blobs(seed: int, side: int = 96) -> NDArray[np.float32]:
    """Return periodic texture without detail finer than two pixels."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    return scipy.ndimage.gaussian_filter(noise, 1.5, mode="wrap").astype(np.float32)


@given(seed=st.integers(0, 99), dx=st.floats(-8, 8), dy=st.floats(-8, 8))
def test_any_shift_is_found(seed: int, dx: float, dy: float) -> None:
    check_found(seed, dx, dy, 0.15)


@given(seed=st.integers(0, 99), dx=st.floats(-1, 1), dy=st.floats(-1, 1))
def test_a_shift_of_up_to_a_pixel_is_found_to_a_twentieth(seed: int, dx: float, dy: float) -> None:
    check_found(seed, dx, dy, 0.05)


def check_found(seed: int, dx: float, dy: float, within: float) -> None:
    first = blobs(seed)
    spectrum = scipy.ndimage.fourier_shift(np.fft.fft2(first), (dy, dx))
    second = np.fft.ifft2(spectrum).real.astype(np.float32)
    found = match(first, second, 16)
    assert found is not None
    assert (found.dx, found.dy) == pytest.approx((dx, dy), abs=within)
    assert found.clearness > 2


def test_swapped_pictures_have_the_opposite_shift() -> None:
    first = blobs(3)
    second = np.roll(first, (2, -5), (0, 1))
    there, back = match(first, second, 16), match(second, first, 16)
    assert there is not None
    assert back is not None
    assert (there.dx, there.dy) == pytest.approx((-5, 2), abs=0.1)
    assert (back.dx, back.dy) == pytest.approx((5, -2), abs=0.1)


def test_flat_pictures_have_no_match() -> None:
    assert match(edges(np.full((32, 32), 0.5, dtype=np.float32)), edges(blobs(0, 32)), 8) is None
    assert match(blobs(0, 32), np.zeros((32, 32), dtype=np.float32), 8) is None


def test_unrelated_pictures_have_no_clear_match() -> None:
    found = [match(blobs(seed), blobs(seed + 500), 16) for seed in range(60)]
    assert max(peak.clearness for peak in found if peak is not None) < 2


def test_edges_do_not_see_which_side_is_bright() -> None:
    picture = blobs(1)
    np.testing.assert_allclose(edges(1 - picture), edges(picture), atol=1e-6)


def test_step_has_its_edge_where_it_is() -> None:
    step = np.repeat([[0.0] * 8 + [1.0] * 8], 5, axis=0).astype(np.float32)
    found = edges(step)
    assert found.shape == step.shape
    assert found[2].argmax() in (7, 8)
    assert found[:, [0, -1]].max() < 1e-3


def test_shift_beyond_the_limit_is_not_found() -> None:
    first = blobs(5)
    found = match(first, np.roll(first, 20, axis=1), 8)
    assert found is None or found.clearness < 2
