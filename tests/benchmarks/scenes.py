"""Scenes for the benchmarks: one rendered sample, repeated to any size."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window as RasterWindow

from satseg.bands import WORLDVIEW3
from satseg.reading import AVERAGES, AVERAGES_TAG

_ROWS = 512


@lru_cache(maxsize=1)
def sample_pixels() -> NDArray[np.uint16]:
    """Return the image of one sample scene (8 bands, 0.6 m), uint16 (8, height, width)."""
    from satseg.sample_scenes import default_definitions
    from satseg.simulate.render import render_scene
    from satseg.simulate.samples import load_definitions

    definition = load_definitions(default_definitions())[0]
    return np.asarray(render_scene(definition, definition.dates[-1]).image)


def write_repeated(path: Path, side: int, *, gsd_m: float = 0.6, bands: int = 8) -> None:
    """Write a scene of ``side`` x ``side`` pixels, laid out as the catalog lays out its scenes."""
    pixels = sample_pixels()[:bands]
    profile = {
        "driver": "GTiff", "height": side, "width": side, "count": bands, "dtype": "uint16",
        "crs": "EPSG:32651", "transform": rasterio.Affine(gsd_m, 0, 380000, 0, -gsd_m, 3455000),
        "nodata": 0, "bigtiff": "if_safer", "tiled": True, "blockxsize": 256, "blockysize": 256,
        "interleave": "band", "compress": "zstd", "zstd_level": 1,
        "photometric": "minisblack",
    }  # fmt: skip
    columns = np.arange(side) % pixels.shape[2]
    with rasterio.Env(GDAL_CACHEMAX=2**26), rasterio.open(path, "w", **profile) as dataset:
        for start in range(0, side, _ROWS):
            rows = np.arange(start, min(start + _ROWS, side)) % pixels.shape[1]
            piece = np.ascontiguousarray(pixels[:, rows][:, :, columns])
            dataset.write(piece, window=RasterWindow(0, start, side, len(rows)))
        for index, name in enumerate(WORLDVIEW3[:bands], start=1):
            dataset.set_band_description(index, name)
        dataset.update_tags(**{AVERAGES_TAG: AVERAGES})
    with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"), rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4, 8, 16], Resampling.average)
