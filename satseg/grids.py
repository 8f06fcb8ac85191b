"""Pixel grids on the ground: footprint, resolution, the same footprint at another resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray

from satseg.errors import SceneError

WGS84 = pyproj.Geod(ellps="WGS84")
_NEAR = 0.02


@lru_cache(maxsize=64)
def to_lonlat(crs: str) -> pyproj.Transformer:
    """Return the transformer from ``crs`` to longitude and latitude on WGS 84, x before y."""
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


@dataclass(frozen=True, slots=True)
class Grid:
    """A rectangular pixel grid.

    Attributes:
        crs: coordinate reference system, as ``EPSG:n`` or WKT.
        transform: affine map (a, b, c, d, e, f) from (column, row) to (x, y) of the CRS.
        height: rows.
        width: columns.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise SceneError(
                expected="a grid of at least 1 x 1 pixels",
                found=f"{self.height} x {self.width}",
                fix="Check the file's size",
            )
        if self.affine.is_degenerate:
            raise SceneError(
                expected="a geotransform with an area",
                found=str(self.transform),
                fix="Georeference the file anew, for example with gdal_translate -a_ullr",
            )

    @property
    def affine(self) -> Affine:
        """The transform as an ``affine.Affine``."""
        return Affine(*self.transform)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) in the CRS, of all four corners."""
        corners = [self.affine @ corner for corner in self._corners()]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def gsd_m(self) -> tuple[float, float]:
        """Return the ground sample distance at the grid's centre as (down, across), in metres.

        Measured as geodesic distance on the WGS 84 ellipsoid, whatever the CRS.
        """
        row, col = self.height / 2, self.width / 2
        span_row, span_col = max(self.height / 4, 0.5), max(self.width / 4, 0.5)
        down = self._distance((col, row - span_row), (col, row + span_row)) / (2 * span_row)
        across = self._distance((col - span_col, row), (col + span_col, row)) / (2 * span_col)
        return down, across

    def at_gsd(self, gsd_m: float) -> Grid:
        """Return the grid of exactly the same footprint whose pixels are nearest to ``gsd_m``.

        Rows and columns are rounded to whole pixels, so that pixels are square on the ground to
        within half a pixel over the whole grid. Where a whole number of the grid's pixels is within
        2 % of it along both axes, pixels are that number together (or the grid's own, for one):
        resampling by so little would blur and gain nothing.
        """
        if not (math.isfinite(gsd_m) and gsd_m > 0):
            raise SceneError(
                expected="a ground sample distance above 0 m",
                found=str(gsd_m),
                fix="Give a GSD in metres, for example 0.6",
            )
        down, across = self.gsd_m()
        count = max(1, round(2 * gsd_m / (down + across)))
        if max(abs(count * down / gsd_m - 1), abs(count * across / gsd_m - 1)) <= _NEAR:
            if count == 1:
                return self
            return self.resized(math.ceil(self.height / count), math.ceil(self.width / count))
        height = max(1, round(self.height * down / gsd_m))
        width = max(1, round(self.width * across / gsd_m))
        return self.resized(height, width)

    def resized(self, height: int, width: int) -> Grid:
        """Return the grid of the same footprint with ``height`` x ``width`` pixels."""
        scale = Affine.scale(self.width / width, self.height / height)
        a, b, c, d, e, f = (self.affine @ scale)[:6]
        return Grid(self.crs, (a, b, c, d, e, f), height, width)

    def footprint(self, points_per_side: int = 8) -> list[tuple[float, float]]:
        """Return the closed ring of the footprint as (longitude, latitude) on WGS 84.

        Sides are densified so that a straight side of the CRS keeps its curve.
        """
        height, width = self.height, self.width
        steps = np.linspace(0, 1, points_per_side, endpoint=False)
        ring = [(width * t, 0.0) for t in steps] + [(float(width), height * t) for t in steps]
        ring += [(width * (1 - t), float(height)) for t in steps]
        ring += [(0.0, height * (1 - t)) for t in steps]
        lon, lat = self.lonlat(ring)
        points = list(zip(lon.tolist(), lat.tolist(), strict=True))
        return [*points, points[0]]

    def lonlat(
        self, pixels: Sequence[tuple[float, float]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitudes and latitudes (degrees, WGS 84) of (column, row) positions."""
        xy = np.array([self.affine @ pixel for pixel in pixels], dtype=np.float64)
        lon, lat = to_lonlat(self.crs).transform(xy[:, 0], xy[:, 1])
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    def _corners(self) -> list[tuple[float, float]]:
        height, width = float(self.height), float(self.width)
        return [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]

    def _distance(self, start: tuple[float, float], end: tuple[float, float]) -> float:
        lon, lat = self.lonlat([start, end])
        return float(WGS84.inv(lon[0], lat[0], lon[1], lat[1])[2])
