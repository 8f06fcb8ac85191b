"""Farmland yes or no at several dates, on the grid of one of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterWindow

from satseg import __version__
from satseg.change.shift import Shift
from satseg.errors import ModelError, SceneError
from satseg.grids import Grid
from satseg.probability import NODATA, threshold_level
from satseg.probability_raster import ProbabilityRaster, open_probability
from satseg.reading import raster_environment, reading
from satseg.windows import Window

STRIP_ROWS = 64
_TOLERANCE_PX = 0.02
"""How far GDAL may be off where it interpolates positions between two CRS."""

_TOUCHING_PX = 0.01
"""Maps that overlap by less only touch: their corners are known with rounding errors."""


@dataclass(frozen=True, slots=True)
class State:
    """The farmland map of one date.

    Attributes:
        raster: probability of farmland.
        threshold: probability from which a pixel is farmland, 0 to 1.
        shift: how this date lies on the first one, None for exactly; see ``Shift``.
    """

    raster: ProbabilityRaster
    threshold: float
    shift: Shift | None = None

    def __post_init__(self) -> None:
        threshold_level(self.threshold)

    @property
    def date(self) -> str:
        """Day of acquisition as its raster's tags tell it, or an empty text."""
        return self.raster.tags.get("SATSEG_DATE", "")


def open_states(
    paths: Sequence[Path],
    thresholds: float | Sequence[float],
    shifts: Sequence[Shift | None],
) -> tuple[State, ...]:
    """Return the states of probability rasters in the order of time.

    Args:
        paths: the rasters, the earliest first.
        thresholds: one for all of them, or one each.
        shifts: one each; see ``Shift``.

    Raises:
        SceneError: a raster cannot be read, is older than the one before it, or shares no ground
            with the first.
        ModelError: a threshold is outside of 0 to 1, or the numbers do not fit.
    """
    if isinstance(thresholds, int | float):
        thresholds = [thresholds] * len(paths)
    levels = list(thresholds)
    if not len(paths) == len(levels) == len(shifts):
        raise ModelError(
            expected=f"one threshold and one shift for each of {len(paths)} dates",
            found=f"{len(levels)} thresholds and {len(shifts)} shifts",
            fix="Give one threshold for all dates, or one each",
        )
    states = tuple(
        State(open_probability(path), threshold, shift)
        for path, threshold, shift in zip(paths, levels, shifts, strict=True)
    )
    for before, after in pairwise(states):
        if before.date and after.date and after.date < before.date:
            raise SceneError(
                expected="maps in the order of their dates",
                found=f"{before.raster.path.name} of {before.date} before"
                f" {after.raster.path.name} of {after.date}",
                fix="Give the earlier map first",
            )
    for state in states[1:]:
        _check_overlap(state.raster, states[0].raster)
    return states


def state_strips(states: Sequence[State]) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Yield strips of the first state's grid from top to bottom, with all states.

    Other grids are brought to it by the nearest pixel: a shift below half a pixel changes nothing.

    Yields:
        (window, values): values are uint8 (dates, h, w), 1 farmland, 0 other, 255 no data.

    Raises:
        SceneError: a raster cannot be read to the end.
    """
    grid = states[0].raster.grid
    levels = [threshold_level(state.threshold) for state in states]
    with ExitStack() as stack, raster_environment():
        maps = maps_on_first(states, stack)
        for row in range(0, grid.height, STRIP_ROWS):
            window = Window(row, 0, STRIP_ROWS, grid.width).clipped(grid.shape)
            place = RasterWindow(window.col, window.row, window.width, window.height)
            values = np.empty((len(states), *window.shape), dtype=np.uint8)
            for state, level, source, target in zip(states, levels, maps, values, strict=True):
                with reading(state.raster.path):
                    found = source.read(1, window=place)
                target[:] = np.where(found == NODATA, NODATA, found >= level)
            yield window, values


def maps_on_first(states: Sequence[State], stack: ExitStack) -> list[rasterio.DatasetReader]:
    """Return open maps of all states on the grid of the first; ``stack`` closes them.

    Raises:
        SceneError: a map cannot be opened.
    """
    return [_on_grid(state, states[0].raster.grid, stack) for state in states]


def provenance(states: Sequence[State]) -> dict[str, str]:
    """Return the tags of what is made from these states."""
    tags = [state.raster.tags for state in states]
    simulated = any(each.get("SATSEG_SIMULATED") == "YES" for each in tags)
    shifts = [state.shift for state in states]
    return {
        "SATSEG_SOFTWARE": f"satseg {__version__}",
        "SATSEG_SCENES": ";".join(
            each.get("SATSEG_SCENE", state.raster.path.name)
            for each, state in zip(tags, states, strict=True)
        ),
        "SATSEG_MODELS": ";".join(each.get("SATSEG_MODEL", "") for each in tags),
        "SATSEG_DATES": ";".join(state.date for state in states),
        "SATSEG_THRESHOLDS": ";".join(f"{state.threshold:g}" for state in states),
        "SATSEG_SHIFTS_M": ";".join(
            "0 0" if each is None else f"{each.dx_m:.3f} {each.dy_m:.3f}" for each in shifts
        ),
        "SATSEG_SIMULATED": "YES" if simulated else "NO",
    }


def _on_grid(state: State, grid: Grid, stack: ExitStack) -> rasterio.DatasetReader:
    """Return the state's raster as it lies on ``grid``, its shift taken back."""
    affine = grid.affine
    if state.shift is not None:
        affine = affine @ affine.translation(*state.shift.pixels_of(grid))
    with reading(state.raster.path):
        dataset = stack.enter_context(rasterio.open(state.raster.path, driver="GTiff"))
        return stack.enter_context(
            WarpedVRT(
                dataset,
                crs=grid.crs,
                transform=affine,
                height=grid.height,
                width=grid.width,
                resampling=Resampling.nearest,
                nodata=NODATA,
                tolerance=_TOLERANCE_PX,
            )
        )


def _check_overlap(raster: ProbabilityRaster, first: ProbabilityRaster) -> None:
    lon, lat = zip(*raster.grid.footprint(), strict=True)
    back = pyproj.Transformer.from_crs("EPSG:4326", first.grid.crs, always_xy=True)
    into = ~first.grid.affine
    x, y = back.transform(np.array(lon), np.array(lat))
    cols, rows = into.a * x + into.b * y + into.c, into.d * x + into.e * y + into.f
    height, width = first.grid.shape
    ends = (cols.max(), rows.max(), width - cols.min(), height - rows.min())
    apart = min(ends) < _TOUCHING_PX
    if apart or not math.isfinite(sum(ends)):
        raise SceneError(
            expected=f"maps of one place, sharing ground with {first.path.name}",
            found=f"{raster.path.name} with bounds {raster.grid.bounds} in {raster.grid.crs[:40]}",
            fix="Compare maps of the same region",
        )
