"""Pixels of a georeferenced file, at any resolution, with their validity."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from satseg.errors import SceneError
from satseg.grids import Grid
from satseg.mosaics import driver_of
from satseg.resampling import Taps, axis_taps, resample
from satseg.windows import Window

Validity = Literal["all", "nodata", "mask", "blackfill"]

CACHE_BYTES = 48 * 2**20
"""Bound of GDAL's block cache, which otherwise takes 5 % of the machine's memory.

It holds the tiles that neighbouring windows share, two windows of eight bands wide."""

_CONNECT_S = 10
_ANSWER_S = 120
"""Seconds that a web server may take, which otherwise may take for ever."""

_PIECE_SAMPLES = 2**20
_OVERVIEW_FROM = 8
_AVERAGES_FROM = 1.5

AVERAGES_TAG = "SATSEG_OVERVIEWS"
AVERAGES = "average"
"""Tag of files whose overviews are averages of valid pixels; this package writes it."""


def raster_environment() -> rasterio.Env:
    """Return the GDAL settings under which this package reads and writes."""
    return rasterio.Env(
        GDAL_CACHEMAX=CACHE_BYTES, GDAL_HTTP_CONNECTTIMEOUT=_CONNECT_S, GDAL_HTTP_TIMEOUT=_ANSWER_S
    )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what GDAL raises while it reads ``path`` into a SceneError."""
    try:
        yield
    except (RasterioError, CPLE_BaseError, OSError) as error:
        cause = error.__cause__ or error
        raise SceneError(
            expected="a complete GeoTIFF whose pixels can be read",
            found=f"{path.name}: {cause}",
            fix="Copy or download the file again; it is truncated or damaged",
        ) from error


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file keeps the pixels and what tells the valid ones.

    Attributes:
        path: the file.
        grid: its pixel grid.
        indexes: 1-based position in the file of each band.
        validity: ``nodata``: all read bands equal their nodata value (in floating point: any);
            ``mask``: an alpha band or a mask is 0; ``blackfill``: all read bands are 0; ``all``:
            each pixel is valid. NaN and infinity are never valid.
        nodata: nodata value of each band; empty unless ``validity`` is ``nodata``.
    """

    path: Path
    grid: Grid
    indexes: tuple[int, ...]
    validity: Validity
    nodata: tuple[float, ...] = ()

    def select(self, positions: Sequence[int]) -> Layout:
        """Return the layout of the bands at 0-based ``positions`` alone, in that order."""
        return replace(
            self,
            indexes=tuple(self.indexes[position] for position in positions),
            nodata=tuple(self.nodata[position] for position in positions if self.nodata),
        )


class PixelReader:
    """An open file. Use it as a context manager, in one thread at a time."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._open: dict[int | None, rasterio.DatasetReader] = {}
        self._memory: NDArray[np.number] = np.empty(0)

    def __enter__(self) -> PixelReader:
        self._dataset(None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and give its memory back; another read would open it again."""
        for dataset in self._open.values():
            dataset.close()
        self._open.clear()
        self._memory = np.empty(0)

    def prepare(self, grid: Grid) -> None:
        """Open what ``grid`` is read from; see ``_level``."""
        self._dataset(self._level(grid)[0])

    def read(
        self,
        window: Window,
        grid: Grid,
        positions: Sequence[int],
        *,
        out: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return values and validity of a window of ``grid``.

        Args:
            window: pixels of ``grid``; what lies outside of it is not valid.
            grid: a grid with the footprint of the file's own.
            positions: 0-based bands, counted in ``layout.indexes``.
            out: where the values go, float32 (bands, h, w); a new array without it.

        Returns:
            float32 (bands, h, w) digital numbers, 0 where not valid, and bool (h, w).

        Raises:
            SceneError: the file cannot be read there.
        """
        shape = (len(positions), *window.shape)
        data = np.empty(shape, dtype=np.float32) if out is None else out
        data[:] = 0
        valid = np.zeros(window.shape, dtype=np.bool_)
        inside = window.clipped(grid.shape)
        if inside.height and inside.width:
            place = (
                slice(inside.row - window.row, inside.row_stop - window.row),
                slice(inside.col - window.col, inside.col_stop - window.col),
            )
            with raster_environment(), reading(self.layout.path):
                self._fill(data[:, *place], valid[place], inside, grid, positions)
        return data, valid

    def unsampled(
        self, window: Window, grid: Grid, positions: Sequence[int]
    ) -> tuple[NDArray[np.number], NDArray[np.bool_]] | None:
        """Return what ``read`` does in the file's dtype, where nothing needs resampling.

        That is where ``grid`` has the pixels of the file or of an overview of averages, and
        ``window`` lies inside of it; else None. Values that are not valid are as in the file. The
        next call overwrites them.
        """
        level, shape = self._level(grid)
        if shape != grid.shape or window != window.clipped(grid.shape):
            return None
        with raster_environment(), reading(self.layout.path):
            return self._pixels(level, window, positions, self._lent)

    def native(
        self, window: Window, positions: Sequence[int]
    ) -> tuple[NDArray[np.number], NDArray[np.bool_]]:
        """Return (bands, h, w) in the file's dtype and validity (h, w) of the file's own pixels."""
        with raster_environment(), reading(self.layout.path):
            return self._pixels(None, window, positions)

    def _fill(
        self,
        data: NDArray[np.float32],
        valid: NDArray[np.bool_],
        window: Window,
        grid: Grid,
        positions: Sequence[int],
    ) -> None:
        level, (height, width) = self._level(grid)
        cols = axis_taps(width, grid.width, window.col, window.width)
        per_row = len(positions) * (cols.stop - cols.first) * max(1.0, height / grid.height)
        step = max(1, int(_PIECE_SAMPLES / per_row))
        for start in range(0, window.height, step):
            count = min(step, window.height - start)
            rows = axis_taps(height, grid.height, window.row + start, count)
            piece = self._resampled(level, rows, cols, positions)
            data[:, start : start + count], valid[start : start + count] = piece

    def _resampled(
        self, level: int | None, rows: Taps, cols: Taps, positions: Sequence[int]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        window = Window(rows.first, cols.first, rows.stop - rows.first, cols.stop - cols.first)
        numbers, valid = self._pixels(level, window, positions)
        values = numbers.astype(np.float32)
        if not valid.all():
            values[:, ~valid] = 0
        return resample(values, valid, rows, cols)

    def _pixels(
        self,
        level: int | None,
        window: Window,
        positions: Sequence[int],
        memory: Callable[[tuple[int, ...], str], NDArray[np.number]] = np.empty,
    ) -> tuple[NDArray[np.number], NDArray[np.bool_]]:
        dataset = self._dataset(level)
        place = RasterWindow(window.col, window.row, window.width, window.height)
        indexes = [self.layout.indexes[position] for position in positions]
        numbers = memory((len(indexes), *window.shape), dataset.dtypes[indexes[0] - 1])
        dataset.read(indexes, window=place, out=numbers)
        valid = np.ones(window.shape, dtype=np.bool_)
        if self.layout.validity == "mask":
            valid = dataset.read_masks(self.layout.indexes[0], window=place) != 0
        elif self.layout.validity == "blackfill":
            valid = (numbers != 0).any(axis=0)
        elif self.layout.validity == "nodata":
            valid = _differs(numbers, [self.layout.nodata[position] for position in positions])
        if numbers.dtype.kind == "f":
            valid &= np.isfinite(numbers).all(axis=0)
        return numbers, valid

    def _lent(self, shape: tuple[int, ...], dtype: str) -> NDArray[np.number]:
        """Return memory that is used again: a new array costs as much as its reading."""
        if self._memory.shape != shape or self._memory.dtype != dtype:
            self._memory = np.empty(shape, dtype)
        return self._memory

    def _level(self, grid: Grid) -> tuple[int | None, tuple[int, int]]:
        """Return the overview to read for ``grid``, None for full resolution, and its shape.

        An overview with the very pixels of ``grid`` is read where the file says that it holds
        averages (AVERAGES_TAG). Otherwise models read full resolution; only at 8 times its pixel
        size and beyond (thumbnails) are overviews used, and then one at least twice as fine as
        ``grid``.
        """
        own = self.layout.grid
        factor = min(own.height / grid.height, own.width / grid.width)
        if factor < _AVERAGES_FROM:
            return None, own.shape
        dataset = self._dataset(None)
        factors = dataset.overviews(self.layout.indexes[0])
        if dataset.tags().get(AVERAGES_TAG) == AVERAGES and self.layout.validity != "blackfill":
            for level, each in enumerate(factors):
                if (each * grid.height, each * grid.width) == own.shape:
                    return level, grid.shape
        if factor >= _OVERVIEW_FROM:
            fits = [level for level, each in enumerate(factors) if each * 2 <= factor]
            if fits:
                level = max(fits)
                return level, self._dataset(level).shape
        return None, own.shape

    def _dataset(self, level: int | None) -> rasterio.DatasetReader:
        if level not in self._open:
            options = {} if level is None else {"overview_level": level}
            with raster_environment(), reading(self.layout.path):
                self._open[level] = rasterio.open(
                    self.layout.path, driver=driver_of(self.layout.path), **options
                )
        return self._open[level]


def _differs(numbers: NDArray[np.number], nodata: Sequence[float]) -> NDArray[np.bool_]:
    """Return where whole numbers differ from nodata in any band, other numbers in all bands."""
    everywhere = numbers.dtype.kind == "f"
    valid = np.full(numbers.shape[1:], everywhere)
    for band, value in zip(numbers, nodata, strict=True):
        same_kind = int(value) if value.is_integer() and not everywhere else value
        differs = True if math.isnan(value) else band != same_kind
        if everywhere:
            valid &= differs
        else:
            valid |= differs
            if valid.all():  # as in most windows: no other band matters
                break
    return valid
