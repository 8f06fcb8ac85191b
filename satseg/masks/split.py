"""Which chips are kept for validation: whole blocks of neighbours, never single chips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from satseg.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Split:
    """How chips are divided.

    Attributes:
        holdout: share of the chips to keep for validation, 0 to below 1.
        block: chips a side of a block; a block goes to one side as a whole.
        seed: of the draw.
    """

    holdout: float = 0.2
    block: int = 4
    seed: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.holdout < 1 and self.block >= 1):
            raise TrainingError(
                expected="a holdout from 0 to below 1 and blocks of at least 1 chip a side",
                found=f"a holdout of {self.holdout:g} and blocks of {self.block}",
                fix="Correct --holdout or --block, for example --holdout 0.2 --block 4",
            )


def held_out(places: Sequence[tuple[int, int]], split: Split) -> list[bool]:
    """Return for each chip whether it is kept for validation.

    Blocks are drawn in a random order until they hold the wanted share of the chips, at least one
    block where a share is wanted; one block at least is left for training.

    Args:
        places: row and column of each chip, counted in chips.
        split: see Split.

    Raises:
        TrainingError: a share is wanted and there are chips in fewer than two blocks.
    """
    blocks = [(row // split.block, col // split.block) for row, col in places]
    counts = Counter(blocks)
    if split.holdout == 0:
        return [False] * len(blocks)
    if len(counts) < 2:
        raise TrainingError(
            expected="chips in at least two blocks, one to train on and one to validate on",
            found=f"{len(places)} chips in {len(counts)} blocks of {split.block} x {split.block}",
            fix="Give smaller blocks or chips (--block 1, --chip-px 256), or --holdout 0",
        )
    order = sorted(counts)
    np.random.default_rng(split.seed).shuffle(order)
    chosen: set[tuple[int, int]] = set()
    held = 0
    for block in order[:-1]:
        if chosen and held >= split.holdout * len(places):
            break
        chosen.add(block)
        held += counts[block]
    return [block in chosen for block in blocks]
