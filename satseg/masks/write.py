"""A scene's truth mask as a file, and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.geodesy import pixel_areas_m2
from satseg.grids import Grid
from satseg.masks.burn import Ground, pieces, strips
from satseg.masks.codes import UNKNOWN
from satseg.scene import SIMULATED_TAG, Scene
from satseg.windows import Window

Progress = Callable[[int, int], None]
TRUTH = Layer("class", nodata=UNKNOWN, overviews="mode")
"""Masks: uint8, 0 other, 1 farmland, other classes by their code, 255 unknown."""


@dataclass(frozen=True, slots=True)
class MaskReport:
    """What a mask holds.

    Attributes:
        m2: geodesic square metres by code.
        repaired: polygons whose rings were mended, with the fault.
        skipped: features that were not used, with the reason.
    """

    m2: Mapping[int, float]
    repaired: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def known_m2(self) -> float:
        """Square metres of which something is known."""
        return sum(area for code, area in self.m2.items() if code != UNKNOWN)


def write_truth(
    scene: Scene,
    ground: Ground,
    output: Path,
    *,
    tags: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> MaskReport:
    """Write the mask of a scene on its own grid (COG, see ``TRUTH``) and return what it holds.

    Memory grows with the polygons and the width of the scene, not with its height.

    Args:
        scene: the scene; where it has no data nothing is known.
        ground: polygons on ``scene.grid``.
        output: where the mask goes; replaced where it exists.
        tags: metadata beside the scene and the meaning of the codes.
        progress: called with (rows done, rows in all).

    Raises:
        SceneError: the scene cannot be read.
        StorageError: the mask cannot be written; nothing is left behind.
    """
    told = {
        "SATSEG_SCENE": scene.path.name,
        "SATSEG_CONTENT": "0 other, 1 farmland, other classes by code, 255 unknown",
        SIMULATED_TAG: "YES" if scene.simulated else "NO",
        **(tags or {}),
    }
    m2 = np.zeros(256)
    with cog_rows(output, scene.grid, TRUTH, tags=told) as writer:
        for window, codes in strips(scene, ground):
            writer.write(codes)
            m2 += _areas(scene.grid, window, codes)
            if progress is not None:
                progress(window.row_stop, scene.grid.height)
    return report(ground, {int(code): float(m2[code]) for code in np.flatnonzero(m2)})


def _areas(grid: Grid, window: Window, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return square metres by code, float64 (256,)."""
    m2 = np.zeros(256)
    for piece in pieces(window):
        found = codes[:, piece.col - window.col : piece.col_stop - window.col]
        areas = pixel_areas_m2(grid, piece)
        m2 += np.bincount(found.ravel(), weights=areas.ravel(), minlength=256)
    return m2


def report(ground: Ground, m2: Mapping[int, float]) -> MaskReport:
    """Return the report of a mask with the areas ``m2`` by code."""
    layers = [ground.osm, ground.drawn, ground.ignored, ground.complete]
    used = [layer for layer in layers if layer is not None]
    repaired = tuple(text for layer in used for text in layer.repaired)
    return MaskReport(m2, repaired, tuple(text for layer in used for text in layer.skipped))
