from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import shapely
from export_maps import DAYS, PIXEL_M2, half, lonely, subject
from numpy.typing import NDArray
from shapely.geometry import box

from satseg.catalog import Catalog
from satseg.errors import ModelError
from satseg.export.outlines import farmland_outlines
from satseg.export.polygons import farmland_polygons, simplified
from satseg.probability_raster import open_probability
from satseg.series import M2_PER_HA

Write = Callable[..., Path]


def blobs(seed: int, side: int = 120) -> NDArray[np.uint8]:
    """Patches with holes, some of which touch at corners."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    return np.where(scipy.ndimage.gaussian_filter(noise, 2) > 0, 200, 20).astype(np.uint8)


def test_each_polygon_has_its_area_mean_probability_and_origin(mapped: Catalog) -> None:
    found = farmland_polygons(subject(mapped, clip=None))
    assert list(found.frame["id"]) == [1, 2]
    field, pixel = found.frame.itertuples()
    assert field.area_m2 == pytest.approx((40 * 50 - 20) * PIXEL_M2, rel=1e-3)
    assert field.mean_probability == pytest.approx(200 / 254)
    assert pixel.mean_probability == 1.0
    assert pixel.area_m2 == pytest.approx(PIXEL_M2, rel=1e-3)
    origin = (field.region, field.scene_id, field.date, field.model, field.threshold)
    assert origin == ("s0", "s0", str(DAYS[0]), "farmnet", 0.5)
    assert not field.simulated


def test_areas_sum_to_the_area_of_the_figures(mapped: Catalog) -> None:
    wanted = subject(mapped)
    area = mapped.area(wanted.prediction.id, "s0").area_m2(0.5)
    assert farmland_polygons(wanted).area_m2 == pytest.approx(area, rel=1e-6)
    assert farmland_polygons(wanted, simplify_m=5).area_m2 == pytest.approx(area, rel=1e-6)


def test_the_mean_does_not_count_pixels_without_data_nor_those_outside(geotiff: Write) -> None:
    codes = np.full((4, 4), 254, dtype=np.uint8)
    codes[:, 0] = 128
    path = geotiff(codes[None], nodata=255)
    lon, lat = open_probability(path).grid.lonlat([(0, 0), (1.5, 0), (1.5, 4), (0, 4)])
    clip = shapely.Polygon(zip(lon, lat, strict=True))
    (row,) = farmland_polygons(lonely(path, clip=clip)).frame.itertuples()
    assert row.mean_probability == pytest.approx((128 + 0.5 * 254) / 1.5 / 254, rel=1e-6)


def test_simplified_outlines_leave_no_gaps_and_do_not_overlap(geotiff: Write) -> None:
    raster = open_probability(geotiff(blobs(1)[None], nodata=255))
    exact = farmland_outlines(raster, threshold=0.5)
    drawn = simplified(exact, 1.5)
    assert shapely.get_num_coordinates(drawn).sum() < shapely.get_num_coordinates(exact).sum() / 2
    assert shapely.is_valid(drawn).all()
    assert shapely.area(shapely.union_all(drawn)) == pytest.approx(shapely.area(drawn).sum())


def test_neighbours_keep_their_common_border() -> None:
    stairs = [(x, x // 2) for x in range(11)]
    steps = [corner for x, y in stairs for corner in ((x, y), (x + 1, y))]
    left = shapely.Polygon([*steps, (11, 20), (0, 20)])
    right = shapely.Polygon([*steps, (11, -20), (0, -20)])
    drawn = simplified(np.array([left, right]), 2.0)
    whole = box(0, -20, 11, 20)
    assert (
        shapely.get_num_coordinates(drawn).sum() < shapely.get_num_coordinates([left, right]).sum()
    )
    assert shapely.intersection(*drawn).area == 0
    assert shapely.union_all(drawn).area == pytest.approx(whole.area)


def test_no_hole_closes(geotiff: Write) -> None:
    codes = np.full((40, 40), 200, dtype=np.uint8)
    codes[10, 10] = 20
    codes[20:25, 20:25] = 20
    codes[30:32, 5:35] = 255
    raster = open_probability(geotiff(codes[None], nodata=255))
    drawn = simplified(farmland_outlines(raster, threshold=0.5), 3.0)
    assert shapely.get_num_interior_rings(drawn).tolist() == [3]
    assert shapely.is_valid(drawn).all()


def test_polygons_lie_where_the_map_lies_and_run_counter_clockwise(geotiff: Write) -> None:
    codes = np.full((20, 30), 20, dtype=np.uint8)
    codes[5:10, 4:8] = 200
    path = geotiff(codes[None], nodata=255)
    found = farmland_polygons(lonely(path), simplify_m=0).frame
    a, _, c, _, e, f = open_probability(path).grid.transform
    assert found.total_bounds == pytest.approx([c + 4 * a, f + 10 * e, c + 8 * a, f + 5 * e])
    assert found.crs == "EPSG:32651"
    assert found.geometry.iloc[0].exterior.is_ccw


def test_patches_come_from_north_to_south(geotiff: Write) -> None:
    codes = np.full((30, 30), 20, dtype=np.uint8)
    codes[20, 2] = codes[3, 20] = codes[3, 4] = 200
    found = farmland_polygons(lonely(geotiff(codes[None], nodata=255)), simplify_m=0).frame
    corners = [(round(p.x, 1), round(p.y, 1)) for p in found.geometry.centroid]
    assert corners == sorted(corners, key=lambda place: (-place[1], place[0]))


def test_an_area_of_interest_cuts(mapped: Catalog) -> None:
    whole, region = subject(mapped), mapped.regions()[0]
    part = farmland_polygons(subject(mapped, clip=half(region.geometry), clip_name="west"))
    assert 0 < part.area_m2 < farmland_polygons(whole).area_m2
    assert part.provenance["clipped_to"] == "west"


def test_a_map_without_farmland_gives_an_empty_table(geotiff: Write) -> None:
    path = geotiff(np.full((1, 5, 5), 20, dtype=np.uint8), nodata=255)
    found = farmland_polygons(lonely(path))
    assert len(found.frame) == 0
    assert found.area_m2 / M2_PER_HA == 0
    assert "mean_probability" in found.frame


@pytest.mark.parametrize("metres", [-1.0, float("nan"), float("inf")])
def test_a_simplification_out_of_range_is_refused(mapped: Catalog, metres: float) -> None:
    with pytest.raises(ModelError, match="Expected a simplification of 0 m or more"):
        farmland_polygons(subject(mapped), simplify_m=metres)


@pytest.mark.parametrize("options", [{"threshold": 1.2}, {"min_area_m2": float("nan")}])
def test_a_subject_out_of_range_is_refused(mapped: Catalog, options: dict[str, float]) -> None:
    with pytest.raises(ModelError):
        subject(mapped, **options)
