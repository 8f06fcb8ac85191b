"""A simulated scene as the supplier would deliver it: tiles, .TIL, .IMD, .XML and README.

The rendered scene is the panchromatic resolution; the multispectral product averages 4 x 4 of its
pixels, as WorldView-3's bands of 1.24 m stand to its 0.31 m. Names, fields and factors are as in
real deliveries, the order number is all zeros, and every image says that it is simulated.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.bands import WORLDVIEW3
from satseg.errors import SceneError, StorageError
from satseg.grids import Grid
from satseg.radiometry import PAN, TABLES, BandFactors, radiance
from satseg.simulate.definition import Definition
from satseg.simulate.imd_text import (
    ProductText,
    imd_text,
    readme_text,
    til_text,
    tile_name,
    xml_text,
)
from satseg.simulate.render import SimulatedScene, render_scene
from satseg.simulate.sensor import ABS_CAL, BANDWIDTH_UM, MAX_DN
from satseg.simulate.sun import OVERPASS

RATIO = 4
"""Panchromatic pixels in a multispectral one, along each axis."""

PAN_FACTORS = BandFactors(PAN, 0.0568, 0.2896)
"""Source: of the usual size in .IMD of WorldView-3; varies with the integration setting."""

FACTORS = tuple(
    BandFactors(name, factor, bandwidth)
    for name, factor, bandwidth in zip(WORLDVIEW3, ABS_CAL, BANDWIDTH_UM, strict=True)
)

_SEEN_BY_PAN = ("blue", "green", "yellow", "red", "red_edge")
_TABLE = TABLES["2016v0.Int"]


@dataclass(frozen=True, slots=True)
class ProductPixels:
    """Pixels of one product.

    Attributes:
        kind: ``M2AS`` or ``P2AS``.
        image: uint16 (bands, h, w), 0 where there is no data.
        factors: of each band.
        grid: where the pixels lie.
    """

    kind: str
    image: NDArray[np.uint16]
    factors: tuple[BandFactors, ...]
    grid: Grid


def write_delivery(
    definition: Definition,
    date: dt.date,
    folder: Path,
    *,
    pan: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render a scene and write it as a delivery into ``folder``; return the folder.

    Args:
        definition: the place; its GSD is the panchromatic product's.
        date: of the image.
        folder: new or empty; it appears complete or not at all.
        pan: whether the panchromatic product is delivered too; without it the multispectral
            product keeps the rendered resolution.
        progress: called with (steps done, steps in all).

    Raises:
        StorageError: the folder has files in it, or the disk is full.
    """
    report = progress or (lambda done, total: None)
    if folder.exists() and any(folder.iterdir()):
        raise StorageError(
            expected=f"a new or empty folder {folder}",
            found="files in it",
            fix="Choose another folder, or remove these files",
        )
    report(0, 2)
    scene = render_scene(definition, date)
    report(1, 2)
    products = products_of(scene, pan=pan)
    text = text_of(definition, scene)
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".satseg-", dir=folder.absolute().parent))
        try:
            part.chmod(0o755)
            for product in products:
                write_product(part / f"{text.part_id}_{_FOLDERS[product.kind]}", product, text)
            (part / f"{text.order}_README.TXT").write_text(readme_text(text), encoding="utf-8")
            os.replace(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            expected=f"room and permission to write the delivery {folder}",
            found=str(error),
            fix="Free some space, or choose another folder",
        ) from error
    report(2, 2)
    return folder


_FOLDERS = {"M2AS": "MUL", "P2AS": "PAN"}


