"""What is seen of each feature from above, as polygons: later features lie over earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from satseg import classes
from satseg.grids import Grid
from satseg.simulate.landscape import Landscape

if TYPE_CHECKING:
    from shapely import Geometry

Shapes = NDArray[np.object_]


def outlines(grid: Grid, land: Landscape) -> Shapes:
    """Return the outline of each feature as a valid geometry in the grid's CRS, object (n,)."""
    import shapely

    if not land.features:
        return np.zeros(0, dtype=object)
    rings = [item.ring for item in land.features]
    corner = np.array([grid.transform[2], grid.transform[5]])
    points = corner + np.concatenate(rings) * (1.0, -1.0)
    owner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    found: Shapes = shapely.make_valid(shapely.polygons(shapely.linearrings(points, indices=owner)))
    return found


def seen(shapes: Shapes, groups: NDArray[np.int64], wanted: NDArray[np.int64]) -> Shapes:
    """Return what is left of some shapes under the later ones of other groups, object (k,).

    Args:
        shapes: all of them in painting order.
        groups: int64 (n,), what each belongs to; a shape hides none of its own group, so that
            the union over a group is exactly what is seen of the group.
        wanted: int64 (k,), positions of the shapes that are asked for.
    """
    import shapely

    left: Shapes = shapes[wanted].copy()
    below, above = shapely.STRtree(shapes).query(left, predicate="intersects")
    hides = (above > wanted[below]) & (groups[above] != groups[wanted[below]])
    below, above = below[hides], above[hides]
    order = np.argsort(below, kind="stable")
    below, above = below[order], above[order]
    hidden, first = np.unique(below, return_index=True)
    lids = [shapely.union_all(shapes[part]) for part in np.split(above, first[1:])]
    if len(hidden):
        left[hidden] = shapely.difference(left[hidden], np.array(lids, dtype=object))
    return left


def frame_of(grid: Grid) -> Geometry:
    """Return the outline of a north-up grid in its CRS."""
    import shapely

    return shapely.box(*grid.bounds)


SLIVER_M2 = 1e-4
"""Polygons below this area come from rounding where outlines touch, and are left out."""


def polygons_of(shape: Geometry) -> list[Geometry]:
    """Return the polygons of a geometry, without points, lines and slivers."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts([shape]))
    return [part for part in parts if part.geom_type == "Polygon" and part.area > SLIVER_M2]


def areas_of(shape: Geometry) -> Geometry:
    """Return the polygons of a geometry as one Polygon or MultiPolygon, maybe empty."""
    import shapely

    parts = polygons_of(shape)
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def ground_classes(grid: Grid, land: Landscape, within: Geometry) -> dict[int, Geometry]:
    """Return the ground of each class that is seen inside of ``within``: (multi)polygons by code.

    Crowns are left out: the ground below them counts. The classes part ``within`` exactly: what
    no other class covers is grass, which the landscape's lowest feature is made of.
    """
    import shapely

    shapes = outlines(grid, land)
    codes = np.array([item.land for item in land.features], dtype=np.int64)
    touched = shapely.STRtree(shapes).query(within, predicate="intersects") if len(shapes) else []
    near = np.sort(np.asarray(touched, dtype=np.int64))
    shapes, codes = shapes[near], codes[near]
    found: dict[int, Geometry] = {}
    for code in sorted(set(codes.tolist()) - {classes.GRASS}):
        visible = seen(shapes, codes, np.flatnonzero(codes == code))
        inside = areas_of(shapely.intersection(shapely.union_all(visible), within))
        if not inside.is_empty:
            found[code] = inside
    rest = areas_of(shapely.difference(within, shapely.union_all(list(found.values()))))
    if not rest.is_empty:
        found[classes.GRASS] = rest
    return dict(sorted(found.items()))
