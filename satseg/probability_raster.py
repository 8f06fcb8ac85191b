"""Probability rasters on disk: opening, checking and reading their codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from satseg.errors import SceneError
from satseg.grids import Grid
from satseg.probability import NODATA
from satseg.reading import Layout, PixelReader, raster_environment, reading
from satseg.windows import Window


@dataclass(frozen=True, slots=True)
class ProbabilityRaster:
    """A raster of codes 0..254 for probabilities 0..1, 255 for no data.

    Attributes:
        path: the GeoTIFF.
        grid: its pixel grid.
        tags: its metadata, with the provenance that ``predict_scene`` keeps.
    """

    path: Path
    grid: Grid
    tags: Mapping[str, str]

    @contextmanager
    def reader(self) -> Iterator[PixelReader]:
        """Open the file for many reads; its only band is position 0."""
        layout = Layout(self.path, self.grid, (1,), "nodata", (float(NODATA),))
        with PixelReader(layout) as pixels:
            yield pixels


def open_probability(path: Path | str) -> ProbabilityRaster:
    """Return the probability raster at ``path``.

    Raises:
        SceneError: no such file, or not one band of uint8 with nodata 255 and a CRS.
    """
    path = Path(path)
    if not path.is_file():
        raise SceneError(
            expected="a probability raster",
            found=f"no file at {path}",
            fix="Compute the prediction first",
        )
    with raster_environment(), reading(path), rasterio.open(path, driver="GTiff") as dataset:
        kind = (dataset.count, dataset.dtypes[0], dataset.nodata, dataset.crs is not None)
        if kind != (1, "uint8", NODATA, True):
            raise SceneError(
                expected="one band of uint8 with nodata 255 and a CRS",
                found=f"{path.name}: {kind[0]} of {kind[1]}, nodata {kind[2]}, CRS {dataset.crs}",
                fix="Give a raster that `satseg predict` wrote",
            )
        number = dataset.crs.to_epsg(confidence_threshold=100)
        crs = dataset.crs.to_wkt() if number is None else f"EPSG:{number}"
        a, b, c, d, e, f = tuple(dataset.transform)[:6]
        grid = Grid(crs, (a, b, c, d, e, f), dataset.height, dataset.width)
        return ProbabilityRaster(path, grid, dict(dataset.tags()))


def strips(raster: ProbabilityRaster, rows: int) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Yield windows of ``rows`` whole rows from top to bottom with their codes."""
    with raster.reader() as pixels:
        for row in range(0, raster.grid.height, rows):
            window = Window(row, 0, rows, raster.grid.width).clipped(raster.grid.shape)
            yield window, codes(pixels, window)


def codes(pixels: PixelReader, window: Window) -> NDArray[np.uint8]:
    """Return the codes of a window, uint8 (height, width)."""
    return np.asarray(pixels.native(window, (0,))[0][0], dtype=np.uint8)
