"""Fills a block with fields and a row of farmhouses along one side, the usual pattern."""

from __future__ import annotations

from satseg.simulate.definition import Layout
from satseg.simulate.fields import fill_fields
from satseg.simulate.quads import Quad, lengthwise, piece, size, turned
from satseg.simulate.settlements import fill_row, fill_village
from satseg.simulate.sketch import Sketch


def fill_hamlet(quad: Quad, layout: Layout, sketch: Sketch) -> None:
    """Fill ``quad`` with one row of homesteads and the fields behind it.

    The row takes 28 to 42 m along one side, or one end only where the block is small.
    """
    rng = sketch.rng
    quad = lengthwise(quad) if rng.random() < 0.75 else turned(lengthwise(quad))
    if rng.random() < 0.5:
        quad = quad[[2, 3, 0, 1]]
    width = size(quad)[1]
    deep = rng.uniform(28, 42) / width
    if deep > 0.6:
        fill_village(quad, sketch)
        return
    start, stop = rng.uniform(0, 0.25), rng.uniform(0.7, 1.0)
    zone = str(rng.choice(["strips", "strips", "paddies", "vegetables", "patchwork"]))
    fill_fields(piece(quad, 0, 1, deep, 1), zone, layout, sketch)
    for part in (piece(quad, 0, start, 0, deep), piece(quad, stop, 1, 0, deep)):
        if size(part)[0] > 12:
            fill_fields(part, "vegetables", layout, sketch)
    fill_row(piece(quad, start, stop, 0, deep), sketch)
