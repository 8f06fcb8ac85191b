"""Ground with parcels and texture, seen by a sensor whose pixels may be shifted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from satseg.change import Shift

FACTOR = 5
METRE = Affine(1, 0, 500000.0, 0, -1, 3455000.0)


def _ground(side_px: int, seed: int) -> NDArray[np.float32]:
    """Return brightness (rows, cols) at a fifth of a pixel, 100 pixels wider than ``side_px``."""
    rng = np.random.default_rng(seed)
    size = (side_px + 100) * FACTOR
    ground = np.full((size, size), 400, dtype=np.float32)
    for _ in range((side_px // 10) ** 2 // 2):
        row, col = rng.integers(0, size, 2)
        height, width = rng.integers(6 * FACTOR, 40 * FACTOR, 2)
        ground[row : row + height, col : col + width] = rng.uniform(200, 1000)
    return ground


def _seen(
    ground: NDArray[np.float32], dx: float = 0, dy: float = 0, *, noise: float = 5, seed: int = 0
) -> NDArray[np.uint16]:
    """Return the middle as (3, h, w) DN; what lies at (x, y) without shift is at (x+dx, y+dy).

    Shifts are whole fifths of a pixel, so that each pixel is an exact average.
    """
    side = len(ground) // FACTOR - 100
    row, col = (round((50 - shift) * FACTOR) for shift in (dy, dx))
    piece = ground[row : row + side * FACTOR, col : col + side * FACTOR]
    pixels = piece.reshape(side, FACTOR, side, FACTOR).mean(axis=(1, 3))
    rng = np.random.default_rng(seed)
    return np.stack([pixels + rng.normal(0, noise, pixels.shape) for _ in range(3)]).astype("u2")


@pytest.fixture(scope="session")
def ground() -> Callable[..., NDArray[np.float32]]:
    return _ground


@pytest.fixture(scope="session")
def seen() -> Callable[..., NDArray[np.uint16]]:
    return _seen


@pytest.fixture
def probability(geotiff: Callable[..., Path]) -> Callable[..., Path]:
    """Write codes (h, w) as a probability raster of 1 m pixels and return its path."""

    def write(codes: object, name: str, **options: object) -> Path:
        data = np.asarray(codes, dtype=np.uint8)[None]
        return geotiff(data, name, nodata=255, **{"transform": METRE, **options})

    return write


@pytest.fixture(scope="session")
def codes_of() -> Callable[[Path], NDArray[np.uint8]]:
    def read(path: Path) -> NDArray[np.uint8]:
        with rasterio.open(path) as dataset:
            return dataset.read(1)

    return read


@pytest.fixture
def shift() -> Callable[[float, float], Shift]:
    """Return a shift of so many metres to the right and down."""

    def make(dx_m: float, dy_m: float) -> Shift:
        return Shift(dx_m, dy_m, dx_m, dy_m, gsd_m=1, spread_px=0, confidence=1, tiles=9)

    return make
