from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyproj
import pytest
from rasterio.transform import from_origin

from satseg.errors import AccuracyError
from satseg.sampling.views import EMPTY, view_of_point

LON, LAT = 121.5, 31.2


@pytest.fixture
def display(geotiff: Callable[..., Path]) -> Path:
    """Web Mercator, 1 m pixels on the map; red south of the point, blue north of it."""
    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(LON, LAT)
    pixels = np.zeros((3, 200, 200), dtype=np.uint8)
    pixels[2, :100] = 200
    pixels[0, 100:] = 200
    seen = np.ones((200, 200), dtype=bool)
    seen[:, 180:] = False
    place = from_origin(x - 100, y + 100, 1, 1)
    return geotiff(pixels, "display.tif", crs="EPSG:3857", transform=place, mask=seen)


def test_the_point_is_in_the_centre_and_north_is_up(display: Path) -> None:
    view = view_of_point(display, LON, LAT, side_m=100, side_px=80, unit_m=None)
    assert view.shape == (80, 80, 3)
    assert view[38, 40].tolist() == [0, 0, 200]
    assert view[42, 40].tolist() == [200, 0, 0]


def test_metres_on_the_ground_are_not_metres_on_the_map(display: Path) -> None:
    half_map_m = 80 * np.cos(np.radians(LAT))
    view = view_of_point(display, LON, LAT, side_m=4 * half_map_m, side_px=100, unit_m=None)
    assert view[20, 74].tolist() != [EMPTY] * 3
    assert view[20, 76].tolist() == [EMPTY] * 3


def test_ground_beyond_the_picture_is_grey(display: Path) -> None:
    view = view_of_point(display, LON + 1, LAT, side_m=50, side_px=20, unit_m=None)
    assert (view == EMPTY).all()


def test_the_window_is_outlined_and_the_point_left_free(display: Path) -> None:
    plain = view_of_point(display, LON, LAT, side_m=100, side_px=100, unit_m=None)
    marked = view_of_point(display, LON, LAT, side_m=100, side_px=100, unit_m=20)
    changed = (plain != marked).any(axis=2)
    assert not changed[42:58, 42:58].any()
    assert changed[40, 40:60].all()
    assert changed[40:60, 59].all() or changed[40:60, 60].all()
    assert not changed[:35].any()


def test_a_side_of_nothing_is_refused(display: Path) -> None:
    with pytest.raises(AccuracyError, match="above 0 m"):
        view_of_point(display, LON, LAT, side_m=0, side_px=10, unit_m=None)
