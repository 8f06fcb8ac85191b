"""Areas of OpenStreetMap in local files: extracts (.osm.pbf, .osm) and converted vectors."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from satseg.errors import VectorError
from satseg.osm.areas import OsmAreas, cleaned, tagged
from satseg.osm.tags import KEYS, Tag

if TYPE_CHECKING:
    import geopandas as gpd

_EXTRACTS = (".pbf", ".osm")
_GEOFABRIK = "fclass"
"""Column of tag values in Geofabrik's shapefiles and GeoPackages."""


def read_areas(path: Path, region: BaseGeometry, tags: Sequence[Tag]) -> OsmAreas:
    """Return the areas with one of ``tags`` inside of a region.

    Args:
        path: an extract (``.osm.pbf``, ``.osm``), or polygons that another program made from one
            (GeoPackage, GeoJSON, Shapefile) with columns ``landuse``, ``natural``, ``leisure``, as
            QuickOSM, overpass turbo and ogr2ogr write them, or ``fclass``, as Geofabrik does.
        region: polygon in WGS 84.
        tags: what to keep.

    Raises:
        VectorError: the file is missing, no driver reads it, or it has neither column.
    """
    if not path.is_file():
        raise VectorError(
            expected="a file of OpenStreetMap areas (.osm.pbf, .gpkg, .geojson)",
            found=f"no file at {path}",
            fix="Check the path, or leave it out to ask Overpass",
        )
    retrieved = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    extract = path.suffix.lower() in _EXTRACTS
    raw = _read_extract(path, region, tags) if extract else _read_vectors(path, region, tags)
    frame, repaired, skipped = cleaned(tagged(raw, tags), region)
    asked = ", ".join(str(tag) for tag in tags)
    return OsmAreas(frame, region, path.name, asked, retrieved, repaired, skipped)


def require_driver(path: Path) -> None:
    """Raise VectorError unless this GDAL reads OpenStreetMap extracts."""
    import pyogrio

    if "OSM" not in pyogrio.list_drivers():
        raise VectorError(
            expected=f"a GDAL with the OSM driver, to read {path.name}",
            found=f"GDAL {pyogrio.__gdal_version_string__} without it",
            fix="Install pyogrio from its wheels, or convert the file to a GeoPackage elsewhere",
        )


def _read_extract(path: Path, region: BaseGeometry, tags: Sequence[Tag]) -> gpd.GeoDataFrame:
    """Read closed ways and multipolygon relations; GDAL puts the rings of relations together."""
    require_driver(path)
    keys = {tag.key for tag in tags}
    where = " OR ".join(
        f"{key} IN ({', '.join(repr(tag.value) for tag in tags if tag.key == key)})"
        for key in KEYS
        if key in keys
    )
    frame = _read(path, region, layer="multipolygons", where=where)
    way = frame["osm_way_id"].notna()
    number = frame["osm_id"].where(~way, frame["osm_way_id"]).astype(str)
    return frame.assign(osm_id=np.where(way, "way/", "relation/") + number.to_numpy(dtype=object))


def _read_vectors(path: Path, region: BaseGeometry, tags: Sequence[Tag]) -> gpd.GeoDataFrame:
    import pandas as pd
    import pyogrio

    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except (pyogrio.errors.DataSourceError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    known = (*KEYS, _GEOFABRIK, "tag")
    found = []
    for layer in layers:
        fields = pyogrio.read_info(path, layer=layer)["fields"]
        if set(fields) & set(known):
            found.append(_named(_read(path, region, layer=layer), tags))
    if not found:
        raise VectorError(
            expected=f"a layer with one of the columns {', '.join((*KEYS, _GEOFABRIK))}",
            found=f"{path.name} with the layers {', '.join(layers) or '(none)'}",
            fix="Give polygons of OpenStreetMap; for polygons of your own use 'satseg masks'",
        )
    return pd.concat(found, ignore_index=True)


def _named(frame: gpd.GeoDataFrame, tags: Sequence[Tag]) -> gpd.GeoDataFrame:
    """Give a table the columns of an extract."""
    if "tag" in frame.columns and not set(KEYS) & set(frame.columns):
        split = frame["tag"].fillna("").str.partition("=")
        frame = frame.assign(**{key: split[2].where(split[0] == key) for key in KEYS})
    elif _GEOFABRIK in frame.columns:
        for tag in tags:
            hit = frame[_GEOFABRIK] == tag.value
            if tag.key not in frame.columns:
                frame = frame.assign(**{tag.key: None})
            frame.loc[hit, tag.key] = tag.value
    names = next((c for c in ("osm_id", "full_id", "@id", "id", "osm_way_id") if c in frame), None)
    numbers = [f"row/{row}" for row in range(len(frame))]
    ids = numbers if names is None else frame[names].astype(str)
    return frame.assign(osm_id=ids, name=frame.get("name"))


def _read(
    path: Path, region: BaseGeometry, *, layer: str, where: str | None = None
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pyogrio

    bounds = gpd.GeoSeries([shapely.box(*region.bounds)], crs="EPSG:4326")
    try:
        crs = pyogrio.read_info(path, layer=layer)["crs"] or "EPSG:4326"
        bbox = tuple(bounds.to_crs(crs).total_bounds)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # invalid rings are mended and told
            frame = pyogrio.read_dataframe(path, layer=layer, where=where, bbox=bbox)
    except (pyogrio.errors.DataSourceError, RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from error
    if frame.crs is None:
        frame = frame.set_crs("EPSG:4326")
    return frame.to_crs("EPSG:4326")


def _unreadable(path: Path, error: Exception) -> VectorError:
    return VectorError(
        expected="a complete file of OpenStreetMap areas (.osm.pbf, .gpkg, .geojson)",
        found=f"{path.name}: {str(error)[:200]}",
        fix="Download or convert the file again",
    )
