from pathlib import Path

import geopandas as gpd
import pytest
from export_maps import DAYS
from shapely.geometry import Point, box

from satseg.catalog import Catalog
from satseg.errors import CatalogError, RegionError
from satseg.export.choosing import Extent, all_maps, one_map, read_area
from satseg.interest_files import read_area_file


def test_a_region_means_its_latest_map_by_farmnet_cut_at_its_outline(mapped: Catalog) -> None:
    found = one_map(mapped, region_id="s0")
    assert (found.scene.date, found.prediction.model_id) == (DAYS[1], "farmnet")
    assert found.clip == mapped.regions()[0].geometry
    assert found.place_id == "s0"


def test_the_latest_map_of_a_model_may_be_older_than_the_latest_scene(mapped: Catalog) -> None:
    assert one_map(mapped, region_id="s0", model_id="unet8").scene.date == DAYS[1]
    assert one_map(mapped, region_id="s0", date=DAYS[0]).scene.date == DAYS[0]


def test_a_whole_scene_is_not_cut(mapped: Catalog) -> None:
    assert one_map(mapped, scene_id="s1", extent=Extent(whole=True)).clip is None


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, "neither"),
        ({"scene_id": "s0", "region_id": "s0"}, "both"),
        ({"region_id": "s0", "date": DAYS[0].replace(year=1999)}, "2016-05-03, 2020-05-03"),
        ({"region_id": "s0", "model_id": "nobody"}, "none in the catalog"),
        ({"scene_id": "s0", "model_id": "unet8"}, "none in the catalog"),
        ({"scene_id": "nowhere"}, "nowhere"),
    ],
)
def test_what_is_not_one_map_is_refused(
    mapped: Catalog, options: dict[str, object], found: str
) -> None:
    with pytest.raises(CatalogError, match=found):
        one_map(mapped, **options)


def test_several_models_without_the_usual_one_ask_for_a_choice(
    mapped: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satseg.export.choosing.DEFAULT_MODEL", "other")
    with pytest.raises(CatalogError, match="found farmnet, unet8 and no --model"):
        one_map(mapped, region_id="s0")


def test_all_maps_are_those_of_the_named_models(mapped: Catalog) -> None:
    assert len(all_maps(mapped)) == 3
    assert len(all_maps(mapped, region_id="s0", models=["unet8"])) == 1
    with pytest.raises(CatalogError, match="maps of any region by nobody"):
        all_maps(mapped, models=["nobody"])
    with pytest.raises(RegionError, match="nowhere"):
        all_maps(mapped, region_id="nowhere")


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "fgb"])
def test_an_area_is_all_polygons_of_a_file_in_degrees(tmp_path: Path, ending: str) -> None:
    shapes = [
        box(350_000, 3_450_000, 350_100, 3_450_100),
        box(350_200, 3_450_000, 350_300, 3_450_100),
    ]
    frame = gpd.GeoDataFrame(geometry=[*shapes, Point(0, 0)], crs="EPSG:32651")
    path = tmp_path / f"My Fields.{ending}"
    frame.to_crs("EPSG:4326" if ending == "geojson" else "EPSG:32651").to_file(path)
    found = read_area(path)
    assert found.name == "my-fields"
    assert found.area is not None
    assert found.area.geom_type == "MultiPolygon"
    assert 121 < found.area.centroid.x < 122


def test_files_without_polygons_are_refused(tmp_path: Path) -> None:
    points = tmp_path / "points.gpkg"
    gpd.GeoDataFrame(geometry=[Point(121, 31)], crs="EPSG:4326").to_file(points)
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"no file")
    page = tmp_path / "area.kml"
    page.write_text("<kml/>")
    picture = tmp_path / "area.tif"
    picture.write_bytes(b"II*")
    nowhere = tmp_path / "nowhere.shp"
    gpd.GeoDataFrame(geometry=[box(121, 31, 122, 32)], crs="EPSG:4326").to_file(nowhere)
    nowhere.with_suffix(".prj").unlink()
    for path, found in (
        (points, "polygons only; found 1 Point"),
        (broken, "GeoPackage file with polygons"),
        (page, "kml file with polygons"),
        (picture, "'area.tif'"),
        (nowhere, "no coordinate reference system"),
        (tmp_path / "none.gpkg", "none.gpkg: FileNotFoundError"),
    ):
        with pytest.raises(RegionError, match=found):
            read_area(path)


@pytest.mark.parametrize("without", [None, ".shx"])
def test_a_shapefile_is_read_with_what_stands_beside_it(
    tmp_path: Path, without: str | None
) -> None:
    metres = box(350_000, 3_450_000, 350_100, 3_450_100)
    gpd.GeoDataFrame(geometry=[metres], crs="EPSG:32651").to_file(tmp_path / "a.shp")
    if without is None:
        found = read_area(tmp_path / "a.shp").area
        assert found is not None
        assert 121 < found.centroid.x < 122
        return
    (tmp_path / "a.shx").unlink()
    with pytest.raises(RegionError, match="file with polygons"):
        read_area(tmp_path / "a.shp")


def test_ones_own_file_may_be_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.geojson"
    gpd.GeoDataFrame(geometry=[box(121, 31, 122, 32)] * 3, crs="EPSG:4326").to_file(path)
    for name in ("MAX_BYTES", "MAX_SHAPES", "MAX_VERTICES"):
        monkeypatch.setattr(f"satseg.interest_files.{name}", 2)
    assert box(121, 31, 122, 32).equals(read_area(path).area)
    with pytest.raises(RegionError, match="3 bytes"):
        read_area_file(path)
