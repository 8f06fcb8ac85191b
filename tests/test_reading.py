from pathlib import Path

from satseg.grids import Grid
from satseg.reading import Layout


def test_a_layout_of_some_bands_has_their_places_and_nodata() -> None:
    grid = Grid("EPSG:32651", (0.6, 0, 380000, 0, -0.6, 3455000), 8, 8)
    layout = Layout(Path("a.tif"), grid, (1, 2, 4), "nodata", (7.0, 8.0, 9.0))
    assert layout.select((2, 0)) == Layout(layout.path, grid, (4, 1), "nodata", (9.0, 7.0))
