"""Exact truth as vectors: the farmland, its parcels and the classes of the land on a date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from satseg.area import region_area_m2
from satseg.simulate.cover import areas_of, frame_of, ground_classes, outlines, polygons_of, seen
from satseg.simulate.definition import Definition
from satseg.simulate.landscape import Landscape, is_farmland, landscape_on
from satseg.simulate.render import CRS, grid_of
from satseg.simulate.seasons import crop_on, rotation, surface_on

if TYPE_CHECKING:
    from shapely import Geometry


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel of farmland on a date.

    Attributes:
        id: 12 hexadecimal digits; stays the parcel's for as long as its block is not rebuilt.
        shape: what is seen of it inside of the scene, (multi)polygon in UTM 51N.
        rotation: what is grown over the years: rice, dry, vegetables or gardens.
        crop: what stands on it: rice, wheat, rapeseed, vetch, vegetables, dry crops or none.
        stage: name of the surface that it shows (see ``surfaces``).
    """

    id: str
    shape: Geometry
    rotation: str
    crop: str
    stage: str


def farmland_polygons(definition: Definition, land: Landscape) -> list[Geometry]:
    """Return the farmland inside of the scene as polygons in UTM 51N, one or more a block.

    What is painted over a block of farmland (an expressway, a lane that bends into it) is cut out.
    """
    import shapely

    grid = grid_of(definition)
    farmed = np.array([is_farmland(item) for item in land.features], dtype=np.int64)
    whole = np.array([not item.surface.startswith("crop:") for item in land.features], dtype=bool)
    left = seen(outlines(grid, land), farmed, np.flatnonzero((farmed == 1) & whole))
    inside = shapely.intersection(left, frame_of(grid))
    return [part for shape in inside for part in polygons_of(shape)]


def parcels(definition: Definition, date: dt.date, land: Landscape) -> list[Parcel]:
    """Return the parcels that are seen at least in part in the scene, in painting order."""
    import shapely

    grid = grid_of(definition)
    farmed = np.array([is_farmland(item) for item in land.features], dtype=np.int64)
    wanted = np.flatnonzero([item.parcel for item in land.features])
    left = seen(outlines(grid, land), farmed, wanted)
    found = []
    for number, shape in zip(wanted, shapely.intersection(left, frame_of(grid)), strict=True):
        area = areas_of(shape)
        if area.area <= 1:
            continue
        item = land.features[number]
        stage = surface_on(item.surface, date, item.chance, definition.crops)
        years = rotation(item.surface, item.chance, definition.crops)
        first, second = (int(part * 2**24) for part in item.chance[5:7])
        parcel_id = f"{first:06x}{second:06x}"
        found.append(Parcel(parcel_id, area, years, crop_on(stage, years), stage))
    return found


def land_polygons(definition: Definition, land: Landscape) -> dict[int, Geometry]:
    """Return the ground of each class in the scene, (multi)polygons in UTM 51N by class code.

    They part the scene's frame exactly. Crowns are left out (see ``cover.ground_classes``), so
    that the truth raster has more trees where crowns hang over grass and bare ground.
    """
    grid = grid_of(definition)
    return ground_classes(grid, land, frame_of(grid))


def geodesic_m2(shape: Geometry) -> float:
    """Return the area on the WGS 84 ellipsoid of a (multi)polygon in UTM 51N, square metres."""
    import pyproj
    import shapely

    project = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    lonlat = shapely.transform(shape, lambda xy: np.column_stack(project.transform(*xy.T)))
    return region_area_m2(lonlat)


def farmland_area_m2(definition: Definition, date: dt.date) -> float:
    """Return the geodesic area of the farmland inside of the scene's frame on ``date``.

    Measured on the WGS 84 ellipsoid from the vectors.
    """
    shapes = farmland_polygons(definition, landscape_on(definition, date))
    return sum(geodesic_m2(shape) for shape in shapes)
