"""Regions: named areas of interest whose farmland is measured over time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from satseg.errors import RegionError
from satseg.identifiers import is_identifier
from satseg.remembered import Remembered


@dataclass(frozen=True, slots=True)
class Region:
    """A named area of interest.

    Attributes:
        id: identifier in the catalog.
        name_en: English name.
        name_zh: Chinese name, or an empty text.
        geometry: Polygon or MultiPolygon in longitude and latitude on WGS 84, degrees.
        summary: one sentence about the place.
        district: district of Shanghai in which it lies, or an empty text.
        summary_zh: the sentence in Chinese, or an empty text.
    """

    id: str
    name_en: str
    name_zh: str
    geometry: BaseGeometry
    summary: str = ""
    district: str = ""
    summary_zh: str = ""

    def __post_init__(self) -> None:
        if not is_identifier(self.id):
            raise RegionError(
                expected="a region id of small letters, digits, '-', '_' and '.'",
                found=repr(self.id),
                fix="Choose another id, for example chongming-paddy",
            )
        _check_geometry(self.id, self.geometry)

    @property
    def centre(self) -> tuple[float, float]:
        """(longitude, latitude) of a point inside of the region."""
        point = self.geometry.representative_point()
        return float(point.x), float(point.y)

    def feature(self) -> dict[str, Any]:
        """Return the region as a GeoJSON feature."""
        names = ("id", "name_en", "name_zh", "district", "summary", "summary_zh")
        return {
            "type": "Feature",
            "id": self.id,
            "properties": {name: getattr(self, name) for name in names},
            "geometry": mapping(self.geometry),
        }


def load_regions(path: Path) -> list[Region]:
    """Return the regions of a GeoJSON file in its order.

    Each feature is a Polygon or MultiPolygon in longitude and latitude (WGS 84) with the property
    ``id``; ``name_en``, ``name_zh``, ``district``, ``summary`` and ``summary_zh`` may be
    missing.

    Raises:
        RegionError: the file is missing or no GeoJSON, or a region is unusable or stands twice.
    """
    return list(_known(path))


def _read(path: Path) -> tuple[Region, ...]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        features = document["features"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegionError(
            expected="a GeoJSON FeatureCollection of regions",
            found=f"{path}: {type(error).__name__}",
            fix="Give a GeoJSON file with one polygon for each region",
        ) from error
    regions = tuple(_region(feature, path) for feature in features)
    ids = [region.id for region in regions]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise RegionError(
            expected="each region id once",
            found=f"{', '.join(twice)} more than once in {path}",
            fix="Give each region an id of its own",
        )
    return regions


_known = Remembered(_read, lambda path: path)


def feature_collection(regions: Iterable[Region]) -> dict[str, Any]:
    """Return the regions as a GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": [region.feature() for region in regions]}


def containing(regions: Iterable[Region], lon: float, lat: float) -> Region | None:
    """Return the smallest region that contains the point (degrees, WGS 84), or None."""
    point = shapely.Point(lon, lat)
    found = [region for region in regions if region.geometry.covers(point)]
    return min(found, key=lambda region: (region.geometry.area, region.id), default=None)


def _region(feature: Mapping[str, Any], path: Path) -> Region:
    try:
        properties = feature["properties"]
        geometry = shape(feature["geometry"])
        region_id = str(properties["id"])
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as error:
        raise RegionError(
            expected="GeoJSON features with a geometry and the property id",
            found=f"a feature of {path} without ({type(error).__name__}: {error})",
            fix="Complete the feature",
        ) from error
    return Region(
        id=region_id,
        name_en=str(properties.get("name_en") or region_id),
        name_zh=str(properties.get("name_zh") or ""),
        geometry=geometry,
        summary=str(properties.get("summary") or ""),
        district=str(properties.get("district") or ""),
        summary_zh=str(properties.get("summary_zh") or ""),
    )


def _check_geometry(region_id: str, geometry: BaseGeometry) -> None:
    problem = None
    if geometry.geom_type not in ("Polygon", "MultiPolygon"):
        problem = f"a {geometry.geom_type}"
    elif not geometry.is_valid:
        problem = f"an invalid polygon ({shapely.is_valid_reason(geometry)})"
    elif geometry.is_empty or geometry.area == 0:
        problem = "an empty polygon"
    else:
        west, south, east, north = geometry.bounds
        if west < -180 or east > 180 or south < -90 or north > 90:
            problem = f"coordinates from ({west:g}, {south:g}) to ({east:g}, {north:g})"
    if problem is not None:
        raise RegionError(
            expected="a valid polygon in longitude and latitude (WGS 84)",
            found=f"{problem} in region {region_id!r}",
            fix="Correct the polygon, for example in QGIS, and export it as EPSG:4326",
        )
