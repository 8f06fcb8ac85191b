import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.bands import WORLDVIEW3
from satseg.errors import BandError, SceneError
from satseg.radiometry import (
    DEFAULT_TABLE,
    PAN,
    TABLES,
    BandFactors,
    Illumination,
    earth_sun_distance_au,
    radiance,
    reflectance,
    table_named,
    to_reflectance,
)

MOMENT = dt.datetime(2015, 6, 6, 2, 41, tzinfo=dt.UTC)
ABS_CAL = (0.0148, 0.0154, 0.0119, 0.0076, 0.0113, 0.0080, 0.0115, 0.0085)
BANDWIDTH = (0.0405, 0.0540, 0.0618, 0.0381, 0.0585, 0.0387, 0.1004, 0.0889)
FACTORS = tuple(map(BandFactors, WORLDVIEW3, ABS_CAL, BANDWIDTH))
TABLE = TABLES[DEFAULT_TABLE]

# Two pixels by hand, with the 2016v0.Int table, sun at 30 degrees, 2015-06-06 02:41 UTC.
#
# Distance: JD 2457179.611806, D = 5634.611806; g = 357.529 + 0.98560028 D = 5911.004 = 151.00397
# degrees; cos g = -0.874653, cos 2g = 0.530037; d = 1.00014 + 0.0146154 - 0.0000742 = 1.0146813.
# cos(theta) = cos(60) = 0.5, so rho = L * d² * pi / (E * 0.5) = L / E * 6.4690296.
#
#              cal/bw     DN   L = gain*DN*cal/bw+offset        rho       DN   L        rho
# coastal   0.365432     220   .905*80.3951 -8.604 = 64.1535   0.236085   560 176.5970 0.649876
# blue      0.285185     240   .940*68.4444 -5.809 = 58.5288   0.188877   520 133.5895 0.431104
# green     0.192557     260   .938*50.0647 -4.996 = 41.9647   0.148330   480  81.7007 0.288783
# yellow    0.199475     280   .962*55.8530 -3.649 = 50.0816   0.189233   440  80.7848 0.305244
# red       0.193162     300   .964*57.9487 -3.021 = 52.8416   0.222645   400  71.4624 0.301103
# red edge  0.206718     320  1.000*66.1499 -4.521 = 61.6289   0.295738   360  69.8976 0.335418
# nir1      0.114542     340   .961*38.9442 -5.522 = 31.9034   0.195451   320  29.7019 0.181963
# nir2      0.095613     360   .978*34.4207 -2.992 = 30.6714   0.231045   280  23.1907 0.174693
DARK = (220, 240, 260, 280, 300, 320, 340, 360)
BRIGHT = (560, 520, 480, 440, 400, 360, 320, 280)
RHO_DARK = (0.236085, 0.188877, 0.148330, 0.189233, 0.222645, 0.295738, 0.195451, 0.231045)
RHO_BRIGHT = (0.649876, 0.431104, 0.288783, 0.305244, 0.301103, 0.335418, 0.181963, 0.174693)
L_DARK = (64.1535, 58.5288, 41.9647, 50.0816, 52.8416, 61.6289, 31.9034, 30.6714)


def light() -> Illumination:
    return Illumination(30.0, earth_sun_distance_au(MOMENT))


def test_two_pixels_in_eight_bands_agree_with_hand_computed_reflectance() -> None:
    pixels = np.array([DARK, BRIGHT], dtype=np.uint16).T.reshape(8, 1, 2)
    found = to_reflectance(FACTORS, light(), TABLE).apply(pixels)
    np.testing.assert_allclose(found[:, 0, 0], RHO_DARK, rtol=2e-5)
    np.testing.assert_allclose(found[:, 0, 1], RHO_BRIGHT, rtol=2e-5)


def test_radiance_agrees_with_hand_computed_radiance() -> None:
    found = [float(radiance(dn, each, TABLE)) for dn, each in zip(DARK, FACTORS, strict=True)]
    np.testing.assert_allclose(found, L_DARK, rtol=2e-5)


def test_distance_agrees_with_the_hand_computed_one() -> None:
    assert earth_sun_distance_au(MOMENT) == pytest.approx(1.0146813, abs=1e-7)


@pytest.mark.parametrize(
    ("moment", "distance"),
    [
        (dt.datetime(2015, 1, 4, 7), 0.98328),  # perihelion
        (dt.datetime(2015, 7, 6, 20), 1.01668),  # aphelion
        (dt.datetime(2000, 1, 1, 12), 0.98333),
    ],
)
def test_distance_agrees_with_the_almanac(moment: dt.datetime, distance: float) -> None:
    assert earth_sun_distance_au(moment) == pytest.approx(distance, abs=1e-4)


def test_a_time_zone_moves_the_moment_not_the_distance() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    assert earth_sun_distance_au(MOMENT.astimezone(shanghai)) == earth_sun_distance_au(MOMENT)
    assert earth_sun_distance_au(MOMENT.replace(tzinfo=None)) == earth_sun_distance_au(MOMENT)


@given(st.floats(1, 2047), st.sampled_from(FACTORS), st.floats(5, 90), st.floats(0.983, 1.017))
def test_the_linear_map_is_the_two_formulas(
    dn: float, factors: BandFactors, elevation: float, distance: float
) -> None:
    sun = Illumination(elevation, distance)
    linear = to_reflectance([factors], sun, TABLE)
    expected = reflectance(radiance(dn, factors, TABLE), factors.band, sun, TABLE)
    found = linear.slope[0] * dn + linear.intercept[0]
    assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-12)


@given(st.floats(1, 90))
def test_a_lower_sun_means_more_reflectance_for_the_same_number(elevation: float) -> None:
    low, high = (to_reflectance(FACTORS, Illumination(e, 1.0), TABLE) for e in (elevation, 90.0))
    assert (low.slope >= high.slope).all()
    assert Illumination(elevation, 1).cosine_zenith == pytest.approx(
        math.cos(math.radians(90 - elevation))
    )


def test_tables_have_the_panchromatic_and_eight_bands() -> None:
    assert list(TABLES) == ["2016v0.Int", "2018v0"]
    for table in TABLES.values():
        assert tuple(table.gain) == tuple(table.offset) == (PAN, *WORLDVIEW3)
    assert table_named("2016v0.Int").of("red") == (0.964, -3.021, 1535.33)
    assert table_named("2016v0.Int").of(PAN) == (0.950, -3.629, 1574.41)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(SceneError, match=r"2016v0.Int, 2018v0; found '2015'"):
        table_named("2015")


def test_a_band_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(BandError, match="found 'swir1'"):
        TABLE.of("swir1")


@pytest.mark.parametrize("elevation", [0.0, -3.0, 91.0, math.nan])
def test_a_sun_below_the_horizon_is_refused(elevation: float) -> None:
    with pytest.raises(SceneError, match="above the horizon"):
        Illumination(elevation, 1.0)


@pytest.mark.parametrize(("factor", "bandwidth"), [(0.0, 0.05), (-1.0, 0.05), (0.01, math.nan)])
def test_factors_that_are_not_above_0_are_refused(factor: float, bandwidth: float) -> None:
    with pytest.raises(SceneError, match="of the band red above 0"):
        BandFactors("red", factor, bandwidth)
