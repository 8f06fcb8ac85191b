import json
from pathlib import Path

import geopandas as gpd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from export_maps import subject
from jsonschema import validate
from shelf_files import snapshot

from satseg.catalog import Catalog
from satseg.errors import StorageError
from satseg.export import vector_files
from satseg.export.polygons import FarmlandPolygons, farmland_polygons
from satseg.export.vector_files import write_polygons

PROVENANCE = ("scene_id", "weights_sha256", "threshold", "parameters", "software", "exported")
POSITION = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
RING = {"type": "array", "items": POSITION, "minItems": 4}
COLLECTION = {
    "type": "object",
    "required": ["type", "features"],
    "not": {"required": ["crs"]},
    "properties": {
        "type": {"const": "FeatureCollection"},
        "bbox": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
        "features": {
            "type": "array",
            "items": {
                "required": ["type", "properties", "geometry"],
                "properties": {
                    "type": {"const": "Feature"},
                    "geometry": {
                        "properties": {
                            "type": {"const": "Polygon"},
                            "coordinates": {"type": "array", "items": RING},
                        }
                    },
                },
            },
        },
    },
}
"""What RFC 7946 asks of a collection of polygons; a member "crs" is of the past."""


@pytest.fixture(scope="module")
def polygons(mapped: Catalog) -> FarmlandPolygons:
    return farmland_polygons(subject(mapped))


@pytest.mark.parametrize("ending", ["gpkg", "parquet", "geojson"])
def test_every_format_holds_the_same_polygons(
    polygons: FarmlandPolygons, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"farmland.{ending}"
    write_polygons(polygons, path)
    read = gpd.read_parquet if ending == "parquet" else gpd.read_file
    found = read(path)
    assert list(found["area_m2"]) == pytest.approx(list(polygons.frame["area_m2"]), abs=1e-4)
    assert set(polygons.frame.columns) <= set(found.columns)
    assert found.crs == ("EPSG:4326" if ending == "geojson" else "EPSG:32651")
    there = found.to_crs("EPSG:32651").geometry.reset_index(drop=True)
    assert shapely.equals_exact(
        shapely.normalize(there.values),
        shapely.normalize(polygons.frame.geometry.values),
        tolerance=0.01,
    ).all()


def test_geopackage_tells_where_it_comes_from(polygons: FarmlandPolygons, tmp_path: Path) -> None:
    write_polygons(polygons, tmp_path / "p.gpkg")
    info = pyogrio.read_info(tmp_path / "p.gpkg", layer="farmland")
    assert info["layer_metadata"]["WEIGHTS_SHA256"] == "ab" * 32
    assert {key.upper() for key in PROVENANCE} <= set(info["layer_metadata"])


def test_geoparquet_tells_where_it_comes_from(polygons: FarmlandPolygons, tmp_path: Path) -> None:
    write_polygons(polygons, tmp_path / "p.parquet")
    metadata = pq.read_schema(tmp_path / "p.parquet").metadata
    assert set(PROVENANCE) <= set(json.loads(metadata[b"satseg:provenance"]))
    geo = json.loads(metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["geometry_types"] == ["Polygon"]


def test_geojson_follows_rfc_7946(polygons: FarmlandPolygons, tmp_path: Path) -> None:
    write_polygons(polygons, tmp_path / "p.geojson")
    document = json.loads((tmp_path / "p.geojson").read_text(encoding="utf-8"))
    validate(document, COLLECTION)
    assert set(PROVENANCE) <= set(document["satseg:provenance"])
    west, south, east, north = document["bbox"]
    assert 119 < west < east < 123
    assert 30 < south < north < 33
    rings = [feature["geometry"]["coordinates"] for feature in document["features"]]
    holes = [ring for polygon in rings for ring in polygon[1:]]
    assert all(shapely.LinearRing(polygon[0]).is_ccw for polygon in rings)
    assert len(holes) == 1
    assert not shapely.LinearRing(holes[0]).is_ccw


def test_a_map_without_farmland_can_be_written(mapped: Catalog, tmp_path: Path) -> None:
    nothing = farmland_polygons(subject(mapped, min_area_m2=1e6))
    for ending in ("gpkg", "parquet", "geojson"):
        write_polygons(nothing, tmp_path / f"p.{ending}")
    assert len(gpd.read_file(tmp_path / "p.gpkg")) == 0
    assert len(gpd.read_parquet(tmp_path / "p.parquet")) == 0
    document = json.loads((tmp_path / "p.geojson").read_text(encoding="utf-8"))
    assert document["features"] == []


def test_another_ending_is_refused(polygons: FarmlandPolygons, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="ends in .gpkg, .parquet, .geojson; found p.kml"):
        write_polygons(polygons, tmp_path / "p.kml")


def test_what_was_there_survives_a_failure(
    polygons: FarmlandPolygons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.geojson"
    write_polygons(polygons, path)
    before = snapshot(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vector_files, "_features", full)
    with pytest.raises(StorageError, match="No space left"):
        write_polygons(polygons, path)
    assert snapshot(tmp_path) == before
