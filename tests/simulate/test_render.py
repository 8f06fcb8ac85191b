import datetime as dt
from dataclasses import replace

import numpy as np
import pyproj
import pytest
import shapely

from satseg import classes
from satseg.errors import BandError
from satseg.simulate import random_definition, render_scene
from satseg.simulate.burn import burn_features
from satseg.simulate.landscape import landscape_on
from satseg.simulate.paint import palette_of
from satseg.simulate.sensor import draw_conditions, to_dn
from satseg.simulate.sun import sun_at
from satseg.simulate.truth import farmland_area_m2, farmland_polygons
from satseg.simulate.veil import CLOUD_BASE_M, draw_veil

SUMMER = dt.date(2016, 7, 30)
LATER = dt.date(2021, 7, 30)


def test_image_is_11_bit_on_a_north_up_utm_grid(summer):
    assert summer.image.shape == (8, 400, 400)
    assert summer.image.dtype == np.uint16
    assert 1 <= summer.image.min() <= summer.image.max() <= 2047
    assert summer.classes.shape == (400, 400)
    assert summer.classes.dtype == np.uint8
    assert summer.grid.crs == "EPSG:32651"
    lon, lat = summer.grid.lonlat([(200.0, 200.0)])
    assert (lon[0], lat[0]) == pytest.approx((121.8, 31.0), abs=2e-5)


def test_same_definition_gives_same_bytes(small, summer):
    again = render_scene(small, SUMMER)
    assert again.image.tobytes() == summer.image.tobytes()
    assert again.classes.tobytes() == summer.classes.tobytes()


def test_chosen_bands_have_the_values_of_the_whole_image(small, summer):
    part = render_scene(small, SUMMER, bands=("nir1", "Red"))
    assert part.bands == ("nir1", "red")
    np.testing.assert_array_equal(part.image, summer.image[[6, 4]])


def test_unknown_band_is_an_error(small):
    with pytest.raises(BandError, match="thermal"):
        render_scene(small, SUMMER, bands=("thermal",))


def test_season_changes_the_image_but_not_the_truth(summer, winter):
    assert np.mean(summer.image[6] != winter.image[6]) > 0.9
    ground = (classes.FARMLAND, classes.WATER, classes.ROAD, classes.BUILT)
    for code in ground:
        np.testing.assert_array_equal(summer.classes == code, winter.classes == code)
    assert summer.image[6].mean() > 1.2 * winter.image[6].mean()


def test_farmland_of_vectors_and_raster_agree(small, summer):
    later = render_scene(small, LATER)
    geod = pyproj.Geod(ellps="WGS84")
    lon, lat = zip(*summer.grid.footprint(), strict=True)
    pixel_m2 = abs(geod.polygon_area_perimeter(lon, lat)[0]) / summer.classes.size
    areas = []
    for scene, date in ((summer, SUMMER), (later, LATER)):
        mapped = float((scene.classes == classes.FARMLAND).sum()) * pixel_m2
        assert farmland_area_m2(small, date) == pytest.approx(mapped, rel=0.004)
        areas.append(mapped)
    assert areas[1] < 0.8 * areas[0]


def test_truth_and_image_agree_on_every_parcel(small, summer):
    land = landscape_on(small, SUMMER)
    index, _ = burn_features(land, small.size_px, small.gsd_m)
    mean = palette_of(land, SUMMER, small.crops).mean[:, 4]
    seeds = np.random.SeedSequence([small.seed, 7, SUMMER.toordinal()]).spawn(4)
    conditions = draw_conditions(np.random.default_rng(seeds[2]))
    compared = 0
    for number, item in enumerate(land.features):
        inside = index == number
        if not item.parcel or inside.sum() < 300:
            continue
        assert (summer.classes[inside] == classes.FARMLAND).all()
        flat = np.full((8, 8), mean[number], dtype=np.float32)
        still = np.zeros((8, 8), dtype=np.float32)
        wanted = to_dn(flat, 4, summer.sun, conditions, still)[4, 4]
        assert np.median(summer.image[4][inside]) == pytest.approx(float(wanted), rel=0.3)
        compared += 1
    assert compared > 15


