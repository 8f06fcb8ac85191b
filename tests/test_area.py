import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from satseg.area import AreaHistogram, area_histogram, region_area_m2
from satseg.errors import CatalogError, RegionError, SceneError
from satseg.geodesy import pixel_areas_m2
from satseg.grids import WGS84, Grid
from satseg.predict import predict_scene
from satseg.probability_raster import open_probability
from satseg.scene import open_scene
from satseg.windows import Window

Factory = Callable[..., Path]

EQUATOR = Affine(0.001, 0, 100.0, 0, -0.001, 0.0015)
"""Pixels of 0.001 degrees whose middle row lies on the equator."""


@pytest.fixture
def raster(geotiff: Factory) -> Callable[..., Path]:
    def write(codes: NDArray[np.uint8], **options: object) -> Path:
        return geotiff(codes[None].astype(np.uint8), "probability.tif", nodata=255, **options)

    return write


def geodesic_m2(grid: Grid) -> float:
    lon, lat = zip(*grid.footprint(points_per_side=200), strict=True)
    return abs(WGS84.polygon_area_perimeter(lon, lat)[0])


def test_three_by_three_pixels_by_hand(raster: Factory) -> None:
    codes = np.array([[254, 127, 0], [255, 200, 100], [50, 255, 254]])
    path = raster(codes, crs="EPSG:4326", transform=EQUATOR)
    areas = pixel_areas_m2(open_probability(path).grid, Window(0, 0, 3, 3))
    found = area_histogram(path)
    assert found.m2[254] == pytest.approx(areas[0, 0] + areas[2, 2])
    assert found.m2[255] == pytest.approx(areas[1, 0] + areas[2, 1])
    assert found.area_m2(0.5) == pytest.approx(
        areas[0, 0] + areas[0, 1] + areas[1, 1] + areas[2, 2]
    )
    assert found.area_m2(0.0) == pytest.approx(found.valid_m2)
    assert found.valid_fraction == pytest.approx(7 / 9, rel=1e-6)
    assert found.share(0.9) == pytest.approx(2 / 7, rel=1e-6)
    assert found.region_m2 == pytest.approx(areas.sum())


def test_region_takes_pixels_by_their_share(raster: Factory) -> None:
    codes = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]])
    path = raster(codes, crs="EPSG:4326", transform=EQUATOR)
    pixel = pixel_areas_m2(open_probability(path).grid, Window(1, 1, 1, 1)).item()
    found = area_histogram(path, box(100.0005, -0.0005, 100.002, 0.001))
    expected = {40: 0.5, 50: 1.0, 10: 0.25, 20: 0.5}
    for code in range(256):
        assert found.m2[code] / pixel == pytest.approx(expected.get(code, 0), abs=1e-5)
    assert found.valid_fraction == pytest.approx(1, abs=1e-5)


def test_hole_and_parts_of_a_region_count(raster: Factory) -> None:
    path = raster(np.full((3, 3), 9), crs="EPSG:4326", transform=EQUATOR)
    outer, inner = box(100.0, -0.0015, 100.003, 0.0015), box(100.001, -0.0005, 100.002, 0.0005)
    ring = Polygon(outer.exterior.coords, [inner.exterior.coords])
    pixel = area_histogram(path, inner).valid_m2
    assert area_histogram(path, ring).valid_m2 / pixel == pytest.approx(8, rel=1e-5)
    corners = MultiPolygon([box(100.0, -0.0015, 100.001, -0.0005), inner])
    assert area_histogram(path, corners).valid_m2 / pixel == pytest.approx(2, rel=1e-5)


def test_region_beyond_the_raster_has_less_than_full_data(raster: Factory) -> None:
    path = raster(np.full((3, 3), 9), crs="EPSG:4326", transform=EQUATOR)
    found = area_histogram(path, box(99.997, -0.0015, 100.003, 0.0015))
    assert found.valid_fraction == pytest.approx(0.5, rel=1e-5)
    assert found.share(0.01) == 1.0


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32651", "EPSG:3857"])
@pytest.mark.parametrize("turn", [Affine.identity(), Affine.rotation(20), Affine.scale(1, -1)])
def test_whole_raster_is_the_geodesic_polygon(raster: Factory, crs: str, turn: Affine) -> None:
    place = {
        "EPSG:4326": Affine(2.7e-6, 0, 121.734, 0, -2.7e-6, 31.229),
        "EPSG:32651": Affine(0.6, 0, 380000.0, 0, -0.6, 3455000.0),
        "EPSG:3857": Affine(0.6, 0, 13551000.0, 0, -0.6, 3662000.0),
    }[crs]
    path = raster(np.full((530, 700), 200), crs=crs, transform=place @ turn)
    grid = open_probability(path).grid
    found = area_histogram(path)
    assert found.valid_m2 == pytest.approx(geodesic_m2(grid), rel=1e-5)
    region = Polygon(grid.footprint(points_per_side=50))
    inside = area_histogram(path, region)
    assert inside.valid_m2 == pytest.approx(found.valid_m2, rel=1e-5)
    assert inside.region_m2 == pytest.approx(found.valid_m2, rel=1e-5)


