"""COGs of any bands: rows go to a tiled file, which GDAL copies into order."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window as RasterWindow

from satseg.allocation import usable_cores
from satseg.cog_layer import BLOCK, Layer, overview_factors
from satseg.grids import Grid
from satseg.reading import raster_environment

_READ_ROWS = 64  # of one band: its tiles stay in GDAL's cache meanwhile
_CHECKS = 4  # at once: their rows of tiles fill the cache at a width of 48,000 pixels
_BAND_AFTER_BAND = {"interleave": "band", "compress": "zstd", "zstd_level": 1}


class Bands:
    """Writes a COG (ZSTD) from its rows.

    Several bands lie one after the other in it, so that a model reads and decodes only those that
    it needs. GDAL's COG driver would mix them pixel by pixel; its GeoTIFF driver orders a file in
    the same way when it copies overviews.

    Args:
        path: the file; what is needed meanwhile lies beside it.
        grid: its CRS, transform and size.
        layer: what the pixels are.
        files: closes what is open, whatever happens.
    """

    def __init__(self, path: Path, grid: Grid, layer: Layer, files: ExitStack) -> None:
        self._path, self._layer = path, layer
        self._factors = overview_factors(grid.shape)
        self._rows = path.with_name("rows.tif")
        self._checksums: list[int] = []
        self._complete = True
        self._options = {**_BAND_AFTER_BAND, "predictor": _predictor(layer)}
        profile = {**layer.profile(grid), **self._options}
        self._dataset = files.enter_context(rasterio.open(self._rows, "w", **profile))

    def store(self, rows: NDArray[np.generic], row: int) -> None:
        """Take rows, (bands, h, width), of which ``row`` is the first; h is 256 but at the end."""
        place = RasterWindow(0, row, rows.shape[2], rows.shape[1])
        self._dataset.write(rows, window=place)
        self._checksums.append(zlib.crc32(rows.data))
        self._complete &= self._layer.is_complete(rows)

    def finish(self, tags: Mapping[str, str]) -> None:
        """Write the file, with ``tags`` as its metadata.

        Raises:
            OSError: it does not read back as it was written.
        """
        self._layer.describe(self._dataset, tags)
        self._dataset.close()
        self._add_overviews()
        rasterio.shutil.copy(
            self._rows,
            self._path,
            driver="GTiff",
            copy_src_overviews=True,
            tiled=True,
            blockxsize=BLOCK,
            blockysize=BLOCK,
            bigtiff="if_safer",
            sparse_ok=self._layer.sparse,
            **self._options,
        )
        _check(self._path, self._checksums)

    def _add_overviews(self) -> None:
        if not self._factors:
            return
        with rasterio.open(self._rows, "r+") as dataset:
            if self._complete:  # the same averages in a third of the time
                dataset.nodata = None
            dataset.build_overviews(self._factors, Resampling[self._layer.overviews])
            dataset.nodata = self._layer.nodata


def _predictor(layer: Layer) -> int:
    """Return the number of TIFF's predictor: none for whole numbers, 3 for floating-point ones.

    Without one, WorldView's numbers take an eighth more room and 40 % less time to decode, which
    maps notice.
    """
    return 3 if layer.dtype.startswith("float") else 1


def _check(path: Path, checksums: Sequence[int]) -> None:
    """Raise OSError unless the file reads back as it was written: GDAL may fail silently.

    ``checksums`` are those of its pieces of 256 rows, from top to bottom.
    """
    with rasterio.open(path) as dataset:
        levels = range(len(dataset.overviews(1)))
        most = _CHECKS if dataset.count == 1 else 1  # 256 rows of all bands are much memory
    count = min(most, usable_cores(), len(checksums))
    with ThreadPoolExecutor(count) as pool:
        shares = [range(first, len(checksums), count) for first in range(count)]
        found = pool.map(lambda share: _crc32(path, share), shares)
        overviews = [pool.submit(_crc32, path, None, level) for level in levels]
        same = [
            read == [checksums[n] for n in share] for read, share in zip(found, shares, strict=True)
        ]
        for overview in overviews:
            overview.result()
    if not all(same):
        raise OSError("the file does not read back as it was written")


def _crc32(path: Path, pieces: Iterable[int] | None, level: int | None = None) -> list[int]:
    """Return CRC-32 of pieces of 256 rows of a file, or of all of one of its overviews."""
    found = []
    options = {} if level is None else {"overview_level": level}
    with raster_environment(), rasterio.open(path, **options) as dataset:
        step = _READ_ROWS if dataset.count == 1 else BLOCK  # bands come piece by piece
        for piece in range(math.ceil(dataset.height / BLOCK)) if pieces is None else pieces:
            value = 0
            stop = min((piece + 1) * BLOCK, dataset.height)
            for row in range(piece * BLOCK, stop, step):
                place = RasterWindow(0, row, dataset.width, min(step, stop - row))
                value = zlib.crc32(np.ascontiguousarray(dataset.read(window=place)).data, value)
            found.append(value)
    return found
