import geopandas as gpd
import pyogrio
import pytest
import shapely
from osm_answer import CELL_M2, FARMLAND_CELLS, REGION, TOTAL_CELLS, box
from osm_pbf import write_pbf

from satseg.area import region_area_m2
from satseg.errors import VectorError
from satseg.osm import TAGS, Tag, counting, read_areas
from satseg.osm.shares import areas_m2


def test_a_pbf_extract_has_the_areas_of_the_overpass_answer(elements, tmp_path):
    areas = read_areas(write_pbf(tmp_path / "some.osm.pbf", elements), REGION, TAGS)
    assert region_area_m2(areas.farmland()) / CELL_M2 == pytest.approx(TOTAL_CELLS, rel=1e-4)
    assert set(FARMLAND_CELLS) <= set(areas.frame["osm_id"])
    assert areas.source == "some.osm.pbf"


def test_a_relation_with_a_missing_ring_is_no_area(elements, tmp_path):
    kept = [e for e in elements if (e["type"], e["id"]) != ("way", 14)]
    areas = read_areas(write_pbf(tmp_path / "cut.osm.pbf", kept), REGION, TAGS)
    left = TOTAL_CELLS - FARMLAND_CELLS["relation/1"]
    assert region_area_m2(areas.farmland()) / CELL_M2 == pytest.approx(left, rel=1e-4)


def test_a_gdal_without_the_driver_is_told(elements, tmp_path, monkeypatch):
    path = write_pbf(tmp_path / "some.osm.pbf", elements)
    monkeypatch.setattr(pyogrio, "list_drivers", lambda: {"GPKG": "rw"})
    with pytest.raises(VectorError, match=r"OSM driver.*GDAL \d.*convert the file"):
        read_areas(path, REGION, TAGS)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32651"])
def test_polygons_of_other_programs_are_read_in_any_crs(tmp_path, suffix, crs):
    if suffix == ".geojson" and crs != "EPSG:4326":
        pytest.skip("GeoJSON is in WGS 84")
    shapes = [box(0, 0, 10, 10), box(4, 4, 6, 6), box(20, 0, 30, 10), box(200, 0, 300, 10)]
    values = ["farmland", "farmyard", "forest", "farmland"]
    frame = gpd.GeoDataFrame({"landuse": values}, geometry=shapes, crs="EPSG:4326")
    frame.to_crs(crs).to_file(tmp_path / f"areas{suffix}")
    areas = read_areas(tmp_path / f"areas{suffix}", REGION, TAGS)
    assert list(areas.frame["tag"]) == ["landuse=farmland", "landuse=farmyard"]
    assert region_area_m2(areas.farmland()) / CELL_M2 == pytest.approx(96, rel=1e-4)


def test_geofabriks_classes_are_understood(tmp_path):
    frame = gpd.GeoDataFrame(
        {"osm_id": ["7", "8"], "fclass": ["meadow", "park"], "name": ["M", None]},
        geometry=[box(0, 0, 1, 1), box(2, 0, 3, 1)],
        crs="EPSG:4326",
    )
    frame.to_file(tmp_path / "landuse.gpkg", layer="gis_osm_landuse_a_free")
    areas = read_areas(tmp_path / "landuse.gpkg", REGION, TAGS)
    assert list(areas.frame["tag"]) == ["landuse=meadow", "leisure=park"]
    assert list(areas.frame["osm_id"]) == ["7", "8"]


def test_points_enclose_no_area_and_are_told(tmp_path):
    frame = gpd.GeoDataFrame(
        {"landuse": ["farmland"]}, geometry=[shapely.Point(121.001, 31.001)], crs="EPSG:4326"
    )
    frame.to_file(tmp_path / "points.geojson")
    areas = read_areas(tmp_path / "points.geojson", REGION, TAGS)
    assert areas.skipped == ("row/0: encloses no area",)
    assert areas_m2(areas).shape == (0,)


def test_what_is_no_osm_file_is_refused(tmp_path):
    with pytest.raises(VectorError, match="no file at"):
        read_areas(tmp_path / "none.osm.pbf", REGION, TAGS)
    (tmp_path / "text.osm.pbf").write_text("no protocol buffer")
    with pytest.raises(VectorError, match=r"text\.osm\.pbf"):
        read_areas(tmp_path / "text.osm.pbf", REGION, TAGS)
    (tmp_path / "text.gpkg").write_text("no database")
    with pytest.raises(VectorError, match=r"text\.gpkg"):
        read_areas(tmp_path / "text.gpkg", REGION, TAGS)
    frame = gpd.GeoDataFrame({"crop": ["rice"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:4326")
    frame.to_file(tmp_path / "mine.gpkg")
    with pytest.raises(VectorError, match="polygons of your own use 'satseg masks'"):
        read_areas(tmp_path / "mine.gpkg", REGION, TAGS)


def test_the_chosen_tags_alone_count():
    tags = counting(["landuse=farmland", "natural=grassland"])
    roles = {str(tag): tag.role for tag in tags}
    assert [name for name, role in roles.items() if role == "farmland"] == [
        "landuse=farmland",
        "natural=grassland",
    ]
    assert (roles["landuse=orchard"], roles["landuse=farmyard"]) == ("similar", "subtracted")
    assert len(roles) == len(tags) == len(TAGS)


@pytest.mark.parametrize("text", ["farmland", "crop=rice", "landuse=", "landuse=a'b", "landuse=a]"])
def test_what_is_no_tag_is_refused(text):
    with pytest.raises(VectorError, match="a tag KEY=VALUE"):
        counting([text])


def test_a_tag_is_its_text():
    assert str(Tag("landuse", "farmland", "farmland")) == "landuse=farmland"
