import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.resampling import axis_taps, resample

sizes = st.integers(1, 40)


def field(
    data: NDArray[np.float32], valid: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rows = axis_taps(data.shape[1], shape[0], 0, shape[0])
    cols = axis_taps(data.shape[2], shape[1], 0, shape[1])
    inner = (slice(rows.first, rows.stop), slice(cols.first, cols.stop))
    return resample(data[:, *inner], valid[inner], rows, cols)


def test_three_pixels_into_two_by_overlap() -> None:
    taps = axis_taps(3, 2, 0, 2)
    data = np.array([[[3.0, 6.0, 9.0]]], dtype=np.float32)
    values, _ = resample(data, np.ones((1, 3), dtype=bool), axis_taps(1, 1, 0, 1), taps)
    np.testing.assert_allclose(values[0, 0], [4.0, 8.0])


def test_two_pixels_into_four_linearly() -> None:
    data = np.array([[[0.0, 1.0]]], dtype=np.float32)
    values, _ = field(data, np.ones((1, 2), dtype=bool), (1, 4))
    np.testing.assert_allclose(values[0, 0], [0, 0.25, 0.75, 1])


def test_half_valid_pixel_is_the_mean_of_its_valid_half() -> None:
    data = np.array([[[5.0, 99.0], [7.0, 99.0]]], dtype=np.float32)
    valid = np.array([[True, False], [True, False]])
    values, kept = field(data, valid, (1, 1))
    assert values.item() == 6.0
    assert kept.item()
    values, kept = field(data, valid & np.array([[True], [False]]), (1, 1))
    assert not kept.item()
    assert values.item() == 0.0


@given(sizes, sizes, sizes, sizes)
def test_constant_stays_constant(height: int, width: int, rows: int, cols: int) -> None:
    data = np.full((1, height, width), 0.7, dtype=np.float32)
    values, valid = field(data, np.ones((height, width), dtype=bool), (rows, cols))
    np.testing.assert_allclose(values, 0.7, atol=1e-6)
    assert valid.all()


@given(sizes, sizes, st.integers(0, 99))
def test_averaging_keeps_the_total(source: int, target: int, seed: int) -> None:
    source = max(source, target)
    data = np.random.default_rng(seed).random((2, source, source)).astype(np.float32)
    values, _ = field(data, np.ones((source, source), dtype=bool), (target, target))
    np.testing.assert_allclose(values.mean(axis=(1, 2)), data.mean(axis=(1, 2)), atol=1e-5)


@given(sizes, sizes, st.integers(0, 99), st.data())
def test_pixel_is_the_same_bit_by_bit_in_any_piece(
    source: int, target: int, seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    field_values = rng.random((1, source, source)).astype(np.float32)
    valid = rng.random((source, source)) > 0.2
    whole, kept = field(field_values, valid, (target, target))
    start = data.draw(st.integers(0, target - 1))
    length = data.draw(st.integers(1, target - start))
    taps = axis_taps(source, target, start, length)
    inner = (slice(taps.first, taps.stop), slice(taps.first, taps.stop))
    piece, piece_kept = resample(field_values[:, *inner], valid[inner], taps, taps)
    place = slice(start, start + length)
    np.testing.assert_array_equal(piece, whole[:, place, place])
    np.testing.assert_array_equal(piece_kept, kept[place, place])


@pytest.mark.parametrize(("source", "target"), [(40, 27), (40, 13), (27, 40)])
def test_invalid_pixels_elsewhere_change_no_bit(source: int, target: int) -> None:
    data = np.random.default_rng(1).random((1, source, source)).astype(np.float32)
    valid = np.ones((source, source), dtype=bool)
    whole, _ = field(data, valid, (target, target))
    valid[-1, -1] = False
    holed, _ = field(data, valid, (target, target))
    np.testing.assert_array_equal(holed[:, : target - 2], whole[:, : target - 2])
