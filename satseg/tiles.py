"""Map tiles of what the catalog holds, addressed by catalog id and never by path.

Tiles follow the usual Web Mercator pyramid: ``z`` from 0, ``x`` eastward, ``y`` southward, 256
pixels a side.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader
from rio_tiler.models import ImageData

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
    reader: Reader
    lock: threading.Lock


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
        with self._reader(self._path(item_id, kind)) as reader:
            try:
                image = reader.tile(
                    x,
                    y,
                    z,
                    tilesize=TILE_PX,
                    resampling_method="bilinear" if kind in PICTURES else "nearest",
                )
            except TileOutsideBounds:
                return empty_tile(kind)
        return _picture(image) if kind in PICTURES else _grey_png(image)

    def coverage(self, item_id: str, kind: str) -> Coverage:
        """Return where an item has tiles of a kind.

        Raises:
            CatalogError: the id or the kind does not exist.
        """
        path = self._path(item_id, _checked_kind(kind))
        return self._measured(path, path.stat().st_mtime_ns)

    def _measure(self, path: Path, changed_ns: int) -> Coverage:
        with self._reader(path) as reader:
            west, south, east, north = reader.get_geographic_bounds("epsg:4326")
            return Coverage(
                bounds=(west, south, east, north),
                min_zoom=reader.minzoom,
                max_zoom=reader.maxzoom,
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
    def _reader(self, path: Path) -> Iterator[Reader]:
        try:
            entry = self._entry(path)
            with entry.lock:
                if entry.dataset.closed:  # closed between our look-up and our lock
                    with Reader(str(path)) as reader:
                        yield reader
                else:
                    yield entry.reader
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
                dataset = rasterio.open(path)
                reader = Reader(str(path), dataset=dataset)
                entry = self._open[key] = _Open(dataset, reader, threading.Lock())
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


def _grey_png(image: ImageData) -> Tile:
    values: NDArray[np.uint8] = np.where(image.mask > 0, image.data[0], NODATA).astype(np.uint8)
    return Tile(_encoded(Image.fromarray(values), "PNG", compress_level=3), "image/png")


def _picture(image: ImageData) -> Tile:
    bands = [0, 1, 2] if image.count >= 3 else [0, 0, 0]
    rgb = np.moveaxis(image.data[bands], 0, -1).astype(np.uint8)
    if bool((image.mask > 0).all()):
        return Tile(_encoded(Image.fromarray(rgb), "JPEG", quality=85), "image/jpeg")
    if not bool((image.mask > 0).any()):
        return empty_tile("true_colour")
    picture = Image.fromarray(np.dstack([rgb, image.mask.astype(np.uint8)]))
    return Tile(_encoded(picture, "WEBP", quality=85, method=0), "image/webp")


def _encoded(picture: Image.Image, encoding: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, encoding, **options)
    return buffer.getvalue()
