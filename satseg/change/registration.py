"""Whether two scenes of one place lie on each other, and by how much they do not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pyproj
import scipy.ndimage
from affine import Affine
from numpy.typing import NDArray

from satseg.bands import RGB
from satseg.change.correlation import Peak, edges, match
from satseg.change.shift import Registration, Shift
from satseg.errors import BandError, SceneError
from satseg.grids import Grid
from satseg.scene import Scene, SceneReader
from satseg.windows import Window

_TILE_SIDES = (256, 128, 64)
_TILES_PER_AXIS = 8
_ENOUGH_TILES = 9
_MIN_TILES = 3
_MIN_CLEARNESS = 2.0
_MIN_AGREEMENT = 0.5
_AGREE_PX = 0.5
_MARGIN_PX = 8
_MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution by its median absolute deviation."""


def check_registration(
    reference: Scene,
    other: Scene,
    *,
    gsd_m: float | None = None,
    bands: Sequence[str] | None = None,
) -> Registration:
    """Return how another scene of the same place lies on a reference scene.

    The edges of both are compared in up to 64 evenly spread tiles (256 pixels wide, less in small
    scenes), each by phase correlation. The answer is the median of the tiles that agree, weighted
    by how clear they are, so that tiles whose land cover changed do not matter. There is none where
    fewer than three tiles, or not more than half of the clear ones, agree: no texture, stripes
    only, or scenes that differ by more than a shift. Shifts of up to a quarter of a tile are found.
    Memory does not depend on the size of the scenes.

    Args:
        reference: the scene whose map gives the grid, in most cases the earlier one.
        other: a scene of the same place on any grid.
        gsd_m: ground sample distance in metres of the comparison, best that of the maps; the
            coarser of the two scenes' where None.
        bands: bands whose mean is compared; red, green and blue where both have them, else all
            that both have.

    Raises:
        BandError: the scenes share no band, or lack one that is asked for.
        SceneError: a scene cannot be read, they share no ground, or ``gsd_m`` is not above 0.
    """
    names = tuple(bands) if bands else _shared_bands(reference, other)
    finest = max(*reference.grid.gsd_m(), *other.grid.gsd_m())
    step_m = finest if gsd_m is None else gsd_m
    grid = reference.grid_at(step_m)
    onto = _Onto(grid, other.grid_at(step_m))
    side, windows = _tiles(grid, onto)
    with ExitStack() as stack:
        pair = _Pair(
            stack.enter_context(reference.reader()),
            stack.enter_context(other.reader()),
            onto,
            names,
            step_m,
        )
        seen, peaks = _peaks(pair, windows, side // 4, (0, 0))
        found = _agreement(peaks)
        if found is not None and (round(found[0]), round(found[1])) != (0, 0):
            offset = round(found[0]), round(found[1])
            seen, peaks = _peaks(pair, windows, side // 4, offset)
    return _verdict(grid, seen, peaks)


class _Onto:
    """Where the pixels of one grid lie on another one."""

    def __init__(self, grid: Grid, other: Grid) -> None:
        self.other = other
        self._place = grid.affine
        self._back = ~other.affine
        self._change = None
        if grid.crs != other.crs:
            self._change = pyproj.Transformer.from_crs(grid.crs, other.crs, always_xy=True)

    def position(self, col: float, row: float) -> tuple[float, float]:
        """Return the (column, row) of the other grid; pixel corners are whole numbers."""
        x, y = self._place @ (col, row)
        if self._change is not None:
            x, y = self._change.transform(x, y)
        across, down = self._back @ (x, y)
        return float(across), float(down)

    def affine(self, window: Window) -> Affine:
        """Return the map of a small window's (column, row) to the other grid's.

        It is a plane through three corners: over 300 m of ground, two projections bend against each
        other by millimetres.
        """
        start = self.position(window.col, window.row)
        right = self.position(window.col_stop, window.row)
        below = self.position(window.col, window.row_stop)
        a, d = ((right[axis] - start[axis]) / window.width for axis in (0, 1))
        b, e = ((below[axis] - start[axis]) / window.height for axis in (0, 1))
        moved = Affine(a, b, start[0], d, e, start[1])
        return moved @ Affine.translation(-window.col, -window.row)


@dataclass(frozen=True, slots=True)
class _Pair:
    reference: SceneReader
    other: SceneReader
    onto: _Onto
    bands: tuple[str, ...]
    gsd_m: float

    def pictures(
        self, window: Window, offset: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Return both scenes in a window of the reference, None where one lacks data there.

        Args:
            window: pixels of the reference's grid.
            offset: (columns, rows) by which the window is moved in the other scene.
        """
        first = _grey(self.reference, window, self.bands, self.gsd_m)
        if first is None:
            return None
        place = self.onto.affine(window) @ Affine.translation(*offset)
        second = self._interpolated(window, place)
        return None if second is None else (first, second)

    def _interpolated(self, window: Window, place: Affine) -> NDArray[np.float32] | None:
        """Return the other scene at the centres of the window's pixels, by cubic splines."""
        rows, cols = np.mgrid[window.row : window.row_stop, window.col : window.col_stop] + 0.5
        across = place.a * cols + place.b * rows + place.c - 0.5
        down = place.d * cols + place.e * rows + place.f - 0.5
        if np.abs(across - np.rint(across)).max() + np.abs(down - np.rint(down)).max() < 1e-3:
            margin = 0
        else:
            margin = 3
        top, left = round(down.min()) - margin, round(across.min()) - margin
        height = round(down.max()) + margin + 1 - top
        width = round(across.max()) + margin + 1 - left
        piece = _grey(self.other, Window(top, left, height, width), self.bands, self.gsd_m)
        if piece is None or not margin:
            return piece
        found = scipy.ndimage.map_coordinates(piece, [down - top, across - left], mode="nearest")
        return np.asarray(found, dtype=np.float32)


def _grey(
    reader: SceneReader, window: Window, bands: tuple[str, ...], gsd_m: float
) -> NDArray[np.float32] | None:
    pixels = reader.read(window, gsd_m=gsd_m, bands=bands)
    if np.ma.getmaskarray(pixels).any():
        return None
    return np.asarray(pixels.data.mean(axis=0), dtype=np.float32)


def _shared_bands(reference: Scene, other: Scene) -> tuple[str, ...]:
    shared = [band for band in reference.bands if band in other.bands]
    if not shared:
        raise BandError(
            expected=f"a band that {reference.path.name} and {other.path.name} share",
            found=f"{', '.join(reference.bands)} and {', '.join(other.bands)}",
            fix="Compare scenes of one kind of sensor",
        )
    return tuple(RGB) if set(RGB) <= set(shared) else tuple(shared)


def _tiles(grid: Grid, onto: _Onto) -> tuple[int, list[Window]]:
    """Return the side and the places of the tiles where both scenes may have data."""
    back = _Onto(onto.other, grid)
    height, width = onto.other.shape
    corners = [back.position(col, row) for col in (0, width) for row in (0, height)]
    cols, rows = zip(*corners, strict=True)
    left, right = max(0, math.ceil(min(cols))), min(grid.width, math.floor(max(cols)))
    top, bottom = max(0, math.ceil(min(rows))), min(grid.height, math.floor(max(rows)))
    if right <= left or bottom <= top:
        raise SceneError(
            expected="two scenes of one place",
            found=f"no shared ground between bounds {grid.bounds} and {onto.other.bounds}",
            fix="Compare scenes of the same region",
        )
    windows: list[Window] = []
    for side in _TILE_SIDES:
        windows = [
            Window(row, col, side, side)
            for row in _starts(top, bottom, side)
            for col in _starts(left, right, side)
        ]
        if len(windows) >= _ENOUGH_TILES:
            break
    return side, windows


def _starts(low: int, high: int, side: int) -> list[int]:
    """Return where up to eight tiles of an axis begin, evenly spread and a little inside."""
    first, last = low + _MARGIN_PX, high - _MARGIN_PX - side
    count = min(_TILES_PER_AXIS, (last - first) // side + 1)
    return [] if count < 1 else np.linspace(first, last, count).astype(int).tolist()


def _peaks(
    pair: _Pair, windows: Sequence[Window], limit: int, offset: tuple[int, int]
) -> tuple[int, list[Peak]]:
    """Return in how many windows both have data, and the clear peaks with the offset added."""
    seen, clear = 0, []
    for found in _pictures(pair, windows, offset):
        seen += 1
        peak = match(edges(found[0]), edges(found[1]), limit)
        if peak is not None and peak.clearness >= _MIN_CLEARNESS:
            clear.append(Peak(peak.dx + offset[0], peak.dy + offset[1], peak.clearness))
    return seen, clear


def _pictures(
    pair: _Pair, windows: Sequence[Window], offset: tuple[int, int]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    for window in windows:
        found = pair.pictures(window, offset)
        if found is not None:
            yield found


def _agreement(peaks: Sequence[Peak]) -> tuple[float, float, float, int] | None:
    """Return dx, dy, spread and number of the tiles that agree, None where too few do."""
    if len(peaks) < _MIN_TILES:
        return None
    found = np.array([(peak.dx, peak.dy) for peak in peaks])
    weight = np.array([peak.clearness for peak in peaks])
    away = found - _median(found, weight)
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(away), axis=0).max())
    agrees = np.hypot(*away.T) <= _AGREE_PX
    count = int(agrees.sum())
    if count < _MIN_TILES or count <= _MIN_AGREEMENT * len(peaks):
        return None
    dx, dy = _median(found[agrees], weight[agrees])
    return float(dx), float(dy), spread, count


def _median(found: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted median of each column of (n, 2): half of the weight lies below it."""
    order = np.argsort(found, axis=0)
    reached = np.cumsum(weight[order], axis=0) >= weight.sum() / 2
    first = np.argmax(reached, axis=0)
    return np.take_along_axis(found, order, axis=0)[first, [0, 1]]


def _verdict(grid: Grid, seen: int, peaks: Sequence[Peak]) -> Registration:
    found = _agreement(peaks)
    if found is None:
        if seen < _MIN_TILES:
            reason = f"only {seen} tiles have data in both scenes, {_MIN_TILES} are needed"
        elif len(peaks) < _MIN_TILES:
            reason = f"only {len(peaks)} of {seen} tiles have edges that match clearly"
        else:
            reason = f"the shifts of {len(peaks)} tiles do not agree"
        return Registration(None, reason, seen, len(peaks))
    dx, dy, spread, count = found
    down, across = grid.gsd_m()
    shift = Shift(
        dx_px=dx,
        dy_px=dy,
        dx_m=dx * across,
        dy_m=dy * down,
        gsd_m=(down + across) / 2,
        spread_px=spread,
        confidence=count / len(peaks),
        tiles=count,
    )
    return Registration(shift, "", seen, len(peaks))
