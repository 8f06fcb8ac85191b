"""Reading on another grid, on numbers that can be counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from delivery_files import GRID, write_multispectral

from satseg.catalog import Catalog
from satseg.deliveries import find_delivery
from satseg.deliveries.pixels import check_part, mosaic_of, native_pixels, warped_pixels
from satseg.windows import Window

WHOLE = Window(0, 0, 80, 120)


@pytest.fixture
def image() -> np.ndarray:
    """All 500; band 1 dark in a square, all bands fill in another one."""
    image = np.full((8, *GRID.shape), 500, dtype=np.uint16)
    image[0, 10:20, 10:20] = 0
    image[:, 20:30, 40:50] = 0
    return image


@pytest.fixture
def path(catalog: Catalog, tmp_path: Path, image: np.ndarray) -> Path:
    write_multispectral(tmp_path / "d", image)
    folder = catalog.root / "scenes" / "s"
    folder.mkdir()
    return mosaic_of(check_part(find_delivery(tmp_path / "d").image), folder)


def test_a_band_without_light_is_data_on_a_finer_grid_too(path: Path) -> None:
    with warped_pixels(path, GRID.resized(80, 120), gsd_m=2.4) as pixels:
        values, valid = pixels.read(WHOLE)
    np.testing.assert_array_equal(values[0, 24:36, 24:36], 0)
    assert valid[20:40, 20:40].all()
    np.testing.assert_allclose(values[1, 24:36, 24:36], 500, rtol=1e-6)


def test_fill_is_not_drawn_into_its_neighbours(path: Path) -> None:
    with warped_pixels(path, GRID.resized(80, 120), gsd_m=2.4) as pixels:
        values, valid = pixels.read(WHOLE)
    assert not valid[42:58, 82:98].any()
    assert (values[:, ~valid] == 0).all()
    np.testing.assert_allclose(values[1:, valid], 500, rtol=1e-6)


def test_fill_of_a_tile_that_names_no_nodata_is_fill(tmp_path: Path, image: np.ndarray) -> None:
    imd = write_multispectral(tmp_path / "d", image)
    tile = imd.with_name(imd.name.replace("M2AS", "M2AS_R1C2")).with_suffix(".TIF")
    right = replace(GRID, transform=(2.4, 0.0, 380072.0, 0.0, -2.4, 3455000.0), width=30)
    with warped_pixels(tile, right.resized(80, 60), gsd_m=2.4) as pixels:
        _, valid = pixels.read(Window(0, 0, 80, 60))
    assert not valid[42:58, 22:38].any()
    assert valid.sum() == 80 * 60 - 20 * 20


def test_coarser_pixels_are_means_of_what_has_data(path: Path) -> None:
    with warped_pixels(path, GRID.resized(8, 12), gsd_m=2.4) as pixels:
        values, valid = pixels.read(Window(0, 0, 8, 12))
    # rows 10 to 14 and columns 10 to 14 make pixel (2, 2): dark; (4, 8) is all fill
    assert (values[0, 2, 2], values[1, 2, 2]) == (0, 500)
    assert not valid[4:6, 8:10].any()
    assert valid.sum() == 96 - 4


def test_values_do_not_depend_on_the_window(path: Path) -> None:
    grid = GRID.resized(96, 150)
    with warped_pixels(path, grid, gsd_m=2.4) as pixels:
        whole, valid = pixels.read(Window(0, 0, 96, 150))
        for window in (Window(0, 0, 10, 150), Window(37, 41, 23, 60), Window(95, 149, 1, 1)):
            rows, columns = (
                slice(window.row, window.row_stop),
                slice(window.col, window.col_stop),
            )
            values, seen = pixels.read(window)
            np.testing.assert_allclose(values, whole[:, rows, columns], rtol=1e-5, atol=1e-3)
            np.testing.assert_array_equal(seen, valid[rows, columns])


def test_the_own_grid_is_read_as_it_is(path: Path, image: np.ndarray, tmp_path: Path) -> None:
    mosaic = check_part(find_delivery(tmp_path / "d").image).mosaic
    with native_pixels(path, mosaic) as pixels:
        values, valid = pixels.read(Window(5, 20, 30, 30))
    np.testing.assert_array_equal(values, image[:, 5:35, 20:50])
    assert (~valid).sum() == 100
    with pytest.raises(ValueError, match="raw geometry"):
        native_pixels(path, replace(mosaic, grid=None)).__enter__()