def products_of(scene: SimulatedScene, *, pan: bool = True) -> list[ProductPixels]:
    """Return the products of a rendered scene of all eight bands.

    Raises:
        SceneError: the scene lacks a band, or is smaller than a multispectral pixel.
    """
    if scene.bands != WORLDVIEW3 or min(scene.grid.shape) < 2 * RATIO:
        raise SceneError(
            expected=f"a scene of the bands {', '.join(WORLDVIEW3)}, {2 * RATIO} pixels or more",
            found=f"{', '.join(scene.bands)}, {scene.grid.height} x {scene.grid.width}",
            fix="Render all bands of a larger scene",
        )
    if not pan:
        return [ProductPixels("M2AS", scene.image, FACTORS, scene.grid)]
    height, width = (n // RATIO * RATIO for n in scene.grid.shape)
    fine = replace(scene.grid, height=height, width=width)
    image = scene.image[:, :height, :width]
    coarse = fine.resized(height // RATIO, width // RATIO)
    return [
        ProductPixels("M2AS", _averaged(image), FACTORS, coarse),
        ProductPixels("P2AS", _panchromatic(image)[None], (PAN_FACTORS,), fine),
    ]


def _averaged(image: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return means of 4 x 4 pixels; one of them without data leaves none."""
    bands, height, width = image.shape
    blocks = image.reshape(bands, height // RATIO, RATIO, width // RATIO, RATIO)
    means: NDArray[np.uint16] = np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(
        np.uint16
    )
    empty = (image == 0).all(axis=0).reshape(blocks.shape[1:]).any(axis=(1, 3))
    means[:, empty] = 0
    return means


def _panchromatic(image: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the numbers that the panchromatic band would have.

    Its radiance is the mean of the bands that it covers, weighted by their bandwidth.
    """
    total = np.zeros(image.shape[1:], dtype=np.float64)
    share = sum(each.effective_bandwidth_um for each in FACTORS if each.band in _SEEN_BY_PAN)
    for numbers, each in zip(image, FACTORS, strict=True):
        if each.band in _SEEN_BY_PAN:
            total += radiance(numbers, each, _TABLE) * (each.effective_bandwidth_um / share)
    gain, offset, _ = _TABLE.of(PAN)
    per_number = gain * PAN_FACTORS.abs_cal_factor / PAN_FACTORS.effective_bandwidth_um
    numbers = np.clip(np.rint((total - offset) / per_number), 1, MAX_DN).astype(np.uint16)
    numbers[(image == 0).all(axis=0)] = 0
    return numbers


def write_product(folder: Path, product: ProductPixels, text: ProductText) -> Path:
    """Write a product's two tiles and its sidecars into ``folder``; return its .IMD."""
    folder.mkdir(parents=True, exist_ok=True)
    width = product.grid.width
    columns = (0, width // 2, width)
    for number, (start, stop) in enumerate(pairwise(columns), start=1):
        path = folder / tile_name(text, product.kind, number)
        _write_tile(path, product, start, stop, text.date)
    stem = text.stem(product.kind)
    (folder / f"{stem}.TIL").write_text(
        til_text(text, product.kind, product.grid.height, columns), encoding="utf-8"
    )
    (folder / f"{stem}.XML").write_text(xml_text(text, product.kind), encoding="utf-8")
    imd = folder / f"{stem}.IMD"
    imd.write_text(imd_text(text, product.factors, product.grid), encoding="utf-8")
    return imd


def _write_tile(path: Path, product: ProductPixels, start: int, stop: int, date: dt.date) -> None:
    import rasterio

    profile = {
        "driver": "GTiff",
        "count": len(product.image),
        "dtype": "uint16",
        "crs": product.grid.crs,
        "height": product.grid.height,
        "width": stop - start,
        "transform": product.grid.affine @ product.grid.affine.translation(start, 0),
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "deflate",
        "photometric": "minisblack",
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(product.image[:, :, start:stop])
        stamp = date.strftime("%Y:%m:%d 00:00:00")
        target.update_tags(SATSEG_SIMULATED="YES", TIFFTAG_DATETIME=stamp)


def text_of(definition: Definition, scene: SimulatedScene) -> ProductText:
    """Return what the supplier's texts say about a rendered scene."""
    lon = definition.centre[0]
    moment = dt.datetime.combine(scene.date, OVERPASS, tzinfo=dt.UTC) - dt.timedelta(hours=lon / 15)
    cover = definition.clouds.get(scene.date.isoformat(), 0.0)
    sun = scene.sun
    return ProductText(moment, sun.elevation_deg, sun.azimuth_deg, cover, definition.id, scene.view)


def first_delivery(definitions: Sequence[Definition], region: str | None) -> Definition:
    """Return the first definition, of a region if given.

    Raises:
        SceneError: there is none of that region.
    """
    for definition in definitions:
        if region in (None, definition.region):
            return definition
    raise SceneError(
        expected=f"one of the regions {', '.join(sorted({each.region for each in definitions}))}",
        found=repr(region),
        fix="Correct the id of the region, or leave it out for the first",
    )
