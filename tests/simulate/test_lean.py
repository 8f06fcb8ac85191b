import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from satseg import classes
from satseg.simulate.landscape import Landscape, landscape_on
from satseg.simulate.lean import NADIR, View, draw_view, leaning
from satseg.simulate.quads import rectangle
from satseg.simulate.render import render_scene
from satseg.simulate.sketch import Sketch
from satseg.simulate.sun import Sun

DATE = dt.date(2016, 7, 30)


def tower(height_m=30.0):
    """A tower of 20 m x 10 m at (50, 50), with a box on its roof."""
    sketch = Sketch(np.random.default_rng(0))
    ground = rectangle((50.0, 50.0), 0.0, 20.0, 10.0)
    sketch.add(ground, "concrete", classes.BUILT, height_m=height_m, roof="flat")
    box = rectangle((50.0, 50.0), 0.0, 4.0, 4.0)
    sketch.add(box, "concrete", classes.BUILT, height_m=height_m + 3, roof="flat")
    return Landscape(tuple(sketch.features), np.zeros((0, 6)))


def test_overhead_nothing_leans():
    assert NADIR.elevation_deg == 90
    assert np.abs(NADIR.displacement(50.0)).max() == 0


def test_tops_lean_away_from_the_satellite():
    """Law of sines: 20 degrees off nadir at 617 km is 22.03 degrees of incidence."""
    view = View(20.0, 90.0)
    assert 90 - view.elevation_deg == pytest.approx(22.03, abs=0.01)
    x, y = view.displacement(30.0)
    assert (x, y) == pytest.approx((-30 * np.tan(np.deg2rad(22.03)), 0), abs=0.01)


def test_a_tower_has_walls_a_roof_and_a_box_that_moves_along():
    walls, roof, box = leaning(tower(), View(20.0, 0.0))
    assert (walls.surface, roof.surface, box.surface) == ("facade", "concrete", "concrete")
    reach = 30 * np.tan(np.deg2rad(22.03))
    assert roof.ring.mean(axis=0) == pytest.approx((50.0, 50 + reach), abs=0.01)
    assert box.ring.mean(axis=0) == pytest.approx((50.0, 50 + 1.1 * reach), abs=0.01)
    assert walls.ring[:, 1].max() == pytest.approx(roof.ring[:, 1].max())
    assert walls.ring[:, 1].min() == pytest.approx(45.0)


def test_low_buildings_stand_upright():
    assert leaning(tower(9.0), View(20.0, 0.0)) == ()


def test_walls_towards_the_sun_are_brighter():
    sun = Sun(135.0, 45.0, 1.0)
    assert View(10.0, 135.0).facade_light(sun) > 1.5 * View(10.0, 315.0).facade_light(sun)


def test_views_differ_from_day_to_day_but_not_from_call_to_call():
    views = [draw_view(3, day) for day in range(40)]
    assert views == [draw_view(3, day) for day in range(40)]
    assert all(2 <= view.off_nadir_deg <= 18 for view in views)
    assert len({round(view.azimuth_deg) // 60 for view in views}) == 6


def test_the_view_moves_roofs_but_not_the_truth(small, monkeypatch):
    town = replace(small, size_px=160, mix={"slabs": 1.0}, story=())
    assert any(item.height_m > 14 for item in landscape_on(town, DATE).features)
    scenes = []
    for view in (NADIR, View(18.0, 120.0)):
        monkeypatch.setattr("satseg.simulate.render.draw_view", lambda *_, view=view: view)
        scenes.append(render_scene(town, DATE, bands=("red",)))
    assert scenes[1].view == View(18.0, 120.0)
    built = scenes[0].classes == classes.BUILT
    np.testing.assert_array_equal(built, scenes[1].classes == classes.BUILT)
    assert np.mean(np.abs(scenes[0].image.astype(int) - scenes[1].image) > 60) > 0.03
