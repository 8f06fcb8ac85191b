"""Polygons to classes of pixels, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray

from satseg.grids import Grid
from satseg.masks.codes import OTHER, UNKNOWN
from satseg.masks.polygons import Polygons
from satseg.scene import Scene, SceneReader
from satseg.windows import Window

STRIP_ROWS = 64
_COLUMNS = 1024
"""Pixels of all bands that are read at once, in a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """All that is known about the ground below a scene, each on the same grid.

    Attributes:
        osm: farmland of OpenStreetMap and, after it, what is cut out; painted first.
        drawn: polygons drawn by hand, over those of OpenStreetMap.
        ignored: ground that counts neither way.
        complete: outside of these nothing is known; None where all of the scene is complete.
    """

    drawn: Polygons
    osm: Polygons | None = None
    ignored: Polygons | None = None
    complete: Polygons | None = None


class Painter:
    """Paints windows of one grid; polygons that do not touch a window cost nothing."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        layers = (ground.osm, ground.drawn, ground.ignored, ground.complete)
        self._trees = {
            id(layer): shapely.STRtree(layer.shapes) for layer in layers if layer is not None
        }

    def paint(self, window: Window, valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return the codes of a window, uint8 (h, w): 0 other, classes, 255 unknown.

        A pixel belongs to the polygon that holds its centre, to the last of several.

        Args:
            window: pixels of the grid.
            valid: bool (h, w), where the scene has data.
        """
        ground = self._ground
        codes = np.full(window.shape, OTHER, dtype=np.uint8)
        for layer in (ground.osm, ground.drawn):
            if layer is not None:
                self._burn(layer, layer.codes, window, codes)
        if ground.ignored is not None:
            self._burn(ground.ignored, np.full(len(ground.ignored), UNKNOWN), window, codes)
        if ground.complete is not None:
            inside = np.zeros(window.shape, dtype=np.uint8)
            self._burn(ground.complete, np.ones(len(ground.complete)), window, inside)
            codes[inside == 0] = UNKNOWN
        codes[~valid] = UNKNOWN
        return codes

    def _burn(
        self,
        layer: Polygons,
        values: NDArray[np.generic],
        window: Window,
        out: NDArray[np.uint8],
    ) -> None:
        frame = shapely.box(window.col, window.row, window.col_stop, window.row_stop)
        near = np.sort(self._trees[id(layer)].query(frame))
        if len(near):
            pairs = [(layer.shapes[index], int(values[index])) for index in near]
            place = Affine.translation(window.col, window.row)
            rasterio.features.rasterize(pairs, out=out, transform=place)


def strips(
    scene: Scene, ground: Ground, *, gsd_m: float | None = None, rows: int = STRIP_ROWS
) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Yield windows of ``rows`` whole rows of ``scene.grid_at(gsd_m)`` with their codes.

    Raises:
        SceneError: the scene cannot be read.
    """
    grid = scene.grid_at(gsd_m)
    painter = Painter(ground)
    with scene.reader() as reader:
        for row in range(0, grid.height, rows):
            window = Window(row, 0, rows, grid.width).clipped(grid.shape)
            yield window, painter.paint(window, _valid(reader, grid, window))


def _valid(reader: SceneReader, grid: Grid, window: Window) -> NDArray[np.bool_]:
    """Return where the scene has data in whole rows of a grid with its footprint, bool (h, w)."""
    scene = reader.scene
    valid = np.ones(window.shape, dtype=np.bool_)
    if scene.layout.validity == "all" and np.dtype(scene.dtype).kind != "f":
        return valid
    bands = range(len(scene.bands))
    for piece in pieces(window):
        inside = reader.pixels.read(piece, grid, bands)[1]
        valid[:, piece.col : piece.col_stop] = inside
    return valid


def pieces(window: Window) -> Iterator[Window]:
    """Yield whole rows in pieces, from left to right."""
    for col in range(window.col, window.col_stop, _COLUMNS):
        width = min(_COLUMNS, window.col_stop - col)
        yield Window(window.row, col, window.height, width)
