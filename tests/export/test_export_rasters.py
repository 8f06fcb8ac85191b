from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from export_maps import half, lonely, subject
from shapely.geometry import box

from satseg.catalog import Catalog
from satseg.ensemble import combine
from satseg.errors import ModelError, RegionError
from satseg.export.outlines import inside_of
from satseg.export.rasters import write_mask_cog, write_probability_cog, write_uncertainty_cog
from satseg.grids import Grid
from satseg.mask import write_mask
from satseg.probability_raster import open_probability

Write = Callable[..., Path]


def test_the_whole_mask_is_that_of_the_library_with_colours(
    mapped: Catalog, tmp_path: Path
) -> None:
    wanted = subject(mapped, clip=None, min_area_m2=1)
    write_mask_cog(wanted, tmp_path / "mask.tif")
    write_mask(wanted.prediction.probability, tmp_path / "plain.tif", threshold=0.5, min_area_m2=1)
    with (
        rasterio.open(tmp_path / "mask.tif") as found,
        rasterio.open(tmp_path / "plain.tif") as old,
    ):
        assert np.array_equal(found.read(1), old.read(1))
        assert (found.dtypes, found.nodata) == (("uint8",), 255)
        assert [found.colormap(1)[code] for code in (0, 1)] == [
            (255, 255, 255, 255),
            (255, 196, 0, 255),
        ]
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_a_cut_raster_ends_with_the_area_and_keeps_the_pixels(
    mapped: Catalog, tmp_path: Path
) -> None:
    area = half(mapped.regions()[0].geometry)
    wanted = subject(mapped, clip=area, clip_name="west")
    grid = write_probability_cog(wanted, tmp_path / "p.tif")
    source = open_probability(wanted.prediction.probability)
    assert grid.width < source.grid.width
    with rasterio.open(tmp_path / "p.tif") as found, rasterio.open(source.path) as old:
        assert found.shape == grid.shape
        row, col = old.index(*(found.transform @ (0.5, 0.5)))
        there = old.read(1)[row : row + found.height, col : col + found.width]
        pixels = found.read(1)
        assert (pixels != 255).any()
        assert np.isin(pixels[pixels != there], [255]).all()
        assert found.scales == (1 / 254,)
        assert found.tags()["SATSEG_CLIPPED_TO"] == "west"
        assert found.tags()["SATSEG_WEIGHTS_SHA256"] == "ab" * 32


def test_pixels_less_than_half_inside_are_no_data(geotiff: Write, tmp_path: Path) -> None:
    path = geotiff(np.full((1, 6, 6), 200, dtype=np.uint8), nodata=255)
    grid: Grid = open_probability(path).grid
    lon, lat = grid.lonlat([(1.4, 1.6), (4.4, 1.6), (4.4, 4.6), (1.4, 4.6)])
    clip = shapely.Polygon(zip(lon, lat, strict=True))
    assert inside_of(clip, grid).shape.bounds == pytest.approx((1.4, -4.6, 4.4, -1.6), abs=1e-3)
    write_mask_cog(lonely(path, clip=clip), tmp_path / "mask.tif")
    with rasterio.open(tmp_path / "mask.tif") as found:
        assert found.read(1).tolist() == [
            [255, 255, 255, 255],
            [1, 1, 1, 255],
            [1, 1, 1, 255],
            [255, 1, 1, 255],
        ]


def test_the_entropy_of_a_single_model_is_that_of_the_library(
    mapped: Catalog, tmp_path: Path
) -> None:
    wanted = subject(mapped, clip=None)
    write_uncertainty_cog(wanted, "entropy", tmp_path / "mine.tif")
    combine([wanted.prediction.probability], None, uncertainties={"entropy": tmp_path / "own.tif"})
    with rasterio.open(tmp_path / "mine.tif") as mine, rasterio.open(tmp_path / "own.tif") as own:
        assert np.array_equal(mine.read(1), own.read(1))
        assert mine.scales == own.scales
        assert mine.tags()["SATSEG_CONTENT"] == own.tags()["SATSEG_CONTENT"]
        assert mine.tags()["SATSEG_WEIGHTS_SHA256"] == "ab" * 32
    with pytest.raises(ModelError, match="the map of an ensemble for information"):
        write_uncertainty_cog(wanted, "information", tmp_path / "none.tif")
    assert not (tmp_path / "none.tif").exists()


def test_an_area_elsewhere_leaves_nothing_behind(geotiff: Write, tmp_path: Path) -> None:
    path = geotiff(np.full((1, 6, 6), 200, dtype=np.uint8), nodata=255)
    with pytest.raises(RegionError, match="overlaps the scene"):
        write_mask_cog(lonely(path, clip=box(1, 1, 2, 2)), tmp_path / "out" / "mask.tif")
    assert not (tmp_path / "out").exists()
