"""Maps of three and more dates: change that lasts, told apart from to and fro."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.change.legend import (
    FLICKER,
    GAIN,
    LOSS,
    STABLE_FARMLAND,
    STABLE_OTHER,
    TREND_CLASSES,
    content,
)
from satseg.change.maps import Progress
from satseg.change.shift import Shift
from satseg.change.states import open_states, provenance, state_strips
from satseg.change.transitions import KIND_TAG
from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.errors import SceneError
from satseg.geodesy import pixel_areas_m2
from satseg.grids import Grid
from satseg.probability import NODATA

TREND = Layer("farmland trend", nodata=NODATA, overviews="mode")
"""Rasters of trends: uint8, codes of ``legend.TREND_CLASSES``, 255 no data."""

TREND_KIND = "trend"
MIN_DATES = 3
"""Dates with data that a pixel needs: two cannot tell a lasting change from a passing one."""

CONFIRMING_DATES = 2
"""Dates on which the new state must be seen, up to the last one, to count as lasting."""


@dataclass(frozen=True, slots=True)
class TrendSummary:
    """Geodesic areas in square metres of the classes of a trend map.

    Attributes:
        grid: the map's grid.
        stable_other_m2: no farmland at any date.
        stable_farmland_m2: farmland at every date.
        sustained_gain_m2: became farmland once and stayed so.
        sustained_loss_m2: ceased to be farmland once and stayed so.
        flicker_m2: changed in any other way.
        region_m2: the whole map, with data or not.
    """

    grid: Grid
    stable_other_m2: float
    stable_farmland_m2: float
    sustained_gain_m2: float
    sustained_loss_m2: float
    flicker_m2: float
    region_m2: float

    @property
    def valid_m2(self) -> float:
        """Ground with enough dates with data."""
        stable = self.stable_other_m2 + self.stable_farmland_m2
        return stable + self.sustained_gain_m2 + self.sustained_loss_m2 + self.flicker_m2

    @property
    def valid_fraction(self) -> float:
        """Share of the map with enough dates with data, 0 to 1."""
        return min(1.0, self.valid_m2 / self.region_m2)


def write_trend(
    dates: Sequence[Path],
    output: Path,
    *,
    thresholds: float | Sequence[float],
    shifts: Sequence[Shift | None] | None = None,
    tags: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> TrendSummary:
    """Write where change lasted over three and more dates and return the areas.

    The map is on the grid of the first date; see ``trend_codes`` for the rule.

    Args:
        dates: probability rasters in the order of time, of the same place.
        output: where the COG goes (uint8, codes of ``TREND_CLASSES``); replaced where it exists.
        thresholds: probability from which a pixel is farmland, one for all or one a date.
        shifts: how each date's scene lies on the first one, one a date and None for exactly; see
            ``check_registration``.
        tags: metadata beside the provenance.
        progress: called with (rows done, rows in all).

    Raises:
        SceneError: fewer than three dates, in the wrong order, a raster that cannot be read or
            that shares no ground with the first.
        ModelError: a threshold is out of range, or thresholds or shifts do not fit the dates.
        StorageError: the map cannot be written; nothing is left behind.
    """
    if len(dates) < MIN_DATES:
        raise SceneError(
            expected=f"{MIN_DATES} or more dates",
            found=str(len(dates)),
            fix="Give more dates, or compare two with write_change",
        )
    states = open_states(dates, thresholds, [None] * len(dates) if shifts is None else shifts)
    grid = states[0].raster.grid
    written = {
        **provenance(states),
        KIND_TAG: TREND_KIND,
        "SATSEG_CONTENT": content(TREND_CLASSES),
        **(tags or {}),
    }
    m2 = np.zeros(256)
    with cog_rows(output, grid, TREND, tags=written) as writer:
        for window, values in state_strips(states):
            codes = trend_codes(values)
            writer.write(codes)
            m2 += np.bincount(codes.ravel(), pixel_areas_m2(grid, window).ravel(), minlength=256)
            if progress is not None:
                progress(window.row_stop, grid.height)
    return TrendSummary(
        grid=grid,
        stable_other_m2=float(m2[STABLE_OTHER]),
        stable_farmland_m2=float(m2[STABLE_FARMLAND]),
        sustained_gain_m2=float(m2[GAIN]),
        sustained_loss_m2=float(m2[LOSS]),
        flicker_m2=float(m2[FLICKER]),
        region_m2=float(m2.sum()),
    )


def trend_codes(states: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the trend of each pixel, uint8 (h, w), codes of ``TREND_CLASSES``.

    The rule looks at the dates on which a pixel has data, in their order:

    - fewer than three of them: no data;
    - the same state on all: stable;
    - one change, and the new state seen on the last two or more: sustained gain or loss;
    - everything else: flicker. That includes a change seen on the last date only, which nothing
      confirms yet, and land that changed and changed back.

    Args:
        states: uint8 (dates, h, w) in the order of time; 1 farmland, 0 other, 255 no data.

    >>> series = np.array([[0, 0, 0, 1, 0], [0, 1, 0, 0, 1], [0, 1, 1, 0, 0]], dtype=np.uint8)
    >>> trend_codes(series[:, None]).tolist()
    [[0, 2, 4, 3, 4]]
    """
    shape = states.shape[1:]
    last = np.full(shape, NODATA, dtype=np.uint8)
    changes, run, seen = (np.zeros(shape, dtype=np.uint16) for _ in range(3))
    for state in states:
        valid = state != NODATA
        changed = valid & (last != NODATA) & (state != last)
        changes += changed
        run[changed] = 0
        run += valid
        seen += valid
        last = np.where(valid, state, last)
    sustained = (changes == 1) & (run >= CONFIRMING_DATES)
    codes = np.where(changes == 0, last, np.uint8(FLICKER))
    codes = np.where(sustained, np.where(last == 1, np.uint8(GAIN), np.uint8(LOSS)), codes)
    return np.where(seen < MIN_DATES, np.uint8(NODATA), codes).astype(np.uint8)
