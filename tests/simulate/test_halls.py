import numpy as np
import pytest
import shapely

from satseg import classes
from satseg.simulate.halls import PLAIN_ROOFS, RED_ROOFS, SKYLIGHTS, raise_hall
from satseg.simulate.quads import rectangle
from satseg.simulate.sketch import Sketch
from satseg.simulate.surfaces import SURFACES

GROUND = rectangle((60.0, 40.0), 0.3, 90.0, 45.0)


def _halls(count=200):
    for seed in range(count):
        sketch = Sketch(np.random.default_rng(seed))
        raise_hall(GROUND, sketch)
        yield sketch.features


def test_halls_are_buildings_that_stay_on_their_ground():
    ground = shapely.Polygon(GROUND).buffer(1e-6)
    for features in _halls(60):
        assert {feature.land for feature in features} == {classes.BUILT}
        assert all(feature.height_m > 4 for feature in features)
        assert all(ground.contains(shapely.Polygon(feature.ring)) for feature in features)


def test_roofs_cover_the_whole_hall():
    for features in _halls(60):
        roofs = shapely.union_all([shapely.Polygon(f.ring).buffer(1e-6) for f in features])
        assert roofs.area == pytest.approx(90 * 45, rel=1e-3)


def test_half_of_the_halls_or_more_are_red_or_brown():
    seen = [{feature.surface for feature in features} for features in _halls()]
    assert 0.4 < np.mean([bool(names & set(RED_ROOFS)) for names in seen]) < 0.8
    assert {*RED_ROOFS, *PLAIN_ROOFS, *SKYLIGHTS} == set.union(*seen)
    assert set.union(*seen) <= set(SURFACES)
