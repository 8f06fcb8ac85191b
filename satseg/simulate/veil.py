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
        left = min(2.2 * diffuse, 0.6)  # a small cloud hides the sun, not the bright sky
        reflectance *= 1 - np.float32(1 - left) * self.shade[rows]
        cloud = self.cloud[rows]
        reflectance += (np.float32(0.30) + np.float32(0.34) * cloud - reflectance) * cloud


def draw_veil(definition: Definition, date: dt.date, sun: Sun) -> Veil:
    """Return the veil of the scene on ``date``."""
    size = definition.size_px
    rng = np.random.default_rng([definition.seed, 8, date.toordinal()])
    nodata = _wedge(size, definition.wedge.get(str(date), 0.0), rng)
    share = definition.clouds.get(str(date), 0.0)
    if share <= 0:
        return Veil(nodata, nodata, None, None)
    patch = _cumulus(share, size, definition.gsd_m, rng)
    top, left = (rng.uniform(0.2, 0.8, 2) * size - len(patch) / 2).astype(int)
    x, y = sun.image_direction
    far = sun.shadow_m(CLOUD_BASE_M) / definition.gsd_m
    cloud = _pasted(patch, int(top), int(left), size)
    shade = _pasted(patch, int(top - y * far), int(left - x * far), size) * np.float32(0.9)
    return Veil(nodata, nodata | (cloud > 0.5), cloud, shade)


def _cumulus(share: float, size: int, gsd_m: float, rng: np.random.Generator) -> Field:
    """Return the opacity of a group of ragged puffs, float32 (n, n), clear at its border.

    The largest puff takes most of ``share`` of a scene of ``size`` pixels; smaller ones lie along
    a wind's direction beside it.
    """
    largest = float(np.sqrt(0.7 * share / np.pi) * size)
    side = int(largest * 5.5) + 8
    wind = rng.uniform(0, np.pi)
    y, x = np.ogrid[:side, :side]
    near = np.full((side, side), -9.0, dtype=np.float32)
    for k in range(7):
        radius = largest * (1.0 if k == 0 else float(rng.uniform(0.14, 0.5)))
        along, across = (0.0, 0.0) if k == 0 else (rng.normal(0, 1.05), rng.normal(0, 0.5))
        row = side / 2 + largest * (along * np.sin(wind) + across * np.cos(wind))
        column = side / 2 + largest * (along * np.cos(wind) - across * np.sin(wind))
        puff = (radius - np.hypot(y - row, (x - column) * 0.8)) / largest
        np.maximum(near, puff, out=near, casting="same_kind")
    shape = (side, side)
    ragged = 0.30 * mottle(rng, shape, max(0.45 * largest, 2.0))
    ragged += 0.16 * mottle(rng, shape, max(24 / gsd_m, 2.0))
    ragged += 0.07 * mottle(rng, shape, max(7 / gsd_m, 2.0))
    edge = np.minimum.outer(_ramp(side), _ramp(side))
    return np.asarray(np.clip((near + ragged) * 1.5 + 0.15, 0, 1) ** 1.2 * edge, dtype=np.float32)


def _ramp(count: int) -> Field:
    """Return 0 at both ends and 1 in the middle four fifths, float32 (count,)."""
    place = np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.1 * count)
    return np.clip(place, 0, 1).astype(np.float32)


def _pasted(patch: Field, top: int, left: int, size: int) -> Field:
    """Return a clear sky, float32 (size, size), with the part of ``patch`` that lies in it."""
    sky = np.zeros((size, size), dtype=np.float32)
    rows, columns = (slice(max(at, 0), min(at + len(patch), size)) for at in (top, left))
    if rows.start < rows.stop and columns.start < columns.stop:
        inside = patch[rows.start - top : rows.stop - top]
        sky[rows, columns] = inside[:, columns.start - left : columns.stop - left]
    return sky


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
