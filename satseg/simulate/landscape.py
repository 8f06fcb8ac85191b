"""The land of a definition on a date, as vectors: features in painting order, trees, farmland."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from satseg import classes
from satseg.simulate import greenery, network, settlements
from satseg.simulate.definition import FARM_ZONES, ZONES, Definition
from satseg.simulate.fields import fill_fields
from satseg.simulate.hamlets import fill_hamlet
from satseg.simulate.quads import Quad, centre, rectangle
from satseg.simulate.sketch import Feature, Sketch

Filler = Callable[[Quad, Sketch], None]

FILLERS: dict[str, Filler] = {
    "village": settlements.fill_village,
    "villas": settlements.fill_villas,
    "slabs": settlements.fill_slabs,
    "industry": settlements.fill_industry,
    "construction": settlements.fill_construction,
    "greenhouses": greenery.fill_greenhouses,
    "orchard": greenery.fill_orchard,
    "nursery": greenery.fill_nursery,
    "ponds": greenery.fill_ponds,
    "forest": greenery.fill_forest,
    "park": greenery.fill_park,
    "waste": greenery.fill_waste,
    "scrub": greenery.fill_scrub,
    "lake": greenery.fill_lake,
}


@dataclass(frozen=True, slots=True)
class Landscape:
    """Everything that stands on the ground.

    Attributes:
        features: areas in painting order; later ones lie over earlier ones.
        trees: float64 (n, 6): x, y, crown radius, height (metres), kind, tone in [0, 1).
    """

    features: tuple[Feature, ...]
    trees: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """Blocks and what each of them carries over the years.

    Attributes:
        blocks: quads in metres.
        strips: canals and ways between the blocks.
        zones: kind of land of each block in the first year.
    """

    blocks: tuple[Quad, ...]
    strips: tuple[network.Strip, ...]
    zones: tuple[str, ...]


def plan(definition: Definition) -> Plan:
    """Return the cut of the land and its first kinds of land."""
    rng = np.random.default_rng([definition.seed, 1])
    blocks, strips = network.divide(definition.layout, definition.size_m, rng)
    return Plan(tuple(blocks), tuple(strips), _first_zones(definition, blocks))


def zones_on(definition: Definition, layout: Plan, date: dt.date) -> tuple[str, ...]:
    """Return the kind of land of each block on ``date``, after the story so far."""
    zones = list(layout.zones)
    spots = np.array([centre(block) for block in layout.blocks]).reshape(-1, 2)
    for change in definition.story:
        if change.date > date:
            break
        goal = np.asarray(change.toward) * definition.size_m
        far = np.hypot(*(spots - goal).T)
        able = [int(k) for k in np.argsort(far, kind="stable") if zones[k] in change.before]
        for k in able[: round(len(able) * change.share)]:
            zones[k] = change.after
    return tuple(zones)


def landscape_on(definition: Definition, date: dt.date) -> Landscape:
    """Return the land on ``date``.

    Blocks whose kind of land has not changed are the same on every date.
    """
    layout = plan(definition)
    below = Sketch(np.random.default_rng([definition.seed, 9]))
    middle = (definition.size_m / 2, definition.size_m / 2)
    side_m = definition.size_m + 100.0
    below.add(rectangle(middle, 0.0, side_m, side_m), "verge", classes.GRASS)
    sketches = [below]
    for k, (quad, zone) in enumerate(
        zip(layout.blocks, zones_on(definition, layout, date), strict=True)
    ):
        sketch = Sketch(np.random.default_rng([definition.seed, 2, k, ZONES.index(zone)]))
        if zone == "hamlet":
            fill_hamlet(quad, definition.layout, sketch)
        elif zone in FARM_ZONES:
            fill_fields(quad, zone, definition.layout, sketch)
        else:
            FILLERS[zone](quad, sketch)
        sketches.append(sketch)
    sketches += _strips(definition, layout)
    features = [item for sketch in sketches for item in sketch.features]
    trees = [part for sketch in sketches for part in sketch.trees]
    return _bend(definition, features, np.concatenate(trees) if trees else np.zeros((0, 6)))


def _strips(definition: Definition, layout: Plan) -> list[Sketch]:
    order = {"canal": 0, "brook": 0, "track": 1, "lane": 2, "road": 3}
    sketches = []
    numbered = sorted(enumerate(layout.strips), key=lambda pair: order[pair[1].kind])
    for k, strip in numbered:
        sketch = Sketch(np.random.default_rng([definition.seed, 3, k]))
        water = strip.kind in ("canal", "brook")
        (network.draw_water if water else network.draw_way)(strip, sketch)
        sketches.append(sketch)
    if definition.layout.highway:
        sketch = Sketch(np.random.default_rng([definition.seed, 4]))
        angle = float(np.deg2rad(definition.layout.orientation_deg))
        network.draw_highway(definition.size_m, angle, sketch)
        sketches.append(sketch)
    return sketches


def _first_zones(definition: Definition, blocks: list[Quad]) -> tuple[str, ...]:
    """Draw each block's kind of land so that equal kinds gather in patches."""
    rng = np.random.default_rng([definition.seed, 5])
    names = [zone for zone in ZONES if definition.mix.get(zone, 0) > 0]
    spots = np.array([centre(block) for block in blocks]).reshape(-1, 2)
    scores = []
    for name in names:
        waves = 2 * np.pi / definition.layout.patches_m * rng.normal(0, 0.6, (12, 2))
        phase = rng.uniform(0, 2 * np.pi, 12)
        smooth = np.cos(spots @ waves.T + phase).sum(axis=1) / np.sqrt(6)
        lonely = rng.gumbel(size=len(blocks))
        scores.append(np.log(definition.mix[name]) + smooth + 0.6 * lonely)
    best = np.argmax(np.array(scores), axis=0)
    return tuple(names[k] for k in best)


