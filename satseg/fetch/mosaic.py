"""Chips joined into one image on their common grid, pixel by pixel as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.errors import Cancelled, FetchError
from satseg.fetch.chips import Chip
from satseg.fetch.spacenet import CRS, PIXEL_DEG, Product
from satseg.grids import Grid
from satseg.reading import raster_environment, reading

Progress = Callable[[int, int], None]
NODATA = 0
ROUNDING_PX = 0.01
"""Up to here a chip's distance from the common grid is the rounding of its coordinates."""

_STRIP_BYTES = 32 * 2**20
_STRIP_ROWS = 128


@dataclass(frozen=True, slots=True)
class Placed:
    """A chip with its place in the mosaic, in pixels."""

    chip: Chip
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Where the chips lie on one grid.

    Attributes:
        grid: smallest grid that holds them all.
        placed: the chips, from top to bottom.
        chip_px: height and width of each.
        moved: how many lay off the grid by more than rounding and were moved to it.
        largest_move_px: the farthest of these moves, at most 0.71 pixels; 0 without one.
    """

    grid: Grid
    placed: tuple[Placed, ...]
    chip_px: int
    moved: int
    largest_move_px: float

    @property
    def covered(self) -> float:
        """Share of the grid below chips, at most 1; overlaps count once a chip."""
        pixels = len(self.placed) * self.chip_px**2
        return min(1.0, pixels / (self.grid.height * self.grid.width))


def arrange(chips: Sequence[Chip], product: Product) -> Mosaic:
    """Return the mosaic of the chips, on the grid that most of them share.

    A chip off that grid is moved to the nearest pixel, by half a pixel (0.15 m) at most in each
    direction, so that its values stay exact instead of being resampled; such chips are counted.

    Raises:
        FetchError: there are no chips.
    """
    if not chips:
        raise FetchError(
            expected="at least one chip to join",
            found="none",
            fix="Choose other chips, or fetch these again",
        )
    west = _shared(chips, [chip.west for chip in chips])
    north = _shared(chips, [chip.north for chip in chips])
    across = np.array([(chip.west - west) / PIXEL_DEG for chip in chips])
    down = np.array([(north - chip.north) / PIXEL_DEG for chip in chips])
    cols, rows = np.rint(across).astype(int), np.rint(down).astype(int)
    moves = np.hypot(across - cols, down - rows)
    first_col, first_row = int(cols.min()), int(rows.min())
    origin = (west + first_col * PIXEL_DEG, north - first_row * PIXEL_DEG)
    side = product.chip_px
    grid = Grid(
        CRS,
        (PIXEL_DEG, 0.0, origin[0], 0.0, -PIXEL_DEG, origin[1]),
        int(rows.max()) - first_row + side,
        int(cols.max()) - first_col + side,
    )
    order = sorted(range(len(chips)), key=lambda i: (rows[i], chips[i].number))
    placed = tuple(
        Placed(chips[i], int(rows[i]) - first_row, int(cols[i]) - first_col) for i in order
    )
    off = moves[moves > ROUNDING_PX]
    return Mosaic(grid, placed, side, len(off), float(off.max(initial=0.0)))


def join(
    mosaic: Mosaic,
    product: Product,
    target: Path,
    *,
    tags: Mapping[str, str],
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write the mosaic as a COG: uint16, nodata 0 where no chip has data.

    Where chips overlap, the one with the lower image number counts; its black pixels let the other
    one through. Memory is bounded by some rows of the mosaic, whatever the number of chips.

    Args:
        mosaic: the chips and their places.
        product: their bands.
        target: file to write, replaced where it exists.
        tags: metadata of the file.
        progress: called with (rows done, rows in all).
        cancelled: asked before each strip of rows.

    Raises:
        SceneError: a chip cannot be read any more.
        StorageError: the disk is full; nothing is left behind then.
        Cancelled: ``cancelled`` returned true; likewise.
    """
    grid, bands = mosaic.grid, len(product.bands)
    layer = Layer(
        product.title,
        dtype="uint16",
        bands=bands,
        nodata=NODATA,
        names=product.bands,
        sparse=True,
    )
    step = max(1, min(_STRIP_ROWS, _STRIP_BYTES // (2 * bands * grid.width)))
    with _open_chips(mosaic) as chips, cog_rows(target, grid, layer, tags=tags) as writer:
        for top in range(0, grid.height, step):
            if cancelled():
                raise Cancelled
            strip = np.zeros((bands, min(step, grid.height - top), grid.width), dtype=np.uint16)
            chips.fill(strip, top)
            writer.write(strip)
            if progress is not None:
                progress(top + strip.shape[1], grid.height)


@contextmanager
def _open_chips(mosaic: Mosaic) -> Iterator[_OpenChips]:
    chips = _OpenChips(mosaic)
    try:
        yield chips
    finally:
        chips.close()


class _OpenChips:
    """The chips that the present strip touches, each opened once while the strips pass it."""

    def __init__(self, mosaic: Mosaic) -> None:
        self._side = mosaic.chip_px
        self._waiting = list(reversed(mosaic.placed))
        self._open: dict[Placed, rasterio.DatasetReader] = {}

    def fill(self, strip: NDArray[np.uint16], top: int) -> None:
        """Fill a strip (bands, h, width) of zeros whose first row is ``top``."""
        stop = top + strip.shape[1]
        for placed in [each for each in self._open if each.row + self._side <= top]:
            self._open.pop(placed).close()
        while self._waiting and self._waiting[-1].row < stop:
            placed = self._waiting.pop()
            with raster_environment(), reading(placed.chip.path):
                self._open[placed] = rasterio.open(placed.chip.path, driver="GTiff")
        for placed in sorted(self._open, key=lambda each: each.chip.number):
            self._paste(placed, strip, top)

    def close(self) -> None:
        """Close all files."""
        for dataset in self._open.values():
            dataset.close()
        self._open.clear()

    def _paste(self, placed: Placed, strip: NDArray[np.uint16], top: int) -> None:
        first = max(placed.row, top)
        stop = min(placed.row + self._side, top + strip.shape[1])
        window = Window(0, first - placed.row, self._side, stop - first)
        with raster_environment(), reading(placed.chip.path):
            pixels = self._open[placed].read(window=window)
        place = strip[:, first - top : stop - top, placed.col : placed.col + self._side]
        np.copyto(place, pixels, where=~place.any(axis=0))


def _shared(chips: Sequence[Chip], edges: Sequence[float]) -> float:
    """Return the edge of a chip on the grid that most chips share, the lowest number on a tie."""
    phases = [round(edge / PIXEL_DEG % 1 / ROUNDING_PX) % round(1 / ROUNDING_PX) for edge in edges]
    most = max(Counter(phases).values())
    frequent = {phase for phase, count in Counter(phases).items() if count == most}
    numbered = zip((chip.number for chip in chips), phases, edges, strict=True)
    return min((number, edge) for number, phase, edge in numbered if phase in frequent)[1]
