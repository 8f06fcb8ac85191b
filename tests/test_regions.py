import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from satseg.errors import RegionError
from satseg.regions import Region, containing, feature_collection, load_regions


def region(region_id: str = "here", *, geometry: Any = None) -> Region:
    return Region(region_id, "Here", "这里", geometry or box(121, 31, 121.1, 31.1), "A place.", "x")


def test_every_sample_region_is_told_in_both_languages() -> None:
    path = Path(__file__).resolve().parents[1] / "sample_data" / "regions.geojson"
    for region in load_regions(path):
        assert region.summary.isascii()
        assert any("\u4e00" <= sign <= "\u9fff" for sign in region.summary_zh)
        assert region.feature()["properties"]["summary_zh"] == region.summary_zh


def test_regions_survive_geojson(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    both = [region("b"), region("a", geometry=MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]))]
    path.write_text(json.dumps(feature_collection(both)))
    assert load_regions(path) == both


def test_names_that_are_missing_fall_back_to_the_id(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    feature = {**region().feature(), "properties": {"id": "here"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (found,) = load_regions(path)
    assert (found.name_en, found.name_zh, found.summary) == ("here", "", "")


@pytest.mark.parametrize(
    ("geometry", "problem"),
    [
        (Point(121, 31), "a Point"),
        (LineString([(0, 0), (1, 1)]), "a LineString"),
        (Polygon(), "an empty polygon"),
        (Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "Self-intersection"),
        (box(350_000, 3_450_000, 350_100, 3_450_100), "coordinates from"),
    ],
)
def test_an_unusable_outline_is_named(geometry: Any, problem: str) -> None:
    with pytest.raises(RegionError, match=problem):
        Region("here", "Here", "", geometry)


def test_a_region_id_is_an_identifier() -> None:
    with pytest.raises(RegionError, match=r"\.\./x"):
        region("../x")


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"features": [{}]}'])
def test_a_file_that_is_no_collection_of_regions_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "regions.geojson"
    path.write_text(text)
    with pytest.raises(RegionError, match=r"regions\.geojson"):
        load_regions(path)


def test_a_missing_file_is_a_region_error(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="FileNotFoundError"):
        load_regions(tmp_path / "none.geojson")


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(feature_collection([region("a"), region("a")])))
    with pytest.raises(RegionError, match="a more than once"):
        load_regions(path)


def test_the_smallest_region_around_a_point_is_found() -> None:
    wide, narrow = region("wide", geometry=box(0, 0, 10, 10)), region("n", geometry=box(4, 4, 6, 6))
    assert containing([wide, narrow], 5, 5) is narrow
    assert containing([wide, narrow], 1, 1) is wide
    assert containing([wide, narrow], 11, 1) is None


def test_the_centre_lies_inside_even_of_a_crescent() -> None:
    crescent = box(0, 0, 10, 10).difference(box(1, 1, 10, 9))
    assert crescent.contains(Point(region(geometry=crescent).centre))
