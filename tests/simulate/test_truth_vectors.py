import datetime as dt

import geopandas
import numpy as np
import pytest
import shapely
from rasterio.features import rasterize

from satseg import classes
from satseg.simulate.cover import areas_of, frame_of, ground_classes, seen
from satseg.simulate.landscape import landscape_on
from satseg.simulate.render import grid_of
from satseg.simulate.seasons import crop_on
from satseg.simulate.truth import farmland_polygons, geodesic_m2, land_polygons, parcels
from satseg.simulate.vectors import write_fields, write_land

SUMMER = dt.date(2016, 7, 30)
WINTER = dt.date(2017, 2, 10)
LATER = dt.date(2021, 7, 30)


@pytest.fixture(scope="module")
def land(small):
    return landscape_on(small, SUMMER)


def burnt(shapes, grid):
    numbered = [(shape, code) for code, shape in shapes]
    return rasterize(numbered, grid.shape, transform=grid.affine, dtype="uint8")


def test_later_shapes_hide_earlier_ones_of_other_groups():
    shapes = np.array([shapely.box(0, 0, 4, 4), shapely.box(2, 0, 6, 4), shapely.box(3, 0, 9, 4)])
    left = seen(shapes, np.array([1, 2, 1]), np.array([0, 1, 2]))
    assert [shape.area for shape in left] == [8.0, 4.0, 24.0]
    same = seen(shapes, np.array([1, 1, 1]), np.array([0, 2]))
    assert [shape.area for shape in same] == [16.0, 24.0]


def test_slivers_and_lines_are_no_areas():
    square, line = shapely.box(0, 0, 2, 2), shapely.LineString([(0, 0), (9, 9)])
    sliver = shapely.box(5, 5, 5.001, 5.001)
    assert areas_of(shapely.GeometryCollection([square, sliver, line])) == square
    assert areas_of(line).is_empty


def test_classes_part_the_scene_without_gap_or_overlap(small, land):
    found = land_polygons(small, land)
    frame = frame_of(grid_of(small))
    assert sum(shape.area for shape in found.values()) == pytest.approx(frame.area, abs=0.01)
    assert shapely.union_all(list(found.values())).area == pytest.approx(frame.area, abs=0.01)


def test_class_polygons_agree_with_the_truth_raster(small, land, summer):
    grid = grid_of(small)
    mapped = burnt(land_polygons(small, land).items(), grid)
    crowns = (summer.classes == classes.TREE) & (mapped != classes.TREE)
    assert np.isin(mapped[crowns], (classes.GRASS, classes.BARE)).mean() > 0.95
    assert np.mean(mapped[~crowns] == summer.classes[~crowns]) > 0.98  # all but edges


def test_a_part_of_the_scene_has_the_classes_of_the_whole(small, land):
    grid = grid_of(small)
    x0, y0, _, _ = grid.bounds
    corner = shapely.box(x0, y0, x0 + 90, y0 + 70)
    whole, part = land_polygons(small, land), ground_classes(grid, land, corner)
    for code, shape in part.items():
        assert shape.area == pytest.approx(whole[code].intersection(corner).area, abs=0.01)


def test_truth_raster_is_farmland_in_every_parcel_and_on_every_date(small, summer, winter):
    for scene, date in ((summer, SUMMER), (winter, WINTER)):
        found = parcels(small, date, landscape_on(small, date))
        assert len(found) > 20
        for item in found:
            inner = item.shape.buffer(-0.5)
            if inner.is_empty:
                continue
            inside = burnt([(1, inner)], scene.grid) == 1
            assert (scene.classes[inside] == classes.FARMLAND).all()


def test_parcels_lie_in_the_farmland_and_apart_from_each_other(small, land):
    found = parcels(small, SUMMER, land)
    shapes = [item.shape for item in found]
    fields = shapely.union_all(farmland_polygons(small, land))
    assert shapely.union_all(shapes).difference(fields).area < 0.5
    assert shapely.union_all(shapes).area == pytest.approx(sum(s.area for s in shapes), rel=1e-3)


def test_parcels_keep_their_ids_and_change_their_stages(small):
    before = {item.id: item for item in parcels(small, SUMMER, landscape_on(small, SUMMER))}
    after = {item.id: item for item in parcels(small, WINTER, landscape_on(small, WINTER))}
    assert len(before) > 20
    assert before.keys() == after.keys()
    assert all(before[key].shape.equals(after[key].shape) for key in before)
    assert all(before[key].rotation == after[key].rotation for key in before)
    assert np.mean([before[key].stage != after[key].stage for key in before]) > 0.8
    later = {item.id for item in parcels(small, LATER, landscape_on(small, LATER))}
    assert later < set(before)


@pytest.mark.parametrize(
    ("stage", "grown", "crop"),
    [
        ("transplanted", "rice", "rice"),
        ("rape_flower", "rice", "rapeseed"),
        ("seedlings", "rice", "wheat"),
        ("flooded", "rice", "none"),
        ("film", "dry", "dry crops"),
        ("beds_young", "vegetables", "vegetables"),
        ("fallow", "vegetables", "none"),
    ],
)
def test_the_stage_tells_what_stands(stage, grown, crop):
    assert crop_on(stage, grown) == crop


def test_a_square_of_100_m_has_its_area_on_the_ellipsoid():
    """UTM's scale at the central meridian, 123 degrees east, is 0.9996."""
    square = shapely.box(500_000, 3_430_000, 500_100, 3_430_100)
    assert geodesic_m2(square) == pytest.approx(1e4 / 0.9996**2, rel=1e-5)


def test_geopackages_have_the_same_bytes_each_time(small, land, tmp_path):
    for name in ("one.gpkg", "two.gpkg"):
        write_land(small, SUMMER, land, tmp_path / name)
    assert (tmp_path / "one.gpkg").read_bytes() == (tmp_path / "two.gpkg").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"one.gpkg", "two.gpkg"}


def test_layers_say_what_they_hold(small, land, tmp_path):
    write_land(small, SUMMER, land, tmp_path / "all.gpkg")
    write_fields(small, SUMMER, land, tmp_path / "fields.gpkg")
    layers = {
        name: geopandas.read_file(tmp_path / "all.gpkg", layer=name)
        for name in ("farmland", "parcels", "land", "trees")
    }
    for frame in layers.values():
        assert frame.crs.to_epsg() == 32651
        assert set(frame["date"]) == {"2016-07-30"}
        assert frame["simulated"].all()
    assert layers["parcels"]["parcel"].is_unique
    assert set(layers["parcels"]["crop"]) <= {"rice", "dry crops", "vegetables", "none", "wheat"}
    ground = layers["land"].set_index("class")
    fields = layers["farmland"].geometry.map(geodesic_m2).sum()
    assert ground.loc["farmland", "area_m2"] == pytest.approx(fields, rel=1e-6)
    assert (layers["trees"]["crown_radius_m"] > 0).all()
    assert len(geopandas.list_layers(tmp_path / "fields.gpkg")) == 2
