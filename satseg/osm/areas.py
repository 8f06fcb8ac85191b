"""Areas of OpenStreetMap with their tags, and what remains of them as farmland."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from satseg.osm.tags import Role, Tag

if TYPE_CHECKING:
    import geopandas as gpd

ATTRIBUTION = "© OpenStreetMap contributors, Open Database Licence (ODbL) 1.0"
"""Source: https://www.openstreetmap.org/copyright."""

COLUMNS = ("osm_id", "tag", "role", "name", "geometry")


@dataclass(frozen=True, slots=True, eq=False)
class OsmAreas:
    """Areas as OpenStreetMap draws them, cut to what was asked for.

    Attributes:
        frame: one row an area: ``osm_id`` (``way/7`` or ``relation/7``), ``tag``, ``role`` (see
            ``satseg.osm.tags``), ``name``, and a valid (multi)polygon in WGS 84.
        region: the polygon in WGS 84 inside of which the areas are known.
        source: where they come from: a server's address or a file's name.
        query: what was asked for, as text.
        retrieved: when, UTC.
        repaired: ids of areas whose rings were invalid and have been mended.
        skipped: ids of areas that could not be used, with the reason.
    """

    frame: gpd.GeoDataFrame
    region: BaseGeometry
    source: str
    query: str
    retrieved: dt.datetime
    repaired: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def shape(self, role: Role) -> BaseGeometry:
        """Return all areas of a role as one shape in WGS 84; what overlaps counts once."""
        return shapely.union_all(self.frame.geometry[self.frame["role"] == role].to_numpy())

    def farmland(self) -> BaseGeometry:
        """Return the farmland as one shape in WGS 84, without what is subtracted from it."""
        left = shapely.difference(self.shape("farmland"), self.shape("subtracted"))
        return polygons_of(left)

    def provenance(self) -> dict[str, str]:
        """Return what a file made from these areas must tell."""
        return {
            "attribution": ATTRIBUTION,
            "source": self.source,
            "query": self.query,
            "retrieved": self.retrieved.isoformat(timespec="seconds"),
            "region": shapely.to_wkt(self.region, rounding_precision=7),
            "repaired": ", ".join(self.repaired),
            "skipped": "; ".join(self.skipped),
        }


def tagged(frame: gpd.GeoDataFrame, tags: Sequence[Tag]) -> gpd.GeoDataFrame:
    """Return the rows whose columns ``landuse``, ``natural``, ``leisure`` hold one of ``tags``.

    The result has the columns ``tag`` and ``role`` beside those of ``frame``. Where several tags
    fit, the first of ``tags`` wins.
    """
    found = np.full(len(frame), "", dtype=object)
    role = np.full(len(frame), "", dtype=object)
    for tag in reversed(tags):
        if tag.key in frame.columns:
            hit = (frame[tag.key] == tag.value).to_numpy(dtype=bool)
            found[hit], role[hit] = str(tag), tag.role
    return frame.assign(tag=found, role=role)[found != ""]


def cleaned(
    frame: gpd.GeoDataFrame, region: BaseGeometry
) -> tuple[gpd.GeoDataFrame, tuple[str, ...], tuple[str, ...]]:
    """Return the areas valid and cut to ``region``, the ids mended and those skipped with reasons.

    A ring that crosses itself encloses what lies on an odd number of its sides, as on the map.

    Args:
        frame: with ``osm_id``, ``tag``, ``role``, ``name`` and geometries in WGS 84.
        region: polygon in WGS 84.
    """
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    names = frame["osm_id"].to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    invalid = ~shapely.is_valid(shapes) & ~empty
    shapes[invalid] = shapely.make_valid(shapes[invalid])
    areal = np.array([polygons_of(shape) for shape in shapes], dtype=object)
    lost = shapely.area(areal) == 0
    skipped = tuple(f"{name}: encloses no area" for name in names[lost])
    repaired = tuple(str(name) for name in names[invalid & ~lost])
    inside = np.array(
        [polygons_of(shape) for shape in shapely.intersection(areal, region)], dtype=object
    )
    kept = shapely.area(inside) > 0
    whole = frame.set_geometry(inside, crs="EPSG:4326")[list(COLUMNS)]
    return whole[kept].reset_index(drop=True), repaired, skipped


def polygons_of(shape: BaseGeometry | None) -> BaseGeometry:
    """Return the polygons of any geometry as a (multi)polygon; empty where there is none."""
    parts = shapely.get_parts(shapely.get_parts(shape)) if shape is not None else np.array([])
    areal = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return areal[0] if len(areal) == 1 else shapely.MultiPolygon(areal)


def areas_by_tag(areas: OsmAreas, m2: NDArray[np.float64]) -> Mapping[str, tuple[int, float]]:
    """Return the number of areas and their square metres by tag; overlaps count twice.

    ``m2``: float64 (n,), the area of each row of ``areas.frame``.
    """
    found: dict[str, tuple[int, float]] = {}
    for tag, area in zip(areas.frame["tag"], m2, strict=True):
        count, total = found.get(tag, (0, 0.0))
        found[tag] = (count + 1, total + float(area))
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))
