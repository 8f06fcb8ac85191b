import pytest

from satseg.change import Shift
from satseg.errors import SceneError
from satseg.grids import Grid


def test_shift_counts_in_the_pixels_of_any_grid() -> None:
    moved = Shift(2, -1, 1.2, -0.6, gsd_m=0.6, spread_px=0, confidence=1, tiles=9)
    grid = Grid("EPSG:32651", (2, 0, 500000, 0, -2, 3455000), 10, 10)
    assert moved.pixels_of(grid) == pytest.approx((0.6, -0.3), rel=1e-3)
    assert moved.warning is not None
    assert "2.2 pixels (1.34 m)" in moved.warning


def test_shift_that_is_no_number_is_refused() -> None:
    with pytest.raises(SceneError, match="a finite shift"):
        Shift(float("nan"), 0, 0, 0, gsd_m=0.6, spread_px=0, confidence=1, tiles=9)
    with pytest.raises(SceneError, match="a confidence from 0 to 1"):
        Shift(0, 0, 0, 0, gsd_m=0.6, spread_px=0, confidence=2, tiles=9)
