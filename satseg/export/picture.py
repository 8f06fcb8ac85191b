"""The picture under a figure: imagery with farmland over it, on the grid of a sheet of paper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import transform_geom
from rasterio.windows import Window as RasterWindow
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from satseg.catalog_records import SceneRecord
from satseg.export import legend
from satseg.export.subject import Subject
from satseg.grids import WGS84, to_lonlat
from satseg.probability import NODATA, threshold_level
from satseg.reading import raster_environment, reading

WEB_MERCATOR = "EPSG:3857"
"""Figures are in it because the display copies are: north is up, and angles are true."""

_MARGIN = 0.02
"""Ground around the outline, as a share of its longer side."""

_CORNERS_APART_DEG = 0.002


@dataclass(frozen=True, slots=True)
class View:
    """A piece of the ground on a grid of pixels.

    Attributes:
        bounds: (west, south, east, north) in Web Mercator metres.
        width, height: pixels.
    """

    bounds: tuple[float, float, float, float]
    width: int
    height: int

    @property
    def transform(self) -> Affine:
        """From (column, row) to Web Mercator."""
        west, south, east, north = self.bounds
        across, down = (east - west) / self.width, (north - south) / self.height
        return Affine(across, 0, west, 0, -down, north)

    @property
    def metres_across(self) -> float:
        """Geodesic length in metres of the row through its middle."""
        west, south, east, north = self.bounds
        lon, lat = to_lonlat(WEB_MERCATOR).transform([west, east], [(south + north) / 2] * 2)
        return float(WGS84.inv(lon[0], lat[0], lon[1], lat[1])[2])


def view_of(outline: BaseGeometry, *, width: int, height: int) -> View:
    """Return the view with an outline (Web Mercator) in its middle and a little ground around."""
    west, south, east, north = outline.bounds
    wide = (east - west) * (1 + 2 * _MARGIN)
    high = (north - south) * (1 + 2 * _MARGIN)
    pixel_m = max(wide / width, high / height)
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = pixel_m * width / 2, pixel_m * height / 2
    return View((x - half_x, y - half_y, x + half_x, y + half_y), width, height)


def outline_of(subject: Subject) -> BaseGeometry:
    """Return the outline of what is measured: area of interest or region, in Web Mercator."""
    lonlat = subject.region.geometry if subject.clip is None else subject.clip
    dense = shapely.segmentize(lonlat, _CORNERS_APART_DEG)
    return shape(transform_geom("EPSG:4326", WEB_MERCATOR, mapping(dense)))


def picture(
    subject: Subject,
    view: View,
    *,
    false_colour: bool = False,
    overlay: bool = True,
    opacity: float = legend.OPACITY,
) -> NDArray[np.uint8]:
    """Return the ground of a view with the farmland over it, uint8 (height, width, 3).

    Both come from the display copies, as on the dashboard's map, so that memory depends on the
    view alone. Farmland is shown inside of the outline that is measured; ground without imagery
    has the colour ``legend.GROUND``.

    Raises:
        SceneError: a display copy cannot be read.
    """
    colours = ground(subject.scene, view, false_colour=false_colour)
    if not overlay:
        return colours
    found = _farmland(subject, view)
    if subject.clip is not None:
        found &= ~rasterio.features.geometry_mask(
            [mapping(outline_of(subject))], (view.height, view.width), view.transform
        )
    paint = np.array(_rgb(legend.FARMLAND), dtype=np.float32)
    colours[found] = np.rint((1 - opacity) * colours[found] + opacity * paint).astype(np.uint8)
    return colours


def ground(scene: SceneRecord, view: View, *, false_colour: bool = False) -> NDArray[np.uint8]:
    """Return the imagery of a view alone, uint8 (height, width, 3); see ``picture``."""
    imagery = scene.false_colour if false_colour else None
    return _imagery(imagery or scene.display, view)


def _imagery(path: Path, view: View) -> NDArray[np.uint8]:
    with raster_environment(), reading(path), rasterio.open(path) as source:
        pixels, place = _read(source, view, (1, 2, 3), Resampling.bilinear)
        seen, _ = _read(source, view, None, Resampling.nearest)
    colours = np.empty((view.height, view.width, 3), dtype=np.uint8)
    colours[:] = _rgb(legend.GROUND)
    colours[place][seen > 0] = np.moveaxis(pixels, 0, -1)[seen > 0]
    return colours


def _farmland(subject: Subject, view: View) -> NDArray[np.bool_]:
    path = subject.prediction.display
    with raster_environment(), reading(path), rasterio.open(path) as source:
        codes, place = _read(source, view, 1, Resampling.nearest)
    found = np.zeros((view.height, view.width), dtype=np.bool_)
    found[place] = (codes != NODATA) & (codes >= threshold_level(subject.threshold))
    return found


def _read(
    source: rasterio.DatasetReader,
    view: View,
    bands: tuple[int, ...] | int | None,
    resampling: Resampling,
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """Return what a display copy has of a view, and the rows and columns where it lies in it.

    Both are north-up in Web Mercator, so that nothing is warped and GDAL takes the overview that
    fits. Without ``bands`` the mask is read: 255 where there is data.
    """
    west, south, east, north = source.bounds
    inverse = ~view.transform
    left, top = inverse @ (west, north)
    right, bottom = inverse @ (east, south)
    cols = slice(min(view.width, max(0, round(left))), max(0, min(view.width, round(right))))
    rows = slice(min(view.height, max(0, round(top))), max(0, min(view.height, round(bottom))))
    high, wide = max(0, rows.stop - rows.start), max(0, cols.stop - cols.start)
    shape = (len(bands), high, wide) if isinstance(bands, tuple) else (high, wide)
    if not high or not wide:
        return np.zeros(shape, dtype=np.uint8), (slice(0, 0), slice(0, 0))
    to_source = ~source.transform @ view.transform
    first, last = to_source @ (cols.start, rows.start), to_source @ (cols.stop, rows.stop)
    x0, y0 = max(0.0, first[0]), max(0.0, first[1])
    x1, y1 = min(float(source.width), last[0]), min(float(source.height), last[1])
    window = RasterWindow(x0, y0, x1 - x0, y1 - y0)
    options = {"window": window, "out_shape": shape, "resampling": resampling}
    if bands is None:
        return np.asarray(source.dataset_mask(**options), dtype=np.uint8), (rows, cols)
    return np.asarray(source.read(bands, **options), dtype=np.uint8), (rows, cols)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
