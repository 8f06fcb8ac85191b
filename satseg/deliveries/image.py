"""From pixels of a delivery to one image file: streamed block by block, written whole or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from satseg.cog import RowWriter, cog_rows
from satseg.cog_layer import Layer
from satseg.deliveries.pixels import Pixels
from satseg.errors import SceneError
from satseg.radiometry import Linear
from satseg.windows import Window

Progress = Callable[[int, int], None]
Unit = Literal["reflectance", "digital numbers"]

REFLECTANCE_SCALE = 1e-4
"""Reflectance of one step of a stored number, as Sentinel-2 and Landsat keep it too."""

_TOP = 65535
_BLOCK_COLUMNS = 1024
_ROWS = 256
_ROW_BYTES = 64 * 2**20


class Values(Protocol):
    """What is to be written: reflectance or digital numbers on a grid."""

    @property
    def source(self) -> Pixels:
        """Pixels on the grid of the image."""
        ...

    def read(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return float32 (bands, h, w) in the unit of the image, and validity (h, w)."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """Pixels as they are, or as reflectance where ``linear`` is given."""

    source: Pixels
    linear: Linear | None = None

    def read(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return float32 (bands, h, w), and validity (h, w)."""
        numbers, valid = self.source.read(window)
        return (numbers if self.linear is None else self.linear.apply(numbers)), valid


@dataclass(slots=True)
class Clipped:
    """How many values of valid pixels did not fit into the file.

    Attributes:
        low: at or below 0, stored as 1.
        high: above the largest number, stored as 65535.
        total: values of valid pixels in all.
    """

    low: int = 0
    high: int = 0
    total: int = 0

    def tags(self) -> dict[str, str]:
        """Return what the file says about it."""
        return {
            "SATSEG_VALUES": str(self.total),
            "SATSEG_CLIPPED_LOW": str(self.low),
            "SATSEG_CLIPPED_HIGH": str(self.high),
        }


def write_image(
    path: Path,
    values: Values,
    *,
    bands: Sequence[str],
    unit: Unit,
    tags: Mapping[str, str],
    progress: Progress | None = None,
) -> Clipped:
    """Write a COG of uint16, nodata 0, and return what was clipped.

    Reflectance is stored times 10000. 0 means nodata, so values of valid pixels are 1 to 65535:
    reflectance 0.0001 to 6.5535. Negative reflectance of dark water in haze becomes 0.0001, and
    how often that happened is counted. Memory: 256 rows of the image at most.

    Raises:
        StorageError: the disk is full.
        SceneError: a tile cannot be read, or there is no valid pixel.
    """
    grid = values.source.grid
    scale = REFLECTANCE_SCALE if unit == "reflectance" else 1.0
    layer = Layer(bands[0], "uint16", len(bands), 0, scale, "average", tuple(bands))
    clipped = Clipped()
    with cog_rows(path, grid, layer, tags=tags) as rows:
        step = max(16, min(_ROWS, _ROW_BYTES // (2 * len(bands) * grid.width)))
        for start in range(0, grid.height, step):
            height = min(step, grid.height - start)
            strip = np.zeros((len(bands), height, grid.width), dtype=np.uint16)
            for column in range(0, grid.width, _BLOCK_COLUMNS):
                width = min(_BLOCK_COLUMNS, grid.width - column)
                found = values.read(Window(start, column, height, width))
                strip[:, :, column : column + width] = _stored(*found, scale, clipped)
            rows.write(strip)
            if progress is not None:
                progress(start + height, grid.height)
        _describe(rows, clipped, path)
    return clipped


def _describe(rows: RowWriter, clipped: Clipped, path: Path) -> None:
    if not clipped.total:
        raise SceneError(
            expected="pixels with data",
            found=f"nothing but fill in the delivery of {path.name}",
            fix="Check that the tiles hold an image",
        )
    rows.tag(clipped.tags())


def _stored(
    values: NDArray[np.float32], valid: NDArray[np.bool_], scale: float, clipped: Clipped
) -> NDArray[np.uint16]:
    numbers = np.rint(values / np.float32(scale))
    inside = valid[None]
    clipped.low += int(((numbers < 1) & inside).sum())
    clipped.high += int(((numbers > _TOP) & inside).sum())
    clipped.total += int(valid.sum()) * len(values)
    stored: NDArray[np.uint16] = np.clip(numbers, 1, _TOP).astype(np.uint16)
    stored[:, ~valid] = 0
    return stored
