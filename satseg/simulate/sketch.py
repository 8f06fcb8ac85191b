"""The drawing that fillers add land to: areas with a surface, buildings and trees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satseg.simulate.quads import Quad, direction

Roof = Literal["none", "flat", "gable", "hip", "vault"]
CHANCES = 8


@dataclass(frozen=True, slots=True)
class Feature:
    """One area of the drawing; later features lie over earlier ones.

    Attributes:
        ring: float64 (n, 2), open ring of (x, y) in metres, x right, y down.
        surface: name of a surface or of a crop (see ``surfaces`` and ``seasons``).
        land: class code of the truth.
        angle: direction of rows or of the ridge, radians.
        height_m: of the eaves above the ground; 0 for open land.
        roof: shape of the top.
        chance: ``CHANCES`` random numbers in [0, 1) that stay with the feature for all dates.
        parcel: whether this is a parcel of farmland.
    """

    ring: NDArray[np.float64]
    surface: str
    land: int
    angle: float
    height_m: float
    roof: Roof
    chance: NDArray[np.float64]
    parcel: bool


@dataclass(slots=True)
class Sketch:
    """Collects features and trees of one block or network; filled by the landscape's fillers."""

    rng: np.random.Generator
    features: list[Feature] = field(default_factory=list)
    trees: list[NDArray[np.float64]] = field(default_factory=list)

    def add(
        self,
        ring: Quad,
        surface: str,
        land: int,
        *,
        angle: float | None = None,
        height_m: float = 0.0,
        roof: Roof = "none",
        parcel: bool = False,
        like: NDArray[np.float64] | None = None,
    ) -> None:
        """Add an area; ``like`` shares the first three chances (tone, stage) with a neighbour."""
        chance = self.rng.random(CHANCES)
        if like is not None:
            chance[:3] = like[:3]
        heading = direction(ring) if angle is None else angle
        self.features.append(Feature(ring, surface, land, heading, height_m, roof, chance, parcel))

    def plant(self, xy: NDArray[np.float64], radius_m: tuple[float, float], kind: int = 0) -> None:
        """Add trees at ``xy`` (n, 2) with crown radii drawn from ``radius_m``.

        Kinds: 0 broadleaf, 1 dark evergreen, 2 young or orchard tree, 3 poplar or dawn redwood.
        """
        if not len(xy):
            return
        count = len(xy)
        radius = self.rng.uniform(*radius_m, count)
        tall = radius * self.rng.uniform(1.3, 2.1, count) + (3.0 if kind == 3 else 0.0)
        tone = self.rng.random(count)
        self.trees.append(np.column_stack([xy, radius, tall, np.full(count, kind), tone]))
