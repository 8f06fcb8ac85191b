import datetime as dt
import math
import shutil

import numpy as np
import pytest
import rasterio

from satseg.bands import WORLDVIEW3
from satseg.catalog import Catalog
from satseg.classes import FARMLAND, WATER
from satseg.deliveries import understand
from satseg.deliveries.imd import read_metadata
from satseg.radiometry import TABLES, BandFactors, Illumination, radiance, reflectance
from satseg.simulate import sensor
from satseg.simulate.lean import draw_view
from satseg.simulate.samples import write_scene
from satseg.simulate.sun import sun_at

TABLE = TABLES["2016v0.Int"]
DATE = dt.date(2016, 7, 30)


@pytest.fixture(scope="module")
def sample(small, tmp_path_factory):
    return write_scene(small, DATE, tmp_path_factory.mktemp("scenes"))


def test_the_sidecar_lies_beside_the_image_and_tells_sun_view_and_size(small, sample):
    assert sample.imd_path == sample.scene_path.with_suffix(".IMD")
    found = read_metadata(sample.imd_path)
    sun, view = sun_at(*small.centre, DATE), draw_view(small.seed, DATE.toordinal())
    assert found.view.sun_elevation_deg == pytest.approx(sun.elevation_deg, abs=1e-4)
    assert found.view.sun_azimuth_deg == pytest.approx(sun.azimuth_deg, abs=1e-4)
    assert found.view.off_nadir_deg == pytest.approx(view.off_nadir_deg, abs=0.05)
    assert found.acquired.date() == DATE
    assert found.names == WORLDVIEW3
    assert found.satellite == "WV03"


def test_reflectance_comes_back_through_the_sidecars_factors_within_the_noise(small, sample):
    """A plain of known reflectance -> digital numbers -> top of the atmosphere, all bands."""
    metadata = read_metadata(sample.imd_path)
    sun = sun_at(*small.centre, DATE)
    light = Illumination(metadata.view.sun_elevation_deg, sun.distance_au)
    rng = np.random.default_rng(4)
    conditions = sensor.draw_conditions(rng)
    for band, entry in enumerate(metadata.bands):
        noise = rng.standard_normal((64, 64), dtype=np.float32)
        plain = np.full((64, 64), 0.15, dtype=np.float32)
        numbers = sensor.to_dn(plain, band, sun, conditions, noise)
        factors = BandFactors(entry.name, entry.abs_cal_factor, entry.effective_bandwidth_um)
        top = reflectance(radiance(numbers, factors, TABLE), entry.name, light, TABLE)
        path = sensor.PATH[band] * conditions.haze
        clear = 0.97 * math.exp(-0.9 * sensor.PATH[band] * (conditions.haze - 0.4))
        expected = path + 0.15 * clear * conditions.gain[band]
        error = top.std() / math.sqrt(top.size)
        assert top.mean() == pytest.approx(expected, abs=4 * error + 2e-5), entry.name
        assert top.std() < 0.012


def test_a_scene_says_that_it_is_simulated_in_file_item_and_record(sample, tmp_path):
    with rasterio.open(sample.scene_path) as source:
        assert source.tags()["SATSEG_SIMULATED"] == "YES"
    catalog = Catalog.open(tmp_path / "catalog")
    catalog.add_scene(sample.scene_path, scene_id="small", licence="CC0-1.0", region_id=None)
    assert catalog.scene("small").simulated
    item = (catalog.root / "scenes" / "small" / "small.json").read_text()
    assert '"satseg:simulated": true' in item


def test_image_and_sidecar_are_a_delivery_with_reflectance(sample, tmp_path):
    """The delivery reader turns the scene's own numbers into reflectance by its sidecar."""
    for path in (sample.scene_path, sample.imd_path):
        shutil.copy(path, tmp_path)
    plan = understand(tmp_path)
    assert plan.simulated
    assert plan.image.linear is not None
    with rasterio.open(sample.scene_path) as source, rasterio.open(sample.truth_path) as truth:
        top, codes = plan.image.linear.apply(source.read()), truth.read(1)
    infrared = {code: float(np.median(top[6][codes == code])) for code in (FARMLAND, WATER)}
    assert infrared[WATER] < 0.12 < infrared[FARMLAND] < 0.6
    assert top.min() > -0.02
    assert top.max() < 1.1