class _Bend:
    """Displaces points smoothly: long curves of canals and roads, short ones of bunds and banks."""

    def __init__(self, definition: Definition) -> None:
        rng = np.random.default_rng([definition.seed, 6])
        curve_m = definition.layout.bend_m
        self._long = _waves(rng, (350, 1400), curve_m)
        self._short = _waves(rng, (22, 90), min(0.55, 0.15 + 0.06 * curve_m))

    def land(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the displaced points (n, 2)."""
        return points + _push(points, self._long) + _push(points, self._short)

    def rigid(self, ring: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a ring moved as a whole by the short curves, so that walls stay straight."""
        return ring + _push(ring, self._long) + _push(ring.mean(axis=0)[None], self._short)


_Waves = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _waves(rng: np.random.Generator, length_m: tuple[float, float], height_m: float) -> _Waves:
    """Return wave vectors (2, 6), phases (6,) and displacements (6, 2)."""
    length, heading = rng.uniform(*length_m, 6), rng.uniform(0, 2 * np.pi, 6)
    vectors = 2 * np.pi / length * np.stack([np.cos(heading), np.sin(heading)])
    return vectors, rng.uniform(0, 2 * np.pi, 6), rng.normal(0, height_m / np.sqrt(6), (6, 2))


def _push(points: NDArray[np.float64], waves: _Waves) -> NDArray[np.float64]:
    vectors, phase, push = waves
    x, y = points[:, :1], points[:, 1:]
    return np.asarray((np.sin(x * vectors[0] + y * vectors[1] + phase)[..., None] * push).sum(1))


def _bend(definition: Definition, features: list[Feature], trees: NDArray[np.float64]) -> Landscape:
    """Bend straight lines gently, drop what lies outside of the scene."""
    bend, size_m, kept = _Bend(definition), definition.size_m, []
    for item in features:
        low, high = item.ring.min(axis=0), item.ring.max(axis=0)
        if (high > -60).all() and (low < size_m + 60).all():
            still = item.roof != "none"
            ring = bend.rigid(item.ring) if still else bend.land(_dense(item.ring))
            kept.append(replace(item, ring=ring))
    inside = ((trees[:, :2] > -60) & (trees[:, :2] < size_m + 60)).all(axis=1)
    trees = trees[inside]
    trees[:, :2] = bend.land(trees[:, :2])
    return Landscape(tuple(kept), trees)


def _dense(ring: NDArray[np.float64], step_m: float = 13.0) -> NDArray[np.float64]:
    """Add points to a ring so that no side is longer than about ``step_m``."""
    after = np.roll(ring, -1, axis=0)
    longest = float(np.hypot(*(after - ring).T).max())
    count = int(np.ceil(longest / step_m))
    if count <= 1:
        return ring
    share = np.linspace(0, 1, count, endpoint=False)[None, :, None]
    return np.asarray((ring[:, None] * (1 - share) + after[:, None] * share).reshape(-1, 2))


def is_farmland(feature: Feature) -> bool:
    """Return whether the feature counts as farmland in the truth."""
    return feature.land in classes.FARMLAND_CODES
