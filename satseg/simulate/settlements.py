"""Fills blocks with what people build: villages, villas, slabs, factories, building sites."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from satseg import classes
from satseg.simulate.greenery import blob, row_of_trees, scatter_trees
from satseg.simulate.halls import raise_hall
from satseg.simulate.quads import (
    Quad,
    at,
    centre,
    cuts,
    direction,
    inset,
    lengthwise,
    piece,
    rectangle,
    size,
    turned,
)
from satseg.simulate.sketch import Roof, Sketch

HOUSE_ROOFS = ("roof_dark_red",) * 4 + ("roof_red", "roof_grey", "roof_slate", "roof_brown")
SHED_ROOFS = ("roof_blue", "roof_grey", "roof_white", "roof_dark_red", "concrete", "roof_rust")


def fill_village(quad: Quad, sketch: Sketch) -> None:
    """Fill with rows of farmhouses: lane, yard, house, shed, garden, trees."""
    rng = sketch.rng
    quad = lengthwise(quad)
    sketch.add(quad, str(rng.choice(["weeds", "verge", "garden"])), classes.GRASS)
    if rng.random() < 0.35:
        _grown_village(quad, sketch)
        return
    length, width = size(quad)
    rows = cuts(rng, width, 30, 52)
    for t0, t1 in pairwise(rows):
        row = piece(quad, 0, 1, t0, t1)
        deep = size(row)[1]
        sketch.add(piece(row, 0, 1, 0, 3.4 / deep), "lane", classes.ROAD)
        style = str(rng.choice(HOUSE_ROOFS))
        plots = cuts(rng, length, 11, 19)
        for s0, s1 in pairwise(plots):
            if rng.random() < 0.9:
                _homestead(piece(row, s0, s1, 3.6 / deep, 1), style, sketch)
    scatter_trees(quad, sketch, per_ha=float(rng.uniform(10, 50)), radius_m=(1.2, 3.0))


def _grown_village(quad: Quad, sketch: Sketch) -> None:
    """Houses of all sizes, turned a little, close together among trees and yards."""
    rng = sketch.rng
    length, width = size(quad)
    style = str(rng.choice(HOUSE_ROOFS))
    scatter_trees(quad, sketch, per_ha=float(rng.uniform(40, 200)), radius_m=(1.4, 3.6))
    for t in np.arange(8, width - 8, rng.uniform(17, 24)):
        lane = piece(quad, 0, 1, (t + 9) / width, (t + 11.5) / width)
        sketch.add(lane, str(rng.choice(["lane", "dirt"])), classes.ROAD)
        for s in np.arange(8, length - 8, rng.uniform(13, 20)):
            if rng.random() < 0.2:
                continue
            spot = at(quad, (s + rng.normal(0, 2)) / length, (t + rng.normal(0, 1.6)) / width)
            turn = direction(quad) + rng.normal(0, 0.07)
            wide, deep = float(rng.uniform(8, 15)), float(rng.uniform(6, 10))
            if rng.random() < 0.7:
                yard = rectangle((spot[0], spot[1]), turn, wide + 4, deep + 7)
                ground = str(rng.choice(["concrete", "old_concrete", "dirt", "paving"]))
                sketch.add(yard, ground, classes.BUILT)
            roof = style if rng.random() < 0.5 else str(rng.choice(HOUSE_ROOFS + SHED_ROOFS))
            house = rectangle((spot[0], spot[1]), turn, wide, deep)
            high = float(rng.choice([3.2, 3.6, 6.4]))
            shapes: tuple[Roof, ...] = ("hip", "gable", "gable", "flat")
            shape = shapes[int(rng.integers(4))]
            sketch.add(house, roof, classes.BUILT, height_m=high, roof=shape)


def fill_row(row: Quad, sketch: Sketch) -> None:
    """Fill a strip (s along it, the lane at t = 0) with one row of homesteads."""
    rng = sketch.rng
    length, deep = size(row)
    sketch.add(row, str(rng.choice(["weeds", "verge", "garden"])), classes.GRASS)
    sketch.add(piece(row, 0, 1, 0, 3.4 / deep), "lane", classes.ROAD)
    style = str(rng.choice(HOUSE_ROOFS))
    plots = cuts(rng, length, 11, 18)
    for s0, s1 in pairwise(plots):
        if rng.random() < 0.82:
            _homestead(piece(row, s0, s1, 3.6 / deep, 1), style, sketch)
    scatter_trees(row, sketch, per_ha=float(rng.uniform(20, 110)), radius_m=(1.2, 3.0))


def _homestead(plot: Quad, style: str, sketch: Sketch) -> None:
    rng = sketch.rng
    wide, deep = size(plot)
    yard = rng.uniform(5, 9) / deep
    if rng.random() < 0.8:
        ground = str(rng.choice(["concrete", "concrete", "old_concrete", "paving"]))
        sketch.add(piece(plot, 0.03, 0.97, 0, yard + 0.3), ground, classes.BUILT)
    side = min(0.14, 1.5 / wide)
    house = piece(plot, side, 1 - side, yard, yard + rng.uniform(8.5, 11) / deep)
    roof = style if rng.random() < 0.65 else str(rng.choice(HOUSE_ROOFS))
    high = float(rng.choice([3.4, 6.4, 6.8, 9.6]))
    shape: Roof = "hip" if rng.random() < 0.7 else "gable"
    sketch.add(house, roof, classes.BUILT, height_m=high, roof=shape)
    if rng.random() < 0.6:
        lean = piece(plot, side, side + rng.uniform(0.25, 0.5), 0.05, 0.05 + 4.0 / deep)
        sort = str(rng.choice(SHED_ROOFS))
        sketch.add(lean, sort, classes.BUILT, height_m=2.6, roof="flat")
    _garden(piece(plot, 0.05, 0.95, min(0.92, yard + 12.5 / deep), 0.98), sketch)


def _garden(plot: Quad, sketch: Sketch) -> None:
    rng = sketch.rng
    if size(plot)[1] < 2.5:
        return
    if rng.random() < 0.6:
        sketch.add(plot, "garden", classes.GRASS)
    else:
        sketch.add(plot, str(rng.choice(["weeds", "dirt", "old_concrete", "litter"])), 9)
    scatter_trees(plot, sketch, per_ha=float(rng.uniform(0, 260)), radius_m=(1.0, 2.6))


def fill_villas(quad: Quad, sketch: Sketch) -> None:
    """Fill with detached houses in gardens full of trees."""
    rng = sketch.rng
    quad = lengthwise(quad)
    sketch.add(quad, "lawn", classes.GRASS)
    length, width = size(quad)
    rows = cuts(rng, width, 34, 44)
    for t0, t1 in pairwise(rows):
        row = piece(quad, 0, 1, t0, t1)
        deep = size(row)[1]
        sketch.add(piece(row, 0, 1, 0.0, 5.0 / deep), "asphalt", classes.ROAD)
        plots = cuts(rng, length, 20, 30)
        for s0, s1 in pairwise(plots):
            plot = piece(row, s0, s1, 6.5 / deep, 1)
            middle = centre(plot)
            turn = direction(plot) + rng.normal(0, 0.08)
            house = rectangle(middle, turn, rng.uniform(11, 16), rng.uniform(9, 13))
            roof = str(rng.choice(["roof_dark_red", "roof_red", "roof_slate", "roof_red"]))
            scatter_trees(plot, sketch, per_ha=float(rng.uniform(80, 320)), radius_m=(1.4, 3.0))
            sketch.add(piece(plot, 0.1, 0.5, 0.5, 0.95), "paving", classes.BUILT)
            sketch.add(house, roof, classes.BUILT, height_m=6.5, roof="hip")


def fill_slabs(quad: Quad, sketch: Sketch) -> None:
    """Fill with rows of residential slabs that face south, lawns and car parks between."""
    rng = sketch.rng
    sketch.add(quad, str(rng.choice(["lawn", "shrubs", "paving"])), classes.GRASS)
    floors = int(rng.choice([5, 6, 6, 11, 18]))
    if abs(np.sin(direction(quad))) > 0.72:
        quad = turned(quad)
    length, width = size(quad)
    gap = 12 + floors * 2.1
    rows = max(1, int(width / gap))
    roof = str(rng.choice(["old_concrete", "roof_red", "roof_brown", "concrete", "roof_slate"]))
    for k in range(rows):
        t = (k + 0.35) / rows
        band = piece(quad, 0.03, 0.97, t, t + 11.5 / width)
        spots = cuts(rng, length, 32, 75)
        for s0, s1 in pairwise(spots):
            if rng.random() < 0.93:
                slab = piece(band, s0 + 5 / length, s1 - 5 / length, 0, 1)
                _slab(slab, roof, floors, sketch)
        lane = piece(quad, 0, 1, t + 17 / width, t + 22 / width)
        sketch.add(lane, str(rng.choice(["asphalt", "paving"])), classes.ROAD)
        row_of_trees(lane, sketch, spacing_m=7.0, radius_m=(1.2, 2.6), kind=int(rng.integers(2)))
        for s in np.arange(0.02, 0.96, 3.0 / length):
            if rng.random() < 0.35:
                car = piece(lane, s, s + 1.9 / length, 0.05, 0.9)
                paint = str(rng.choice(["car_white", "car_dark", "car_red", "car_white"]))
                sketch.add(car, paint, classes.ROAD, height_m=1.4, roof="flat")
    cross = piece(quad, 0.48, 0.48 + 6.0 / length, 0, 1)
    sketch.add(cross, "asphalt", classes.ROAD)
    scatter_trees(quad, sketch, per_ha=float(rng.uniform(60, 260)))


def _slab(slab: Quad, roof: str, floors: int, sketch: Sketch) -> None:
    rng = sketch.rng
    high = floors * 2.9
    flat = "concrete" in roof or floors > 7
    shape: Roof = "flat" if flat else "hip"
    sketch.add(slab, roof, classes.BUILT, height_m=high, roof=shape)
    if not flat:
        return
    length, width = size(slab)
    for s in np.arange(0.12, 0.9, 15.0 / length):
        box = piece(slab, s, s + 3.6 / length, 0.35, 0.35 + 4.2 / width)
        sort = str(rng.choice(["concrete", "old_concrete", "roof_slate"]))
        sketch.add(box, sort, classes.BUILT, height_m=high + 2.8, roof="flat")


def fill_industry(quad: Quad, sketch: Sketch) -> None:
    """Fill with factory plots: large halls, yards, offices, lawns, containers."""
    rng = sketch.rng
    quad = lengthwise(quad)
    sketch.add(quad, "old_concrete", classes.BUILT)
    plots = cuts(rng, size(quad)[0], 70, 170)
    for s0, s1 in pairwise(plots):
        plot = inset(piece(quad, s0, s1, 0, 1), 2.5)
        if plot is not None:
            _factory(plot, sketch)


def _factory(plot: Quad, sketch: Sketch) -> None:
    rng = sketch.rng
    ground = rng.choice(["concrete", "concrete", "old_concrete", "asphalt", "dirt", "rubble"])
    sketch.add(plot, str(ground), classes.BUILT)
    fringe = piece(plot, 0, 1, 0, 6 / size(plot)[1])
    sketch.add(fringe, str(rng.choice(["lawn", "weeds"])), classes.GRASS)
    row_of_trees(fringe, sketch, spacing_m=6.0, radius_m=(1.2, 2.4), kind=int(rng.integers(2)))
    site = piece(plot, 0.04, 0.96, 0.08, 0.96)
    edges = cuts(rng, size(site)[1], 28, 85)
    for t0, t1 in pairwise(edges):
        if rng.random() < 0.14:
            _yard(piece(site, 0.05, 0.95, t0, t1 - 0.02), sketch)
            continue
        hall = inset(piece(site, 0, rng.uniform(0.6, 1.0), t0, t1), float(rng.uniform(3, 6)))
        if hall is None:
            continue
        raise_hall(hall, sketch)


def _yard(site: Quad, sketch: Sketch) -> None:
    """Container stacks or parked lorries in ranks."""
    rng = sketch.rng
    length, width = size(site)
    for t in np.arange(0.05, 0.9, 6.0 / width):
        for s in np.arange(0.02, 0.95, 14.0 / length):
            if rng.random() < 0.6:
                box = piece(site, s, s + 12.2 / length, t, t + 2.5 / width)
                paint = str(rng.choice(["roof_blue", "roof_rust", "roof_red", "car_white"]))
                high = float(rng.integers(1, 4)) * 2.6
                sketch.add(box, paint, classes.BUILT, height_m=high, roof="flat")


def fill_construction(quad: Quad, sketch: Sketch) -> None:
    """Fill with a building site: bare soil, heaps, tracks, site huts, first slabs, puddles."""
    rng = sketch.rng
    sketch.add(quad, str(rng.choice(["site_soil", "site_soil", "rubble"])), classes.BARE)
    for _ in range(int(rng.integers(8, 22))):
        length, width = rng.uniform(0.06, 0.36, 2)
        s, t = rng.uniform(0, 1 - length), rng.uniform(0, 1 - width)
        spot = piece(quad, s, s + length, t, t + width)
        spot = blob(spot, rng, 1.0, float(rng.uniform(0.3, 1.2)))
        sketch.add(spot, str(rng.choice(["site_soil", "rubble", "site_wet", "weeds", "net"])), 6)
    for _ in range(int(rng.integers(1, 4))):
        t = rng.uniform(0.1, 0.9)
        track = piece(quad, 0, 1, t, t + 5.0 / size(quad)[1])
        sketch.add(track, str(rng.choice(["dirt", "concrete"])), classes.ROAD)
    site = lengthwise(quad)
    for _ in range(int(rng.integers(0, 7))):
        s, t = rng.uniform(0.08, 0.85, 2)
        length, width = size(site)
        base = piece(site, s, s + rng.uniform(20, 50) / length, t, t + rng.uniform(12, 18) / width)
        sketch.add(
            base, "concrete", classes.BUILT, height_m=float(rng.uniform(0.5, 14)), roof="flat"
        )
    if rng.random() < 0.7:
        s, t = rng.uniform(0.03, 0.8, 2)
        length, width = size(site)
        huts = piece(site, s, s + rng.uniform(14, 40) / length, t, t + 6.5 / width)
        paint = str(rng.choice(["roof_blue", "car_white", "roof_grey"]))
        sketch.add(huts, paint, classes.BUILT, height_m=3, roof="flat")
