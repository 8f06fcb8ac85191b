"""Cloud-optimised GeoTIFFs, written in strips, complete or not at all."""

from __future__ import annotations

import math
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from satseg.allocation import usable_cores
from satseg.errors import StorageError
from satseg.grids import Grid
from satseg.pyramid import Pyramid, pyramid
from satseg.reading import AVERAGES, AVERAGES_TAG, raster_environment

BLOCK = 256
_CHUNK_ROWS = 256
_READ_ROWS = 64  # of one band: its tiles stay in GDAL's cache meanwhile
_CHECKS = 4  # at once: their rows of tiles fill the cache at a width of 48,000 pixels
_LOOKED_AT = 16
_BAND_AFTER_BAND = {"interleave": "band", "compress": "zstd", "zstd_level": 1}


@dataclass(frozen=True, slots=True)
class Layer:
    """What the pixels of a raster are.

    Attributes:
        description: name of the first band.
        dtype: numpy name of the data type.
        bands: number of bands.
        nodata: nodata value, None for none.
        scale: factor from stored to real values, kept in the file.
        overviews: how overviews are resampled.
        names: names of all bands, instead of ``description``; empty for none.
        sparse: whether blocks of nothing but nodata take no room in the file.
        colours: colour table, (value, (red, green, blue, alpha)) for each value that has one.
    """

    description: str
    dtype: str = "uint8"
    bands: int = 1
    nodata: float | None = 255
    scale: float = 1.0
    overviews: Literal["average", "nearest", "mode"] = "average"
    names: tuple[str, ...] = ()
    sparse: bool = False
    colours: tuple[tuple[int, tuple[int, int, int, int]], ...] = ()


class RowWriter:
    """Takes the rows of a raster from top to bottom, in pieces of any height.

    Attributes:
        rows: how many it has taken.
        checksums: CRC-32 of each piece of 256 rows that is in the file.
        complete: whether none of their pixels is nodata.
    """

    def __init__(self, dataset: rasterio.io.DatasetWriter, overviews: Pyramid) -> None:
        self._dataset = dataset
        self._overviews = overviews
        shape = (dataset.count, min(_CHUNK_ROWS, dataset.height), dataset.width)
        self._chunk = np.empty(shape, dtype=dataset.dtypes[0])
        self._held = 0
        self.rows = 0
        self.checksums: list[int] = []
        self.complete = True

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
            if self.rows > self._dataset.height:
                raise ValueError(f"{self.rows} rows written of {self._dataset.height}")
            if self._held == self._chunk.shape[1]:
                self._flush()

    def tag(self, tags: Mapping[str, str]) -> None:
        """Add metadata that is known only after the rows are."""
        self._dataset.update_tags(**tags)

    def finish(self) -> None:
        """Write what is left.

        Raises:
            ValueError: there are fewer rows than the raster's height.
        """
        if self.rows != self._dataset.height:
            raise ValueError(f"{self.rows} rows written of {self._dataset.height}")
        if self._held:
            self._flush()
        self._chunk = self._chunk[:, :0].copy()  # as wide as the raster, and of no more use

    def _flush(self) -> None:
        chunk = np.ascontiguousarray(self._chunk[:, : self._held])
        place = RasterWindow(0, self.rows - self._held, self._dataset.width, self._held)
        self._dataset.write(chunk, window=place)
        self._overviews.write(chunk[0], self.rows - self._held)
        self.checksums.append(zlib.crc32(chunk.data))
        pieces = range(0, self._held, _LOOKED_AT)  # or what is compared is as large as the chunk
        nodata = self._dataset.nodata
        if nodata is not None:  # GDAL's is a float, for which all of the rows would become floats
            nodata = chunk.dtype.type(nodata)
        self.complete &= not any((chunk[:, k : k + _LOOKED_AT] == nodata).any() for k in pieces)
        self._held = 0


