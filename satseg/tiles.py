"""Map tiles of what the catalog holds, addressed by catalog id and never by path.

Tiles follow the usual Web Mercator pyramid: ``z`` from 0, ``x`` eastward, ``y`` southward, 256
pixels a side.
"""

from __future__ import annotations

import io
import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import morecantile
import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds
from rasterio.windows import Window as RasterWindow

from satseg.errors import CatalogError
from satseg.identifiers import check_identifier

TileKind = Literal[
    "true_colour",
    "false_colour",
    "probability",
    "disagreement",
    "entropy",
    "information",
    "truth",
    "classes",
]

GRID: Final = morecantile.tms.get("WebMercatorQuad")
TILE_PX: Final = 256
MAX_ZOOM: Final = 24
NODATA: Final = 255
ASSET_KEYS: Final[dict[TileKind, str]] = {
    "true_colour": "display",
    "false_colour": "false_colour",
    "probability": "display",
    "disagreement": "disagreement_display",
    "entropy": "entropy_display",
    "information": "information_display",
    "truth": "truth",
    "classes": "classes_display",
}
PICTURES: Final = frozenset({"true_colour", "false_colour"})
"""Kinds that are shown as they are; all others are codes that the browser paints."""


class AssetSource(Protocol):
    """What tiles need of a catalog."""

    def asset(self, item_id: str, key: str) -> Path:
        """Return the file registered under ``key``; raise CatalogError for anything else."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One encoded tile: its bytes and their media type."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where a raster has tiles.

    Attributes:
        bounds: (west, south, east, north) in degrees, WGS 84.
        min_zoom: zoom at which the raster's coarsest overview is shown at its own resolution.
        max_zoom: zoom at which a tile's pixels are the raster's own; beyond it, magnify.
        version: changes whenever the file does, for addresses that may be cached forever.
    """

    bounds: tuple[float, float, float, float]
    min_zoom: int
    max_zoom: int
    version: str


@dataclass(frozen=True, slots=True)
class _Open:
    dataset: Any  # rasterio's DatasetReader, which has no types
    lock: threading.Lock


@dataclass(frozen=True, slots=True)
class _Span:
    """What a tile shows of a raster along one axis.

    Attributes:
        first: first pixel of the tile that shows the raster.
        last: pixel behind the last one.
        start: where those begin on the raster, in its pixels.
        stop: where they end.
    """

    first: int
    last: int
    start: float
    stop: float

    @classmethod
    def of(cls, start: float, stop: float, size: int) -> _Span:
        """Return the part of a tile from ``start`` to ``stop`` on a raster of ``size`` pixels.

        A pixel of the tile shows the raster where its centre lies on it.
        """
        step = (stop - start) / TILE_PX
        first = max(0, math.floor(0.5 - start / step))
        last = min(TILE_PX, math.floor(0.5 + (size - start) / step))
        return cls(first, last, max(0.0, start + first * step), min(size, start + last * step))

    def __len__(self) -> int:
        return max(0, self.last - self.first)


@dataclass(frozen=True, slots=True)
class _Pixels:
    """A tile's values (bands, 256, 256) and where they are any (256, 256), both uint8."""

    values: NDArray[np.uint8]
    valid: NDArray[np.bool_]


class TileSource:
    """Cuts tiles from the catalog's display copies; safe to call from many threads.

    Args:
        assets: the catalog.
        max_open: rasters kept open; the one unused for longest is closed first.
    """

    def __init__(self, assets: AssetSource, *, max_open: int = 32) -> None:
        self._assets = assets
        self._max_open = max_open
        self._open: OrderedDict[tuple[Path, int], _Open] = OrderedDict()
        self._guard = threading.Lock()
        self._measured = lru_cache(maxsize=1024)(self._measure)

    def tile(self, item_id: str, kind: str, z: int, x: int, y: int) -> Tile:
        """Return one tile of an item.

        Imagery comes as JPEG, or as WebP with an alpha channel where part of the tile has no data.
        Probability comes as lossless 8-bit grey PNG: 0..254 is p = v/254, 255 is nodata; so do
        the kinds of uncertainty (satseg.uncertainty) and the codes of classes,
        exact or predicted.
        A tile that the raster does not touch is empty, which is no error.

        Raises:
            CatalogError: the id, the kind or the tile's address is none that exists.
        """
        kind = _checked_kind(kind)
        _check_address(z, x, y)
        with self._dataset(self._path(item_id, kind)) as dataset:
            pixels = _read(dataset, z, x, y, smooth=kind in PICTURES)
        if pixels is None:
            return empty_tile(kind)
        return _picture(pixels) if kind in PICTURES else _grey_png(pixels)

    def coverage(self, item_id: str, kind: str) -> Coverage:
        """Return where an item has tiles of a kind.

        Raises:
            CatalogError: the id or the kind does not exist.
        """
        path = self._path(item_id, _checked_kind(kind))
        return self._measured(path, path.stat().st_mtime_ns)

    def _measure(self, path: Path, changed_ns: int) -> Coverage:
        with self._dataset(path) as dataset:
            finest = GRID.zoom_for_res(dataset.res[0])
            shortest = min(dataset.width, dataset.height)
            levels = max(0, math.ceil(math.log2(shortest / TILE_PX)))
            west, south, east, north = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
            return Coverage(
                bounds=(west, south, east, north),
                min_zoom=max(0, finest - levels),
                max_zoom=finest,
                version=f"{changed_ns:x}",
            )

    def close(self) -> None:
        """Close every raster."""
        with self._guard:
            while self._open:
                _close(self._open.popitem()[1])

    def _path(self, item_id: str, kind: TileKind) -> Path:
        check_identifier(item_id, what="the id of a catalog entry")
        path = self._assets.asset(item_id, ASSET_KEYS[kind])
        if not path.is_file():
            raise CatalogError(
                expected=f"the {kind} display copy of {item_id}",
                found="no such file",
                fix="Add the scene or run the prediction again",
            )
        return path

    @contextmanager
    def _dataset(self, path: Path) -> Iterator[Any]:
        try:
            entry = self._entry(path)
            with entry.lock:
                if entry.dataset.closed:  # closed between our look-up and our lock
                    with rasterio.open(path) as dataset:
                        yield dataset
                else:
                    yield entry.dataset
        except (RasterioError, CPLE_BaseError) as error:
            raise CatalogError(
                expected=f"a readable display copy {path.name} in {path.parent.name}",
                found=f"{type(error).__name__}: {error}",
                fix="Remove the entry from the catalog and add it again",
            ) from error

    def _entry(self, path: Path) -> _Open:
        key = (path, path.stat().st_mtime_ns)
        with self._guard:
            entry = self._open.get(key)
            if entry is None:
                entry = self._open[key] = _Open(rasterio.open(path), threading.Lock())
            self._open.move_to_end(key)
            surplus = [
                self._open.popitem(last=False)[1] for _ in range(len(self._open) - self._max_open)
            ]
        for old in surplus:
            _close(old)
        return entry


