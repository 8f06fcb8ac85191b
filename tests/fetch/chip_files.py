"""Chips as SpaceNet has them, small and countable, in both layouts."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from satseg.fetch.spacenet import PIXEL_DEG, PRODUCTS, Product

WEST, NORTH = 121.734_079_2, 31.229_460_9
SIDE = 16
SMALL_RGB = replace(PRODUCTS["ps-rgb"], chip_px=SIDE)
SMALL_MS = replace(PRODUCTS["ps-ms"], chip_px=SIDE)


def pixels_of(number: int, bands: int = 3, side: int = SIDE) -> NDArray[np.uint16]:
    """Noise of its own for each number; 0 does not occur."""
    rng = np.random.default_rng(number)
    return rng.integers(1, 2000, (bands, side, side)).astype(np.uint16)


def write_chip(
    path: Path,
    pixels: NDArray[np.generic],
    *,
    col: float = 0,
    row: float = 0,
    crs: str | None = "EPSG:4326",
    pixel: float = PIXEL_DEG,
) -> Path:
    """Write a chip whose corner lies (col, row) pixels from the common origin."""
    path.parent.mkdir(parents=True, exist_ok=True)
    corner = Affine(pixel, 0, WEST + col * PIXEL_DEG, 0, -pixel, NORTH - row * PIXEL_DEG)
    place = {} if crs is None else {"crs": crs, "transform": corner}
    count, height, width = pixels.shape
    shape = {"count": count, "height": height, "width": width, "dtype": pixels.dtype.name}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        to = rasterio.open(path, "w", driver="GTiff", photometric="minisblack", **shape, **place)
    with to:
        to.write(pixels)
    return path


def name_of(product: Product, number: int, *, old: bool) -> str:
    """Return a chip's path below the data set's folder, in the older layout or the present one."""
    first, second = product.folders
    if old:
        return f"AOI_4_Shanghai_Train/{first}/{first}_AOI_4_Shanghai_img{number}.tif"
    name = f"SN2_buildings_train_AOI_4_Shanghai_{second}_img{number}.tif"
    return f"train/AOI_4_Shanghai/{second}/{name}"
