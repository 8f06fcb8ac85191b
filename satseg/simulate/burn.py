"""Burns a landscape into rasters: which feature lies where, roofs, crowns, heights, shadows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.simulate.landscape import Landscape
from satseg.simulate.sketch import Feature
from satseg.simulate.sun import Sun
from satseg.simulate.textures import Field

FINE = 2
"""Fine pixels on a side of each pixel, for smooth edges."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """Pixels on the border between features.

    Attributes:
        where: int64 (n,), flat positions.
        parts: int32 (FINE * FINE, n), the features in each of them.
    """

    where: NDArray[np.int64]
    parts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Crowns:
    """Pixels under tree crowns.

    Attributes:
        where: int64 (n,), flat positions, each once.
        tree: int64 (n,), row of the tree on top.
        cover: float32 (n,), share of the pixel that the crown covers.
        light: float32 (n,), brightness by the crown's slope towards the sun, about 1.
    """

    where: NDArray[np.int64]
    tree: NDArray[np.int64]
    cover: Field
    light: Field


def burn_features(land: Landscape, size_px: int, gsd_m: float) -> tuple[NDArray[np.intp], Mixed]:
    """Return the feature index of each pixel, intp (size, size), and the mixed pixels.

    Ground that no feature covers takes feature 0, which lies under everything.
    """
    fine = np.zeros((size_px * FINE, size_px * FINE), dtype=np.int32)
    burn_over(fine, land.features, gsd_m)
    return indexed(fine)


def burn_over(
    fine: NDArray[np.int32], features: Sequence[Feature], gsd_m: float, first: int = 0
) -> None:
    """Burn the numbers of ``features``, counted from ``first``, over fine pixels in place."""
    from affine import Affine
    from rasterio.features import rasterize

    scale = Affine.scale(gsd_m / FINE, gsd_m / FINE)
    if features:
        rasterize(_shapes(features, first), out=fine, transform=scale, dtype="int32")


def indexed(fine: NDArray[np.int32]) -> tuple[NDArray[np.intp], Mixed]:
    """Return the feature index of each pixel and the mixed pixels of fine pixels."""
    parts = [fine[k // FINE :: FINE, k % FINE :: FINE] for k in range(FINE * FINE)]
    index = np.ascontiguousarray(parts[-1]).astype(np.intp)
    differs = np.zeros(index.shape, dtype=bool)
    for part in parts[:-1]:
        differs |= part != index
    where = np.flatnonzero(differs)
    return index, Mixed(
        where, np.stack([part.ravel()[where] for part in map(np.ascontiguousarray, parts)])
    )


def _shapes(features: Sequence[Feature], first: int) -> Iterator[tuple[dict[str, object], int]]:
    for number, feature in enumerate(features, start=first):
        ring = feature.ring.tolist()
        yield {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}, number


def raise_roofs(
    land: Landscape, index: NDArray[np.intp], gsd_m: float, sun: Sun
) -> tuple[Field, Field]:
    """Return heights in metres and brightness by the roofs' slopes, both float32 (h, w)."""
    height = np.zeros(index.shape, dtype=np.float32)
    light = np.ones(index.shape, dtype=np.float32)
    table = _roof_table(land)
    where = np.flatnonzero((table[:, 0] > 0)[index])
    if not where.size:
        return height, light
    row = table[index.ravel()[where]]
    y, x = np.divmod(where, index.shape[1])
    dx, dy = (x + 0.5) * gsd_m - row[:, 2], (y + 0.5) * gsd_m - row[:, 3]
    cos, sin = np.cos(row[:, 4]), np.sin(row[:, 4])
    u, v = dx * cos + dy * sin, dy * cos - dx * sin
    from_end = np.where(row[:, 0] == 3, row[:, 5] - np.abs(u), 1e9)
    from_side = np.where(row[:, 0] >= 2, row[:, 6] - np.abs(v), 1e9)
    pitch = np.where(row[:, 1] > 7.0, 0.12, 0.5) * (row[:, 0] >= 2)
    rise = np.clip(np.minimum(from_end, from_side), 0, 1e3)
    rise = np.where(row[:, 0] >= 2, rise, 0.0)
    on_end = from_end < from_side
    tilt_u = np.where(on_end, np.sign(u), 0) * pitch
    tilt_v = np.where(on_end, 0, np.sign(v)) * pitch
    vault = row[:, 0] == 4
    tilt_v = np.where(vault, 0.9 * v / np.maximum(row[:, 6], 0.5), tilt_v)
    rise = np.where(vault, 1.6 - 1.6 * (v / np.maximum(row[:, 6], 0.5)) ** 2, rise * pitch)
    normal = np.stack([tilt_u * cos - tilt_v * sin, tilt_u * sin + tilt_v * cos])
    light.ravel()[where] = _lambert(normal, sun)
    height.ravel()[where] = row[:, 1] + rise
    return height, light


def _roof_table(land: Landscape) -> NDArray[np.float64]:
    """Rows of kind, eaves, centre x, y, angle, half length, half width."""
    kinds = {"none": 0, "flat": 1, "gable": 2, "hip": 3, "vault": 4}
    table = np.zeros((max(1, len(land.features)), 7))
    for number, feature in enumerate(land.features):
        if feature.roof == "none" or len(feature.ring) != 4:
            continue
        ring = feature.ring
        one, two = ring[1] - ring[0], ring[3] - ring[0]
        if np.hypot(*two) > np.hypot(*one):
            one, two = two, one
        angle = np.arctan2(one[1], one[0])
        middle = ring.mean(axis=0)
        half = (np.hypot(*one) / 2, np.hypot(*two) / 2)
        table[number] = (kinds[feature.roof], feature.height_m, *middle, angle, *half)
    return table


