"""A square piece of a scene's ground, for pictures side by side at the same place."""

from __future__ import annotations

from rasterio.warp import transform_bounds

from satseg.catalog_records import SceneRecord
from satseg.errors import RegionError
from satseg.export.picture import WEB_MERCATOR, View


def piece_of(
    scene: SceneRecord,
    *,
    pixels: int,
    across_m: float | None = None,
    x: float = 0.5,
    y: float = 0.5,
) -> View:
    """Return a square view of a scene.

    Args:
        scene: the scene.
        pixels: side of the picture.
        across_m: side on the ground in metres; the whole scene without it, or where it is smaller.
        x: where the piece lies between the scene's west (0) and east (1).
        y: where it lies between north (0) and south (1).

    Raises:
        RegionError: a place outside of 0 to 1, or a side that is none.
    """
    if not (0 <= x <= 1 and 0 <= y <= 1 and pixels > 0 and (across_m is None or across_m > 0)):
        raise RegionError(
            expected="a place from 0 to 1 each way and sides above 0",
            found=f"x {x}, y {y}, {pixels} pixels, {across_m} m",
            fix="Choose another piece of the scene",
        )
    west, south, east, north = transform_bounds("EPSG:4326", WEB_MERCATOR, *scene.footprint.bounds)
    wide, high = east - west, north - south
    side = max(wide, high)
    if across_m is not None:
        # Web Mercator stretches the ground by the same factor in both directions here.
        unit = View((west, south, east, north), pixels, pixels).metres_across / wide
        side = min(side, across_m / unit)
    left = (west + east - side) / 2 if side >= wide else west + (wide - side) * x
    top = (south + north + side) / 2 if side >= high else north - (high - side) * y
    return View((left, top - side, left + side, top), pixels, pixels)
