"""Polygons as files: GeoPackage, GeoParquet and GeoJSON, each with its provenance inside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping

from satseg.errors import StorageError
from satseg.export.polygons import FarmlandPolygons
from satseg.export.subject import as_tags
from satseg.storage import storing

if TYPE_CHECKING:
    import geopandas as gpd

LAYER = "farmland"
PROVENANCE = "satseg:provenance"
"""Key of the provenance in GeoParquet's metadata and at the top of GeoJSON."""

FORMATS = {".gpkg": "GeoPackage", ".parquet": "GeoParquet", ".geojson": "GeoJSON"}
"""Kinds of file by their ending."""

_DEGREE_DIGITS = 8
"""Decimals of a coordinate in GeoJSON: about 1 mm, so that no two corners of a pixel meet."""


def write_polygons(polygons: FarmlandPolygons, path: Path) -> None:
    """Write polygons to a file of the kind that its ending names.

    - ``.gpkg``: GeoPackage in the map's own CRS, layer ``farmland``. The provenance is in the
      tables ``gpkg_metadata``, which QGIS shows as the layer's metadata, one key each.
    - ``.parquet``: GeoParquet 1.1 in the same CRS; the provenance is JSON in the file's key-value
      metadata under ``satseg:provenance``.
    - ``.geojson``: RFC 7946: longitude and latitude on WGS 84, outer rings counter-clockwise, a
      bounding box; the provenance is the top-level member ``satseg:provenance``.

    Raises:
        StorageError: the ending is none of these, or the file cannot be written; nothing is left
            behind then, and what was there is kept.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise StorageError(
            expected=f"a file that ends in {', '.join(FORMATS)}",
            found=path.name,
            fix="Name the file with one of these endings",
        )
    with storing(path) as whole:
        if kind == ".gpkg":
            _write_geopackage(polygons, whole)
        elif kind == ".parquet":
            _write_geoparquet(polygons, whole)
        else:
            _write_geojson(polygons, whole)


def _write_geopackage(polygons: FarmlandPolygons, path: Path) -> None:
    import pyogrio

    tags = {key.upper(): text for key, text in as_tags(polygons.provenance).items()}
    pyogrio.write_dataframe(
        polygons.frame,
        path,
        driver="GPKG",
        layer=LAYER,
        geometry_type="Polygon",
        layer_metadata=tags,
        dataset_metadata=tags,
    )


def _write_geoparquet(polygons: FarmlandPolygons, path: Path) -> None:
    import pyarrow.parquet as pq

    polygons.frame.to_parquet(path, index=False, schema_version="1.1.0", compression="zstd")
    table = pq.read_table(path)
    provenance = json.dumps(dict(polygons.provenance), ensure_ascii=False)
    metadata = {**(table.schema.metadata or {}), PROVENANCE.encode(): provenance.encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")


def _write_geojson(polygons: FarmlandPolygons, path: Path) -> None:
    frame = polygons.frame.to_crs("EPSG:4326")
    head = {
        "type": "FeatureCollection",
        "name": LAYER,
        **({"bbox": [round(v, _DEGREE_DIGITS) for v in frame.total_bounds]} if len(frame) else {}),
        PROVENANCE: dict(polygons.provenance),
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [')
        for number, feature in enumerate(_features(frame)):
            file.write(",\n" if number else "\n")
            file.write(json.dumps(feature, ensure_ascii=False))
        file.write("\n]}\n")


def _features(frame: gpd.GeoDataFrame) -> Iterator[Mapping[str, Any]]:
    rounded = shapely.transform(frame.geometry.values, lambda xy: np.round(xy, _DEGREE_DIGITS))
    oriented = shapely.orient_polygons(rounded)
    rows = frame.drop(columns="geometry").to_dict(orient="records")
    for row, geometry in zip(rows, oriented, strict=True):
        row["area_m2"] = round(row["area_m2"], 4)
        row["mean_probability"] = round(row["mean_probability"], 6)
        yield {
            "type": "Feature",
            "id": row["id"],
            "properties": row,
            "geometry": mapping(geometry),
        }
