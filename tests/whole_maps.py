"""The blended probabilities of a whole small scene, before they become bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satseg.engine.blocks import Block, plan_blocks
from satseg.engine.flow import Predictor, compute_blocks, windows_for
from satseg.engine.sums import UNIT, BlockSums
from satseg.scene import Scene


def whole_map(
    scene: Scene, predictor: Predictor, *, block_px: int = 40, **options: object
) -> np.ma.MaskedArray:
    """Return the map as masked float32 (height, width); blocks are added up as a mosaic does."""
    grid = scene.grid_at(predictor.gsd_m)
    plan = plan_blocks(windows_for(predictor, grid.shape), block_px)
    sums = np.zeros(grid.shape, dtype=np.int64)
    for block, found in compute_blocks(scene, predictor, plan, plan, _copied, **options):
        rows, cols = block.rows, block.cols
        sums[rows.start : rows.stop, cols.start : cols.stop] += found
    values = (sums.clip(0) / UNIT).astype(np.float32)
    return np.ma.MaskedArray(values, mask=sums < 0, fill_value=0)


def _copied(found: BlockSums) -> tuple[Block, NDArray[np.int32]]:
    return found.block, found.sums.copy()
