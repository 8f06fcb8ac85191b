"""Factory halls: what their large roofs are made of, and how panels and skylights break them up."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from satseg import classes
from satseg.simulate.quads import Quad, cuts, lengthwise, piece, size, turned
from satseg.simulate.sketch import Sketch

PLAIN_ROOFS = ("roof_blue", "roof_white", "roof_steel", "roof_grey", "roof_rust", "roof_pink")
"""Coated steel sheet, one colour a hall."""

RED_ROOFS = ("roof_maroon", "roof_oxide", "roof_russet", "roof_rust", "roof_pink", "roof_dark_red")
"""Red and brown roofs in corrugated sheet or tiles; from above they resemble ploughed soil."""

SKYLIGHTS = ("roof_white", "roof_steel", "roof_blue")


def raise_hall(hall: Quad, sketch: Sketch) -> None:
    """Draw one hall on the ground ``hall``: a plain, a patched or a sawtooth roof.

    Kinds and their shares are our reading of WorldView-3 imagery of Shanghai's works.
    """
    rng = sketch.rng
    hall = lengthwise(hall)
    high = float(rng.uniform(6, 13))
    kind = rng.random()
    if kind < 0.45:
        red = rng.random() < 0.4
        roof = str(rng.choice(RED_ROOFS if red else PLAIN_ROOFS))
        sketch.add(hall, roof, classes.BUILT, height_m=high, roof="gable")
        if rng.random() < 0.35:
            _skylights(hall, high, sketch)
    elif kind < 0.8:
        _patched(hall, high, sketch)
    else:
        _sawtooth(hall, high, sketch)


def _patched(hall: Quad, high: float, sketch: Sketch) -> None:
    """Both slopes in panels of different age: dark old sheet beside new sheet."""
    rng = sketch.rng
    family = RED_ROOFS if rng.random() < 0.7 else PLAIN_ROOFS
    old, new = (str(name) for name in rng.choice(family, 2, replace=False))
    length = size(hall)[0]
    for t0, t1 in ((0.0, 0.5), (0.5, 1.0)):
        main = old if rng.random() < 0.5 else new
        for s0, s1 in pairwise(cuts(rng, length, 18, 70)):
            roof = main if rng.random() < 0.6 else str(rng.choice([old, new]))
            panel = piece(hall, s0, s1, t0, t1)
            if rng.random() < 0.5:
                panel = turned(panel)
            sketch.add(panel, roof, classes.BUILT, height_m=high, roof="flat")
    if rng.random() < 0.4:
        _skylights(hall, high, sketch)


def _sawtooth(hall: Quad, high: float, sketch: Sketch) -> None:
    """Narrow bays side by side, each with a strip of glazing."""
    rng = sketch.rng
    length = size(hall)[0]
    roof = str(rng.choice(RED_ROOFS if rng.random() < 0.65 else PLAIN_ROOFS))
    glass = str(rng.choice(SKYLIGHTS))
    lit = float(rng.uniform(0.12, 0.4))
    for s0, s1 in pairwise(cuts(rng, length, 8, 16)):
        edge = s1 - lit * (s1 - s0)
        sketch.add(
            turned(piece(hall, s0, edge, 0, 1)), roof, classes.BUILT, height_m=high, roof="flat"
        )
        bay = piece(hall, edge, s1, 0, 1)
        sketch.add(turned(bay), glass, classes.BUILT, height_m=high - 0.8, roof="flat")


def _skylights(hall: Quad, high: float, sketch: Sketch) -> None:
    """Translucent sheets across the roof at even distances, or one along the ridge."""
    rng = sketch.rng
    length = size(hall)[0]
    if rng.random() < 0.4:
        ridge = piece(hall, 0.08, 0.92, 0.47, 0.53)
        sketch.add(ridge, "roof_white", classes.BUILT, height_m=high + 0.6, roof="flat")
        return
    pane = str(rng.choice(SKYLIGHTS))
    for s in np.arange(0.05, 0.95, float(rng.uniform(5, 11)) / length):
        for t0, t1 in ((0.12, 0.42), (0.58, 0.88)):
            strip = piece(hall, s, s + 1.1 / length, t0, t1)
            sketch.add(strip, pane, classes.BUILT, height_m=high + 0.3, roof="flat")
