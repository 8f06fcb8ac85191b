"""Where the satellite stands, and how tall buildings lean away from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from satseg import classes
from satseg.simulate.landscape import Landscape
from satseg.simulate.sketch import Feature
from satseg.simulate.sun import Sun

ALTITUDE = 617.0 / 6371.0
"""WorldView-3's height above the ground in radii of the Earth. Source: DigitalGlobe, WorldView-3
Data Sheet (2014)."""

TALL_M = 14.0
"""Lower buildings lean by a few pixels at most and are drawn upright."""


@dataclass(frozen=True, slots=True)
class View:
    """Where the satellite is seen from the scene.

    Attributes:
        off_nadir_deg: angle at the satellite between nadir and the scene, 0 to 45.
        azimuth_deg: direction from the scene to the satellite, clockwise from north.
    """

    off_nadir_deg: float
    azimuth_deg: float

    @property
    def elevation_deg(self) -> float:
        """Height of the satellite above the scene's horizon; law of sines on a round Earth."""
        sine = (1 + ALTITUDE) * math.sin(math.radians(self.off_nadir_deg))
        return 90.0 - math.degrees(math.asin(sine))

    def displacement(self, height_m: float) -> NDArray[np.float64]:
        """Return by how much (x right, y down, metres) the top of something is seen displaced.

        Tops lean away from the satellite; the terrain itself is in its place.

        >>> View(0.0, 90.0).displacement(30.0).tolist()
        [-0.0, 0.0]
        """
        reach = height_m * math.tan(math.radians(90.0 - self.elevation_deg))
        azimuth = math.radians(self.azimuth_deg)
        return np.array([-math.sin(azimuth), math.cos(azimuth)]) * reach

    def facade_light(self, sun: Sun) -> float:
        """Return the brightness of the walls that are seen, against flat ground in the sun."""
        facing = math.cos(math.radians(self.azimuth_deg - sun.azimuth_deg))
        level = math.sqrt(max(1 - sun.cosine_zenith**2, 0.0))
        return 0.6 + 0.5 * max(0.0, facing) * level / sun.cosine_zenith


NADIR = View(0.0, 0.0)


def draw_view(seed: int, day: int) -> View:
    """Return a random place of the satellite: 2 to 18 degrees off nadir, as orders usually are."""
    rng = np.random.default_rng([seed, 10, day])
    return View(float(rng.uniform(2.0, 18.0)), float(rng.uniform(0.0, 360.0)))


def leaning(land: Landscape, view: View) -> tuple[Feature, ...]:
    """Return what has to be painted over ``land`` so that its tall buildings lean: walls, roofs.

    What stands on a roof moves with it and has no walls of its own.
    """
    import shapely

    painted: list[Feature] = []
    below = None
    for item in land.features:
        if item.height_m < TALL_M or len(item.ring) != 4:
            continue
        ring = item.ring + view.displacement(item.height_m)
        middle = shapely.Point(item.ring.mean(axis=0))
        if below is None or not below.contains(middle):
            below = shapely.Polygon(item.ring)
            swept = shapely.MultiPoint(np.concatenate([item.ring, ring])).convex_hull
            walls = np.asarray(swept.exterior.coords)[:-1]
            painted.append(
                replace(item, ring=walls, surface="facade", land=classes.BUILT, roof="none")
            )
        painted.append(replace(item, ring=ring))
    return tuple(painted)
