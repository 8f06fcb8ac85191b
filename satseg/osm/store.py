"""Answers of Overpass kept in the catalog, and located farmland as a GeoPackage."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from filelock import FileLock, Timeout
from shapely.geometry.base import BaseGeometry

from satseg.errors import StorageError, VectorError
from satseg.osm.areas import OsmAreas
from satseg.osm.overpass import Server, ask, region_text
from satseg.osm.tags import Tag
from satseg.storage import storing

if TYPE_CHECKING:
    import geopandas as gpd

AREAS = "areas.gpkg"
PROVENANCE = "provenance"
_LOCK_TIMEOUT_S = 600.0
_CRS = "EPSG:4326"


def remembered(
    root: Path, server: Server, region: BaseGeometry, tags: Sequence[Tag], *, refresh: bool = False
) -> OsmAreas:
    """Return the areas inside of a region; the server is asked only where the catalog lacks them.

    Args:
        root: the catalog's folder.
        server: whom to ask.
        region: (multi)polygon in WGS 84.
        tags: what to ask for.
        refresh: ask again. The older answer stays where the new one does not come.

    Raises:
        VectorError: the server does not answer as it should.
        StorageError: the answer cannot be kept.
    """
    asked = "\n".join([server.url, region_text(region), *map(str, tags), *(t.role for t in tags)])
    folder = root / "osm" / hashlib.sha256(asked.encode()).hexdigest()[:16]
    kept = folder / AREAS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=_LOCK_TIMEOUT_S):
            if kept.is_file() and not refresh:
                return read_kept(kept, region)
            answers = folder / "answers"
            if refresh:
                shutil.rmtree(answers, ignore_errors=True)
            areas = ask(server, region, tags, answers)
            write_layers(kept, {"areas": areas.frame}, areas.provenance())
            shutil.rmtree(answers, ignore_errors=True)
            return areas
    except (OSError, Timeout) as error:
        raise StorageError(
            expected=f"to keep the answer of OpenStreetMap in {folder}",
            found=f"{type(error).__name__}: {error}",
            fix="Free space on the disk, or wait until another process has its answer",
        ) from error


def read_kept(path: Path, region: BaseGeometry) -> OsmAreas:
    """Return the areas that ``remembered`` keeps in a file.

    Raises:
        VectorError: the file cannot be read.
    """
    import pyogrio

    try:
        frame = pyogrio.read_dataframe(path, layer="areas")
        told = provenance_of(path)
        return OsmAreas(
            frame=frame,
            region=region,
            source=told["source"],
            query=told["query"],
            retrieved=dt.datetime.fromisoformat(told["retrieved"]),
            repaired=tuple(filter(None, told["repaired"].split(", "))),
            skipped=tuple(filter(None, told["skipped"].split("; "))),
        )
    except (pyogrio.errors.DataSourceError, RuntimeError, LookupError, ValueError) as error:
        raise VectorError(
            expected=f"areas of OpenStreetMap in {path}",
            found=f"{type(error).__name__}: {str(error)[:200]}",
            fix="Ask again with --refresh",
        ) from error


def provenance_of(path: Path) -> dict[str, str]:
    """Return the table that ``write_layers`` wrote beside the layers."""
    import pyogrio

    table = pyogrio.read_dataframe(path, layer=PROVENANCE, read_geometry=False)
    return {str(key): str(value or "") for key, value in zip(table["key"], table["value"])}  # noqa: B905


def write_layers(
    path: Path, layers: Mapping[str, gpd.GeoDataFrame], provenance: Mapping[str, str]
) -> None:
    """Write a GeoPackage with one layer a table and the table ``provenance``, whole or not at all.

    Raises:
        StorageError: it cannot be written; what was there stays.
    """
    import pandas as pd
    import pyogrio

    told = pd.DataFrame({"key": list(provenance), "value": list(provenance.values())})
    with storing(path) as whole:
        try:
            for name, frame in layers.items():
                pyogrio.write_dataframe(
                    frame,
                    whole,
                    layer=name,
                    driver="GPKG",
                    append=whole.exists(),
                    geometry_type=_kind(frame),
                    promote_to_multi=_kind(frame) == "MultiPolygon",
                    layer_metadata={k: v for k, v in provenance.items() if v and len(v) < 2000},
                )
            pyogrio.write_dataframe(told, whole, layer=PROVENANCE, driver="GPKG", append=True)
        except (pyogrio.errors.DataSourceError, RuntimeError) as error:
            raise OSError(str(error)) from error


def _kind(frame: gpd.GeoDataFrame) -> str:
    kinds = set(frame.geom_type.dropna())
    return "Polygon" if kinds == {"Polygon"} else "MultiPolygon"


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Return rows with a ``geometry`` in WGS 84 as a table whose columns have the given dtypes."""
    import geopandas as gpd
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=[*columns, "geometry"]).astype(dict(columns))
    shapes = gpd.GeoSeries(
        [shapely.normalize(shape) for shape in frame.pop("geometry")], crs=_CRS, index=frame.index
    )
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=_CRS)