def _lambert(slope: NDArray[np.float64], sun: Sun) -> NDArray[np.float32]:
    """Return direct light on slopes (2, n) (rise per metre downhill) against flat ground."""
    x, y = sun.image_direction
    flat = sun.cosine_zenith
    level = np.sqrt(max(1 - flat**2, 0.0))
    facing = (slope[0] * x + slope[1] * y) * level + flat
    facing /= np.sqrt(1 + slope[0] ** 2 + slope[1] ** 2)
    direct = np.clip(facing / flat, 0.0, 2.2)
    return np.asarray(0.2 + 0.8 * direct, dtype=np.float32)


def grow_crowns(
    trees: NDArray[np.float64], height: Field, gsd_m: float, sun: Sun, lumps: Field
) -> Crowns:
    """Return the pixels under crowns and raise ``height`` (float32 (h, w)) in place there."""
    pieces = list(_stamps(trees, height.shape, gsd_m))
    if not pieces:
        empty = np.zeros(0, dtype=np.int64)
        return Crowns(empty, empty, np.zeros(0, np.float32), np.zeros(0, np.float32))
    where, tree, dx, dy, apart = (np.concatenate(part) for part in zip(*pieces, strict=True))
    radius = trees[tree, 2].astype(np.float32)
    relative = apart / radius + 0.16 * lumps.ravel()[where]
    cover = np.clip((1 - relative) * radius / np.float32(gsd_m) + 0.5, 0, 1)
    dome = np.sqrt(np.clip(1 - relative**2, 0, 1))
    top = (trees[tree, 3] * (0.45 + 0.55 * dome)).astype(np.float32)
    order = np.lexsort((top, where))
    last = np.append(where[order][1:] != where[order][:-1], True)
    keep = order[last]
    keep = keep[cover[keep] > 0.05]
    slope = np.stack([dx[keep], dy[keep]]) / radius[keep] * 0.9
    light = _lambert(slope.astype(np.float64), sun) * (0.86 + 0.24 * dome[keep])
    flat = height.ravel()
    flat[where[keep]] = np.maximum(flat[where[keep]], top[keep] * (cover[keep] > 0.4))
    return Crowns(where[keep], tree[keep], cover[keep].astype(np.float32), light.astype(np.float32))


def _stamps(
    trees: NDArray[np.float64], shape: tuple[int, ...], gsd_m: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Field, Field, Field]]:
    """Yield positions, tree rows, offsets (x, y) and distances (metres) of pixels near trees."""
    reach = np.ceil(trees[:, 2] * 1.2 / gsd_m).astype(int)
    for side in np.unique(reach):
        rows = np.flatnonzero(reach == side)
        span = np.arange(-side, side + 1)
        oy, ox = (part.ravel() for part in np.meshgrid(span, span, indexing="ij"))
        x0 = np.floor(trees[rows, 0] / gsd_m).astype(int)
        y0 = np.floor(trees[rows, 1] / gsd_m).astype(int)
        px, py = x0[:, None] + ox, y0[:, None] + oy
        dx = ((px + 0.5) * gsd_m - trees[rows, 0:1]).astype(np.float32)
        dy = ((py + 0.5) * gsd_m - trees[rows, 1:2]).astype(np.float32)
        apart = np.hypot(dx, dy)
        near = apart < trees[rows, 2:3] * 1.2
        near &= (px >= 0) & (py >= 0) & (px < shape[1]) & (py < shape[0])
        owner = np.broadcast_to(rows[:, None], near.shape)[near]
        yield py[near] * shape[1] + px[near], owner, dx[near], dy[near], apart[near]


def cast_shadows(height: Field, gsd_m: float, sun: Sun) -> Field:
    """Return how much of the direct sun is blocked, float32 (h, w), 0 to 1.

    The height of the shadow's upper edge is carried away from the sun one line of pixels after
    the other, so that shadows of any length cost one pass. Lines move aside by whole pixels, in
    steps that follow the sun to half a pixel; interpolation would wear thin things away.
    """
    x, y = sun.image_direction
    along_rows = abs(y) >= abs(x)
    work = height if along_rows else height.T
    lead, side = (y, x) if along_rows else (x, y)
    work = work[::-1] if lead > 0 else work
    step = 1 / abs(lead)
    drop = np.float32(step * gsd_m * np.tan(np.deg2rad(sun.elevation_deg)))
    shift = -side * step
    edge = np.zeros_like(work)
    edge[0] = work[0]
    width = work.shape[1]
    for k in range(1, len(work)):
        aside = round(k * shift) - round((k - 1) * shift)
        to, source = slice(max(aside, 0), width + min(aside, 0)), edge[k - 1]
        edge[k] = work[k]
        carried = source[max(-aside, 0) : width - max(aside, 0)] - drop
        np.maximum(edge[k, to], carried, out=edge[k, to])
    blocked = np.clip((edge - work - np.float32(0.15)) / np.float32(0.5), 0, 1)
    blocked = blocked[::-1] if lead > 0 else blocked
    return np.ascontiguousarray(blocked if along_rows else blocked.T)