@contextmanager
def storing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; the file written there becomes ``path`` at the end.

    Nothing is left behind when the block fails, and an existing ``path`` is then kept.

    Raises:
        StorageError: the file could not be written, for example on a full disk.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".satseg-", dir=path.parent))
    try:
        with explained(path):
            yield folder / path.name
            (folder / path.name).replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cog_rows(
    path: Path,
    grid: Grid,
    layer: Layer,
    *,
    tags: Mapping[str, str] | None = None,
) -> Iterator[RowWriter]:
    """Yield a writer of the rows of a COG at ``path`` on ``grid``.

    Rows go to a temporary tiled file beside ``path``, which is copied into a COG (DEFLATE,
    overviews), read back against a checksum and only then moved to ``path``. Memory is bounded by
    256 rows and GDAL's cache, whatever the grid.

    Args:
        path: target; replaced where it exists.
        grid: its CRS, transform and size.
        layer: what the pixels are.
        tags: metadata of the file.

    Raises:
        StorageError: the disk is full or the file cannot be written; nothing is left behind.
    """
    profile = {
        "driver": "GTiff",
        "height": grid.height,
        "width": grid.width,
        "count": layer.bands,
        "dtype": layer.dtype,
        "crs": grid.crs,
        "transform": grid.affine,
        "nodata": layer.nodata,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "bigtiff": "if_safer",
        "sparse_ok": layer.sparse,
    }
    if layer.bands > 1:
        profile |= {**_BAND_AFTER_BAND, "predictor": _predictor(layer)}
    with storing(path) as temporary, raster_environment():
        rows = temporary.with_name("rows.tif")
        factors = _factors(grid.shape)
        most = min(len(factors), _CHUNK_ROWS.bit_length() - 1) if _has_pyramid(layer) else 0
        with rasterio.open(rows, "w", **profile) as dataset, pyramid(rows, profile, most) as finest:
            kept = {AVERAGES_TAG: AVERAGES} if layer.overviews == AVERAGES else {}
            dataset.update_tags(**{**(tags or {}), **kept})
            for index, name in enumerate(layer.names or (layer.description,), start=1):
                dataset.set_band_description(index, name)
            if layer.scale != 1.0:
                dataset.scales = (layer.scale,) * layer.bands
            if layer.colours:
                dataset.write_colormap(1, dict(layer.colours))
            writer = RowWriter(dataset, finest)
            yield writer
            writer.finish()
        with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"):  # nothing else runs by now
            _add_overviews(finest, factors, layer, complete=writer.complete)
            _convert(rows, temporary, layer)
        for file in finest.files:
            file.unlink()
        _check(temporary, writer.checksums)


def _factors(shape: tuple[int, int]) -> list[int]:
    """Return how many times coarser than the raster each of its overviews is."""
    return [2**power for power in range(1, 20) if max(shape) / 2**power > BLOCK / 2]


def _has_pyramid(layer: Layer) -> bool:
    """Return whether a ``Pyramid`` averages its pixels."""
    kind = (layer.bands, layer.dtype, layer.nodata, layer.overviews)
    return kind == (1, "uint8", 255, AVERAGES)


def _add_overviews(
    finest: Pyramid, factors: Sequence[int], layer: Layer, *, complete: bool
) -> None:
    """Add the overviews that the raster lacks yet, to the coarsest of those that it has."""
    there = len(finest.files) - 1
    if there == len(factors):
        return
    with rasterio.open(finest.files[-1], "r+") as dataset:
        if complete:  # the same averages in a third of the time
            dataset.nodata = None
        # in a third of the time that the COG driver takes for them
        left = [factor >> there for factor in factors[there:]]
        dataset.build_overviews(left, Resampling[layer.overviews])
        dataset.nodata = layer.nodata


def _convert(rows: Path, target: Path, layer: Layer) -> None:
    """Turn a tiled file with overviews into a COG.

    Several bands lie one after the other in it, so that a model reads and decodes only those that
    it needs; the COG driver would mix them pixel by pixel, the GeoTIFF driver orders the file in
    the same way when it copies overviews.
    """
    if layer.bands == 1:
        rasterio.shutil.copy(
            rows,
            target,
            driver="COG",
            compress="deflate",
            level=1,  # 7 % larger than the usual 6 for probabilities, in a third of the time
            # classes and saturated probabilities are thrice as small without a predictor
            predictor="no" if layer.dtype == "uint8" else "yes",
            blocksize=BLOCK,
            bigtiff="if_safer",
            sparse_ok=layer.sparse,
        )
        return
    rasterio.shutil.copy(
        rows,
        target,
        driver="GTiff",
        copy_src_overviews=True,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        predictor=_predictor(layer),
        bigtiff="if_safer",
        sparse_ok=layer.sparse,
        **_BAND_AFTER_BAND,
    )


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
        step = _READ_ROWS if dataset.count == 1 else _CHUNK_ROWS  # bands come piece by piece
        for piece in range(math.ceil(dataset.height / _CHUNK_ROWS)) if pieces is None else pieces:
            value = 0
            stop = min((piece + 1) * _CHUNK_ROWS, dataset.height)
            for row in range(piece * _CHUNK_ROWS, stop, step):
                place = RasterWindow(0, row, dataset.width, min(step, stop - row))
                value = zlib.crc32(np.ascontiguousarray(dataset.read(window=place)).data, value)
            found.append(value)
    return found


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what is raised while ``path`` is written into a StorageError."""
    try:
        yield
    except (RasterioError, CPLE_BaseError, OSError) as error:
        cause = error.__cause__ or error
        raise StorageError(
            expected=f"room and permission to write {path}",
            found=str(cause),
            fix=f"Free space in {path.parent}, or choose another folder",
        ) from error
