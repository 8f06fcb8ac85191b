"""Whether a file is a GeoTIFF of a size that can be worked with; no pixel is read for it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from satseg.errors import SceneError
from satseg.reading import raster_environment

MAX_PIXELS = 20_000_000_000
"""Rows times columns; the longest WorldView-3 strips at 0.3 m have some 16 thousand millions."""

MAX_BANDS = 32
MAX_BLOCK_BYTES = 256 * 2**20
"""Of one strip or tile of the file, which is read as a whole."""

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Source: TIFF 6.0, section 2; BigTIFF."""


@dataclass(frozen=True, slots=True)
class Structure:
    """How a GeoTIFF is built.

    Attributes:
        height: rows.
        width: columns.
        bands: all bands of the file.
        alpha: how many of them say which pixels are valid.
        size_bytes: of the file.
    """

    height: int
    width: int
    bands: int
    alpha: int
    size_bytes: int

    @property
    def data_bands(self) -> int:
        """Bands that hold data."""
        return self.bands - self.alpha


def check_start(start: bytes, name: str) -> None:
    """Raise SceneError unless a file begins as a TIFF does."""
    if not start.startswith(_TIFF_STARTS):
        raise SceneError(
            expected="a GeoTIFF",
            found=f"{name[-100:]}, which begins with {start[:8]!r}",
            fix="Convert other formats with gdal_translate -of COG, and unpack archives",
        )


def structure(path: Path) -> Structure:
    """Return how a GeoTIFF is built; no pixel is read.

    Raises:
        SceneError: it is none, is damaged, or is too large to be worked with.
    """
    try:
        with path.open("rb") as file:
            check_start(file.read(8), path.name)
        with raster_environment(), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, driver="GTiff") as dataset:
                found = Structure(
                    dataset.height,
                    dataset.width,
                    dataset.count,
                    sum(kind == ColorInterp.alpha for kind in dataset.colorinterp),
                    path.stat().st_size,
                )
                block = _block_bytes(dataset)
    except (RasterioError, OSError) as error:
        raise SceneError(
            expected="a complete GeoTIFF",
            found=f"{path.name}: {error}",
            fix="Copy or download the file again; it is truncated or damaged",
        ) from error
    _check_size(found, block, path.name)
    return found


def _block_bytes(dataset: rasterio.DatasetReader) -> int:
    size = max(
        math.prod(shape) * np.dtype(kind).itemsize
        for shape, kind in zip(dataset.block_shapes, dataset.dtypes, strict=True)
    )
    mixed = dataset.interleaving is not None and dataset.interleaving.name == "pixel"
    return int(size * dataset.count if mixed else size)


def _check_size(found: Structure, block: int, name: str) -> None:
    problem = None
    if found.height * found.width > MAX_PIXELS:
        problem = f"{found.height:,} x {found.width:,} pixels"
    elif found.bands > MAX_BANDS:
        problem = f"{found.bands} bands"
    elif block > MAX_BLOCK_BYTES:
        problem = f"blocks of {block / 2**20:,.0f} MiB"
    if problem is not None:
        raise SceneError(
            expected=f"at most {MAX_PIXELS // 10**9} thousand million pixels, {MAX_BANDS} bands and"
            f" blocks of {MAX_BLOCK_BYTES // 2**20} MiB",
            found=f"{name}: {problem}",
            fix="Cut it, or write it anew in tiles, for example with gdal_translate -of COG",
        )
