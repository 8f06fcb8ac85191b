"""Fills blocks with arable land: paddies, strips, vegetable beds, old irregular patchwork.

A block of farmland is farmland as a whole: parcels, bunds and the furrows between them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from satseg import classes
from satseg.simulate.definition import Layout
from satseg.simulate.greenery import blob, scatter_trees
from satseg.simulate.quads import (
    Quad,
    cuts,
    direction,
    inset,
    lengthwise,
    piece,
    size,
    slant,
    turned,
)
from satseg.simulate.sketch import CHANCES, Feature, Sketch

PARCELS_M = {
    "paddies": ((1.4, 2.2), (1.0, 1.3)),
    "strips": ((0.8, 1.0), (1.0, 1.0)),
    "vegetables": ((0.5, 0.5), (0.5, 0.7)),
}
"""For each kind of field, factors on the layout's parcel width and on its length."""


def fill_fields(quad: Quad, zone: str, layout: Layout, sketch: Sketch) -> None:
    """Fill ``quad`` with the parcels of ``zone``: paddies, strips, vegetables or patchwork."""
    start = len(sketch.features)
    sketch.add(quad, str(sketch.rng.choice(["bund", "bund_dry", "bund"])), classes.FARMLAND)
    if zone == "patchwork":
        _patchwork(quad, layout, sketch)
        _islands(quad, sketch)
        _bushes(quad, layout, sketch)
        _work_together(sketch.features[start:], TOGETHER[zone])
        return
    widths, lengths = PARCELS_M[zone]
    width = tuple(a * b for a, b in zip(layout.parcel_width_m, widths, strict=True))
    length = tuple(a * b for a, b in zip(layout.parcel_length_m, lengths, strict=True))
    quad = lengthwise(quad) if sketch.rng.random() < 0.8 else turned(lengthwise(quad))
    tiers = cuts(sketch.rng, size(quad)[1], length[0], length[1])
    for t0, t1 in pairwise(tiers):
        _tier(piece(quad, 0, 1, t0, t1), zone, (width[0], width[1]), layout, sketch)
    _islands(quad, sketch)
    if zone == "vegetables":
        _bushes(quad, layout, sketch)
    _work_together(sketch.features[start:], TOGETHER[zone])


def _bushes(quad: Quad, layout: Layout, sketch: Sketch) -> None:
    """Let bushes and young trees stand about in small plots, which stay farmland."""
    if layout.bushes_per_ha > 0:
        per_ha = layout.bushes_per_ha * float(sketch.rng.lognormal(0, 0.6))
        scatter_trees(quad, sketch, per_ha=per_ha, radius_m=(0.6, 1.9), kind=2)


TOGETHER = {"paddies": 0.6, "strips": 0.5, "vegetables": 0.25, "patchwork": 0.25}
"""Share of a block's parcels that are worked as one: cooperatives till most of the land."""


def _work_together(features: list[Feature], share: float) -> None:
    """Let a share of the parcels have crop and stage of the one in their middle."""
    fields = [item for item in features if item.parcel]
    for item in fields:
        if item.chance[4] < share:
            item.chance[:3] = fields[len(fields) // 2].chance[:3]


def _tier(
    tier: Quad, zone: str, width: tuple[float, float], layout: Layout, sketch: Sketch
) -> None:
    """Cut a tier into parcels side by side; runs of neighbours share crop and stage."""
    rng = sketch.rng
    edges = cuts(rng, size(tier)[0], width[0], width[1])
    lean = rng.normal(0, layout.slant * 0.15)
    bund = float(rng.uniform(0.3, 0.9))
    shared = rng.random(CHANCES)
    loyalty = 0.8 if zone == "paddies" else 0.6
    for s0, s1 in pairwise(edges):
        low, high = (s0 + lean * s0 * (1 - s0) * 4), (s1 + lean * s1 * (1 - s1) * 4)
        parcel = inset(slant(tier, (low, s0), (high, s1)), bund)
        if rng.random() > loyalty:
            shared = rng.random(CHANCES)
        if parcel is not None:
            _parcel(parcel, zone, shared, sketch)


def _parcel(parcel: Quad, zone: str, shared: NDArray[np.float64], sketch: Sketch) -> None:
    rng = sketch.rng
    along = direction(lengthwise(parcel))
    if rng.random() < 0.08:
        along += np.pi / 2
    crop = "crop:vegetables" if zone == "vegetables" else "crop:any"
    like = shared if rng.random() < 0.85 else None
    sketch.add(parcel, crop, classes.FARMLAND, angle=along, parcel=True, like=like)
    if rng.random() < 0.04:
        width = size(parcel)[1]
        t = rng.uniform(0.05, 0.9)
        strip = piece(parcel, 0.02, 0.98, t, min(0.98, t + rng.uniform(1.0, 2.2) / width))
        sketch.add(strip, "crop:vegetables", classes.FARMLAND, angle=along)


def _patchwork(quad: Quad, layout: Layout, sketch: Sketch) -> None:
    """Cut ``quad`` again and again at slanting lines into small uneven parcels."""
    rng = sketch.rng
    waiting = [quad]
    limit = (layout.parcel_width_m[0] * 1.6, layout.parcel_length_m[0] * 1.1)
    while waiting:
        part = lengthwise(waiting.pop())
        length = size(part)[0]
        if length < rng.uniform(min(limit), max(limit)) or length < 14:
            parcel = inset(part, float(rng.uniform(0.3, 1.0)))
            if parcel is not None:
                zone = "vegetables" if rng.random() < 0.35 else "strips"
                _parcel(parcel, zone, rng.random(CHANCES), sketch)
            continue
        middle, tilt = rng.uniform(0.32, 0.68), rng.normal(0, 0.05 + layout.slant * 0.4)
        line = (
            float(np.clip(middle + tilt, 0.15, 0.85)),
            float(np.clip(middle - tilt, 0.15, 0.85)),
        )
        waiting += [slant(part, (0, 0), line), slant(part, line, (1, 1))]


def _islands(quad: Quad, sketch: Sketch) -> None:
    """Now and then add what stands in the fields and is no farmland: a pond, a clump, a shed."""
    rng = sketch.rng
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.55, 0.25, 0.12, 0.08]))):
        s, t = rng.uniform(0.05, 0.9, 2)
        length, width = size(quad)
        if length < 60 or width < 60:
            return
        kind = rng.random()
        if kind < 0.35:
            shed = piece(quad, s, s + rng.uniform(4, 9) / length, t, t + rng.uniform(3, 6) / width)
            roof = str(rng.choice(["roof_blue", "roof_grey", "concrete", "roof_dark_red"]))
            sketch.add(shed, roof, classes.BUILT, height_m=2.6, roof="flat")
            continue
        side = rng.uniform(10, 34, 2)
        spot = piece(quad, s, s + side[0] / length, t, t + side[1] / width)
        if kind < 0.6:
            sketch.add(blob(spot, rng, 1.12), "verge", classes.GRASS)
            sketch.add(blob(spot, rng), str(rng.choice(["pond", "green_canal"])), classes.POND)
            continue
        sketch.add(blob(spot, rng, 1.0, 1.0), "litter", classes.TREE)
        scatter_trees(spot, sketch, per_ha=float(rng.uniform(150, 500)), kind=int(rng.integers(4)))
