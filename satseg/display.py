"""Display copies: rasters that a map shows without reprojecting them.

They are Cloud Optimised GeoTIFFs on the grid of web map tiles (GoogleMapsCompatible), so that one
tile is one read of one block. Numbers are never taken from them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform
from rasterio.windows import Window as RasterWindow

from satseg.bands import RGB
from satseg.reading import raster_environment
from satseg.scene import Scene
from satseg.storage import storing
from satseg.windows import blocks

Progress = Callable[[int, int], None]

FALSE_COLOUR = ("nir1", "red", "green")
"""Colour infrared: growing plants are red."""

GAMMA = 0.85
"""Exponent on the stretched value; below 1 it lifts the shadows a little."""

THUMBNAIL_PX = 256

_BLOCK = 1024
_TILE = 256
_HALF_WORLD_M = math.pi * 6378137.0
"""Half the side of the Web Mercator square. Source: EPSG:3857, WGS 84's semi-major axis."""

_TILED = {"driver": "GTiff", "tiled": True, "blockxsize": _TILE, "blockysize": _TILE}
_JPEG = {"COMPRESS": "JPEG", "QUALITY": "85"}
_LOSSLESS = {"COMPRESS": "DEFLATE", "PREDICTOR": "YES"}


def true_colour_bands(bands: Sequence[str]) -> tuple[str, str, str]:
    """Return the bands to show as red, green and blue; the first band as grey without them."""
    if set(RGB) <= set(bands):
        return "red", "green", "blue"
    return bands[0], bands[0], bands[0]


def false_colour_bands(bands: Sequence[str]) -> tuple[str, str, str] | None:
    """Return the bands of the colour infrared picture, or None without near infrared."""
    return ("nir1", "red", "green") if set(FALSE_COLOUR) <= set(bands) else None


def write_pictures(
    scene: Scene,
    pictures: Mapping[Path, Sequence[str]],
    *,
    thumbnail: Path | None = None,
    progress: Progress | None = None,
) -> float:
    """Write 8-bit Web Mercator COGs (JPEG with a mask) and return the share of valid pixels.

    The scene is read once, block by block; memory does not depend on its size.

    Args:
        scene: the scene; its own stretch (percentiles 1 and 99) scales the values.
        pictures: for each file to write, the bands shown as red, green and blue. A file appears
            whole or not at all.
        thumbnail: where a PNG of the first picture goes, at most 256 pixels wide and high, in the
            scene's own orientation; nodata is transparent.
        progress: called with (steps done, steps in all).

    Raises:
        BandError: the scene lacks a band.
        SceneError: the scene cannot be read to the end.
        StorageError: a file cannot be written completely.
    """
    with ExitStack() as stack, raster_environment():
        wholes = [stack.enter_context(storing(path)) for path in pictures]
        flats = [whole.with_name("flat.tif") for whole in wholes]
        count = len(list(blocks(scene.grid.shape, _BLOCK)))
        steps = _Steps(progress, count + count * len(flats))
        valid = _write_flat(scene, flats, list(pictures.values()), steps)
        if thumbnail is not None:
            _write_thumbnail(flats[0], thumbnail)
        for flat, whole in zip(flats, wholes, strict=True):
            _write_web_mercator(flat, whole, _JPEG)
            steps.advance(count)
    return valid / (scene.grid.height * scene.grid.width)


def write_probability_display(probability: Path, output: Path) -> None:
    """Write a probability raster (uint8, nodata 255) as a lossless Web Mercator COG.

    Raises:
        StorageError: the file cannot be written completely.
    """
    with storing(output) as whole, raster_environment():
        _write_web_mercator(probability, whole, _LOSSLESS)


def write_class_display(classes: Path, output: Path) -> None:
    """Write a class raster as a lossless Web Mercator COG; a coarser pixel is the usual class.

    Raises:
        StorageError: the file cannot be written completely.
    """
    with storing(output) as whole, raster_environment():
        _write_web_mercator(classes, whole, _LOSSLESS, Resampling.nearest, "MODE")


