import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from satseg.geodesy import authalic_y_m, pixel_areas_m2
from satseg.grids import WGS84, Grid
from satseg.windows import Window

UTM = Affine(0.6, 0, 380000.0, 0, -0.6, 3455000.0)
GRIDS = {
    "degrees": Grid("EPSG:4326", (2.7e-6, 0, 121.734, 0, -2.7e-6, 31.2294), 650, 650),
    "utm": Grid("EPSG:32651", tuple(UTM)[:6], 700, 400),
    "mercator": Grid("EPSG:3857", (0.5, 0, 13551000.0, 0, -0.5, 3662000.0), 300, 900),
    "rotated": Grid("EPSG:32651", tuple(UTM @ Affine.rotation(33))[:6], 350, 240),
    "south-up": Grid("EPSG:32651", tuple(UTM @ Affine.scale(1, -1))[:6], 350, 240),
    "tall": Grid("EPSG:32651", (30.0, 0, 250000.0, 0, -30.0, 3600000.0), 5000, 120),
    "coarse": Grid("EPSG:4326", (0.1, 0, 120.0, 0, -0.1, 40.0), 60, 50),
    "antimeridian": Grid("EPSG:32660", (10.0, 0, 780000.0, 0, -10.0, 4000000.0), 40, 600),
}


def footprint_m2(grid: Grid, sides: int = 400) -> float:
    lon, lat = zip(*grid.footprint(points_per_side=sides), strict=True)
    return abs(WGS84.polygon_area_perimeter(lon, lat)[0])


@pytest.mark.parametrize("name", GRIDS)
def test_pixels_add_up_to_the_geodesic_polygon(name: str) -> None:
    grid = GRIDS[name]
    total = pixel_areas_m2(grid, Window(0, 0, *grid.shape)).sum()
    assert total == pytest.approx(footprint_m2(grid), rel=2e-6)


@pytest.mark.parametrize("name", GRIDS)
def test_each_piece_is_its_own_geodesic_polygon(name: str) -> None:
    grid = GRIDS[name]
    areas = pixel_areas_m2(grid, Window(0, 0, *grid.shape))
    rng = np.random.default_rng(0)
    for _ in range(5):
        row, col = int(rng.integers(grid.height - 30)), int(rng.integers(grid.width - 30))
        place = tuple(grid.affine @ Affine.translation(col, row))[:6]
        assert areas[row : row + 30, col : col + 30].sum() == pytest.approx(
            footprint_m2(Grid(grid.crs, place, 30, 30), sides=30), rel=1e-5
        )


def test_spacenet_pixel_is_not_a_square_of_03_m() -> None:
    grid = Grid("EPSG:4326", (2.7e-6, 0, 121.7, 0, -2.7e-6, 31.13), 1, 1)
    area = pixel_areas_m2(grid, Window(0, 0, 1, 1)).item()
    assert area == pytest.approx(0.0771, abs=5e-5)
    assert 0.09 / area == pytest.approx(1.167, abs=1e-3)


@given(
    name=st.sampled_from(["degrees", "rotated", "tall", "coarse"]),
    row=st.floats(0, 1, exclude_max=True),
    col=st.floats(0, 1, exclude_max=True),
    size=st.integers(1, 90),
)
def test_area_does_not_depend_on_the_window(name: str, row: float, col: float, size: int) -> None:
    grid = GRIDS[name]
    whole = pixel_areas_m2(grid, Window(0, 0, *grid.shape))
    window = Window(int(row * grid.height), int(col * grid.width), size, size).clipped(grid.shape)
    part = pixel_areas_m2(grid, window)
    place = (slice(window.row, window.row_stop), slice(window.col, window.col_stop))
    np.testing.assert_array_equal(part, whole[place])


def test_pole_of_the_equal_area_cylinder_gives_the_ellipsoid() -> None:
    half = authalic_y_m(np.array([90.0])).item() * 2 * np.pi * WGS84.a
    hemisphere = pyproj.Geod(ellps="WGS84").polygon_area_perimeter([0, 90, 180, -90], [0, 0, 0, 0])[
        0
    ]
    assert half == pytest.approx(abs(hemisphere), rel=1e-9)
