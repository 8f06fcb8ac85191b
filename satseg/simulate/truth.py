"""Exact truth as vectors: the farmland and its parcels on a date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from satseg.grids import Grid
from satseg.simulate.definition import Definition
from satseg.simulate.landscape import Landscape, is_farmland, landscape_on
from satseg.simulate.render import grid_of
from satseg.simulate.seasons import surface_on

if TYPE_CHECKING:
    from shapely import Geometry


def farmland_polygons(definition: Definition, land: Landscape) -> list[Geometry]:
    """Return the farmland inside of the scene as polygons in UTM 51N, one or more a block.

    What is painted over a block of farmland (an expressway, a lane that bends into it) is cut out.
    """
    import shapely

    grid = grid_of(definition)
    rings = [_to_map(grid, item.ring) for item in land.features]
    shapes = shapely.make_valid(np.array([shapely.Polygon(ring) for ring in rings]))
    tree = shapely.STRtree(shapes)
    frame = shapely.box(*grid.bounds)
    farmland = []
    for number, item in enumerate(land.features):
        if not is_farmland(item) or item.surface.startswith("crop:"):
            continue
        near = tree.query(shapes[number], predicate="intersects")
        over = [k for k in near if k > number and not is_farmland(land.features[k])]
        left = shapely.intersection(shapes[number], frame)
        if over:
            left = shapely.difference(left, shapely.union_all(shapes[over]))
        farmland += [part for part in shapely.get_parts(left) if part.area > 0]
    return [part for part in farmland if part.geom_type == "Polygon"]


def parcels(
    definition: Definition, date: dt.date, land: Landscape
) -> tuple[list[Geometry], list[str]]:
    """Return the parcels in UTM 51N that lie wholly or partly in the scene, and their stages."""
    import shapely

    grid = grid_of(definition)
    frame = shapely.box(*grid.bounds)
    shapes, stages = [], []
    for item in land.features:
        if not item.parcel:
            continue
        shape = shapely.Polygon(_to_map(grid, item.ring)).buffer(0).intersection(frame)
        if shape.area > 1 and shape.geom_type == "Polygon":
            shapes.append(shape)
            stages.append(surface_on(item.surface, date, item.chance, definition.crops))
    return shapes, stages


def farmland_area_m2(definition: Definition, date: dt.date) -> float:
    """Return the geodesic area of the farmland inside of the scene's frame on ``date``.

    Measured on the WGS 84 ellipsoid from the vectors.
    """
    import pyproj
    import shapely

    project = pyproj.Transformer.from_crs("EPSG:32651", "EPSG:4326", always_xy=True)
    geod = pyproj.Geod(ellps="WGS84")
    total = 0.0
    for shape in farmland_polygons(definition, landscape_on(definition, date)):
        lonlat = shapely.transform(shape, lambda xy: np.column_stack(project.transform(*xy.T)))
        total += abs(geod.geometry_area_perimeter(shapely.geometry.polygon.orient(lonlat))[0])
    return total


def _to_map(grid: Grid, ring: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([grid.transform[2] + ring[:, 0], grid.transform[5] - ring[:, 1]])
