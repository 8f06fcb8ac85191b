"""Spatially blocked splits of few large pictures: squares of ground are held out, with a margin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from satseg.errors import TrainingError
from satseg.masks.split import Split, held_out
from satseg.training.config import Blocks
from satseg.training.pictures import IGNORED, Picture

Box = tuple[slice, slice]


def split_by_blocks(
    pictures: Sequence[Picture], blocks: Blocks
) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    """Return pictures to train on and those to validate on, cut from the same ones.

    The truth of held-out squares and of a margin around them is ignored in training; the validation
    pictures are the squares without margin.

    Raises:
        TrainingError: a picture is too small for two squares.
    """
    train: list[Picture] = []
    validation: list[Picture] = []
    for picture in pictures:
        held = tuple(_held(picture, blocks))
        train.append(replace(picture, mask=_hidden(picture, held, blocks.margin_m)))
        validation += [_cut(picture, box) for box in held]
    return tuple(train), tuple(validation)


def _held(picture: Picture, blocks: Blocks) -> Iterator[Box]:
    counts = [max(1, round(size * picture.gsd_m / blocks.side_m)) for size in picture.mask.shape]
    places = [(row, col) for row in range(counts[0]) for col in range(counts[1])]
    if len(places) < 2:
        height, width = (size * picture.gsd_m for size in picture.mask.shape)
        raise TrainingError(
            expected=f"room for two squares of {blocks.side_m:g} m in {picture.name}",
            found=f"{height:g} x {width:g} m",
            fix="Make side_m of blocks smaller, or hold out whole pictures with holdout",
        )
    chosen = held_out(places, Split(blocks.share, 1, blocks.seed))
    edges = [
        np.arange(count + 1) * size // count
        for size, count in zip(picture.mask.shape, counts, strict=True)
    ]
    for (row, col), kept in zip(places, chosen, strict=True):
        if kept:
            yield (
                slice(int(edges[0][row]), int(edges[0][row + 1])),
                slice(int(edges[1][col]), int(edges[1][col + 1])),
            )


def _hidden(picture: Picture, held: Sequence[Box], margin_m: float) -> NDArray[np.uint8]:
    mask = picture.mask.copy()
    margin = int(np.ceil(margin_m / picture.gsd_m))
    for rows, cols in held:
        mask[
            max(0, rows.start - margin) : rows.stop + margin,
            max(0, cols.start - margin) : cols.stop + margin,
        ] = IGNORED
    return mask


def _cut(picture: Picture, box: Box) -> Picture:
    rows, cols = box
    return replace(
        picture,
        name=f"{picture.name}:{rows.start},{cols.start}",
        pixels=picture.pixels[:, rows, cols],
        mask=picture.mask[rows, cols],
    )