def test_farmland_polygons_stay_inside_and_apart(small):
    shapes = farmland_polygons(small, landscape_on(small, SUMMER))
    x0, y0, x1, y1 = shapely.total_bounds(np.array(shapes))
    assert (x1 - x0) <= small.size_m + 1e-6
    assert (y1 - y0) <= small.size_m + 1e-6
    assert shapely.union_all(shapes).area == pytest.approx(sum(s.area for s in shapes), rel=1e-3)


def test_wedge_is_nodata_in_image_and_truth():
    base = random_definition(6, size_px=128)
    date = base.dates[0]
    item = base.__class__(
        "w", "w", base.centre, 128, seed=6, mix=base.mix, wedge={str(date): 0.1}, dates=(date,)
    )
    scene = render_scene(item, date)
    gone = scene.image[0] == 0
    assert gone.mean() == pytest.approx(0.1, abs=0.04)
    assert (scene.image[:, gone] == 0).all()
    assert (scene.classes[gone] == classes.UNLABELLED).all()
    assert (scene.image[:, ~gone] > 0).all()


def test_cloud_is_bright_and_hides_the_truth():
    item = random_definition(3, size_px=200)
    date = item.dates[0]
    cloudy = render_scene(
        item.__class__("c", "c", item.centre, 200, seed=3, mix=item.mix, clouds={str(date): 0.2}),
        date,
    )
    hidden = cloudy.classes == classes.UNLABELLED
    assert 0.01 < hidden.mean() < 0.8
    assert np.median(cloudy.image[1][hidden]) > 1.5 * np.median(cloudy.image[1][~hidden])


def test_random_scenes_vary_in_land_and_light():
    shares, medians, seen = [], [], set()
    for seed in range(8):
        item = random_definition(seed, size_px=160, gsd_m=2.0)
        scene = render_scene(item, item.dates[0], bands=("red",))
        shares.append(float((scene.classes == classes.FARMLAND).mean()))
        medians.append(float(np.median(scene.image)))
        seen |= set(np.unique(scene.classes).tolist())
    assert min(shares) < 0.2
    assert max(shares) > 0.5
    assert max(medians) > 1.3 * min(medians)
    assert seen >= set(range(1, 10))


def test_strips_leave_no_trace(small, summer, monkeypatch):
    monkeypatch.setattr("satseg.simulate.render.STRIP_ROWS", 37)
    again = render_scene(small, SUMMER, bands=("green", "nir1"))
    np.testing.assert_array_equal(again.image, summer.image[[2, 6]])


def test_a_clouds_shadow_lies_where_the_sun_throws_it(small):
    """The shadow's middle lies away from the sun by the cloud's height over the tangent."""
    item = replace(small, size_px=700, clouds={str(SUMMER): 0.01})
    sun = sun_at(*item.centre, SUMMER)
    x, y = sun.image_direction
    found = 0
    for seed in range(12):
        veil = draw_veil(replace(item, seed=seed), SUMMER, sun)
        assert veil.cloud is not None
        assert veil.shade is not None
        if min(whole(veil.cloud), whole(veil.shade)) == 0:
            continue
        apart = np.subtract(middle(veil.cloud), middle(veil.shade)) * item.gsd_m
        assert apart == pytest.approx(np.array([y, x]) * sun.shadow_m(CLOUD_BASE_M), abs=2.0)
        found += 1
    assert found >= 3


def whole(field):
    """Return the sum of a field that nothing of is cut off at the border, else 0."""
    border = np.concatenate([field[0], field[-1], field[:, 0], field[:, -1]])
    return 0.0 if border.any() else float(field.sum())


def middle(field):
    rows, columns = np.indices(field.shape)
    return (rows * field).sum() / field.sum(), (columns * field).sum() / field.sum()
