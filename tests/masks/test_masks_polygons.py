import geopandas as gpd
import numpy as np
import pytest
import shapely
from mask_scenes import SHAPE, at, box, expected, mask_of, scene, vector
from shelf_files import UTM

from satseg.errors import VectorError
from satseg.masks import ClassTable, Meaning, read_polygons


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson"])
@pytest.mark.parametrize("crs", [UTM, "EPSG:4326", "EPSG:3857", "EPSG:4490"])
def test_a_mask_does_not_depend_on_format_and_crs(tmp_path, suffix, crs):
    image = scene(tmp_path)
    path = vector(tmp_path / f"fields{suffix}", [box(5, 3, 25, 13)], crs=crs)
    np.testing.assert_array_equal(mask_of(image, path), expected((5, 3, 25, 13, 1)))


def test_long_sides_are_straight_in_the_files_own_crs(tmp_path):
    image = scene(tmp_path)
    cols, rows = np.meshgrid(np.arange(60) + 0.5, np.arange(40) + 0.5)
    lon, lat = image.grid.lonlat(list(zip(cols.ravel(), rows.ravel(), strict=True)))
    north = float(np.median(lat)) + 1e-8
    wide = shapely.box(float(lon.min()) - 1, north - 1, float(lon.max()) + 1, north)
    gpd.GeoDataFrame(geometry=[wide], crs="EPSG:4326").to_file(tmp_path / "wide.gpkg")
    mask = mask_of(image, tmp_path / "wide.gpkg")
    assert ((mask == 1).ravel() == (lat < north)).mean() > 0.995
    assert 0.4 < mask.mean() < 0.6


def test_holes_and_parts_are_kept(tmp_path):
    holed = box(0, 0, 10, 10).difference(box(2, 2, 4, 4))
    both = shapely.MultiPolygon([holed, box(20, 20, 30, 25)])
    mask = mask_of(scene(tmp_path), vector(tmp_path / "f.gpkg", [both]))
    want = expected((0, 0, 10, 10, 1), (2, 2, 4, 4, 0), (20, 20, 30, 25, 1))
    np.testing.assert_array_equal(mask, want)


def test_heights_are_dropped(tmp_path):
    raised = shapely.force_3d(box(5, 3, 25, 13), 7.0)
    mask = mask_of(scene(tmp_path), vector(tmp_path / "f.gpkg", [raised]))
    np.testing.assert_array_equal(mask, expected((5, 3, 25, 13, 1)))


def test_curves_become_short_lines(tmp_path):
    west, north = box(0, 0, 40, 40).bounds[0], box(0, 0, 40, 40).bounds[3]
    west, east, y = west + 6, west + 18, north - 12  # a circle of 6 m around pixel (20, 20)
    ring = f"CIRCULARSTRING({west} {y},{east} {y},{west} {y})"
    (tmp_path / "curved.csv").write_text(f'WKT,name\n"CURVEPOLYGON({ring})",disc\n')
    (tmp_path / "curved.vrt").write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="curved"><SrcDataSource relativeToVRT="1">curved.csv'
        f"</SrcDataSource><LayerSRS>{UTM}</LayerSRS></OGRVRTLayer></OGRVRTDataSource>"
    )
    mask = mask_of(scene(tmp_path), tmp_path / "curved.vrt")
    rows, cols = np.indices(SHAPE) + 0.5
    np.testing.assert_array_equal(mask == 1, np.hypot(rows - 20, cols - 20) < 10)


def test_rings_that_cross_themselves_are_mended_and_told(tmp_path):
    bow = at((0, 0), (20, 20), (20, 0), (0, 20))
    image = scene(tmp_path)
    found = read_polygons(vector(tmp_path / "f.gpkg", [bow]), image.grid)
    assert found.shapes[0].area == pytest.approx(200)
    assert len(found.repaired) == 1
    assert found.repaired[0].startswith("f.gpkg|f 1: Self-intersection")


def test_ground_that_a_ring_goes_around_twice_stays_inside(tmp_path):
    loop = at((0, 0), (20, 0), (20, 20), (10, 20), (10, 5), (30, 5), (30, 10), (0, 10))
    found = read_polygons(vector(tmp_path / "f.gpkg", [loop]), scene(tmp_path).grid)
    assert found.shapes[0].covers(shapely.box(10, 5, 20, 10))