class _Steps:
    """Counts steps and reports them."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def advance(self, count: int = 1) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)


def _write_flat(
    scene: Scene, flats: Sequence[Path], pictures: Sequence[Sequence[str]], steps: _Steps
) -> int:
    """Write each picture as RGBA on the scene's own grid; return the number of valid pixels."""
    needed = tuple(dict.fromkeys(band for bands in pictures for band in bands))
    height, width = scene.grid.shape
    profile = {
        **_TILED,
        "height": height,
        "width": width,
        "count": 4,
        "dtype": "uint8",
        "crs": scene.grid.crs,
        "transform": scene.grid.affine,
        "photometric": "RGB",
        "alpha": "YES",
        "bigtiff": "if_safer",
    }
    valid = 0
    with scene.reader() as reader, ExitStack() as stack:
        targets = [stack.enter_context(rasterio.open(flat, "w", **profile)) for flat in flats]
        for window in blocks((height, width), _BLOCK):
            place = RasterWindow(window.col, window.row, window.width, window.height)
            pixels = reader.read(window, bands=needed)
            colours, alpha = _eight_bit(pixels)
            for target, bands in zip(targets, pictures, strict=True):
                target.write(colours[[needed.index(band) for band in bands]], (1, 2, 3), place)
                target.write(alpha, 4, place)
            valid += int(np.count_nonzero(alpha))
            steps.advance()
    return valid


def _eight_bit(pixels: np.ma.MaskedArray) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return bands (n, h, w) and alpha (h, w), uint8, of masked float32 (n, h, w) in 0..1."""
    visible = ~np.ma.getmaskarray(pixels).any(axis=0)
    lifted = np.clip(pixels.filled(0), 0, 1) ** np.float32(GAMMA)
    colours = np.rint(lifted * 255) * visible
    return colours.astype(np.uint8), np.where(visible, 255, 0).astype(np.uint8)


def _write_thumbnail(flat: Path, output: Path) -> None:
    with rasterio.open(flat) as source:
        scale = min(1.0, THUMBNAIL_PX / max(source.height, source.width))
        shape = (4, max(1, round(source.height * scale)), max(1, round(source.width * scale)))
        rgba = source.read(out_shape=shape, resampling=Resampling.average)
    rgba[3] = np.where(rgba[3] >= 128, 255, 0)
    with storing(output) as whole:
        Image.fromarray(np.moveaxis(rgba, 0, -1)).save(whole)


def _write_web_mercator(
    source: Path,
    target: Path,
    options: Mapping[str, str],
    resampling: Resampling = Resampling.bilinear,
    overviews: str = "AVERAGE",
) -> None:
    """Write ``source`` as a COG whose blocks are web map tiles, at the nearest zoom.

    Warping first and copying then takes about half the time of the COG driver's own way.
    """
    warped = target.with_name("warped.tif")
    with (
        rasterio.open(source) as flat,
        WarpedVRT(flat, **_tile_grid(flat), resampling=resampling) as shown,
    ):
        profile = {**shown.profile, **_TILED, "bigtiff": "if_safer"}
        if flat.count == 4:
            profile |= {"photometric": "RGB", "alpha": "YES"}
        with rasterio.open(warped, "w", **profile) as copy:
            for window in blocks(shown.shape, _BLOCK):
                place = RasterWindow(window.col, window.row, window.width, window.height)
                copy.write(shown.read(window=place), window=place)
    rasterio.shutil.copy(
        warped,
        target,
        driver="COG",
        BLOCKSIZE=str(_TILE),
        OVERVIEW_RESAMPLING=overviews,
        BIGTIFF="IF_SAFER",
        **options,
    )


def _tile_grid(source: Any) -> dict[str, Any]:
    """Return CRS, transform and size of the whole tiles around a raster at the nearest zoom."""
    placed, width, height = calculate_default_transform(
        source.crs, "EPSG:3857", source.width, source.height, *source.bounds
    )
    zoom = round(math.log2(2 * _HALF_WORLD_M / _TILE / placed.a))
    pixel_m = 2 * _HALF_WORLD_M / (_TILE * 2**zoom)
    tile_m = pixel_m * _TILE
    slack = 1e-6  # of a tile: an edge that lies on a tile's edge opens no further tile
    west = math.floor((placed.c + _HALF_WORLD_M) / tile_m + slack)
    east = math.ceil((placed.c + width * placed.a + _HALF_WORLD_M) / tile_m - slack)
    north = math.floor((_HALF_WORLD_M - placed.f) / tile_m + slack)
    south = math.ceil((_HALF_WORLD_M - placed.f - height * placed.e) / tile_m - slack)
    return {
        "crs": "EPSG:3857",
        "transform": Affine(
            pixel_m, 0, west * tile_m - _HALF_WORLD_M, 0, -pixel_m, _HALF_WORLD_M - north * tile_m
        ),
        "width": (east - west) * _TILE,
        "height": (south - north) * _TILE,
    }
