import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from mask_scenes import SHAPE, box, expected, mask_of, painted, polygons, scene, vector
from shelf_files import write_raster

from satseg.errors import StorageError, VectorError
from satseg.geodesy import pixel_areas_m2
from satseg.masks import Ground, Sources, read_ground, write_truth
from satseg.scene import open_scene
from satseg.windows import Window


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return scene(tmp_path_factory.mktemp("scene"))


NOTHING = polygons([], [])


def test_a_pixel_belongs_to_the_polygon_that_holds_its_centre(image):
    drawn = polygons([shapely.box(2.4, 1.6, 5.6, 3.4), shapely.box(10.51, 0, 12.49, 1)], [1, 2])
    mask = painted(image, Ground(drawn))
    np.testing.assert_array_equal(mask, expected((2, 2, 6, 3, 1), (11, 0, 12, 1, 2)))


@given(
    col=st.sampled_from([10.0, 10.5, 11.25]),
    slant=st.floats(-8, 8),
    row=st.sampled_from([20.0, 20.5]),
)
def test_neighbours_share_no_pixel_and_leave_none_out(image, col, slant, row):
    left = shapely.Polygon([(0, 0), (col + slant, 0), (col - slant, 40), (0, 40)])
    right = shapely.Polygon([(col + slant, 0), (60, 0), (60, 40), (col - slant, 40)])
    upper, lower = shapely.box(0, 0, 60, row), shapely.box(0, row, 60, 40)
    for one, two in ((left, right), (upper, lower)):
        counts = [
            int((painted(image, Ground(polygons([shape], [1]))) == 1).sum()) for shape in (one, two)
        ]
        assert sum(counts) == SHAPE[0] * SHAPE[1]


@given(
    st.lists(st.tuples(*[st.floats(-5, 65)] * 6, st.integers(0, 9)), min_size=1, max_size=6),
    st.sampled_from([1, 7, 16]),
)
def test_strips_of_any_height_give_the_same_mask(image, triangles, rows):
    shapes = [shapely.Polygon([t[:2], t[2:4], t[4:6]]) for t in triangles]
    ground = Ground(polygons(shapes, [t[6] for t in triangles]))
    np.testing.assert_array_equal(painted(image, ground, rows), painted(image, ground, 64))


def test_the_last_of_overlapping_polygons_counts(image):
    drawn = polygons([shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)], [1, 8])
    mask = painted(image, Ground(drawn))
    np.testing.assert_array_equal(mask, expected((0, 0, 5, 10, 1), (5, 0, 15, 10, 8)))


def test_drawn_ground_goes_over_osm_and_unknown_over_both(image):
    ground = Ground(
        drawn=polygons([shapely.box(10, 0, 30, 10), shapely.box(30, 0, 32, 10)], [0, 1]),
        osm=polygons([shapely.box(0, 0, 20, 20), shapely.box(0, 0, 4, 4)], [1, 0]),
        ignored=polygons([shapely.box(8, 8, 12, 12)], [1]),
        complete=polygons([shapely.box(0, 0, 50, 30)], [1]),
    )
    want = expected(
        (0, 0, 20, 20, 1),
        (0, 0, 4, 4, 0),
        (10, 0, 30, 10, 0),
        (30, 0, 32, 10, 1),
        (8, 8, 12, 12, 255),
        (50, 0, 60, 40, 255),
        (0, 30, 60, 40, 255),
    )
    np.testing.assert_array_equal(painted(image, ground), want)


def test_without_data_nothing_is_known(tmp_path):
    pixels = np.full((3, *SHAPE), 500, dtype=np.uint16)
    pixels[:, :, :7] = 0
    wedge = open_scene(write_raster(tmp_path / "wedge.tif", pixels, nodata=0))
    mask = mask_of(wedge, vector(tmp_path / "f.gpkg", [box(0, 0, 20, 40)]))
    np.testing.assert_array_equal(mask, expected((7, 0, 20, 40, 1), (0, 0, 7, 40, 255)))


def test_osm_farmyards_are_cut_out_and_similar_ground_is_other(image, tmp_path):
    tags = {"landuse": ["farmyard", "farmland", None], "leisure": [None, None, "park"]}
    shapes = [box(2, 2, 4, 4), box(0, 0, 20, 20), box(30, 0, 40, 10)]
    path = vector(tmp_path / "osm.gpkg", shapes, tags)
    mask = mask_of(image, osm=path)
    np.testing.assert_array_equal(mask, expected((0, 0, 20, 20, 1), (2, 2, 4, 4, 0)))


def test_nothing_drawn_where_it_should_be_complete_is_refused(image, tmp_path):
    gpd.GeoDataFrame({"a": []}, geometry=[], crs="EPSG:32651").to_file(
        tmp_path / "f.gpkg", layer="complete", engine="pyogrio", geometry_type="Polygon"
    )
    source = f"{tmp_path / 'f.gpkg'}|layername=complete"
    fields = str(vector(tmp_path / "g.gpkg", [box(0, 0, 2, 2)]))
    with pytest.raises(VectorError, match="Draw around what you have finished"):
        read_ground(Sources((fields,), complete=source), image.grid)
    ground = read_ground(Sources((fields,), ignore=source), image.grid)
    assert len(ground.ignored) == 0


def test_there_must_be_polygons():
    with pytest.raises(VectorError, match="with --osm; found neither"):
        Sources()


def test_a_mask_is_a_cog_with_its_areas(image, tmp_path):
    drawn = polygons([shapely.box(0, 0, 10, 20)], [1])
    ignored = polygons([shapely.box(50, 0, 60, 40)], [1])
    seen = []
    report = write_truth(
        image,
        Ground(drawn, ignored=ignored),
        tmp_path / "truth.tif",
        tags={"SATSEG_SCENE_ID": "s"},
        progress=lambda *step: seen.append(step),
    )
    areas = pixel_areas_m2(image.grid, Window(0, 0, *SHAPE))
    assert report.m2[1] == pytest.approx(areas[:20, :10].sum())
    assert report.m2[255] == pytest.approx(areas[:, 50:].sum())
    assert report.known_m2 == pytest.approx(areas[:, :50].sum())
    assert seen[-1] == (40, 40)
    with rasterio.open(tmp_path / "truth.tif") as written:
        assert (written.nodata, written.dtypes, written.crs) == (255, ("uint8",), "EPSG:32651")
        assert written.tags()["SATSEG_SCENE_ID"] == "s"
        assert written.tags()["SATSEG_SIMULATED"] == "NO"
        assert written.transform == image.grid.affine
        np.testing.assert_array_equal(
            written.read(1), expected((0, 0, 10, 20, 1), (50, 0, 60, 40, 255))
        )


def test_a_failed_mask_leaves_the_old_one(image, tmp_path, monkeypatch):
    target = tmp_path / "truth.tif"
    target.write_text("old")

    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("satseg.cog.RowWriter.write", full)
    with pytest.raises(StorageError, match="disk full"):
        write_truth(image, Ground(NOTHING), target)
    assert [path.name for path in tmp_path.iterdir()] == ["truth.tif"]
    assert target.read_text() == "old"
