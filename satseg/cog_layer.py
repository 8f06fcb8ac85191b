"""What the pixels of a written raster are, and how GDAL is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray

from satseg.grids import Grid
from satseg.reading import AVERAGES, AVERAGES_TAG

BLOCK = 256
"""Side of the tiles of a file in pixels."""

_LOOKED_AT = 16


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

    def profile(self, grid: Grid) -> dict[str, Any]:
        """Return how rasterio creates a tiled GeoTIFF of it on ``grid``, not compressed."""
        return {
            "driver": "GTiff",
            "height": grid.height,
            "width": grid.width,
            "count": self.bands,
            "dtype": self.dtype,
            "crs": grid.crs,
            "transform": grid.affine,
            "nodata": self.nodata,
            "tiled": True,
            "blockxsize": BLOCK,
            "blockysize": BLOCK,
            "bigtiff": "if_safer",
            "sparse_ok": self.sparse,
        }

    def is_complete(self, rows: NDArray[np.generic]) -> bool:
        """Return whether no pixel of ``rows``, (bands, h, width), is nodata."""
        if self.nodata is None:
            return True
        nodata = rows.dtype.type(self.nodata)  # or all of the rows would be converted
        parts = range(0, rows.shape[1], _LOOKED_AT)  # or what is compared is as large as all
        return not any((rows[:, k : k + _LOOKED_AT] == nodata).any() for k in parts)

    def describe(self, dataset: rasterio.io.DatasetWriter, tags: Mapping[str, str]) -> None:
        """Write names, scale, colours and ``tags`` into a file that was just created."""
        kept = {AVERAGES_TAG: AVERAGES} if self.overviews == AVERAGES else {}
        dataset.update_tags(**{**tags, **kept})
        for index, name in enumerate(self.names or (self.description,), start=1):
            dataset.set_band_description(index, name)
        if self.scale != 1.0:
            dataset.scales = (self.scale,) * self.bands
        if self.colours:
            dataset.write_colormap(1, dict(self.colours))


def overview_factors(shape: tuple[int, int]) -> list[int]:
    """Return how many times coarser than the raster each of its overviews is."""
    return [2**power for power in range(1, 20) if max(shape) / 2**power > BLOCK / 2]
