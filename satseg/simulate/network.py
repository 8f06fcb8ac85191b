"""Cuts the land into blocks and draws what runs between them: canals, ditches, lanes, roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from satseg import classes
from satseg.simulate.definition import Layout
from satseg.simulate.greenery import row_of_trees
from satseg.simulate.quads import Quad, inset, piece, rectangle, size, slant, turned
from satseg.simulate.sketch import Sketch

Seam = Literal["canal", "brook", "lane", "track", "road"]

WIDTH_M: dict[Seam, tuple[float, float]] = {
    "canal": (22.0, 48.0),
    "brook": (11.0, 22.0),
    "lane": (6.0, 10.0),
    "track": (3.5, 6.0),
    "road": (18.0, 34.0),
}
"""Smallest and largest width of the strip that a seam takes, banks and verges included."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Land between blocks; s runs along it.

    Attributes:
        quad: the land, banks and verges included.
        kind: what runs along it.
        ends_m: how far a way has to reach beyond s = 0 and s = 1 to meet the next way, metres.
    """

    quad: Quad
    kind: Seam
    ends_m: tuple[float, float] = (0.0, 0.0)


def divide(
    layout: Layout, size_m: float, rng: np.random.Generator
) -> tuple[list[Quad], list[Strip]]:
    """Return the blocks and the strips between them that cover a square scene of ``size_m``."""
    middle = (size_m / 2, size_m / 2)
    root = rectangle(middle, np.deg2rad(layout.orientation_deg), size_m * 1.5, size_m * 1.5)
    blocks: list[Quad] = []
    strips: list[Strip] = []
    waiting = [_Part(root, (0.0, 0.0, 0.0, 0.0), 0)]
    while waiting:
        part = waiting.pop()
        if _outside(part.quad, size_m):
            continue
        if max(size(part.quad)) <= rng.uniform(*layout.block_m):
            blocks.append(part.quad)
            continue
        one, strip, two = _cut(part, layout, rng)
        strips.append(strip)
        waiting += [one, two]
    return blocks, strips


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece that is still to be cut.

    Attributes:
        quad: the land.
        sides: how far a way has to reach beyond each side (t = 0, s = 1, t = 1, s = 0), metres.
        depth: number of cuts so far.
    """

    quad: Quad
    sides: tuple[float, float, float, float]
    depth: int


def _cut(part: _Part, layout: Layout, rng: np.random.Generator) -> tuple[_Part, Strip, _Part]:
    quad, (north, east, south, west) = part.quad, part.sides
    length, width = size(quad)
    if length < width:
        quad, (north, east, south, west) = turned(quad), (west, south, east, north)
    length = max(length, width)
    kind = _kind(part.depth, layout.canals, rng)
    gap_m = float(rng.uniform(*WIDTH_M[kind]))
    middle = rng.uniform(0.36, 0.64)
    tilt = rng.normal(0, layout.slant * 0.3)
    start = float(np.clip(middle + tilt, 0.2, 0.8)), float(np.clip(middle - tilt, 0.2, 0.8))
    stop = start[0] + gap_m / length, start[1] + gap_m / length
    water = kind in ("canal", "brook")
    reach = (gap_m + 1.0 if rng.random() < 0.7 else 0.0) if water else gap_m * 0.6
    strip = Strip(turned(slant(quad, start, stop)), kind, (north, south))
    one = _Part(slant(quad, (0, 0), start), (north, reach, south, west), part.depth + 1)
    two = _Part(slant(quad, stop, (1, 1)), (north, east, south, reach), part.depth + 1)
    return one, strip, two


def _kind(depth: int, canals: float, rng: np.random.Generator) -> Seam:
    if rng.random() < canals:
        return "canal" if depth < 3 and rng.random() < 0.6 else "brook"
    if depth < 3:
        return "road" if rng.random() < 0.6 else "lane"
    return "lane" if rng.random() < 0.6 else "track"


def _outside(quad: Quad, size_m: float, margin_m: float = 30.0) -> bool:
    low, high = quad.min(axis=0), quad.max(axis=0)
    return bool((high < -margin_m).any() or (low > size_m + margin_m).any())


def draw_water(strip: Strip, sketch: Sketch) -> None:
    """Draw the canal or brook of ``strip``: banks, water, often trees and a lane on one side."""
    rng, quad = sketch.rng, strip.quad
    width = size(quad)[1]
    sketch.add(quad, str(rng.choice(["grass", "weeds", "verge"])), classes.GRASS)
    lane = 4.0 / width if width > 14 and rng.random() < 0.6 else 0.0
    bank = rng.uniform(2.0, 3.5) / width
    wood = rng.uniform(3, 9) / width if width > 18 and rng.random() < 0.45 else 0.0
    first, last = bank + lane, 1 - bank - wood
    if lane:
        sketch.add(piece(quad, 0, 1, bank * 0.4, bank * 0.4 + lane * 0.85), "lane", classes.ROAD)
    if wood:
        ground = piece(quad, 0, 1, last + bank * 0.3, 1 - bank * 0.2)
        sketch.add(ground, "litter", classes.TREE)
        row_of_trees(ground, sketch, spacing_m=3.6, radius_m=(1.8, 3.6), kind=int(rng.integers(4)))
    if rng.random() < 0.3:
        wall = 0.5 / width
        sketch.add(piece(quad, 0, 1, first - wall, last + wall), "concrete", classes.BUILT)
    sketch.add(piece(quad, 0, 1, first, last), str(rng.choice(CANALS)), classes.WATER)
    for line in (first - bank * 0.35, last + bank * 0.35):
        for start in np.arange(0, 1, 0.25):
            if rng.random() < 0.4:
                stop = start + rng.uniform(0.05, 0.25)
                edge = piece(quad, start, stop, line, line + 0.1 / width)
                spacing, grown = float(rng.uniform(2.5, 14)), float(rng.uniform(1.3, 3.6))
                kind = int(rng.choice([0, 0, 0, 1, 3]))
                crown = (grown * 0.6, grown)
                row_of_trees(edge, sketch, spacing_m=spacing, radius_m=crown, kind=kind)


