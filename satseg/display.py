"""Display copies: rasters that a map shows without reprojecting them.

They are Cloud Optimised GeoTIFFs on the tile grid of web maps, so that one tile is one read of one
block. Numbers are never taken from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from PIL import Image
from rasterio.windows import Window as RasterWindow

from satseg.bands import RGB
from satseg.cog import storing
from satseg.reading import raster_environment
from satseg.scene import Scene
from satseg.windows import Window

FALSE_COLOUR = ("nir1", "red", "green")
"""Colour infrared: growing plants are red."""

GAMMA = 0.85
"""Exponent on the stretched value; below 1 it lifts the shadows a little."""

_BLOCK = 1024
_JPEG_QUALITY = 85
_TILED = {"driver": "GTiff", "tiled": True, "blockxsize": 256, "blockysize": 256}
_WEB_MERCATOR = {
    "driver": "COG",
    "TILING_SCHEME": "GoogleMapsCompatible",
    "RESAMPLING": "BILINEAR",
    "OVERVIEW_RESAMPLING": "AVERAGE",
    "NUM_THREADS": "ALL_CPUS",
    "BIGTIFF": "IF_SAFER",
}


def true_colour_bands(bands: Sequence[str]) -> tuple[str, str, str]:
    """Return the bands to show as red, green and blue; the first band as grey without them."""
    if set(RGB) <= set(bands):
        return "red", "green", "blue"
    return bands[0], bands[0], bands[0]


def false_colour_bands(bands: Sequence[str]) -> tuple[str, str, str] | None:
    """Return the bands of the colour infrared picture, or None without near infrared."""
    return ("nir1", "red", "green") if set(FALSE_COLOUR) <= set(bands) else None


def write_imagery_display(
    scene: Scene,
    output: Path,
    *,
    bands: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write three bands of a scene as an 8-bit Web Mercator COG (JPEG with a mask).

    Args:
        scene: the scene; its own stretch (percentiles 1 and 99) scales the values.
        output: the file to write; it appears whole or not at all.
        bands: names of the bands shown as red, green and blue.
        progress: called with (blocks done, blocks in all).

    Raises:
        StorageError: the file cannot be written completely.
    """
    height, width = scene.grid.shape
    profile = {
        **_TILED,
        "height": height,
        "width": width,
        "count": 4,
        "dtype": "uint8",
        "crs": scene.grid.crs,
        "transform": scene.grid.affine,
        "photometric": "RGB",
        "alpha": "YES",
    }
    windows = list(_blocks(height, width))
    with storing(output) as whole, raster_environment():
        flat = whole.with_name("flat.tif")
        with scene.reader() as reader, rasterio.open(flat, "w", **profile) as target:
            for done, window in enumerate(windows, start=1):
                place = RasterWindow(window.col, window.row, window.width, window.height)
                target.write(_rgba(reader.read(window, bands=bands)), window=place)
                if progress is not None:
                    progress(done, len(windows))
        options = {"COMPRESS": "JPEG", "QUALITY": str(_JPEG_QUALITY)}
        rasterio.shutil.copy(flat, whole, **_WEB_MERCATOR, **options)


def write_probability_display(probability: Path, output: Path) -> None:
    """Write a probability raster (uint8, nodata 255) as a lossless Web Mercator COG.

    Raises:
        StorageError: the file cannot be written completely.
    """
    options = {"COMPRESS": "DEFLATE", "PREDICTOR": "YES", "ADD_ALPHA": "NO"}
    with storing(output) as whole, raster_environment():
        rasterio.shutil.copy(probability, whole, **_WEB_MERCATOR, **options)


def write_thumbnail(scene: Scene, output: Path, *, size_px: int = 256) -> float:
    """Write a PNG no larger than ``size_px`` in either direction; nodata is transparent.

    Returns:
        The share of the thumbnail's area that holds data, 0 to 1.

    Raises:
        StorageError: the file cannot be written completely.
    """
    height, width = scene.grid.shape
    down, across = scene.grid.gsd_m()
    gsd_m = max(height * down, width * across) / size_px
    small = scene.grid.at_gsd(gsd_m)
    window = Window(0, 0, small.height, small.width)
    pixels = scene.read(window, gsd_m=gsd_m, bands=true_colour_bands(scene.bands))
    rgba = _rgba(pixels)
    with storing(output) as whole:
        Image.fromarray(np.moveaxis(rgba, 0, -1)).save(whole)
    return float((rgba[3] > 0).mean())


def _rgba(pixels: np.ma.MaskedArray) -> NDArray[np.uint8]:
    """Return (4, h, w) uint8 from masked float32 (3, h, w) in 0..1; nodata is all 0."""
    hidden = np.ma.getmaskarray(pixels).any(axis=0)
    values = np.where(hidden, 0.0, pixels.filled(0.0))
    colour = np.rint(np.clip(values, 0, 1) ** GAMMA * 255)
    alpha = np.where(hidden, 0, 255)[np.newaxis]
    return np.concatenate([colour, alpha]).astype(np.uint8)


def _blocks(height: int, width: int) -> Iterator[Window]:
    for row in range(0, height, _BLOCK):
        for col in range(0, width, _BLOCK):
            yield Window(row, col, min(_BLOCK, height - row), min(_BLOCK, width - col))
