"""What the story did to the land between two dates: polygons and a raster, both exact."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from satseg import classes
from satseg.simulate.cover import areas_of, frame_of, ground_classes, outlines
from satseg.simulate.definition import Definition
from satseg.simulate.landscape import Landscape, landscape_on
from satseg.simulate.render import grid_of
from satseg.simulate.truth import geodesic_m2

if TYPE_CHECKING:
    from shapely import Geometry

    from satseg.simulate.sketch import Feature


@dataclass(frozen=True, slots=True)
class LandChange:
    """Ground that went over from one class to another.

    Attributes:
        before: class code on the first date.
        after: class code on the second date, another one.
        shape: (multi)polygon in UTM 51N.
        area_m2: geodesic, square metres.
    """

    before: int
    after: int
    shape: Geometry
    area_m2: float

    @property
    def farmland(self) -> str:
        """``lost``, ``gained`` or ``unchanged`` (neither class is farmland, or both are)."""
        was, stays = (code in classes.FARMLAND_CODES for code in (self.before, self.after))
        return "unchanged" if was == stays else ("lost" if was else "gained")


def land_changes(definition: Definition, first: dt.date, second: dt.date) -> list[LandChange]:
    """Return what changed between two dates, by class before and class after.

    Seasons are no change: only what the story did is returned. The ground counts, not the crowns
    above it. Dates may come in any order and need not be dates of images.
    """
    import shapely

    grid = grid_of(definition)
    lands = landscape_on(definition, first), landscape_on(definition, second)
    touched = shapely.intersection(_differing(definition, *lands), frame_of(grid))
    if touched.is_empty:
        return []
    before, after = (ground_classes(grid, land, touched) for land in lands)
    found = []
    for old, ground in before.items():
        for new, later in after.items():
            shape = areas_of(shapely.intersection(ground, later))
            if old != new and not shape.is_empty:
                found.append(LandChange(old, new, shape, geodesic_m2(shape)))
    return found


def farmland_changes_m2(changes: list[LandChange]) -> tuple[float, float]:
    """Return the geodesic areas of farmland (lost, gained) in square metres."""
    lost = sum(item.area_m2 for item in changes if item.farmland == "lost")
    gained = sum(item.area_m2 for item in changes if item.farmland == "gained")
    return lost, gained


def change_codes(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 10 x class before + class after of two truth rasters, uint8 (h, w).

    Pixels without a class in one of them are 0.

    >>> change_codes(np.array([1, 1, 0], np.uint8), np.array([1, 6, 6], np.uint8)).tolist()
    [11, 16, 0]
    """
    known = (before != classes.UNLABELLED) & (after != classes.UNLABELLED)
    return np.where(known, np.uint8(10) * before + after, np.uint8(classes.UNLABELLED))


def _differing(definition: Definition, one: Landscape, two: Landscape) -> Geometry:
    """Return the ground under all features that only one of two landscapes has."""
    import shapely

    grid = grid_of(definition)
    keys = [[_key(item) for item in land.features] for land in (one, two)]
    parts = []
    for land, mine, other in ((one, keys[0], set(keys[1])), (two, keys[1], set(keys[0]))):
        only = [k for k, key in enumerate(mine) if key not in other]
        parts.append(outlines(grid, Landscape(tuple(land.features[k] for k in only), land.trees)))
    return areas_of(shapely.union_all(np.concatenate(parts)))


def _key(feature: Feature) -> tuple[bytes, int]:
    return feature.ring.tobytes(), feature.land
