"""Pixels of a delivery: tiles checked against the .IMD, read on their own grid or on another."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.warp import reproject

from satseg.deliveries.folder import Part, TilePlace
from satseg.errors import SceneError
from satseg.grids import Grid
from satseg.mosaics import Mosaic, Tile, driver_of, write_mosaic
from satseg.reading import Layout, PixelReader, raster_environment, reading
from satseg.scene import SIMULATED_TAG
from satseg.windows import Window

_DTYPES = ("uint8", "uint16")
_MISPLACED_PX = 0.01
_COARSER = 1.2
"""From this factor on, pixels of another grid are averages over what they cover."""


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part whose tiles are complete and agree with its .IMD.

    Attributes:
        part: the product.
        mosaic: its tiles in one image; without a grid for raw geometry.
        simulated: whether a tile calls itself simulated.
    """

    part: Part
    mosaic: Mosaic
    simulated: bool


class Pixels(Protocol):
    """Digital numbers on a grid."""

    @property
    def grid(self) -> Grid:
        """The grid."""
        ...

    def read(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return float32 (bands, h, w), 0 where not valid, and validity (h, w)."""
        ...


def check_part(part: Part) -> CheckedPart:
    """Return the part with its tiles placed.

    Raises:
        SceneError: a tile cannot be opened, disagrees with the .IMD (bands, size) or with another
            tile (data type, CRS, place), or has no georeference where the level promises one.
    """
    seen = [_header(tile, part) for tile in part.tiles]
    first = seen[0]
    for each in seen[1:]:
        if (each.dtype, each.crs) != (first.dtype, first.crs):
            raise _disagrees(
                f"tiles of one data type and CRS, {first.dtype} in {first.crs}",
                f"{each.tile.path.name}: {each.dtype} in {each.crs}",
            )
    height, width = part.metadata.rows, part.metadata.columns
    reach = max(each.tile.row + each.height for each in seen)
    across = max(each.tile.column + each.width for each in seen)
    if (reach, across) != (height, width):
        raise _disagrees(
            f"{height} x {width} pixels, as {part.metadata.path.name} says (numRows, numColumns)",
            f"{reach} x {across} in {_names(part)}",
        )
    tiles = tuple(
        Tile(each.tile.path, each.tile.row, each.tile.column, each.height, each.width)
        for each in seen
    )
    grid = None if part.is_raw else _common_grid(part, seen)
    mosaic = Mosaic(tiles, height, width, part.metadata.names, first.dtype, grid)
    return CheckedPart(part, mosaic, any(each.simulated for each in seen))


@dataclass(frozen=True, slots=True)
class _Header:
    tile: TilePlace
    height: int
    width: int
    dtype: str
    crs: str
    transform: tuple[float, ...]
    simulated: bool


def _header(tile: TilePlace, part: Part) -> _Header:
    with _opened(tile.path) as dataset:
        if dataset.count != len(part.metadata.bands):
            raise _disagrees(
                f"{len(part.metadata.bands)} bands ({', '.join(part.metadata.names)}), as"
                f" {part.metadata.path.name} says",
                f"{dataset.count} in {tile.path.name}",
            )
        if set(dataset.dtypes) - set(_DTYPES) or len(set(dataset.dtypes)) > 1:
            raise _disagrees(
                f"bands of one type out of {', '.join(_DTYPES)}",
                f"{', '.join(sorted(set(dataset.dtypes)))} in {tile.path.name}",
            )
        crs, number = "", None
        if dataset.crs is not None:
            number = dataset.crs.to_epsg(confidence_threshold=100)
            crs = dataset.crs.to_wkt() if number is None else f"EPSG:{number}"
        return _Header(
            tile,
            dataset.height,
            dataset.width,
            dataset.dtypes[0],
            crs,
            tuple(dataset.transform)[:6],
            dataset.tags().get(SIMULATED_TAG, "").upper() == "YES",
        )


def _common_grid(part: Part, seen: list[_Header]) -> Grid:
    """Return the grid of the whole product, on which each tile lies where the .TIL says."""
    first = seen[0]
    if not first.crs or first.transform == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0):
        raise SceneError(
            expected=f"georeferenced tiles, as the level {part.metadata.level} has them",
            found=f"no {'geotransform' if first.crs else 'CRS'} in {first.tile.path.name}",
            fix="Copy the delivery again; add a 1B product with --dem or --height",
        )
    a, b, c, d, e, f = first.transform
    row, column = first.tile.row, first.tile.column
    corner = (c - a * column - b * row, f - d * column - e * row)
    grid = Grid(
        first.crs,
        (a, b, corner[0], d, e, corner[1]),
        part.metadata.rows,
        part.metadata.columns,
    )
    for each in seen:
        x, y = each.transform[2], each.transform[5]
        found_column, found_row = ~grid.affine @ (x, y)
        apart = max(abs(found_column - each.tile.column), abs(found_row - each.tile.row))
        if apart > _MISPLACED_PX or max(abs(each.transform[0] - a), abs(each.transform[4] - e)) > (
            abs(a) * 1e-6
        ):
            raise _disagrees(
                f"{each.tile.path.name} at row {each.tile.row}, column {each.tile.column}, as the"
                " .TIL says",
                f"row {found_row:.1f}, column {found_column:.1f} by its georeference",
            )
    return grid


@contextmanager
def _opened(path: Path, **options: Any) -> Iterator[rasterio.DatasetReader]:
    try:
        with raster_environment(), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path, driver=driver_of(path), **options)
    except (RasterioError, OSError) as error:
        raise SceneError(
            expected="a complete GeoTIFF",
            found=f"{path.name}: {error}",
            fix="Copy the delivery again; the tile is cut off or damaged",
        ) from error
    with dataset:
        yield dataset


def _disagrees(expected: str, found: str) -> SceneError:
    return SceneError(
        expected=expected,
        found=found,
        fix="Copy the delivery again; its files do not belong together",
    )


def _names(part: Part) -> str:
    first = part.tiles[0].path.name
    return first if len(part.tiles) == 1 else f"{first} and {len(part.tiles) - 1} more"


def mosaic_of(checked: CheckedPart, folder: Path, *, rpc: Mapping[str, str] | None = None) -> Path:
    """Return the one file of a part: its only tile, or a VRT written into ``folder``.

    Args:
        checked: the part.
        folder: of a catalog's entry or of its staging area, for the VRT.
        rpc: polynomials to write into the VRT; the georeference is left out then.
    """
    mosaic = checked.mosaic
    if rpc is None and len(mosaic.tiles) == 1:
        return checked.part.tiles[0].path
    if rpc is not None:
        mosaic = Mosaic(
            mosaic.tiles, mosaic.height, mosaic.width, mosaic.bands, mosaic.dtype, None, rpc
        )
    path = folder / f"{checked.part.kind}.vrt"
    write_mosaic(path, mosaic, tags={SIMULATED_TAG: "YES"} if checked.simulated else None)
    return path


@dataclass(frozen=True, slots=True)
class NativePixels:
    """A part on its own grid."""

    grid: Grid
    reader: PixelReader
    count: int

    def read(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return float32 (bands, h, w), 0 where not valid, and validity (h, w)."""
        numbers, valid = self.reader.native(window, range(self.count))
        return numbers.astype(np.float32), valid


@contextmanager
def native_pixels(path: Path, mosaic: Mosaic) -> Iterator[NativePixels]:
    """Open a part's file for reading on its own grid. Pixels that are 0 in all bands are fill."""
    if mosaic.grid is None:
        raise ValueError("an image in raw geometry has no grid")
    count = len(mosaic.bands)
    layout = Layout(path, mosaic.grid, tuple(range(1, count + 1)), "nodata", (0.0,) * count)
    with PixelReader(layout) as reader:
        yield NativePixels(mosaic.grid, reader, count)


@dataclass(frozen=True, slots=True)
class WarpedPixels:
    """A part on another grid: cubic convolution, averages where the grid is coarser.

    A pixel depends on the window that it is read in by no more than rounding.
    """

    grid: Grid
    dataset: rasterio.DatasetReader
    coarser: bool
    options: Mapping[str, Any]

    def read(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return float32 (bands, h, w), 0 where not valid, and validity (h, w)."""
        count = self.dataset.count
        values = np.full((count, *window.shape), np.nan, dtype=np.float32)
        place = self.grid.affine @ self.grid.affine.translation(window.col, window.row)
        with raster_environment(), reading(Path(self.dataset.name)):
            reproject(
                rasterio.band(self.dataset, list(self.dataset.indexes)),
                values,
                dst_crs=self.grid.crs,
                dst_transform=place,
                src_nodata=0,
                dst_nodata=np.nan,
                resampling=Resampling.average if self.coarser else Resampling.cubic,
                tolerance=0,
                UNIFIED_SRC_NODATA="YES",
                **self.options,
            )
        valid = np.asarray(np.isfinite(values).all(axis=0), dtype=np.bool_)
        values[:, ~valid] = 0
        return values, valid


@contextmanager
def warped_pixels(
    path: Path, grid: Grid, *, gsd_m: float, options: Mapping[str, Any] | None = None
) -> Iterator[WarpedPixels]:
    """Open a part's file for reading on ``grid``.

    Args:
        path: the file; georeferenced, or with polynomials.
        grid: the grid to read on.
        gsd_m: ground sample distance of the file in metres.
        options: of GDAL's transformer, for example ``RPC_HEIGHT``.
    """
    coarser = sum(grid.gsd_m()) / 2 > gsd_m * _COARSER
    with _opened(path) as dataset:
        # A projected product may have polynomials beside it; its georeference counts then.
        yield WarpedPixels(grid, dataset, coarser, options or {"SRC_METHOD": "GEOTRANSFORM"})
