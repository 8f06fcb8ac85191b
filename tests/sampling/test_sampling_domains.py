from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from satseg.errors import AccuracyError, RegionError
from satseg.sampling import Sample
from satseg.sampling.domains import farmland_within, read_domain


def _as_mapped(sample: Sample) -> Sample:
    for point in sample.points:
        label = "farmland" if point.stratum == 0 else "other"
        sample = sample.labelled(point.number, "first", label)
    return sample


def test_a_domain_around_everything_has_the_whole_area(sample: Sample) -> None:
    found = farmland_within(_as_mapped(sample), shapely.box(100, 20, 140, 50))
    assert found.value == pytest.approx(sample.mapped_m2[0])


def test_a_domain_has_the_share_of_its_points(sample: Sample) -> None:
    west = sorted(p.lon for p in sample.points if p.stratum == 0)
    border = (west[2] + west[3]) / 2
    found = farmland_within(_as_mapped(sample), shapely.box(100, 20, border, 50))
    assert found.value == pytest.approx(sample.mapped_m2[0] * 3 / 8)
    assert found.standard_error > 0


def test_a_domain_without_points_is_refused(sample: Sample) -> None:
    with pytest.raises(AccuracyError, match="inside of the domain"):
        farmland_within(_as_mapped(sample), shapely.box(0, 0, 1, 1))


def test_polygons_of_any_crs_are_one_shape(tmp_path: Path) -> None:
    boxes = [shapely.box(121, 31, 121.1, 31.1), shapely.box(121.2, 31, 121.3, 31.1)]
    frame = gpd.GeoDataFrame(geometry=boxes, crs="EPSG:4326").to_crs("EPSG:32651")
    frame.to_file(tmp_path / "parts.gpkg")
    found = read_domain(tmp_path / "parts.gpkg")
    assert found.bounds == pytest.approx((121, 31, 121.3, 31.1), abs=1e-5)
    assert not found.contains(shapely.Point(121.15, 31.05))


def test_files_without_polygons_are_refused(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(121, 31)], crs="EPSG:4326")
    frame.to_file(tmp_path / "points.geojson")
    with pytest.raises(RegionError, match="Point"):
        read_domain(tmp_path / "points.geojson")
    with pytest.raises(RegionError, match="vector file"):
        read_domain(tmp_path / "nothing.gpkg")
