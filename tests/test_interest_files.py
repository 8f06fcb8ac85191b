import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from satseg import interest_files
from satseg.area import region_area_m2
from satseg.errors import RegionError
from satseg.interest_files import polygons_of, read_area, read_area_file

FIELD = box(121.70, 31.20, 121.71, 31.21)
BOW_TIE = Polygon([(121.70, 31.20), (121.71, 31.21), (121.71, 31.20), (121.70, 31.21)])
KML = (
    '<?xml version="1.0"?>{dtd}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}'
    "</Document></kml>"
)
MARK = (
    "<Folder><name>{n}</name><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>"
    "{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>"
)


def geojson(*shapes: BaseGeometry, **more: object) -> bytes:
    features = [
        {"type": "Feature", "properties": {"a": 1}, "geometry": s.__geo_interface__} for s in shapes
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def frame(*shapes: BaseGeometry, crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    found = gpd.GeoDataFrame({"name": ["a"] * len(shapes)}, geometry=list(shapes), crs="EPSG:4326")
    return found.to_crs(crs)


def geopackage(folder: Path, *shapes: BaseGeometry, crs: str = "EPSG:4326") -> bytes:
    path = folder / "some.gpkg"
    frame(*shapes, crs=crs).to_file(path, driver="GPKG", layer="fields")
    return path.read_bytes()


def zipped(folder: Path, shapes: gpd.GeoDataFrame, *, inside: str = "", without: str = "") -> bytes:
    shapes.to_file(folder / "fields.shp", driver="ESRI Shapefile")
    parts = [path for path in folder.glob("fields.*") if path.suffix != without]
    return archive({inside + path.name: path.read_bytes() for path in parts})


def archive(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return data.getvalue()


def kml(*shapes: Polygon, dtd: str = "") -> bytes:
    marks = [
        MARK.format(n=i, ring=" ".join(f"{x},{y},0" for x, y in shape.exterior.coords))
        for i, shape in enumerate(shapes)
    ]
    return KML.format(marks="".join(marks), dtd=dtd).encode()


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(RegionError) as caught:
        read_area(name, data)
    return str(caught.value)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32651", "EPSG:3857"])
def test_each_kind_of_file_gives_the_same_area(tmp_path: Path, crs: str) -> None:
    expected = region_area_m2(FIELD)
    written: list[tuple[str, Callable[[], bytes]]] = [
        ("A.GPKG", lambda: geopackage(tmp_path, FIELD, crs=crs)),
        ("a b.zip", lambda: zipped(tmp_path, frame(FIELD, crs=crs))),
        ("nested.zip", lambda: zipped(tmp_path, frame(FIELD, crs=crs), inside="a folder/")),
    ]
    for name, write in written:
        found = read_area(name, write())
        assert region_area_m2(found.geometry) == pytest.approx(expected, rel=1e-5), name
        assert (found.shapes, found.repaired) == (1, False)


def test_geojson_and_kml_are_in_degrees() -> None:
    for name, data in (
        ("a.geojson", geojson(FIELD)),
        ("a.json", geojson(FIELD)),
        ("a.kml", kml(FIELD)),
    ):
        assert read_area(name, data).geometry.equals(FIELD), name
    bare = json.dumps(FIELD.__geo_interface__).encode()
    assert read_area("a.geojson", bare).geometry.equals(FIELD)


def test_an_older_geojson_in_metres_is_converted() -> None:
    metres = frame(FIELD, crs="EPSG:32651").geometry.iloc[0]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32651"}}
    found = read_area("a.geojson", geojson(metres, crs=crs))
    assert region_area_m2(found.geometry) == pytest.approx(region_area_m2(FIELD), rel=1e-5)


def test_all_layers_and_shapes_are_taken_together() -> None:
    other = box(121.72, 31.20, 121.73, 31.21)
    for found in (
        read_area("a.kml", kml(FIELD, other)),
        read_area("a.geojson", geojson(FIELD, other)),
    ):
        assert found.shapes == 2
        assert found.geometry.equals(MultiPolygon([FIELD, other]))


def test_shapes_that_cross_themselves_are_repaired() -> None:
    found = read_area("a.geojson", geojson(BOW_TIE))
    assert found.repaired
    assert found.geometry.is_valid
    assert found.geometry.area == pytest.approx(FIELD.area / 2)


def test_overlapping_shapes_count_once() -> None:
    found = read_area("a.geojson", geojson(FIELD, FIELD, box(121.705, 31.20, 121.715, 31.21)))
    assert found.geometry.area == pytest.approx(1.5 * FIELD.area)


def test_lines_and_points_are_refused_with_their_number() -> None:
    line = LineString([(121.7, 31.2), (121.8, 31.3)])
    told = refusal("a.geojson", geojson(FIELD, line, Point(121.7, 31.2)))
    assert "polygons only" in told
    assert "1 LineString, 1 Point, 1 Polygon" in told


def test_metres_without_a_reference_system_are_refused(tmp_path: Path) -> None:
    metres = frame(FIELD, crs="EPSG:32651")
    told = refusal("a.zip", zipped(tmp_path, metres, without=".prj"))
    assert "longitudes from -180 to 180" in told
    assert "reference system" in told
    degrees = zipped(tmp_path, frame(FIELD), without=".prj")
    assert read_area("a.zip", degrees).geometry.area == pytest.approx(FIELD.area)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.tif", b"II*\0", "a GeoJSON, GeoPackage or KML file"),
        ("noextension", b"{}", "a GeoJSON, GeoPackage or KML file"),
        ("a.geojson", b"", "0 bytes"),
        ("a.geojson", b"not json", "JSONDecodeError"),
        ("a.geojson", b"[" * 100_000, "RecursionError"),
        ("a.geojson", b'{"type": "Topology", "objects": {}}', "'Topology'"),
        ("a.geojson", b'{"type": "Catalog", "stac_version": "1.0.0"}', "'Catalog'"),
        ("a.geojson", geojson(), "no shape"),
        ("a.geojson", b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 0]]]}', "no shape"),
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 100, "Error"),
        ("a.gpkg", b"<OGRVRTDataSource/>", "other first bytes"),
        ("a.kml", b"<OGRVRTDataSource/>", "'OGRVRTDataSource'"),
        ("a.kml", b"<kml", "ParseError"),
        ("a.kml", kml(FIELD, dtd='<!DOCTYPE kml [<!ENTITY a "b">]>'), "DTDForbidden"),
        ("a.zip", b"PK no zip", "BadZipFile"),
        ("a.zip", archive({"a.txt": b"x"}), "0 files .shp"),
        ("a.zip", archive({"a.shp": b"x", "b.shp": b"y"}), "2 files .shp"),
        ("a.zip", archive({"a.shp": b"x"}), "a.shx beside a.shp"),
        ("a.zip", archive({"a.shp": b"x", "a.shx": b"y"}), "a .shp that is none"),
        ("a.zip", archive({"../a.shp": b"x", "../a.shx": b"y"}), "the path '../a.shp'"),
        ("a.zip", archive({"/etc/a.shp": b"x", "/etc/a.shx": b"y"}), "the path '/etc/a.shp'"),
        ("a.zip", archive({"C:\\a.shp": b"x"}), "the path"),
        ("a.zip", archive({f"{n}.txt": b"" for n in range(101)}), "101 files"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(name: str, data: bytes, said: str) -> None:
    told = refusal(name, data)
    assert said in told
    assert "satseg-area-" not in told


def test_a_zip_that_grows_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interest_files, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = archive({"a.shp": b"\0" * 5_000_000, "a.shx": b"y"})
    assert len(bomb) < 10_000
    assert "more than 1 MB in it" in refusal("a.zip", bomb)


def test_the_sizes_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interest_files, "MAX_BYTES", 2_000_000)
    assert "2,000,001 bytes" in refusal("a.geojson", b" " * 2_000_001)
    monkeypatch.setattr(interest_files, "MAX_SHAPES", 2)
    assert "more than 2 shapes" in refusal("a.geojson", geojson(FIELD, FIELD, FIELD))
    monkeypatch.setattr(interest_files, "MAX_LAYERS", 2)
    assert "3 layers" in refusal("a.kml", kml(FIELD, FIELD, FIELD))
    monkeypatch.setattr(interest_files, "MAX_VERTICES", 9)
    assert "found 10" in refusal("a.geojson", geojson(FIELD, FIELD))


