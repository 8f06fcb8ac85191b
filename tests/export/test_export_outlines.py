from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from shapely.geometry import box

from satseg import mask
from satseg.area import area_histogram
from satseg.errors import RegionError
from satseg.export.outlines import areas_m2, farmland_outlines
from satseg.probability_raster import open_probability

Write = Callable[..., Path]
MASKS = arrays(
    np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.booleans(), fill=None
)
ROTATED = Affine.translation(380_000, 3_455_000) @ Affine.rotation(20) @ Affine.scale(0.6, -0.6)
MERIDIAN_PLACES = ("EPSG:4326", "EPSG:32651", "EPSG:3857")


def codes(farmland: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(farmland, 200, 20).astype(np.uint8)


def burned(polygons: NDArray[np.object_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels whose middle lies in a polygon."""
    if not len(polygons):
        return np.zeros(shape, dtype=np.bool_)
    found = rasterio.features.rasterize(
        list(polygons), shape, transform=Affine(1, 0, 0, 0, -1, 0), dtype="uint8"
    )
    return found == 1


@settings(max_examples=15)
@given(farmland=MASKS)
def test_outlines_are_the_mask_and_nothing_else(geotiff: Write, farmland: NDArray) -> None:
    raster = open_probability(geotiff(codes(farmland)[None], "p.tif", nodata=255))
    found = farmland_outlines(raster, threshold=0.5)
    assert shapely.is_valid(found).all()
    assert float(shapely.area(found).sum()) == farmland.sum()
    assert np.array_equal(burned(found, farmland.shape), farmland)


@settings(max_examples=8)
@given(farmland=MASKS, rows=st.integers(1, 15))
def test_the_height_of_the_strips_does_not_matter(
    geotiff: Write, farmland: NDArray, rows: int
) -> None:
    raster = open_probability(geotiff(codes(farmland)[None], "p.tif", nodata=255))
    usual = farmland_outlines(raster, threshold=0.5, min_area_m2=0.8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mask, "_STRIP_ROWS", rows)
        other = farmland_outlines(raster, threshold=0.5, min_area_m2=0.8)
    assert len(usual) == len(other)
    assert shapely.equals_identical(usual, other).all()


@pytest.mark.parametrize("crs", MERIDIAN_PLACES)
def test_areas_sum_to_the_masks_geodesic_area(geotiff: Write, crs: str) -> None:
    farmland = np.random.default_rng(3).random((90, 70)) < 0.5
    path = geotiff(codes(farmland)[None], nodata=255, crs=crs)
    raster = open_probability(path)
    found = areas_m2(farmland_outlines(raster, threshold=0.5), raster.grid)
    assert found.sum() == pytest.approx(area_histogram(path).area_m2(0.5), rel=1e-6)


def test_sides_of_many_kilometres_are_straight_in_the_maps_crs(geotiff: Write) -> None:
    place = Affine(1000, 0, 330_000, 0, -1000, 3_500_000)
    path = geotiff(codes(np.ones((80, 80), bool))[None], nodata=255, transform=place)
    raster = open_probability(path)
    found = areas_m2(farmland_outlines(raster, threshold=0.5), raster.grid)
    assert found.sum() == pytest.approx(area_histogram(path).area_m2(0.5), rel=1e-6)


def test_a_rotated_map_keeps_its_area_too(geotiff: Write) -> None:
    farmland = np.random.default_rng(4).random((20, 30)) < 0.6
    path = geotiff(codes(farmland)[None], nodata=255, transform=ROTATED)
    raster = open_probability(path)
    found = areas_m2(farmland_outlines(raster, threshold=0.5), raster.grid)
    assert found.sum() == pytest.approx(area_histogram(path).area_m2(0.5), rel=1e-6)


def test_a_patch_is_one_polygon_with_its_hole(geotiff: Write) -> None:
    farmland = np.ones((200, 30), bool)
    farmland[90:110, 10:20] = False
    raster = open_probability(geotiff(codes(farmland)[None], nodata=255))
    (found,) = farmland_outlines(raster, threshold=0.5)
    assert len(found.exterior.coords) == 5  # no seam where one strip ends and the next begins
    assert [ring.bounds for ring in found.interiors] == [(10, -110, 20, -90)]


def test_pixels_that_share_only_a_corner_are_two_patches(geotiff: Write) -> None:
    raster = open_probability(geotiff(codes(np.eye(2, dtype=bool))[None], nodata=255))
    assert len(farmland_outlines(raster, threshold=0.5)) == 2


def test_small_patches_and_nodata_are_left_out(geotiff: Write) -> None:
    data = codes(np.zeros((10, 10), bool))
    data[0, 0] = 200
    data[5:, 5:] = 200
    data[9, 9] = 255
    raster = open_probability(geotiff(data[None], nodata=255))
    (found,) = farmland_outlines(raster, threshold=0.5, min_area_m2=1)
    assert found.area == 24


def test_cut_at_a_region_the_area_is_that_of_the_figures(geotiff: Write) -> None:
    farmland = np.random.default_rng(5).random((60, 60)) < 0.7
    path = geotiff(codes(farmland)[None], nodata=255)
    raster = open_probability(path)
    lon, lat = raster.grid.lonlat([(7.3, 4.1), (51.9, 12.2), (40.5, 55.7)])
    region = shapely.Polygon(zip(lon, lat, strict=True))
    found = farmland_outlines(raster, threshold=0.5, clip=region)
    wanted = area_histogram(path, region).area_m2(0.5)
    assert areas_m2(found, raster.grid).sum() == pytest.approx(wanted, rel=1e-6)
    assert {polygon.geom_type for polygon in found} == {"Polygon"}


def test_a_patch_that_the_region_parts_becomes_two(geotiff: Write) -> None:
    raster = open_probability(geotiff(codes(np.ones((9, 9), bool))[None], nodata=255))
    ground = shapely.difference(box(0, -9, 9, 0), box(4, -9, 5, 0))
    lonlat = shapely.transform(
        ground, lambda xy: np.column_stack(raster.grid.lonlat([(x, -y) for x, y in xy]))
    )
    assert len(farmland_outlines(raster, threshold=0.5, clip=lonlat)) == 2


def test_an_area_elsewhere_is_refused(geotiff: Write) -> None:
    raster = open_probability(geotiff(codes(np.ones((9, 9), bool))[None], nodata=255))
    with pytest.raises(RegionError, match="overlaps the scene; found one from 10.0000 10.0000"):
        farmland_outlines(raster, threshold=0.5, clip=box(10, 10, 11, 11))


def test_a_map_without_farmland_has_no_outlines(geotiff: Write) -> None:
    raster = open_probability(geotiff(codes(np.zeros((9, 9), bool))[None], nodata=255))
    found = farmland_outlines(raster, threshold=0.5)
    assert len(found) == 0
    assert len(areas_m2(found, raster.grid)) == 0


def test_progress_ends_at_the_last_row(geotiff: Write) -> None:
    raster = open_probability(geotiff(codes(np.ones((70, 5), bool))[None], nodata=255))
    steps: list[tuple[int, int]] = []
    farmland_outlines(raster, threshold=0.5, progress=lambda *step: steps.append(step))
    assert steps == [(64, 70), (70, 70)]
