from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.pyramid import halved, pyramid

NODATA = 255


def profile(height: int, width: int) -> dict[str, object]:
    return {
        "driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "uint8",
        "crs": "EPSG:32651", "transform": rasterio.Affine(0.6, 0, 380000, 0, -0.6, 3455000),
        "nodata": NODATA, "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip


def holed(height: int, width: int, share: float) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, NODATA, (height, width), dtype=np.uint8)
    rows[rng.random(rows.shape) < share] = NODATA
    return rows


@given(st.integers(1, 70), st.integers(1, 9), st.sampled_from([0.0, 0.3, 1.0]))
def test_each_pixel_is_the_mean_of_those_of_its_four_that_are_data(
    height: int, width: int, share: float
) -> None:
    rows = holed(2 * height, 2 * width, share)
    fours = rows.reshape(height, 2, width, 2).swapaxes(1, 2).reshape(height, width, 4)
    count = (fours != NODATA).sum(axis=2)
    total = np.where(fours == NODATA, 0, fours).sum(axis=2)
    means = np.floor(total / np.maximum(count, 1) + 0.5)
    np.testing.assert_array_equal(halved(rows, NODATA), np.where(count, means, NODATA))


@pytest.mark.parametrize("share", [0.0, 0.4])
@pytest.mark.parametrize(
    ("shape", "levels"),
    [((512, 1024), 3), ((516, 512), 2), ((514, 258), 1), ((515, 512), 0), ((512, 515), 0)],
)
def test_files_beside_a_raster_are_its_overviews_as_gdal_makes_them(
    tmp_path: Path, shape: tuple[int, int], levels: int, share: float
) -> None:
    rows, path, plain = holed(*shape, share), tmp_path / "a.tif", tmp_path / "b.tif"
    options = profile(*shape)
    with (
        rasterio.open(path, "w", **options) as dataset,
        pyramid(path, options, most=3) as overviews,
    ):
        dataset.write(rows[None])
        for row in range(0, len(rows), 256):
            overviews.write(rows[row : row + 256], row)
    assert sorted(tmp_path.iterdir()) == overviews.files
    factors = [2, 4, 8][:levels]
    with rasterio.open(plain, "w", **options) as dataset:
        dataset.write(rows[None])
        dataset.build_overviews(factors, rasterio.enums.Resampling.average)
    with rasterio.open(path) as dataset:
        assert dataset.overviews(1) == factors
    for level in range(levels):
        with (
            rasterio.open(path, overview_level=level) as found,
            rasterio.open(plain, overview_level=level) as expected,
        ):
            np.testing.assert_array_equal(found.read(), expected.read())
