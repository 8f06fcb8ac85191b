"""Chips that are what they should be, and those that are not, each with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.windows import Window

from satseg.errors import Cancelled
from satseg.fetch.places import Box, georeferenced_or_not
from satseg.fetch.spacenet import AROUND, CRS, PIXEL_DEG, ChipFile, Product

Progress = Callable[[int, int], None]
_DTYPE = "uint16"
_STRIP_ROWS = 64
_DRIFT_PX = 0.1
"""How far a chip's last pixel may lie from where the common pixel size puts it."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip whose pixels were all read.

    Attributes:
        number: image number.
        path: the file.
        west: longitude of its left edge, degrees.
        north: latitude of its upper edge, degrees.
    """

    number: int
    path: Path
    west: float
    north: float


@dataclass(frozen=True, slots=True)
class Fault:
    """A chip that is left out.

    Attributes:
        name: file name.
        reason: what is wrong with it, as a clause.
    """

    name: str
    reason: str


def check_chips(
    files: Sequence[ChipFile],
    product: Product,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[list[Chip], list[Fault]]:
    """Return the good chips and the faulty ones, in the order of ``files``.

    Faulty are chips that cannot be read to the last pixel, have another size, CRS, pixel size,
    number of bands or data type than the product, or hold nothing but 0.

    Args:
        files: chips on disk.
        product: what they should be.
        progress: called with (chips done, chips in all).
        cancelled: asked before each chip.

    Raises:
        Cancelled: ``cancelled`` returned true.
    """
    good: list[Chip] = []
    faulty: list[Fault] = []
    for index, file in enumerate(files, start=1):
        if cancelled():
            raise Cancelled
        found = check_chip(file, product)
        if isinstance(found, Chip):
            good.append(found)
        else:
            faulty.append(found)
        if progress is not None:
            progress(index, len(files))
    return good, faulty


def check_chip(file: ChipFile, product: Product) -> Chip | Fault:
    """Return the chip in a file, or what is wrong with it."""
    try:
        with georeferenced_or_not(), rasterio.open(file.path, driver="GTiff") as dataset:
            reason = _unlike(dataset, product) or _without_data(dataset)
            west, north = dataset.transform.c, dataset.transform.f
    except (RasterioError, CPLE_BaseError, OSError) as error:
        cause = str(error.__cause__ or error).replace(str(file.path), file.path.name)
        reason = f"cannot be read ({cause})"
    return Fault(file.path.name, reason) if reason else Chip(file.number, file.path, west, north)


def _unlike(dataset: rasterio.DatasetReader, product: Product) -> str:
    """Return the first thing in which a file differs from the product's chips, or nothing."""
    side, place = product.chip_px, dataset.transform
    crs = "none" if dataset.crs is None else dataset.crs.to_string()
    dtypes = "/".join(sorted(set(dataset.dtypes)))
    drift = max(abs(place.a / PIXEL_DEG - 1), abs(place.e / PIXEL_DEG + 1)) * side
    turned = max(abs(place.b), abs(place.d)) / PIXEL_DEG * side
    around = Box(*AROUND)
    is_there = around.west < place.c < around.east and around.south < place.f < around.north
    checks = {
        f"{dataset.height} x {dataset.width} pixels, not {side} x {side}": dataset.shape
        == (side, side),
        f"{dataset.count} bands, not {len(product.bands)}": dataset.count == len(product.bands),
        f"{dtypes} pixels, not {_DTYPE}": dtypes == _DTYPE,
        f"the CRS {crs[:40]}, not {CRS}": crs == CRS,
        f"pixels of {place.a:g} x {-place.e:g} degrees, not {PIXEL_DEG:g}": drift <= _DRIFT_PX
        and turned <= _DRIFT_PX,
        f"a place at ({place.c:g}, {place.f:g}), not in Shanghai": is_there,
    }
    return next((reason for reason, holds in checks.items() if not holds), "")


def _without_data(dataset: rasterio.DatasetReader) -> str:
    """Read every pixel; return what to say where all are 0."""
    found = False
    for row in range(0, dataset.height, _STRIP_ROWS):
        count = min(_STRIP_ROWS, dataset.height - row)
        found |= bool(dataset.read(window=Window(0, row, dataset.width, count)).any())
    return "" if found else "all pixels black"