@lru_cache(maxsize=8)
def empty_tile(kind: TileKind) -> Tile:
    """Return the tile shown where a raster has nothing: transparent, or nodata for probability."""
    grey = kind not in PICTURES
    picture = Image.new("L" if grey else "LA", (TILE_PX, TILE_PX), NODATA if grey else (0, 0))
    return Tile(_encoded(picture, "PNG"), "image/png")


def _close(entry: _Open) -> None:
    with entry.lock:
        entry.dataset.close()


def _checked_kind(kind: str) -> TileKind:
    if kind not in ASSET_KEYS:
        raise CatalogError(
            expected="one of " + ", ".join(ASSET_KEYS), found=repr(kind[:80]), fix="Use one of them"
        )
    return kind


def _check_address(z: int, x: int, y: int) -> None:
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise CatalogError(
            expected=f"a tile with 0 <= z <= {MAX_ZOOM} and 0 <= x, y < 2**z",
            found=f"z={z!s:.20} x={x!s:.20} y={y!s:.20}",
            fix="Ask for tiles of the Web Mercator pyramid",
        )


def _read(dataset: Any, z: int, x: int, y: int, *, smooth: bool) -> _Pixels | None:
    """Return what a tile shows of a raster on the grid of web maps; None where it shows nothing."""
    box = GRID.xy_bounds(morecantile.Tile(x, y, z))
    (left, top), (right, bottom) = (
        ~dataset.transform * corner for corner in ((box.left, box.top), (box.right, box.bottom))
    )
    cols, rows = _Span.of(left, right, dataset.width), _Span.of(top, bottom, dataset.height)
    if not (len(cols) and len(rows)):
        return None
    window = RasterWindow(cols.start, rows.start, cols.stop - cols.start, rows.stop - rows.start)
    shape = (len(rows), len(cols))
    place = (slice(rows.first, rows.last), slice(cols.first, cols.last))
    pixels = _Pixels(
        np.full((dataset.count, TILE_PX, TILE_PX), NODATA, np.uint8),
        np.zeros((TILE_PX, TILE_PX), np.bool_),
    )
    pixels.values[:, *place] = dataset.read(
        window=window,
        out_shape=(dataset.count, *shape),
        resampling=Resampling.bilinear if smooth else Resampling.nearest,
    )
    pixels.valid[place] = dataset.read_masks(1, window=window, out_shape=shape) > 0
    return pixels


def _grey_png(pixels: _Pixels) -> Tile:
    values: NDArray[np.uint8] = np.where(pixels.valid, pixels.values[0], NODATA).astype(np.uint8)
    return Tile(_encoded(Image.fromarray(values), "PNG", compress_level=3), "image/png")


def _picture(pixels: _Pixels) -> Tile:
    bands = [0, 1, 2] if len(pixels.values) >= 3 else [0, 0, 0]
    rgb = np.moveaxis(pixels.values[bands], 0, -1)
    if bool(pixels.valid.all()):
        return Tile(
            _encoded(Image.fromarray(np.ascontiguousarray(rgb)), "JPEG", quality=85), "image/jpeg"
        )
    if not bool(pixels.valid.any()):
        return empty_tile("true_colour")
    picture = Image.fromarray(np.dstack([rgb, 255 * pixels.valid.astype(np.uint8)]))
    return Tile(_encoded(picture, "WEBP", quality=85, method=0), "image/webp")


def _encoded(picture: Image.Image, encoding: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, encoding, **options)
    return buffer.getvalue()
