"""Geodesic areas of farmland at any threshold, inside any region."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, mapping
from shapely.geometry.base import BaseGeometry

from satseg.errors import CatalogError, RegionError
from satseg.geodesy import pixel_areas_m2
from satseg.grids import WGS84, Grid
from satseg.probability import NODATA, threshold_level
from satseg.probability_raster import ProbabilityRaster, codes, open_probability
from satseg.windows import Window, blocks

_BLOCK = 512
_SEGMENT_DEG = 0.002


@dataclass(frozen=True, slots=True, eq=False)
class AreaHistogram:
    """Area by probability code.

    Attributes:
        m2: float64 (256,), square metres at each code; 255 is no data. Not writeable.
        region_m2: square metres of the whole region, inside of the raster or not.
    """

    m2: NDArray[np.float64]
    region_m2: float

    def __post_init__(self) -> None:
        m2 = np.array(self.m2, dtype=np.float64)
        if m2.shape != (256,) or not (np.isfinite(m2).all() and (m2 >= 0).all()):
            raise CatalogError(
                expected="256 areas of 0 m2 or more",
                found=f"shape {m2.shape}, smallest {m2.min() if m2.size else None}",
                fix="Compute the area again",
            )
        m2.setflags(write=False)
        object.__setattr__(self, "m2", m2)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AreaHistogram):
            return NotImplemented
        return np.array_equal(self.m2, other.m2) and self.region_m2 == other.region_m2

    def __hash__(self) -> int:
        return hash((self.m2.tobytes(), self.region_m2))

    @property
    def valid_m2(self) -> float:
        """Square metres with data."""
        return float(self.m2[:NODATA].sum())

    @property
    def valid_fraction(self) -> float:
        """Share of the region that has data, 0 to 1."""
        return min(1.0, self.valid_m2 / self.region_m2)

    def area_m2(self, threshold: float) -> float:
        """Return the square metres whose probability is at least ``threshold`` (0 to 1)."""
        return float(self.m2[threshold_level(threshold) : NODATA].sum())

    def share(self, threshold: float) -> float:
        """Return the farmland's share of the area with data; NaN where there is no data."""
        valid = self.valid_m2
        return self.area_m2(threshold) / valid if valid > 0 else float("nan")

    def to_json(self) -> str:
        """Return the histogram as JSON text, exact to the last bit."""
        return json.dumps({"region_m2": self.region_m2, "m2": self.m2.tolist()})

    @classmethod
    def from_json(cls, text: str) -> AreaHistogram:
        """Return the histogram that ``to_json`` wrote.

        Raises:
            CatalogError: the text holds no histogram.
        """
        try:
            fields = json.loads(text)
            return cls(np.array(fields["m2"], dtype=np.float64), float(fields["region_m2"]))
        except (ValueError, KeyError, TypeError) as error:
            raise CatalogError(
                expected="JSON with region_m2 and m2",
                found=repr(text[:60]),
                fix="Delete the file and compute the area again",
            ) from error


def area_histogram(probability: Path, region: BaseGeometry | None = None) -> AreaHistogram:
    """Return the geodesic area at each probability code.

    Pixels at the region's border count with the share that lies inside. Memory does not depend on
    the raster's size.

    Args:
        probability: a raster that ``predict_scene`` wrote.
        region: polygon or multipolygon in WGS 84 (longitude, latitude); None for the whole raster.

    Raises:
        RegionError: the region is no area, or shares none with the raster.
        SceneError: the raster cannot be read.
    """
    raster = open_probability(probability)
    inside = None if region is None else PixelRegion(region, raster.grid)
    m2 = np.zeros(256)
    with raster.reader() as pixels:
        for block in blocks(raster.grid.shape, _BLOCK):
            window = block if inside is None else inside.part(block)
            if window is None:
                continue
            share = None if inside is None else inside.coverage(window)
            if share is not None and not share.any():
                continue
            areas = pixel_areas_m2(raster.grid, window)
            if share is not None:
                areas *= share
            found = codes(pixels, window)
            m2 += np.bincount(found.ravel(), weights=areas.ravel(), minlength=256)
    if region is None:
        return AreaHistogram(m2, float(m2.sum()))
    if not m2.any():
        raise _outside(raster)
    return AreaHistogram(m2, region_area_m2(region))


