"""COGs of one band of bytes: tiles are compressed while their rows come, then put in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import numpy as np
import rasterio
from isal import isal_zlib
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window as RasterWindow

from satseg.allocation import usable_cores
from satseg.cog_layer import BLOCK, Layer, overview_factors
from satseg.grids import Grid
from satseg.pyramid import halved, halvings
from satseg.reading import AVERAGES
from satseg.tiff import FRAME, TiledLevel, directories, first_tags, framed, write_cog

_EFFORT = 1
"""Of DEFLATE as ISA-L makes it: files as small as GDAL's at level 1 in a third of the time.

There is no predictor: with one, classes and saturated probabilities take thrice the room."""

_MOST = BLOCK.bit_length() - 1
"""Overviews that are averaged while rows come: 256 of them become one row of the last."""

_AT_ONCE = 16
"""Tiles of a row that are in memory compressed."""

_SHARE = 4 * BLOCK
"""Pixels of a row of tiles that a thread compresses before it is asked again."""

_PIECE = 2**20


class _Level:
    """The tiles of one level, compressed as its rows come, one after another in a file."""

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int],
        pool: ThreadPoolExecutor,
        *,
        fill: int,
        sparse: bool,
    ) -> None:
        self.shape, self._pool = shape, pool
        self.crc = 0
        self._path, self._fill, self._sparse = path, fill, sparse
        self._sizes: list[int] = []
        self._file = path.open("wb")
        self._rows = np.empty((min(BLOCK, shape[0]), shape[1]), np.uint8)
        self._held = 0

    @property
    def tiled(self) -> TiledLevel:
        return TiledLevel(*self.shape, self._path, self._sizes)

    def write(self, rows: NDArray[np.uint8]) -> None:
        """Append rows, uint8 (h, width)."""
        while len(rows):
            if not self._held and len(rows) >= BLOCK:
                self._compress(rows[:BLOCK])
                rows = rows[BLOCK:]
                continue
            count = min(len(self._rows) - self._held, len(rows))
            self._rows[self._held : self._held + count] = rows[:count]
            self._held += count
            rows = rows[count:]
            if self._held == len(self._rows):
                self._compress(self._rows)
                self._held = 0

    def finish(self) -> None:
        """Write what is left."""
        if self._held:
            self._compress(self._rows[: self._held])
        self._rows = self._rows[:0].copy()  # as wide as the raster, and of no more use
        self.close()

    def close(self) -> None:
        self._file.close()

    def _compress(self, rows: NDArray[np.uint8]) -> None:
        for first in range(0, self.shape[1], _AT_ONCE * BLOCK):
            some = rows[:, first : first + _AT_ONCE * BLOCK]
            shares = [some[:, col : col + _SHARE] for col in range(0, some.shape[1], _SHARE)]
            for tile in chain.from_iterable(self._pool.map(self._tiles, shares)):
                if tile:
                    self.crc = isal_zlib.crc32(tile, self.crc)
                    self._file.write(tile)
                self._sizes.append(len(tile) and len(tile) - FRAME)

    def _tiles(self, rows: NDArray[np.uint8]) -> list[bytes]:
        return [self._tile(rows[:, col : col + BLOCK]) for col in range(0, rows.shape[1], BLOCK)]

    def _tile(self, piece: NDArray[np.uint8]) -> bytes:
        """Return the bytes of a tile, none for one that takes no room."""
        if piece.shape == (BLOCK, BLOCK):
            tile = np.ascontiguousarray(piece)
        else:
            tile = np.full((BLOCK, BLOCK), self._fill, np.uint8)
            tile[: piece.shape[0], : piece.shape[1]] = piece
        if self._sparse and (tile == self._fill).all():
            return b""
        return framed(isal_zlib.compress(tile.data, _EFFORT))


class Tiles:
    """Writes a COG of one band of bytes (DEFLATE) from its rows.

    Averages of 2 x 2 pixels become overviews at once, as long as height and width are even; what
    other overviews there are GDAL makes at the end, of a raster of the level before them.

    Args:
        path: the file; what is needed meanwhile lies beside it.
        grid: its CRS, transform and size.
        layer: what the pixels are: one band of uint8.
        files: closes what is open, whatever happens.
    """

    def __init__(self, path: Path, grid: Grid, layer: Layer, files: ExitStack) -> None:
        self._path, self._grid, self._layer = path, grid, layer
        self._factors = overview_factors(grid.shape)
        self._open = files
        self._pool = self._open.enter_context(ThreadPoolExecutor(usable_cores()))
        averaged = layer.overviews == AVERAGES and layer.nodata == np.iinfo(np.uint8).max
        count = halvings(grid.shape, min(_MOST, len(self._factors)) if averaged else 0)
        shapes = [(grid.height >> power, grid.width >> power) for power in range(count + 1)]
        self._levels = [self._level(shape) for shape in shapes]
        self._complete = True
        self._rest: rasterio.io.DatasetWriter | None = None
        if count < len(self._factors):
            height, width = shapes[-1]
            profile = {**layer.profile(grid), "height": height, "width": width}
            self._rest = self._open.enter_context(rasterio.open(self._rest_path, "w", **profile))

    def store(self, rows: NDArray[np.generic], row: int) -> None:
        """Take rows, uint8 (1, h, width), of which ``row`` is the first: a multiple of 256.

        All pieces but the last have 256 rows.
        """
        piece: NDArray[np.uint8] = rows[0]
        for number, level in enumerate(self._levels):
            if number:
                piece, row = halved(piece, int(self._layer.nodata or 0)), row // 2
            level.write(piece)
        if self._rest is not None:
            place = RasterWindow(0, row, piece.shape[1], len(piece))
            self._rest.write(piece[None], window=place)
            self._complete &= self._layer.is_complete(piece[None])

    def finish(self, tags: Mapping[str, str]) -> None:
        """Write the file, with ``tags`` as its metadata.

        Raises:
            OSError: it does not read back as it was written.
        """
        for level in self._levels:
            level.finish()
        if self._rest is not None:
            self._rest.close()
            self._levels += self._coarser()
        levels = [level.tiled for level in self._levels]
        head = directories(first_tags(self._template(tags)), levels)
        write_cog(self._path, head, levels)
        self._check(head, levels)

    @property
    def _rest_path(self) -> Path:
        return self._path.with_name("rest.tif")

    def _level(self, shape: tuple[int, int]) -> _Level:
        path = self._path.with_name(f"{shape[0]}x{shape[1]}.tiles")
        nodata, sparse = self._layer.nodata, self._layer.sparse
        level = _Level(path, shape, self._pool, fill=int(nodata or 0), sparse=sparse)
        self._open.callback(level.close)
        return level

    def _coarser(self) -> Iterator[_Level]:
        """Yield the overviews that GDAL makes, of the coarsest level that is there."""
        there = len(self._levels) - 1
        with rasterio.open(self._rest_path, "r+") as dataset:
            if self._complete:  # the same averages in a third of the time
                dataset.nodata = None
            left = [factor >> there for factor in self._factors[there:]]
            dataset.build_overviews(left, Resampling[self._layer.overviews])
        for number in range(len(left)):
            with rasterio.open(self._rest_path, overview_level=number) as dataset:
                level = self._level(dataset.shape)
                for row in range(0, dataset.height, BLOCK):
                    count = min(BLOCK, dataset.height - row)
                    level.write(dataset.read(1, window=RasterWindow(0, row, dataset.width, count)))
            level.finish()
            yield level

    def _template(self, tags: Mapping[str, str]) -> Path:
        """Return a file of the same grid and metadata without pixels, as GDAL writes it."""
        path = self._path.with_name("template.tif")
        options = {
            "compress": "deflate",
            "sparse_ok": True,
            "bigtiff": "no",
            "endianness": "little",
        }
        profile = {**self._layer.profile(self._grid), **options}
        with rasterio.open(path, "w", **profile) as dataset:
            self._layer.describe(dataset, tags)
        return path

    def _check(self, head: bytes, levels: list[TiledLevel]) -> None:
        """Raise OSError unless the file has the bytes that were written, and GDAL reads it."""
        found = []
        with self._path.open("rb") as file:
            same_head = file.read(len(head)) == head
            for level in reversed(levels):
                crc, room = 0, level.room
                for start in range(0, room, _PIECE):
                    crc = isal_zlib.crc32(file.read(min(_PIECE, room - start)), crc)
                found.append(crc)
        with rasterio.open(self._path) as dataset:
            read = dataset.shape, len(dataset.overviews(1))
            dataset.read(1, window=RasterWindow(dataset.width - 1, dataset.height - 1, 1, 1))
        same = found == [level.crc for level in reversed(self._levels)]
        if not same_head or not same or read != (self._grid.shape, len(self._factors)):
            raise OSError("the file does not read back as it was written")