def test_a_view_in_a_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "view.gpkg"
    path.write_bytes(geopackage(tmp_path, FIELD))
    with sqlite3.connect(path) as database:
        database.execute("CREATE VIEW endless AS SELECT * FROM fields")
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            "VALUES ('endless', 'features', 'endless')"
        )
    database.close()
    assert "the layer 'endless', which is no table" in refusal("a.gpkg", path.read_bytes())


def test_nothing_of_a_visitors_name_reaches_the_disk(tmp_path: Path) -> None:
    name = "../../" + "x" * 300 + "\0/etc/passwd.geojson"
    assert read_area(name, geojson(FIELD)).geometry.equals(FIELD)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match=r"none\.kml: FileNotFoundError"):
        read_area_file(tmp_path / "none.kml")


@given(st.binary(max_size=200), st.sampled_from(interest_files.KINDS))
def test_noise_is_refused_and_nothing_else_happens(data: bytes, kind: str) -> None:
    with pytest.raises(RegionError):
        read_area(f"a.{kind}", data)


@given(st.lists(st.tuples(st.floats(121, 122), st.floats(31, 32)), min_size=3, max_size=12))
def test_a_drawn_line_becomes_valid_polygons_or_is_refused(ring: list[tuple[float, float]]) -> None:
    try:
        found = polygons_of(Polygon(ring))
    except RegionError:
        assert Polygon(ring).buffer(0).area == 0
        return
    assert found.is_valid
    assert found.geom_type in ("Polygon", "MultiPolygon")
    assert shapely.box(*found.bounds).covers(found)