def region_area_m2(region: BaseGeometry) -> float:
    """Return the geodesic area of a WGS 84 (multi)polygon in square metres.

    Sides are straight in longitude and latitude, as on the map, not geodesics.
    """
    oriented = shapely.orient_polygons(_densified(region))
    return abs(float(WGS84.geometry_area_perimeter(oriented)[0]))


class PixelRegion:
    """A region in the pixel space of a grid: x is the column, y is minus the row.

    Args:
        region: polygon or multipolygon in WGS 84 (longitude, latitude).
        grid: the grid whose pixels are asked for.

    Raises:
        RegionError: the region is no area.
    """

    def __init__(self, region: BaseGeometry, grid: Grid) -> None:
        forward = pyproj.Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
        a, b, c, d, e, f = (~grid.affine)[:6]

        def to_pixels(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
            x, y = forward.transform(lonlat[:, 0], lonlat[:, 1])
            return np.column_stack([a * x + b * y + c, -(d * x + e * y + f)])

        placed = shapely.transform(_densified(region), to_pixels)
        extent = shapely.box(0, -grid.height, grid.width, 0)
        self._shape = _clipped(_areas(shapely.make_valid(placed)), extent.bounds)
        shapely.prepare(self._shape)

    @property
    def shape(self) -> BaseGeometry:
        """The region's part inside of the grid, a multipolygon in pixels; empty outside of it."""
        return self._shape

    def part(self, window: Window) -> Window | None:
        """Return the part of a window within the region's bounds; None where it has none."""
        if self._shape.is_empty:
            return None
        xmin, ymin, xmax, ymax = self._shape.bounds
        row, col = max(window.row, math.floor(-ymax)), max(window.col, math.floor(xmin))
        row_stop = min(window.row_stop, math.ceil(-ymin))
        col_stop = min(window.col_stop, math.ceil(xmax))
        if row >= row_stop or col >= col_stop:
            return None
        return Window(row, col, row_stop - row, col_stop - col)

    def coverage(self, window: Window) -> NDArray[np.float64]:
        """Return the share of each pixel of the window inside of the region, (height, width)."""
        bounds = (window.col, -window.row_stop, window.col_stop, -window.row)
        square = shapely.box(*bounds)
        if self._shape.contains(square):
            return np.ones(window.shape)
        piece = _clipped(self._shape, bounds)
        share = np.zeros(window.shape)
        if piece.area > 0:
            cells, inside = _cells(piece, window, bounds)
            share.flat[cells] = inside
        return share


def _clipped(shape: BaseGeometry, bounds: tuple[float, ...]) -> BaseGeometry:
    """Return the areas of ``shape`` inside of a box, without the lines where they touch."""
    return _areas(shapely.clip_by_rect(shape, *bounds))


def _areas(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _cells(
    piece: BaseGeometry, window: Window, bounds: tuple[int, int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    xmin, ymin, xmax, ymax = bounds
    raster = NumPyRasterSource(
        np.zeros(window.shape, dtype=np.uint8), xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax
    )
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(piece)}
    found = exact_extract(raster, [feature], ["cell_id", "coverage"])[0]["properties"]
    return np.asarray(found["cell_id"], dtype=np.int64), np.asarray(found["coverage"])


def _densified(region: BaseGeometry) -> BaseGeometry:
    valid = _areas(region if region.is_valid else shapely.make_valid(region))
    if region.geom_type not in ("Polygon", "MultiPolygon") or not valid.area > 0:
        raise RegionError(
            expected="a polygon or multipolygon with an area, in longitude and latitude",
            found=f"{region.geom_type} of {valid.area:g} square degrees",
            fix="Draw the region as an area",
        )
    west, south, east, north = region.bounds
    if west < -180 or south < -90 or east > 180 or north > 90:
        raise RegionError(
            expected="longitudes from -180 to 180 and latitudes from -90 to 90 degrees",
            found=f"bounds {region.bounds}",
            fix="Convert the region to EPSG:4326",
        )
    return shapely.segmentize(valid, _SEGMENT_DEG)


def _outside(raster: ProbabilityRaster) -> RegionError:
    ring = raster.grid.footprint(1)
    corners = ", ".join(f"{lon:.4f} {lat:.4f}" for lon, lat in ring[:-1])
    return RegionError(
        expected=f"a region that overlaps the raster with the corners {corners}",
        found="a region entirely outside of it",
        fix="Choose a region inside of the scene",
    )