@given(
    angle=st.floats(0, 360),
    sides=st.integers(3, 9),
    radius=st.floats(10, 400),
    row=st.floats(450, 600),
    col=st.floats(450, 600),
)
def test_region_inside_has_its_geodesic_area(
    raster: Factory, angle: float, sides: int, radius: float, row: float, col: float
) -> None:
    path = raster(
        np.full((1050, 1050), 254),
        transform=Affine.translation(380000, 3455000)
        @ Affine.rotation(12)
        @ Affine.scale(0.6, -0.6),
    )
    grid = open_probability(path).grid
    turns = np.radians(angle + np.arange(sides) * 360 / sides)
    lon, lat = grid.lonlat(
        [(col + radius * math.cos(t), row + radius * math.sin(t)) for t in turns]
    )
    region = Polygon(np.column_stack([lon, lat]))
    found = area_histogram(path, region)
    assert found.area_m2(1.0) == pytest.approx(region_area_m2(region), rel=2e-5)
    assert found.valid_fraction == pytest.approx(1, rel=2e-5)


def test_orientation_and_validity_of_the_ring_do_not_matter(raster: Factory) -> None:
    path = raster(np.full((3, 3), 9), crs="EPSG:4326", transform=EQUATOR)
    square = box(100.0005, -0.0005, 100.002, 0.001)
    turned = Polygon(list(square.exterior.coords)[::-1])
    assert area_histogram(path, turned).region_m2 == area_histogram(path, square).region_m2 > 0
    bow = Polygon([(100, -0.001), (100.002, 0.001), (100.002, -0.001), (100, 0.001)])
    assert area_histogram(path, bow).valid_fraction == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (box(101, 5, 102, 6), "entirely outside"),
        (box(100.003, -0.001, 100.004, 0.001), "entirely outside"),
        (LineString([(100, 0), (100.001, 0)]), "found LineString"),
        (Polygon(), "with an area"),
        (box(380000, 3454000, 381000, 3455000), "Convert the region to EPSG:4326"),
    ],
)
def test_unusable_regions_are_refused(raster: Factory, region: BaseGeometry, message: str) -> None:
    path = raster(np.full((3, 3), 9), crs="EPSG:4326", transform=EQUATOR)
    with pytest.raises(RegionError, match=message):
        area_histogram(path, region)


def test_region_without_data_has_no_share(raster: Factory) -> None:
    found = area_histogram(raster(np.full((3, 3), 255), crs="EPSG:4326", transform=EQUATOR))
    assert found.valid_fraction == 0
    assert math.isnan(found.share(0.5))


def test_json_round_trip_is_exact(raster: Factory) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (60, 50))
    found = area_histogram(raster(codes))
    again = AreaHistogram.from_json(found.to_json())
    assert again == found
    assert hash(again) == hash(found)
    assert again != AreaHistogram(found.m2, found.region_m2 + 1)
    with pytest.raises(ValueError, match="read-only"):
        again.m2[0] = 1


@pytest.mark.parametrize("text", ["", "{}", '{"m2": [1], "region_m2": 1}', '{"m2": 1'])
def test_text_that_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(CatalogError):
        AreaHistogram.from_json(text)


def test_rasters_that_are_no_probability_are_refused(geotiff: Factory, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="satseg predict"):
        area_histogram(geotiff(np.ones((3, 9, 9), np.uint16)))
    with pytest.raises(SceneError, match="no file"):
        area_histogram(tmp_path / "nowhere.tif")


def test_real_tile_has_the_area_of_its_geodesic_polygon(
    shanghai_tile: Path, constant_predictor: Callable[..., object], tmp_path: Path
) -> None:
    scene = open_scene(shanghai_tile, date="2015-06-06")
    predict_scene(scene, constant_predictor(0.8, gsd_m=0.6, patch_px=256), tmp_path / "map.tif")
    found = area_histogram(tmp_path / "map.tif")
    assert found.area_m2(0.5) == pytest.approx(geodesic_m2(scene.grid), rel=1e-4)
    west, south, east, north = scene.grid.bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    assert area_histogram(tmp_path / "map.tif", half).area_m2(0.5) == pytest.approx(
        found.area_m2(0.5) / 2, rel=1e-4
    )
