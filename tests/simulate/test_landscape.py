import datetime as dt
from dataclasses import replace

import numpy as np

from satseg import classes
from satseg.simulate.fields import fill_fields
from satseg.simulate.greenery import fill_scrub
from satseg.simulate.landscape import landscape_on, plan, zones_on
from satseg.simulate.quads import rectangle
from satseg.simulate.sketch import Sketch
from satseg.simulate.surfaces import SURFACES


def test_story_takes_its_share_of_blocks_nearest_to_its_goal(small):
    layout = plan(small)
    before = zones_on(small, layout, dt.date(2018, 12, 31))
    after = zones_on(small, layout, dt.date(2019, 1, 1))
    changed = [k for k, zone in enumerate(after) if zone != before[k]]
    assert before == layout.zones
    assert len(changed) == round(0.5 * before.count("strips"))
    assert {after[k] for k in changed} == {"construction"}
    goal = np.array([1.0, 0.5]) * small.size_m
    far = [float(np.hypot(*(block.mean(axis=0) - goal))) for block in layout.blocks]
    kept = [k for k, zone in enumerate(after) if zone == "strips"]
    assert max(far[k] for k in changed) <= min(far[k] for k in kept)


def test_a_season_leaves_the_land_as_it_is(small):
    one = landscape_on(small, dt.date(2015, 1, 1))
    two = landscape_on(small, dt.date(2018, 8, 1))
    assert len(one.features) == len(two.features)
    for a, b in zip(one.features, two.features, strict=True):
        assert a.surface == b.surface
        np.testing.assert_array_equal(a.ring, b.ring)
    np.testing.assert_array_equal(one.trees, two.trees)


def test_parcels_are_farmland_and_long(small):
    found = [item for item in landscape_on(small, dt.date(2015, 1, 1)).features if item.parcel]
    assert len(found) > 20
    assert {item.land for item in found} == {classes.FARMLAND}


def test_bushes_stand_in_small_plots_and_take_no_farmland(small):
    block = rectangle((200.0, 150.0), 0.1, 300.0, 220.0)
    for zone, some in (("patchwork", True), ("vegetables", True), ("paddies", False)):
        farmed, planted = [], []
        for per_ha in (0.0, 40.0):
            sketch = Sketch(np.random.default_rng(3))
            fill_fields(block, zone, replace(small.layout, bushes_per_ha=per_ha), sketch)
            farmed.append([(item.land, item.ring.tolist()) for item in sketch.features])
            planted.append(sum(len(part) for part in sketch.trees))
        assert farmed[0] == farmed[1]
        assert (planted[1] > planted[0] + 20) is some


def test_half_of_the_paddies_of_a_block_are_worked_as_one(small):
    shares = []
    for seed in range(12):
        sketch = Sketch(np.random.default_rng(seed))
        block = rectangle((200.0, 150.0), 0.1, 300.0, 220.0)
        fill_fields(block, "paddies", small.layout, sketch)
        fields = [tuple(item.chance[:3]) for item in sketch.features if item.parcel]
        shares.append(max(map(fields.count, fields)) / len(fields))
    assert 0.5 < np.mean(shares) < 0.8


def test_scrub_is_no_farmland_and_has_no_rows():
    sketch = Sketch(np.random.default_rng(4))
    fill_scrub(rectangle((200.0, 150.0), 0.1, 300.0, 220.0), sketch)
    assert {item.land for item in sketch.features} == {classes.TREE}
    assert len(sketch.features) > 8
    assert sum(len(part) for part in sketch.trees) > 300
    assert all(SURFACES[item.surface].row_m == 0 for item in sketch.features)
