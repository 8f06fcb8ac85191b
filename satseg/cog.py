"""Cloud-optimised GeoTIFFs, written in strips, complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray

from satseg.cog_bands import Bands
from satseg.cog_layer import BLOCK, Layer
from satseg.cog_tiles import Tiles
from satseg.grids import Grid
from satseg.reading import raster_environment
from satseg.storage import storing


class Sink(Protocol):
    """What takes the rows of a raster: ``Tiles`` or ``Bands``."""

    def store(self, rows: NDArray[np.generic], row: int) -> None:
        """Take rows (bands, h, width), of which ``row`` is the first; h is 256 but at the end."""


class RowWriter:
    """Takes the rows of a raster from top to bottom, in pieces of any height.

    Args:
        sink: what they are handed on to, in pieces of 256 rows.
        grid: the raster's.
        layer: what its pixels are.

    Attributes:
        rows: how many it has taken.
        tags: metadata of the file that is known only after the rows are.
    """

    def __init__(self, sink: Sink, grid: Grid, layer: Layer) -> None:
        self._sink, self._height = sink, grid.height
        shape = (layer.bands, min(BLOCK, grid.height), grid.width)
        self._chunk = np.empty(shape, dtype=layer.dtype)
        self._held = 0
        self.rows = 0
        self.tags: dict[str, str] = {}

    def write(self, rows: NDArray[np.generic]) -> None:
        """Append rows, (h, width) for one band or (bands, h, width), in the raster's dtype.

        Raises:
            ValueError: there are more rows than the raster's height.
        """
        piece = rows[None] if rows.ndim == 2 else rows
        taken = 0
        while taken < piece.shape[1]:
            count = min(self._chunk.shape[1] - self._held, piece.shape[1] - taken)
            self._chunk[:, self._held : self._held + count] = piece[:, taken : taken + count]
            taken += count
            self.rows += count
            self._held += count
            if self.rows > self._height:
                raise ValueError(f"{self.rows} rows written of {self._height}")
            if self._held == self._chunk.shape[1]:
                self._flush()

    def tag(self, tags: Mapping[str, str]) -> None:
        """Add metadata that is known only after the rows are."""
        self.tags.update(tags)

    def finish(self) -> None:
        """Write what is left.

        Raises:
            ValueError: there are fewer rows than the raster's height.
        """
        if self.rows != self._height:
            raise ValueError(f"{self.rows} rows written of {self._height}")
        if self._held:
            self._flush()
        self._chunk = self._chunk[:, :0].copy()  # as wide as the raster, and of no more use

    def _flush(self) -> None:
        rows = np.ascontiguousarray(self._chunk[:, : self._held])
        self._sink.store(rows, self.rows - self._held)
        self._held = 0


@contextmanager
def cog_rows(
    path: Path,
    grid: Grid,
    layer: Layer,
    *,
    tags: Mapping[str, str] | None = None,
) -> Iterator[RowWriter]:
    """Yield a writer of the rows of a COG at ``path`` on ``grid``.

    Everything is written beside ``path``, with overviews (one band of bytes in DEFLATE, others in
    ZSTD), read back against a checksum and only then moved to ``path``. Memory is bounded by a few
    times 256 rows and GDAL's cache, whatever the grid.

    Args:
        path: target; replaced where it exists.
        grid: its CRS, transform and size.
        layer: what the pixels are.
        tags: metadata of the file.

    Raises:
        StorageError: the disk is full or the file cannot be written; nothing is left behind.
    """
    kind = Tiles if (layer.bands, layer.dtype) == (1, "uint8") else Bands
    with storing(path) as temporary, raster_environment(), ExitStack() as files:
        sink = kind(temporary, grid, layer, files)
        writer = RowWriter(sink, grid, layer)
        yield writer
        writer.finish()
        with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"):  # nothing else runs by now
            sink.finish({**(tags or {}), **writer.tags})
