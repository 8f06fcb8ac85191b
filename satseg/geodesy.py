"""True areas of pixels on the WGS 84 ellipsoid, whatever the projection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satseg.grids import WGS84, Grid, to_lonlat
from satseg.windows import Window

_NODE_SPACING_M = 1000.0
_ECCENTRICITY = float(np.sqrt(WGS84.es))


def pixel_areas_m2(grid: Grid, window: Window) -> NDArray[np.float64]:
    """Return the area of each pixel of a window in square metres, float64 (height, width).

    A pixel's corners are projected onto a cylinder of equal area, where the area of its
    quadrilateral is plain. That is done at nodes about 1 km apart, fixed to the grid, and
    interpolated between them (within 1e-7 for transverse Mercator and Mercator maps); pixels of
    1 km and more are all computed. Works for rotated and south-up grids.
    """
    spacing = max(grid.gsd_m())
    step = max(1, int(_NODE_SPACING_M / spacing))
    rows, low_row, row_share = _nodes(grid.height, step, window.row, window.height)
    cols, low_col, col_share = _nodes(grid.width, step, window.col, window.width)
    nodes = _quad_areas_m2(grid, rows, cols)
    across = _between(nodes.T, low_col, col_share).T
    return _between(across, low_row, row_share)


def authalic_y_m(latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ordinate in metres of latitudes (degrees) on the equal-area cylinder.

    With x = a * longitude (radians), areas in (x, y) are areas on the ellipsoid:
    y = a / 2 * (1 - e^2) * (sin f / (1 - e^2 sin^2 f) + artanh(e sin f) / e), f the latitude.

    Source: Snyder, Map Projections: A Working Manual (1987), equations 3-12 and 10-15 with the
    equator as standard parallel.
    """
    sine, e = np.sin(np.radians(latitude)), _ECCENTRICITY
    q = (1 - e**2) * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
    ordinate: NDArray[np.float64] = WGS84.a / 2 * q
    return ordinate


def _nodes(
    size: int, step: int, start: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the nodes around a window's axis, and for each pixel its lower node and share."""
    nodes = np.unique(np.append(np.arange(0, size, step), size - 1))
    position = np.arange(start, start + length)
    if len(nodes) == 1:
        return nodes, np.zeros(length, dtype=np.int64), np.zeros(length)
    lower = np.clip(np.searchsorted(nodes, position, side="right") - 1, 0, len(nodes) - 2)
    share = (position - nodes[lower]) / (nodes[lower + 1] - nodes[lower])
    first, last = int(lower[0]), int(lower[-1]) + 1
    return nodes[first : last + 1], lower - first, share


def _between(
    values: NDArray[np.float64], lower: NDArray[np.int64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    upper = np.minimum(lower + 1, len(values) - 1)
    weight = share[:, None]
    return values[lower] * (1 - weight) + values[upper] * weight


def _quad_areas_m2(
    grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> NDArray[np.float64]:
    row, col = np.meshgrid(rows, cols, indexing="ij")
    corners = [_equal_area(grid, row + down, col + right) for down, right in _AROUND]
    first_x = corners[0][0]
    turn = 2 * np.pi * WGS84.a
    x = [(each[0] - first_x + turn / 2) % turn - turn / 2 for each in corners]
    y = [each[1] - corners[0][1] for each in corners]
    twice = sum(x[i] * y[(i + 1) % 4] - x[(i + 1) % 4] * y[i] for i in range(4))
    return np.abs(np.asarray(twice, dtype=np.float64)) / 2


_AROUND = ((0, 0), (0, 1), (1, 1), (1, 0))


def _equal_area(
    grid: Grid, row: NDArray[np.int64], col: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b, c, d, e, f = grid.transform
    lon, lat = to_lonlat(grid.crs).transform(a * col + b * row + c, d * col + e * row + f)
    return WGS84.a * np.radians(lon), authalic_y_m(np.asarray(lat))
