import datetime as dt

import numpy as np
import pytest

from satseg.simulate.seasons import crowns, rotation, stage, surface_on
from satseg.simulate.spectra import SPECTRA
from satseg.simulate.surfaces import SURFACES

RICE = {"rice": 1.0}


def stages(month, day, weights, crop="crop:any"):
    chances = np.random.default_rng(0).random((200, 8))
    return {stage(crop, dt.date(2020, month, day), chance, weights) for chance in chances}


def test_rice_is_flooded_in_june_and_ripe_in_october():
    assert {"flooded", "transplanted"} <= stages(6, 10, RICE)
    assert stages(8, 15, RICE) == {"rice_green"}
    assert "rice_ripe" in stages(10, 25, RICE)
    assert "rape_flower" in stages(3, 29, RICE)


@pytest.mark.parametrize("weights", [{}, {"gardens": 1.0}])
@pytest.mark.parametrize("crop", ["crop:any", "crop:vegetables"])
def test_every_stage_of_every_day_is_a_surface(crop, weights):
    for month in range(1, 13):
        for day in (1, 15, 28):
            assert stages(month, day, weights, crop) <= set(SURFACES)


def test_gardens_are_only_where_they_are_asked_for():
    chances = np.random.default_rng(0).random((400, 8))

    def grown(crop, weights):
        return [rotation(crop, chance, weights) for chance in chances]

    assert set(grown("crop:any", {})) == {"rice", "dry", "vegetables"}
    assert set(grown("crop:vegetables", {})) == {"vegetables"}
    assert set(grown("crop:vegetables", RICE)) == {"vegetables"}
    mixed = grown("crop:vegetables", {"rice": 5.0, "vegetables": 1.0, "gardens": 3.0})
    assert set(mixed) == {"vegetables", "gardens"}
    assert mixed.count("gardens") / len(mixed) == pytest.approx(0.75, abs=0.08)
    assert any(name.startswith("garden_") for name in stages(8, 15, {"gardens": 1.0}))


def test_vegetables_show_many_stages_at_once():
    assert len(stages(7, 1, {}, "crop:vegetables")) >= 8


def test_neighbours_with_the_same_chances_show_the_same_stage():
    one, two = np.random.default_rng(1).random((2, 8))
    two[:3] = one[:3]
    for month in range(1, 13):
        date = dt.date(2019, month, 9)
        assert surface_on("crop:any", date, one, {}) == surface_on("crop:any", date, two, {})


def test_surfaces_use_known_materials():
    for surface in SURFACES.values():
        assert surface.ground in SPECTRA
        assert surface.cover in SPECTRA


def test_spectra_are_reflectances_of_eight_bands():
    for values in SPECTRA.values():
        assert values.shape == (8,)
        assert ((values > 0) & (values < 0.6)).all()


def test_green_plants_are_bright_in_near_infrared_and_water_is_not():
    for name in ("rice_lush", "wheat_green", "crown_broad", "grass_green"):
        assert SPECTRA[name][6] > 5 * SPECTRA[name][4]
    for name in ("canal", "pond", "turbid"):
        assert SPECTRA[name][6] < SPECTRA[name][4]


def test_leaves_fall_in_winter_but_evergreens_stay():
    kind, tone = np.array([3, 1]), np.array([0.1, 0.1])
    assert crowns(kind, tone, dt.date(2020, 1, 20)) == ["crown_bare", "crown_evergreen"]
    assert crowns(kind, tone, dt.date(2020, 7, 20)) == ["crown_poplar", "crown_evergreen"]