def test_what_has_no_area_is_skipped_with_its_reason(tmp_path):
    frame = gpd.GeoDataFrame(
        geometry=[
            box(0, 0, 2, 2).centroid,
            box(0, 0, 2, 2).boundary,
            None,
            box(900, 0, 910, 10),
            box(0, 0, 2, 2),
        ],
        crs=UTM,
    )
    frame.to_file(tmp_path / "f.gpkg")
    found = read_polygons(tmp_path / "f.gpkg", scene(tmp_path).grid)
    assert len(found) == 1
    assert found.skipped == (
        "f.gpkg|f 1: a Point without area",
        "f.gpkg|f 2: a LineString without area",
        "f.gpkg|f 3: no geometry",
        "f.gpkg|f 4: outside of the scene",
    )


def test_layers_are_named_as_qgis_does(tmp_path):
    path = vector(tmp_path / "f.gpkg", [box(0, 0, 2, 2)], layer="a")
    vector(path, [box(4, 4, 6, 6)], layer="b")
    grid = scene(tmp_path).grid
    assert len(read_polygons(path, grid)) == 2
    (one,) = read_polygons(f"{path}|layername=b", grid).shapes
    assert one.bounds == pytest.approx((4, 4, 6, 6), abs=1e-6)
    with pytest.raises(VectorError, match="the layers a, b"):
        read_polygons(f"{path}|layername=c", grid)


def test_classes_are_names_or_codes(tmp_path):
    names = ["farmland", "鱼塘", "Rice ", "3", "other"]
    shapes = [box(col, 0, col + 5, 5) for col in range(0, 25, 5)]
    path = vector(tmp_path / "f.gpkg", shapes, {"kind": names})
    meaning = Meaning("kind", table=ClassTable.of(["rice=1"]))
    codes = read_polygons(path, scene(tmp_path).grid, meaning).codes
    assert codes.tolist() == [1, 8, 1, 3, 0]


def test_numbers_of_a_field_are_codes(tmp_path):
    path = vector(tmp_path / "f.gpkg", [box(0, 0, 2, 2)] * 3, {"code": [1.0, 0.0, np.nan]})
    found = read_polygons(path, scene(tmp_path).grid, Meaning("code"))
    assert found.codes.tolist() == [1, 0, 255]
    assert found.skipped == ("f.gpkg|f 3: no class, its ground is unknown",)


def test_a_class_that_nobody_knows_is_refused(tmp_path):
    path = vector(tmp_path / "f.gpkg", [box(0, 0, 2, 2)] * 2, {"crop": ["rice", "farmland"]})
    with pytest.raises(VectorError, match="found rice.*--class rice=1"):
        read_polygons(path, scene(tmp_path).grid, Meaning("crop"))
    with pytest.raises(VectorError, match="the field 'kind'.*found the fields crop"):
        read_polygons(path, scene(tmp_path).grid, Meaning("kind"))


def test_a_field_marks_what_does_not_count(tmp_path):
    marks = {"skip": ["yes", "no", None, "1"]}
    path = vector(tmp_path / "f.gpkg", [box(0, 0, 2, 2)] * 4, marks)
    found = read_polygons(path, scene(tmp_path).grid, Meaning(ignore_field="skip"))
    assert found.codes.tolist() == [255, 1, 1, 255]


@pytest.mark.parametrize("text", ["rice", "=1", "rice=256", "rice=-1", "rice=one"])
def test_what_is_no_class_is_refused(text):
    with pytest.raises(VectorError, match="NAME=CODE"):
        ClassTable.of([text])


def test_files_that_cannot_be_used_are_told(tmp_path):
    grid = scene(tmp_path).grid
    with pytest.raises(VectorError, match="no file at"):
        read_polygons(tmp_path / "none.gpkg", grid)
    (tmp_path / "text.gpkg").write_text("no database")
    with pytest.raises(VectorError, match="Save it from QGIS as a GeoPackage"):
        read_polygons(tmp_path / "text.gpkg", grid)
    vector(tmp_path / "bare.shp", [box(0, 0, 2, 2)])
    (tmp_path / "bare.prj").unlink()
    with pytest.raises(VectorError, match="coordinate reference system in bare.shp"):
        read_polygons(tmp_path / "bare.shp", grid)
