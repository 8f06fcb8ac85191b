import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from satseg.errors import SceneError
from satseg.grids import Grid

SPACENET = Grid("EPSG:4326", (2.7e-6, 0.0, 121.5, 0.0, -2.7e-6, 31.13), 650, 650)
UTM = Grid("EPSG:32651", (0.6, 0.0, 350_000.0, 0.0, -0.6, 3_450_000.0), 200, 100)


def test_degrees_are_measured_on_the_ellipsoid():
    down, across = SPACENET.gsd_m()
    geod = Geod(ellps="WGS84")
    assert across == pytest.approx(geod.inv(121.5, 31.129, 121.5 + 2.7e-6, 31.129)[2], rel=1e-4)
    assert down == pytest.approx(geod.inv(121.5, 31.129, 121.5, 31.129 + 2.7e-6)[2], rel=1e-4)


def test_utm_pixels_are_within_the_scale_factor_of_their_nominal_size():
    assert UTM.gsd_m() == pytest.approx((0.6, 0.6), rel=1e-3)


@given(st.floats(0.1, 5))
def test_another_gsd_keeps_the_footprint(gsd_m):
    other = SPACENET.at_gsd(gsd_m)
    assert other.bounds == pytest.approx(SPACENET.bounds, abs=1e-12)
    assert other.crs == SPACENET.crs


def test_pixels_at_another_gsd_are_square_on_the_ground():
    down, across = SPACENET.at_gsd(0.6).gsd_m()
    assert down == pytest.approx(0.6, rel=0.01)
    assert across == pytest.approx(0.6, rel=0.01)


def test_a_gsd_within_two_percent_keeps_the_pixels_or_joins_whole_ones():
    assert UTM.at_gsd(0.611) is UTM
    assert UTM.at_gsd(0.59) is UTM
    assert UTM.at_gsd(0.62).shape == (194, 97)
    assert UTM.at_gsd(1.21).shape == (100, 50)
    assert UTM.at_gsd(1.81).shape == (67, 34)


def test_a_coarse_gsd_leaves_one_pixel():
    assert UTM.at_gsd(10_000).shape == (1, 1)


def test_bounds_of_a_turned_grid_hold_all_corners():
    turned = Grid("EPSG:32651", (0.0, 1.0, 10.0, 1.0, 0.0, 20.0), 3, 5)
    assert turned.bounds == (10.0, 20.0, 13.0, 25.0)


def test_the_footprint_is_a_closed_ring_within_the_bounds():
    ring = np.array(SPACENET.footprint())
    assert (ring[0] == ring[-1]).all()
    assert ring.min(axis=0) == pytest.approx(SPACENET.bounds[:2])
    assert ring.max(axis=0) == pytest.approx(SPACENET.bounds[2:])


@pytest.mark.parametrize("gsd_m", [0, -1, float("nan"), float("inf")])
def test_a_gsd_that_is_no_length_is_refused(gsd_m):
    with pytest.raises(SceneError, match="above 0 m"):
        UTM.at_gsd(gsd_m)


def test_an_empty_grid_is_refused():
    with pytest.raises(SceneError, match="at least 1 x 1"):
        Grid("EPSG:4326", (1, 0, 0, 0, 1, 0), 0, 5)


def test_a_flat_geotransform_is_refused():
    with pytest.raises(SceneError, match="geotransform with an area"):
        Grid("EPSG:4326", (1, 0, 0, 0, 0, 0), 5, 5)
