"""What hides the ground in some scenes: a small cloud with its shadow, an edge without data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.simulate.definition import Definition
from satseg.simulate.sun import Sun
from satseg.simulate.textures import Field, mottle

CLOUD_BASE_M = 420.0
"""Height of the cloud; low, so that its shadow is in the scene as well."""


@dataclass(frozen=True, slots=True)
class Veil:
    """Cover of a scene.

    Attributes:
        nodata: bool (h, w), no data were delivered.
        hidden: bool (h, w), no ground is seen: nodata or thick cloud.
        cloud: float32 (h, w), opacity of the cloud, or None.
        shade: float32 (h, w), share of the direct sun that the cloud blocks, or None.
    """

    nodata: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    cloud: Field | None
    shade: Field | None

    def apply(self, reflectance: Field, diffuse: float, rows: slice) -> None:
        """Darken the shadow and lay the cloud over some rows, float32 (rows, w), in place."""
        if self.cloud is None or self.shade is None:
            return
        reflectance *= 1 - np.float32(1 - diffuse * 1.15) * self.shade[rows]
        reflectance += (np.float32(0.62) - reflectance) * self.cloud[rows]


def draw_veil(definition: Definition, date: dt.date, sun: Sun) -> Veil:
    """Return the veil of the scene on ``date``."""
    size = definition.size_px
    rng = np.random.default_rng([definition.seed, 8, date.toordinal()])
    nodata = _wedge(size, definition.wedge.get(str(date), 0.0), rng)
    share = definition.clouds.get(str(date), 0.0)
    if share <= 0:
        return Veil(nodata, nodata, None, None)
    side = size + 2 * (pad := int(CLOUD_BASE_M * 2.5 / definition.gsd_m))
    side = min(side, 3 * size)
    pad = (side - size) // 2
    sky = _cumulus((side, side), share, definition.gsd_m, rng, pad)
    x, y = sun.image_direction
    far = sun.shadow_m(CLOUD_BASE_M) / definition.gsd_m
    row, column = int(np.clip(pad + y * far, 0, 2 * pad)), int(np.clip(pad + x * far, 0, 2 * pad))
    cloud = np.ascontiguousarray(sky[pad : pad + size, pad : pad + size])
    shade = np.ascontiguousarray(sky[row : row + size, column : column + size]) * np.float32(0.9)
    return Veil(nodata, nodata | (cloud > 0.5), cloud, shade)


def _cumulus(
    shape: tuple[int, int], share: float, gsd_m: float, rng: np.random.Generator, pad: int
) -> Field:
    """Return the opacity of one ragged cloud over the wider sky."""
    size = shape[0] - 2 * pad
    middle = pad + rng.uniform(0.2, 0.8, 2) * size
    radius = np.sqrt(share * size * size / np.pi)
    y = (np.arange(shape[0], dtype=np.float32) - np.float32(middle[0]))[:, None]
    x = (np.arange(shape[1], dtype=np.float32) - np.float32(middle[1]))[None, :]
    near = 1 - np.hypot(y, x * np.float32(0.75)) / np.float32(radius)
    near += 0.28 * mottle(rng, shape, 110 / gsd_m) + 0.12 * mottle(rng, shape, 28 / gsd_m)
    return np.asarray(np.clip(near * 1.6 + 0.1, 0, 1) ** 1.4, dtype=np.float32)


def _wedge(size: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a thin wedge along one edge that takes ``share`` of the scene."""
    if share <= 0:
        return np.zeros((size, size), dtype=bool)
    reach = 2 * share * size
    tilt = rng.uniform(0.0, 1.0)
    start, stop = reach * tilt, reach * (1 - tilt)
    line = np.linspace(start, stop, size)
    hidden = np.arange(size)[None, :] < line[:, None]
    return np.ascontiguousarray(np.rot90(hidden, int(rng.integers(4))))
