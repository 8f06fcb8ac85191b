import datetime as dt
import math

import numpy as np
import pytest

from satseg.simulate import sensor
from satseg.simulate.sun import sun_at

SUN = sun_at(121.5, 31.0, dt.date(2018, 5, 1))
CLEAR = sensor.Conditions(1.0, (1.0,) * 8, 0.6, 0.2, 1.0, (0.0, 0.0))


@pytest.mark.parametrize("band", range(8))
def test_digital_numbers_give_back_the_reflectance(band):
    """The published equations, backwards, on a surface without structure or noise."""
    flat = np.full((9, 9), 0.12, dtype=np.float32)
    dn = float(sensor.to_dn(flat, band, SUN, CLEAR, np.zeros((9, 9), np.float32))[4, 4])
    factor = sensor.ABS_CAL[band] / sensor.BANDWIDTH_UM[band]
    radiance = sensor.GAIN[band] * dn * factor + sensor.OFFSET[band]
    top = radiance * math.pi * SUN.distance_au**2
    top /= sensor.SUN_IRRADIANCE[band] * SUN.cosine_zenith
    clear = 0.97 * math.exp(-0.9 * sensor.PATH[band] * 0.6)
    assert (top - sensor.PATH[band]) / clear == pytest.approx(0.12, abs=0.001)


def test_numbers_stay_between_1_and_2047():
    noise = np.zeros((4, 4), np.float32)
    bright = np.full((4, 4), 5.0, dtype=np.float32)
    dark = np.full((4, 4), -5.0, dtype=np.float32)
    assert (sensor.to_dn(bright, 2, SUN, CLEAR, noise) == 2047).all()
    assert (sensor.to_dn(dark, 2, SUN, CLEAR, noise) == 1).all()


def test_optics_keep_the_mean_and_blur_a_point():
    point = np.zeros((21, 21), dtype=np.float32)
    point[10, 10] = 1.0
    spread = sensor._optics(point, CLEAR)
    assert spread.sum() == pytest.approx(1.0, abs=1e-5)
    assert 0.2 < spread[10, 10] < 0.9


def test_noise_grows_with_the_signal():
    noise = np.random.default_rng(0).standard_normal((64, 64), dtype=np.float32)
    spreads = []
    for reflectance in (0.02, 0.4):
        flat = np.full((64, 64), reflectance, dtype=np.float32)
        spreads.append(float(sensor.to_dn(flat, 4, SUN, CLEAR, noise).std()))
    assert 1.0 < spreads[0] < spreads[1] < 8.0
