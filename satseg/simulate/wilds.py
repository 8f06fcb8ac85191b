"""Random places for training: every kind of Shanghai landscape, each one different."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from satseg.simulate.definition import ZONES, Definition, Layout

ARCHETYPES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "paddy plain": {
            "paddies": 6,
            "strips": 3,
            "hamlet": 3,
            "village": 0.6,
            "forest": 0.4,
            "ponds": 0.3,
        },
        "strip fields": {
            "strips": 5,
            "vegetables": 2,
            "hamlet": 3,
            "village": 1,
            "orchard": 0.6,
            "waste": 0.5,
        },
        "market garden": {"vegetables": 4, "greenhouses": 2.5, "hamlet": 2, "patchwork": 1},
        "old village": {
            "village": 4,
            "hamlet": 2,
            "patchwork": 3,
            "vegetables": 1.5,
            "forest": 1,
            "ponds": 0.6,
            "scrub": 0.6,
        },
        "pond country": {
            "ponds": 4,
            "paddies": 2,
            "hamlet": 1.5,
            "village": 0.8,
            "waste": 0.8,
            "lake": 0.5,
        },
        "orchards": {"orchard": 3, "nursery": 2.5, "strips": 2, "village": 1, "greenhouses": 0.7},
        "town": {"slabs": 4, "industry": 2, "park": 1.5, "villas": 1, "waste": 1, "strips": 0.4},
        "industry": {"industry": 6, "construction": 1.5, "waste": 1.5, "strips": 1.5, "park": 0.6},
        "villas and parks": {"villas": 3, "park": 3, "forest": 1.5, "lake": 0.8, "strips": 0.5},
        "woods": {
            "forest": 4,
            "nursery": 2,
            "park": 1,
            "patchwork": 1,
            "waste": 1,
            "lake": 0.6,
            "scrub": 2.5,
        },
        "fringe": {
            "strips": 2,
            "paddies": 1.5,
            "construction": 2,
            "industry": 1.5,
            "hamlet": 1.5,
            "scrub": 1,
        },
    }
)
"""Weights of the kinds of land in typical places around Shanghai, our reading of maps."""


def random_definition(seed: int, *, size_px: int = 1024, gsd_m: float = 0.6) -> Definition:
    """Return a random landscape with one random date between 2015 and 2025.

    The same ``seed`` gives the same definition. Places, dates, cuts, crops and mixes all vary.
    """
    rng = np.random.default_rng([seed, 20150606])
    base = ARCHETYPES[str(rng.choice(list(ARCHETYPES)))]
    mix = {zone: weight * float(rng.lognormal(0, 0.5)) for zone, weight in base.items()}
    for zone in rng.choice(ZONES, 3, replace=False):
        mix[str(zone)] = mix.get(str(zone), 0) + float(rng.uniform(0.1, 0.8))
    centre = (float(rng.uniform(121.0, 121.9)), float(rng.uniform(30.8, 31.6)))
    date = dt.date(2015, 1, 1) + dt.timedelta(days=int(rng.integers(0, 11 * 365)))
    place = Definition(
        id=f"wild-{seed}",
        region="wild",
        centre=centre,
        size_px=size_px,
        gsd_m=gsd_m,
        seed=seed,
        layout=_random_layout(rng),
        mix=mix,
        dates=(date,),
        wedge={str(date): float(rng.uniform(0.03, 0.3))} if rng.random() < 0.06 else {},
        clouds={str(date): float(rng.uniform(0.005, 0.05))} if rng.random() < 0.08 else {},
        crops={name: float(rng.lognormal(0, 0.8)) for name in ("rice", "vegetables", "dry")},
    )
    gardens = float(rng.lognormal(0, 0.8)) if rng.random() < 0.6 else 0.0
    bushes = float(rng.uniform(5, 60)) if rng.random() < 0.4 else 0.0
    layout = replace(place.layout, bushes_per_ha=bushes)
    if place.mix.get("scrub", 0) > 1 and rng.random() < 0.6:
        large = float(rng.uniform(1.5, 3.0))
        layout = replace(layout, block_m=(layout.block_m[0] * large, layout.block_m[1] * large))
    return replace(place, crops={**place.crops, "gardens": gardens}, layout=layout)


def _random_layout(rng: np.random.Generator) -> Layout:
    small = float(rng.uniform(90, 190))
    width = float(rng.choice([5, 8, 12, 18, 28], p=[0.15, 0.3, 0.25, 0.2, 0.1]))
    length = float(rng.uniform(45, 130))
    return Layout(
        orientation_deg=float(rng.uniform(-90, 90)),
        block_m=(small, small * float(rng.uniform(1.5, 2.6))),
        parcel_width_m=(width * 0.8, width * float(rng.uniform(1.2, 2.4))),
        parcel_length_m=(length, length * float(rng.uniform(1.2, 2.2))),
        bend_m=float(rng.choice([0.5, 4, 10, 18], p=[0.25, 0.35, 0.25, 0.15])),
        slant=float(rng.uniform(0, 0.22)),
        canals=float(rng.uniform(0.2, 0.8)),
        patches_m=float(rng.uniform(200, 900)),
        highway=bool(rng.random() < 0.2),
    )
