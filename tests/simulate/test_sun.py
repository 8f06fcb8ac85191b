import datetime as dt
import math

import numpy as np
import pytest

from satseg.simulate.burn import cast_shadows
from satseg.simulate.sun import sun_at

LON, LAT = 121.5, 31.0


@pytest.mark.parametrize(
    ("month", "declination"), [(6, 23.4), (12, -23.4), (3, 0.0)], ids=["june", "december", "march"]
)
def test_elevation_agrees_with_the_declination(month, declination):
    """Spherical astronomy with the declination of solstice and equinox and the hour angle."""
    sun = sun_at(LON, LAT, dt.date(2018, month, 21))
    hour = math.radians((10 + 40 / 60 - 12) * 15)
    lat, dec = math.radians(LAT), math.radians(declination)
    sine = math.sin(lat) * math.sin(dec) + math.cos(lat) * math.cos(dec) * math.cos(hour)
    assert sun.elevation_deg == pytest.approx(math.degrees(math.asin(sine)), abs=1.6)
    assert 95 < sun.azimuth_deg < 165


def test_earth_is_nearest_in_january():
    assert sun_at(LON, LAT, dt.date(2019, 1, 3)).distance_au == pytest.approx(0.9833, abs=5e-4)
    assert sun_at(LON, LAT, dt.date(2019, 7, 4)).distance_au == pytest.approx(1.0167, abs=5e-4)


@pytest.mark.parametrize("month", [1, 3, 6, 10])
def test_a_mast_throws_its_shadow_away_from_the_sun(month):
    sun = sun_at(LON, LAT, dt.date(2020, month, 15))
    height = np.zeros((121, 121), dtype=np.float32)
    height[59:62, 59:62] = 12.0
    blocked = cast_shadows(height, 0.5, sun)
    row, column = np.nonzero(blocked > 0.5)
    east, north = sun.image_direction[0], -sun.image_direction[1]
    along = -((column - 60) * 0.5 * east - (row - 60) * 0.5 * north)
    across = (column - 60) * 0.5 * north + (row - 60) * 0.5 * east
    assert along.max() == pytest.approx(sun.shadow_m(12.0), abs=1.6)
    assert np.abs(across).max() < 1.6
    assert along.min() > -1.6
