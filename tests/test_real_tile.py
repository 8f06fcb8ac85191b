"""The whole way on a real WorldView-3 tile, with the zoo's own farmnet, as a user calls it."""

import pytest
import rasterio
from pyproj import Geod
from shapely.geometry import Polygon

from satseg.catalog import Catalog
from satseg.cli import main
from satseg.grids import Grid
from satseg.zoo import find_card

pytestmark = pytest.mark.shared


def _run(catalog, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["--catalog", str(catalog), *arguments])
    assert stopped.value.code == 0, arguments


@pytest.fixture(scope="module")
def mapped(shanghai_tile, tmp_path_factory):
    root = tmp_path_factory.mktemp("real") / "catalog"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SATSEG_CATALOG", str(root))
        _run(root, "scenes", "add", str(shanghai_tile), "--date", "2015-06-06")
        _run(root, "predict")
    return Catalog.open(root), shanghai_tile


def test_the_map_has_crs_footprint_and_orientation_of_the_tile(mapped):
    catalog, tile = mapped
    (prediction,) = catalog.predictions()
    assert prediction.model_id == "farmnet"
    with rasterio.open(tile) as before, rasterio.open(prediction.probability) as after:
        assert after.crs == before.crs
        assert tuple(after.bounds) == pytest.approx(tuple(before.bounds), abs=1e-12)
        assert (after.transform.a > 0, after.transform.e < 0) == (True, True)
        assert after.nodata == 255


def test_the_area_of_the_tile_is_geodesic(mapped):
    catalog, tile = mapped
    (prediction,) = catalog.predictions()
    (scene,) = catalog.scenes()
    area = catalog.area(prediction.id, scene.region_id)
    with rasterio.open(tile) as dataset:
        grid = Grid("EPSG:4326", tuple(dataset.transform)[:6], *dataset.shape)
    ring = Polygon(grid.footprint())
    expected = abs(Geod(ellps="WGS84").geometry_area_perimeter(ring)[0])
    assert area.valid_m2 == pytest.approx(expected, rel=1e-4)
    assert area.valid_fraction == pytest.approx(1, abs=1e-4)


def test_houses_roads_and_factory_roofs_are_not_farmland(mapped):
    """The whole tile: rows of houses, gardens, an avenue, halls with red-brown and blue roofs."""
    catalog, _ = mapped
    (prediction,) = catalog.predictions()
    with rasterio.open(prediction.probability) as dataset:
        values = dataset.read(1)
    threshold = find_card("farmnet").threshold
    assert (values[values != 255] / 254 >= threshold).mean() < 0.05
