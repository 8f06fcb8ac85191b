"""Shares of farmland in scenes and in chips, from geodesic areas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from satseg.errors import VectorError
from satseg.geodesy import authalic_y_m
from satseg.grids import WGS84, Grid, to_lonlat
from satseg.osm.areas import OsmAreas, polygons_of
from satseg.windows import Window, blocks

_SEGMENT_DEG = 0.01
_VERTICES = 256
_CHIPS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a place is farmland.

    Attributes:
        known_m2: square metres with image data inside of the region that was asked for.
        farmland_m2: square metres of farmland in it, farmyards and the like subtracted.
        similar_m2: square metres of what looks like farmland and is none.
    """

    known_m2: float
    farmland_m2: float
    similar_m2: float

    @property
    def share(self) -> float:
        """Farmland's share of what is known, 0 to 1; NaN where nothing is known."""
        return self.farmland_m2 / self.known_m2 if self.known_m2 > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Chip:
    """One square of a scene.

    Attributes:
        window: its pixels on the scene's grid.
        outline: its corners as a polygon in WGS 84.
        share: see Share.
    """

    window: Window
    outline: BaseGeometry
    share: Share


class Measured:
    """A shape in WGS 84 whose area inside of other shapes is asked for many times.

    It is kept on the cylinder of equal area (``geodesy.authalic_y_m``), cut into pieces of few
    corners, where plane areas are areas on the ellipsoid.
    """

    def __init__(self, shape: BaseGeometry) -> None:
        parts = shapely.get_parts(polygons_of(equal_area(shape)))
        self._pieces = np.array([piece for part in parts for piece in _cut(part)], dtype=object)
        self._tree = shapely.STRtree(self._pieces)

    @property
    def m2(self) -> float:
        """Square metres of the whole shape."""
        return float(shapely.area(self._pieces).sum()) if len(self._pieces) else 0.0

    def within(self, others: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the square metres inside of each of ``others``, float64 (n,).

        ``others``: shapes on the cylinder of equal area, see ``equal_area``.
        """
        other, own = self._tree.query(others, predicate="intersects")
        if not len(own):
            return np.zeros(len(others))
        common = shapely.intersection(others[other], self._pieces[own])
        found = np.bincount(other, shapely.area(common), minlength=len(others))
        return np.asarray(found, dtype=np.float64)


Shapes = TypeVar("Shapes", BaseGeometry, NDArray[np.object_])


def equal_area(shapes: Shapes) -> Shapes:
    """Return shapes of longitudes and latitudes on the cylinder of equal area, in metres."""

    def place(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        x = WGS84.a * np.radians(lonlat[:, 0])
        return np.column_stack([x, authalic_y_m(lonlat[:, 1])])

    placed: Shapes = shapely.transform(shapely.segmentize(shapes, _SEGMENT_DEG), place)
    return placed


def areas_m2(areas: OsmAreas) -> NDArray[np.float64]:
    """Return the geodesic area of each row of ``areas.frame``, float64 (n,)."""
    plane = equal_area(areas.frame.geometry.to_numpy())
    return np.asarray(shapely.area(plane), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Shapes in WGS 84: where something is known, what is farmland there, what looks like it."""

    known: BaseGeometry
    farmland: BaseGeometry
    similar: BaseGeometry

    @classmethod
    def of(cls, areas: OsmAreas) -> Layers:
        """Return what ``areas`` tell about their region."""
        farmland = areas.farmland()
        similar = shapely.difference(areas.shape("similar"), farmland)
        return cls(areas.region, farmland, similar)

    def below(self, outline: BaseGeometry) -> Place:
        """Return what is known about ``outline`` (WGS 84): where a scene has data."""
        shapes = (self.known, self.farmland, self.similar)
        return Place(*(Measured(shapely.intersection(shape, outline)) for shape in shapes))


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """What is known about the ground below one scene."""

    known: Measured
    farmland: Measured
    similar: Measured

    def whole(self) -> Share:
        """Return the share of the scene."""
        return Share(self.known.m2, self.farmland.m2, self.similar.m2)

    def chips(self, grid: Grid, chip_px: int) -> Iterator[Chip]:
        """Yield the squares of ``chip_px`` pixels that tile a grid, cut at its edges, row by row.

        Chips of which nothing is known are left out.

        Raises:
            VectorError: the side is not between 16 and 8192 pixels.
        """
        if not 16 <= chip_px <= 8192:
            raise VectorError(
                expected="chips of 16 to 8192 pixels a side",
                found=str(chip_px),
                fix="Give another side, for example --chip-px 320",
            )
        windows = list(blocks(grid.shape, chip_px))
        for first in range(0, len(windows), _CHIPS_AT_ONCE):
            yield from self._measured(grid, windows[first : first + _CHIPS_AT_ONCE])

    def _measured(self, grid: Grid, windows: list[Window]) -> Iterator[Chip]:
        outlines = window_outlines(grid, windows)
        plane = equal_area(outlines)
        layers = (self.known, self.farmland, self.similar)
        found = np.stack([layer.within(plane) for layer in layers], axis=1)
        for window, outline, row in zip(windows, outlines, found.tolist(), strict=True):
            if row[0] > 0:
                yield Chip(window, outline, Share(*row))


def window_outlines(grid: Grid, windows: list[Window]) -> NDArray[np.object_]:
    """Return the outline of each window as a polygon in WGS 84 through its four corners."""
    corners = np.array(
        [
            [(w.col, w.row), (w.col_stop, w.row), (w.col_stop, w.row_stop), (w.col, w.row_stop)]
            for w in windows
        ],
        dtype=np.float64,
    )
    a, b, c, d, e, f = grid.transform
    col, row = corners[..., 0], corners[..., 1]
    place = to_lonlat(grid.crs).transform(a * col + b * row + c, d * col + e * row + f)
    return np.asarray(shapely.polygons(np.stack(place, axis=-1)), dtype=object)


def _cut(part: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield a polygon in pieces with few corners, halved across its longer side."""
    if shapely.get_num_coordinates(part) <= _VERTICES:
        yield part
        return
    xmin, ymin, xmax, ymax = part.bounds
    middle = ((xmin + xmax) / 2, (ymin + ymax) / 2)
    wide = xmax - xmin > ymax - ymin
    for box in (
        (xmin, ymin, middle[0] if wide else xmax, ymax if wide else middle[1]),
        (middle[0] if wide else xmin, ymin if wide else middle[1], xmax, ymax),
    ):
        half = polygons_of(shapely.intersection(part, shapely.box(*box)))
        for piece in shapely.get_parts(half):
            yield from _cut(piece)
