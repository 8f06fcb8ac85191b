"""Pictures of the ground around a point, for the person who labels it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.windows import Window as RasterWindow

from satseg.errors import AccuracyError
from satseg.reading import raster_environment, reading

EMPTY = 236
"""Grey of ground without data."""

_INNER = (255, 255, 255)
_OUTER = (20, 20, 20)


def view_of_point(
    display: Path, lon: float, lat: float, *, side_m: float, side_px: int, unit_m: float | None
) -> NDArray[np.uint8]:
    """Return the ground around a point in true colour, uint8 (side_px, side_px, 3), north up.

    Args:
        display: 8-bit Web Mercator picture of a scene (``SceneRecord.display``).
        lon, lat: the point, degrees on WGS 84; it lies in the centre of the picture.
        side_m: side of the picture on the ground in metres.
        side_px: side of the picture in pixels.
        unit_m: side in metres of the window that is outlined around the point; None for none.

    Ground without data is light grey.

    Raises:
        AccuracyError: the sides are not above 0.
        SceneError: the picture cannot be read.
    """
    if not (side_m > 0 and side_px > 0):
        raise AccuracyError(
            expected="a side above 0 m and 0 pixels",
            found=f"{side_m} m, {side_px} pixels",
            fix="Give for example 160 m and 480 pixels",
        )
    with raster_environment(), reading(display), rasterio.open(display) as dataset:
        x, y = Transformer.from_crs("EPSG:4326", dataset.crs, always_xy=True).transform(lon, lat)
        col, row = ~dataset.transform @ (x, y)
        span = side_m / math.cos(math.radians(lat)) / abs(dataset.transform.a)
        window = RasterWindow(col - span / 2, row - span / 2, span, span)
        shape = (3, side_px, side_px)
        picture = dataset.read(
            window=window, out_shape=shape, boundless=True, resampling=Resampling.bilinear
        )
        seen = dataset.read_masks(
            1, window=window, out_shape=shape[1:], boundless=True, resampling=Resampling.nearest
        )
    image = np.where(seen[..., np.newaxis] > 0, picture.transpose(1, 2, 0), EMPTY).astype(np.uint8)
    if unit_m is not None:
        _outline(image, unit_m / side_m * side_px)
    return image


def _outline(image: NDArray[np.uint8], unit_px: float) -> None:
    """Draw a white square with a dark rim around the centre, in place."""
    middle, half = image.shape[0] / 2, max(unit_px / 2, 3.0)
    for grow, colour in ((3, _OUTER), (2, _INNER), (1, _INNER), (0, _OUTER)):
        low, high = round(middle - half) - grow, round(middle + half) + grow
        low, high = max(low, 0), min(high, image.shape[0] - 1)
        image[[low, high], low : high + 1] = colour
        image[low : high + 1, [low, high]] = colour
