"""Fills blocks with what is green and no arable land: trees, orchards, ponds, greenhouses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from satseg import classes
from satseg.simulate.quads import Quad, cuts, inset, lengthwise, piece, size
from satseg.simulate.sketch import Sketch


def row_of_trees(
    quad: Quad, sketch: Sketch, *, spacing_m: float, radius_m: tuple[float, float], kind: int
) -> None:
    """Plant trees along the middle of ``quad`` (s runs along it), unevenly spaced, with gaps."""
    rng = sketch.rng
    length, width = size(quad)
    count = int(length / spacing_m)
    if count < 1:
        return
    s = (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count
    keep = rng.random(count) > rng.uniform(0.0, 0.3)
    t = 0.5 + rng.normal(0, 0.18, count) * min(1.0, width / 3)
    sketch.plant(_points(quad, s[keep], t[keep]), radius_m, kind)


def scatter_trees(
    quad: Quad,
    sketch: Sketch,
    *,
    per_ha: float,
    radius_m: tuple[float, float] = (1.4, 3.4),
    kind: int = 0,
) -> None:
    """Plant trees at random over ``quad``, ``per_ha`` trees a hectare."""
    length, width = size(quad)
    count = sketch.rng.poisson(per_ha * length * width / 1e4)
    s, t = sketch.rng.random(count), sketch.rng.random(count)
    sketch.plant(_points(quad, s, t), radius_m, kind)


def grid_of_trees(
    quad: Quad,
    sketch: Sketch,
    *,
    spacing_m: tuple[float, float],
    radius_m: tuple[float, float],
    kind: int,
) -> None:
    """Plant trees in rows along s: ``spacing_m`` is (in the row, between rows)."""
    rng = sketch.rng
    length, width = size(quad)
    columns, rows = int(length / spacing_m[0]), int(width / spacing_m[1])
    if columns < 1 or rows < 1 or columns * rows > 20000:
        return
    s, t = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
    s = s.ravel() + rng.normal(0, 0.12, s.size) * spacing_m[0] / length
    t = t.ravel() + rng.normal(0, 0.05, t.size) * spacing_m[1] / width
    keep = rng.random(s.size) > rng.uniform(0.02, 0.2)
    sketch.plant(_points(quad, s[keep], t[keep]), radius_m, kind)


def fill_orchard(quad: Quad, sketch: Sketch) -> None:
    """Fill with orchard plots: rows of small crowns over grass or bare ground."""
    _plots(quad, sketch, low=40.0, high=90.0, spacing=(2.6, 4.6), radius=(0.9, 1.7), kind=2)


def fill_nursery(quad: Quad, sketch: Sketch) -> None:
    """Fill with nursery plots: close rows of young trees, each plot of one age."""
    _plots(quad, sketch, low=22.0, high=60.0, spacing=(1.7, 3.2), radius=(0.7, 1.6), kind=1)


def _plots(
    quad: Quad,
    sketch: Sketch,
    *,
    low: float,
    high: float,
    spacing: tuple[float, float],
    radius: tuple[float, float],
    kind: int,
) -> None:
    rng = sketch.rng
    quad = lengthwise(quad)
    sketch.add(quad, "verge", classes.GRASS)
    edges = cuts(rng, size(quad)[0], low, high)
    for s0, s1 in pairwise(edges):
        plot = inset(piece(quad, s0, s1, 0, 1), 1.2)
        if plot is None:
            continue
        ground = str(rng.choice(["orchard_floor", "orchard_floor", "orchard_soil", "litter"]))
        sketch.add(plot, ground, classes.TREE)
        plot = lengthwise(plot)
        between = float(rng.uniform(*spacing))
        within = between * float(rng.uniform(0.55, 0.95))
        ripe = rng.uniform(*radius)
        species = kind if rng.random() < 0.75 else int(rng.integers(4))
        crown = (0.75 * ripe, 1.15 * ripe)
        grid_of_trees(plot, sketch, spacing_m=(within, between), radius_m=crown, kind=species)


def fill_forest(quad: Quad, sketch: Sketch) -> None:
    """Fill with planted or grown wood; crowns nearly close."""
    rng = sketch.rng
    sketch.add(quad, "litter", classes.TREE)
    if rng.random() < 0.5:
        spacing = float(rng.uniform(2.8, 4.4))
        plot = lengthwise(quad)
        crown = (spacing * 0.42, spacing * 0.62)
        kind = int(rng.choice([0, 1, 3]))
        grid_of_trees(plot, sketch, spacing_m=(spacing, spacing), radius_m=crown, kind=kind)
        return
    for kind in (0, 1):
        dense = float(rng.uniform(150, 420))
        scatter_trees(quad, sketch, per_ha=dense, radius_m=(1.6, 4.2), kind=kind)


def fill_park(quad: Quad, sketch: Sketch) -> None:
    """Fill with lawns, groups of trees, paths and perhaps a pond."""
    rng = sketch.rng
    sketch.add(quad, "lawn", classes.GRASS)
    for _ in range(int(rng.integers(3, 9))):
        spot = _patch(quad, rng, 0.15, 0.45)
        if rng.random() < 0.5:
            sketch.add(blob(spot, rng, 1.0, 1.0), str(rng.choice(["grass", "weeds", "shrubs"])), 9)
        scatter_trees(spot, sketch, per_ha=float(rng.uniform(60, 420)), kind=int(rng.integers(4)))
    if rng.random() < 0.5:
        spot = _patch(quad, rng, 0.2, 0.45)
        sketch.add(blob(spot, rng, 1.12), "verge", classes.GRASS)
        sketch.add(blob(spot, rng), "canal", classes.WATER)
    for _ in range(int(rng.integers(1, 4))):
        t = rng.uniform(0.1, 0.85)
        path = piece(quad, 0, 1, t, t + 3.0 / size(quad)[1])
        sketch.add(path, str(rng.choice(["lane", "paving"])), classes.ROAD)


def fill_waste(quad: Quad, sketch: Sketch) -> None:
    """Fill with abandoned land: weeds, reeds, rubble, bare patches, bushes; no rows."""
    rng = sketch.rng
    sketch.add(quad, str(rng.choice(["weeds", "reeds", "weeds", "verge"])), classes.GRASS)
    for _ in range(int(rng.integers(6, 20))):
        spot = blob(_patch(quad, rng, 0.06, 0.36), rng, 1.0, float(rng.uniform(0.3, 1.2)))
        kind = rng.random()
        if kind < 0.25:
            sketch.add(spot, "rubble", classes.BARE)
        else:
            sketch.add(spot, str(rng.choice(["weeds", "reeds", "shrubs", "grass"])), 9)
    scatter_trees(quad, sketch, per_ha=float(rng.uniform(5, 90)), radius_m=(0.8, 2.6))


def fill_scrub(quad: Quad, sketch: Sketch) -> None:
    """Fill with land on its way to wood: thickets, saplings, creepers over all of it; no rows.

    Kinds, sizes and density of the trees change smoothly over some tens of metres, without an edge
    between them, as where nobody plants.
    """
    rng = sketch.rng
    looks = ("thicket", "thicket_pale", "shrubs", "thicket", "weeds")
    sketch.add(quad, str(rng.choice(looks)), classes.TREE)
    for _ in range(int(rng.integers(8, 24))):
        spot = blob(_patch(quad, rng, 0.06, 0.4), rng, 1.0, float(rng.uniform(0.3, 1.2)))
        sketch.add(spot, str(rng.choice((*looks, "litter"))), classes.TREE)
    length, width = size(quad)
    count = min(rng.poisson(float(rng.uniform(250, 1600)) * length * width / 1e4), 12000)
    if not count:
        return
    s, t = rng.random(count), rng.random(count)
    metres = np.column_stack([s * length, t * width])
    waves = [_smooth(metres, rng) for _ in range(6)]
    keep = rng.logistic(size=count) < 2.0 * waves[0] + float(rng.uniform(-1, 2.5))
    favour = np.array(waves[1:5]) * 1.5 + rng.normal(0, 0.7, (4, 1)) + rng.gumbel(size=(4, count))
    kinds = np.argmax(favour, axis=0)
    grown = float(rng.uniform(0.9, 1.9)) * np.exp(0.4 * waves[5] + rng.normal(0, 0.18, count))
    step = np.digitize(grown, (0.9, 1.3, 1.8, 2.5))
    points = _points(quad, s, t)
    for kind in range(4):
        for k, radius_m in enumerate(((0.6, 1.0), (0.8, 1.4), (1.2, 2.0), (1.7, 2.7), (2.3, 3.8))):
            chosen = keep & (kinds == kind) & (step == k)
            sketch.plant(points[chosen], radius_m, kind)


def _smooth(metres: Quad, rng: np.random.Generator) -> Quad:
    """Return smooth noise (n,) of spread about 1 at points (n, 2), in waves of 30 to 160 m."""
    length, heading = rng.uniform(30, 160, 8), rng.uniform(0, 2 * np.pi, 8)
    waves = 2 * np.pi / length * np.stack([np.cos(heading), np.sin(heading)])
    phase = rng.uniform(0, 2 * np.pi, 8)
    return np.asarray(np.cos(metres @ waves + phase).sum(axis=1) / 2)


def fill_lake(quad: Quad, sketch: Sketch) -> None:
    """Fill with open water behind a natural shore."""
    rng = sketch.rng
    sketch.add(quad, str(rng.choice(["reeds", "verge", "grass"])), classes.GRASS)
    sketch.add(blob(quad, rng, 1.06), "reeds", classes.GRASS)
    sketch.add(blob(quad, rng), "lake", classes.WATER)
    scatter_trees(piece(quad, 0, 1, 0, 0.06), sketch, per_ha=220)


def fill_ponds(quad: Quad, sketch: Sketch) -> None:
    """Fill with fish ponds between dykes; some drained, with aerators and sheds."""
    rng = sketch.rng
    quad = lengthwise(quad)
    sketch.add(quad, str(rng.choice(["verge", "grass", "dirt"])), classes.GRASS)
    length, width = size(quad)
    across = cuts(rng, width, 45, 110)
    for t0, t1 in pairwise(across):
        along = cuts(rng, length, 30, 90)
        for s0, s1 in pairwise(along):
            pond = inset(piece(quad, s0, s1, t0, t1), float(rng.uniform(1.4, 3.4)))
            if pond is not None:
                _pond(pond, sketch)


def _pond(pond: Quad, sketch: Sketch) -> None:
    rng = sketch.rng
    rim = inset(pond, -0.8)
    if rim is not None:
        sketch.add(rim, str(rng.choice(["dirt", "concrete", "mud"])), classes.BARE)
    water = str(rng.choice(["pond", "pond", "pond_green", "pond_brown"]))
    dry = rng.random() < 0.06
    sketch.add(pond, "mud" if dry else water, classes.POND)
    if dry:
        return
    for _ in range(int(rng.integers(0, 4))):
        s, t = rng.uniform(0.2, 0.8, 2)
        length, width = size(pond)
        splash = piece(pond, s, s + 2.4 / length, t, t + 2.4 / width)
        sketch.add(splash, "foam", classes.POND)


COVERS = ("plastic",) * 5 + ("plastic_new",) * 2 + ("shade_net",)


def fill_greenhouses(quad: Quad, sketch: Sketch) -> None:
    """Fill with ranks of plastic tunnels, rarely a gutter-connected glasshouse."""
    rng = sketch.rng
    quad = lengthwise(quad)
    sketch.add(quad, str(rng.choice(["garden", "verge", "dirt"])), classes.GRASS)
    length, width = size(quad)
    tiers = cuts(rng, length, 38, 85)
    tunnel = float(rng.uniform(5.5, 9.0))
    gap = 0.0 if rng.random() < 0.15 else float(rng.uniform(0.8, 2.2))
    for s0, s1 in pairwise(tiers):
        tier = piece(quad, s0 + 1.6 / length, s1 - 1.6 / length, 0, 1)
        count = max(1, int(width / (tunnel + gap)))
        cover = str(rng.choice(COVERS))
        for k in range(count):
            t0 = (k * (tunnel + gap) + gap / 2) / width
            house = piece(tier, 0, 1, t0, t0 + tunnel / width)
            if rng.random() < 0.05:
                continue
            sort = cover if rng.random() < 0.85 else "plastic_old"
            sketch.add(house, sort, classes.GREENHOUSE, height_m=1.2, roof="vault")


def blob(quad: Quad, rng: np.random.Generator, scale: float = 1.0, ragged: float = 0.0) -> Quad:
    """Return an uneven ring (72, 2) inscribed in ``quad``; ``ragged`` up to 1 frays its edge."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.full(72, 0.43)
    for order in (2, 3, 5):
        radius += rng.uniform(0, 0.055) * np.cos(order * angle + rng.uniform(0, 6.28))
    for order in range(6, 24):
        height = ragged * 0.22 / order * rng.normal()
        radius += height * np.cos(order * angle + rng.uniform(0, 6.28))
    radius = np.minimum(radius * scale, 0.499)
    square = np.abs(np.cos(angle)) ** 4 + np.abs(np.sin(angle)) ** 4
    radius = radius / square ** rng.uniform(0.05, 0.22)
    return _points(quad, 0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle))


def _patch(quad: Quad, rng: np.random.Generator, low: float, high: float) -> Quad:
    wide, tall = rng.uniform(low, high, 2)
    s, t = rng.uniform(0, 1 - wide), rng.uniform(0, 1 - tall)
    return piece(quad, s, s + wide, t, t + tall)


def _points(quad: Quad, s: Quad, t: Quad) -> Quad:
    s, t = s[:, None], t[:, None]
    top = quad[0] * (1 - s) + quad[1] * s
    bottom = quad[3] * (1 - s) + quad[2] * s
    return np.asarray(top * (1 - t) + bottom * t)
