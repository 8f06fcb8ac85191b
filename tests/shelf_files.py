"""Small rasters for the tests of the catalog and of what stands on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

UTM = "EPSG:32651"
ORIGIN = (350_000.0, 3_450_000.0)
PIXEL_M = 0.6


def write_raster(
    path: Path,
    pixels: NDArray[np.generic],
    *,
    crs: str | None = UTM,
    transform: Affine | None = None,
    **options: object,
) -> Path:
    """Write (bands, h, w) as a GeoTIFF at 0.6 m in UTM 51N and return its path."""
    count, height, width = pixels.shape
    place = transform or Affine.translation(*ORIGIN) @ Affine.scale(PIXEL_M, -PIXEL_M)
    profile = {"count": count, "height": height, "width": width, "dtype": pixels.dtype.name}
    georeference = {} if crs is None else {"crs": crs, "transform": place}
    with rasterio.open(path, "w", driver="GTiff", **profile, **georeference, **options) as target:
        target.write(pixels)
    return path


def write_scene(
    path: Path,
    *,
    bands: int = 3,
    size: tuple[int, int] = (40, 60),
    seed: int = 0,
    dtype: str = "uint16",
    **options: object,
) -> Path:
    """Write a noisy image whose values rise from left to right; 0 does not occur."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(200, 1200, size[1])[None, None, :]
    pixels = ramp + rng.uniform(0, 100, size=(bands, *size))
    if dtype == "uint8":
        pixels = pixels / 6
    return write_raster(path, pixels.astype(dtype), **options)


def write_probability(
    path: Path, codes: NDArray[np.uint8], *, transform: Affine | None = None
) -> Path:
    """Write (h, w) codes as a probability raster with nodata 255."""
    return write_raster(path, codes[None], transform=transform, nodata=255)


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Return each file below ``root`` with its content, and each folder with None.

    Locks and the blocks of unfinished maps are no entries of a catalog.
    """
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
        if path.name != ".lock" and ".work" not in path.relative_to(root).parts
    }