CANALS = ("canal", "canal", "green_canal", "turbid_canal")


def draw_way(strip: Strip, sketch: Sketch) -> None:
    """Draw the lane, track or road of ``strip`` with its verges, trees and markings."""
    rng, quad = sketch.rng, strip.quad
    length, width = size(quad)
    sketch.add(quad, str(rng.choice(["grass", "weeds", "verge"])), classes.GRASS)
    reach = strip.ends_m[0] / length, strip.ends_m[1] / length
    if strip.kind == "track":
        surface = str(rng.choice(["dirt", "dirt", "lane"]))
        sketch.add(_middle(quad, 2.2 / width, reach), surface, classes.ROAD)
        return
    if strip.kind == "lane":
        share = rng.uniform(3.2, 5.0) / width
        sketch.add(_middle(quad, share, reach), str(rng.choice(["lane", "lane", "asphalt"])), 4)
        if rng.random() < 0.5:
            _avenue(quad, sketch, spacing_m=float(rng.uniform(5, 14)))
        return
    _draw_road(quad, width, reach, sketch)


def _draw_road(quad: Quad, width: float, reach: tuple[float, float], sketch: Sketch) -> None:
    rng = sketch.rng
    share = 0.5 if width < 24 else 0.6
    sketch.add(_middle(quad, share + 0.06, reach), "concrete", classes.ROAD)
    sketch.add(_middle(quad, share, reach), str(rng.choice(["asphalt", "old_asphalt"])), 4)
    sketch.add(_middle(quad, 0.3 / width, (0.0, 0.0)), "marking", classes.ROAD)
    for side in (0.5 - share * 0.46, 0.5 + share * 0.46):
        sketch.add(piece(quad, 0, 1, side, side + 0.25 / width), "marking", 4)
    lanes = (0.5 - share * 0.25, 0.5 + share * 0.25)
    length = size(quad)[0]
    for lane in lanes:
        for start in np.arange(0, length, 15.0)[:120]:
            dash = piece(quad, start / length, (start + 6) / length, lane, lane + 0.25 / width)
            sketch.add(dash, "marking", classes.ROAD)
    _cars(quad, lanes, width, sketch)
    _avenue(quad, sketch, spacing_m=float(rng.uniform(5, 9)))


def _cars(quad: Quad, lanes: tuple[float, float], width: float, sketch: Sketch) -> None:
    rng = sketch.rng
    length = size(quad)[0]
    for _ in range(int(length / 45)):
        s = rng.uniform(0, 1)
        t = float(rng.choice(lanes)) + rng.uniform(1.2, 2.4) / width * rng.choice([-1, 1])
        truck = rng.random() < 0.2
        long, wide = (9.0, 2.6) if truck else (4.6, 1.9)
        body = piece(quad, s, s + long / length, t, t + wide / width)
        paint = str(rng.choice(["car_white", "car_dark", "car_red", "car_white"]))
        sketch.add(body, paint, classes.ROAD, height_m=2.8 if truck else 1.4, roof="flat")


def _middle(quad: Quad, share: float, reach: tuple[float, float]) -> Quad:
    share = min(share, 0.9)
    return piece(quad, -reach[0], 1 + reach[1], 0.5 - share / 2, 0.5 + share / 2)


def _avenue(quad: Quad, sketch: Sketch, *, spacing_m: float) -> None:
    width = size(quad)[1]
    kind = int(sketch.rng.choice([0, 0, 1, 3]))
    for t in (0.9 / width, 1 - 0.9 / width):
        if sketch.rng.random() < 0.7:
            edge = piece(quad, 0, 1, t, t + 0.05 / width)
            row_of_trees(edge, sketch, spacing_m=spacing_m, radius_m=(1.2, 2.6), kind=kind)


def draw_highway(size_m: float, angle: float, sketch: Sketch) -> None:
    """Draw an expressway through the middle third of the scene, verges and median included."""
    rng = sketch.rng
    middle = (size_m * rng.uniform(0.3, 0.7), size_m * rng.uniform(0.3, 0.7))
    heading = angle + rng.uniform(-0.5, 0.5)
    outer = rectangle(middle, heading, size_m * 2, 74.0)
    sketch.add(outer, "litter", classes.TREE)
    for band in (piece(outer, 0, 1, 0.01, 0.16), piece(outer, 0, 1, 0.84, 0.99)):
        for t in (0.2, 0.5, 0.8):
            row = piece(band, 0, 1, t, t + 0.01)
            row_of_trees(row, sketch, spacing_m=3.4, radius_m=(1.4, 2.4), kind=3)
    inner = inset(outer, 14.0)
    if inner is not None:
        _draw_road(piece(outer, 0, 1, 0.19, 0.49), 22.0, (0.0, 0.0), sketch)
        _draw_road(piece(outer, 0, 1, 0.51, 0.81), 22.0, (0.0, 0.0), sketch)
