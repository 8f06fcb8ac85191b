"""Four-cornered pieces of land and how to cut them.

A quad is a float64 array (4, 2) of (x, y) in metres, x to the right and y down, whose corners
stand at (s, t) = (0, 0), (1, 0), (1, 1), (0, 1). Every cut is bilinear in (s, t), so pieces of one
quad always fit together without gaps.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Quad = NDArray[np.float64]


def rectangle(centre: tuple[float, float], angle: float, length: float, width: float) -> Quad:
    """Return the rectangle whose s side runs along ``angle`` (radians) for ``length`` metres."""
    along = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    across = np.array([-math.sin(angle), math.cos(angle)]) * width / 2
    middle = np.asarray(centre, dtype=np.float64)
    return np.array(
        [
            middle - along - across,
            middle + along - across,
            middle + along + across,
            middle - along + across,
        ]
    )


def at(quad: Quad, s: float, t: float) -> NDArray[np.float64]:
    """Return the point (2,) at (s, t)."""
    return np.asarray(_points(quad, ((s, t),))[0])


def piece(quad: Quad, s0: float, s1: float, t0: float, t1: float) -> Quad:
    """Return the part between s0 and s1, t0 and t1."""
    return _points(quad, ((s0, t0), (s1, t0), (s1, t1), (s0, t1)))


def slant(quad: Quad, start: tuple[float, float], stop: tuple[float, float]) -> Quad:
    """Return the part between two lines across s, each given by its s at t = 0 and at t = 1."""
    return _points(quad, ((start[0], 0.0), (stop[0], 0.0), (stop[1], 1.0), (start[1], 1.0)))


def _points(quad: Quad, places: tuple[tuple[float, float], ...]) -> Quad:
    """Return the points at several (s, t); plain numbers are faster here than small arrays."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad.tolist()
    found = []
    for s, t in places:
        a, b, c, d = (1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t
        found.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return np.array(found, dtype=np.float64)


def turned(quad: Quad) -> Quad:
    """Return the same land with s and t exchanged."""
    return quad[[0, 3, 2, 1]]


def lengthwise(quad: Quad) -> Quad:
    """Return the same land with s along the longer side."""
    length, width = size(quad)
    return quad if length >= width else turned(quad)


def size(quad: Quad) -> tuple[float, float]:
    """Return the mean lengths in metres along s and along t."""
    a, b, c, d = quad.tolist()
    return (math.dist(a, b) + math.dist(d, c)) / 2, (math.dist(a, d) + math.dist(b, c)) / 2


def inset(quad: Quad, margin_m: float) -> Quad | None:
    """Return the part that keeps ``margin_m`` from all sides, or None where nothing is left."""
    length, width = size(quad)
    s, t = margin_m / max(length, 1e-6), margin_m / max(width, 1e-6)
    if s >= 0.48 or t >= 0.48:
        return None
    return piece(quad, s, 1 - s, t, 1 - t)


def direction(quad: Quad) -> float:
    """Return the angle in radians of the s side (x right, y down)."""
    along = quad[1] - quad[0] + quad[2] - quad[3]
    return math.atan2(float(along[1]), float(along[0]))


def centre(quad: Quad) -> tuple[float, float]:
    """Return the mean of the corners."""
    x, y = quad.mean(axis=0)
    return float(x), float(y)


def cuts(rng: np.random.Generator, length: float, low: float, high: float) -> NDArray[np.float64]:
    """Return increasing cut positions from 0 to 1 that part ``length`` into pieces of low to high.

    Pieces are drawn from the range and then scaled together, so that the last one fits.
    """
    count = max(1, round(length / max(rng.uniform(low, high), 0.1)))
    sizes = rng.uniform(low, high, count)
    return np.concatenate([[0.0], np.cumsum(sizes) / sizes.sum()])
