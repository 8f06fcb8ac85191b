"""Maps of change between two dates: gained, lost, the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.change.legend import (
    CHANGE_CLASSES,
    CHANGED,
    GAIN,
    LOSS,
    STABLE_FARMLAND,
    STABLE_OTHER,
    content,
)
from satseg.change.shift import Shift
from satseg.change.states import State, open_states, provenance, state_strips
from satseg.change.transitions import CHANGE_KIND, KIND_TAG, Transitions
from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.errors import ModelError
from satseg.geodesy import pixel_areas_m2
from satseg.grids import Grid
from satseg.patches import Patches, find_patches, pieces
from satseg.probability import NODATA
from satseg.windows import Window

CHANGE = Layer("farmland change", nodata=NODATA, overviews="mode")
"""Rasters of change: uint8, codes of ``legend.CHANGE_CLASSES``, 255 no data."""

Progress = Callable[[int, int], None]

_CODES = np.array([[STABLE_OTHER, GAIN], [LOSS, STABLE_FARMLAND]], dtype=np.uint8)
"""Code by state (0 other, 1 farmland) at the earlier and at the later date."""


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """What a map of change says.

    Attributes:
        grid: the map's grid.
        transitions: areas of the map as written.
        dropped_gain_m2: gain in patches below the smallest area, written as stable other.
        dropped_loss_m2: loss in patches below the smallest area, written as stable farmland.
    """

    grid: Grid
    transitions: Transitions
    dropped_gain_m2: float
    dropped_loss_m2: float


def write_change(
    before: Path,
    after: Path,
    output: Path,
    *,
    thresholds: float | Sequence[float],
    min_area_m2: float = 0,
    shift: Shift | None = None,
    tags: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> ChangeSummary:
    """Write where farmland was gained and lost between two dates and return the areas.

    The map is on the grid of ``before``; ``after`` may lie on any grid of the same place and is
    taken at its nearest pixel. A pixel has data where both dates have.

    Smallest area: a patch is pixels of one kind of change (gain or loss) that share sides. A
    patch below the smallest area keeps the state of the earlier date: small gains become stable
    other, small losses stable farmland. The farmland of the earlier date is therefore the same
    with and without a smallest area.

    Args:
        before: probability raster of the earlier date.
        after: probability raster of the later date.
        output: where the COG goes (uint8, codes of ``CHANGE_CLASSES``); replaced where it exists.
        thresholds: probability from which a pixel is farmland, 0 to 1; one for both dates or
            one each.
        min_area_m2: smallest geodesic area of a patch of change. With it both maps are read twice.
        shift: how the later scene lies on the earlier one, to take it back when reading; see
            ``check_registration``. The nearest pixel is taken, so up to half a pixel remains.
        tags: metadata beside the provenance.
        progress: called with (rows done, rows in all).

    Raises:
        ModelError: a threshold or the smallest area is out of range, or there are more
            than two thresholds.
        SceneError: a raster cannot be read, the dates are in the wrong order, or no ground is
            shared.
        StorageError: the map cannot be written; nothing is left behind.
    """
    if not (np.isfinite(min_area_m2) and min_area_m2 >= 0):
        raise ModelError(
            expected="a smallest area of 0 m2 or more",
            found=str(min_area_m2),
            fix="Give the area of the smallest patch of change to keep, for example 500",
        )
    states = open_states((before, after), thresholds, (None, shift))
    grid = states[0].raster.grid
    steps = _Steps(progress, grid.height * (2 if min_area_m2 > 0 else 1))
    patches = None
    if min_area_m2 > 0:
        patches = find_patches(_strips(states, steps), grid, CHANGED, min_area_m2=min_area_m2)
    written = {
        **provenance(states),
        KIND_TAG: CHANGE_KIND,
        "SATSEG_CONTENT": content(CHANGE_CLASSES),
        "SATSEG_MIN_AREA_M2": f"{min_area_m2:g}",
        **(tags or {}),
    }
    m2, dropped = np.zeros(256), np.zeros(256)
    with cog_rows(output, grid, CHANGE, tags=written) as writer:
        for window, raw, codes in _settled(_strips(states, steps), patches):
            writer.write(codes)
            areas = pixel_areas_m2(grid, window)
            m2 += np.bincount(codes.ravel(), areas.ravel(), minlength=256)
            gone = codes != raw
            dropped += np.bincount(raw[gone], areas[gone], minlength=256)
    found = Transitions.of_codes(m2, float(m2.sum()))
    return ChangeSummary(grid, found, float(dropped[GAIN]), float(dropped[LOSS]))


class _Steps:
    """Counts rows over all passes and reports them."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def advance(self, rows: int) -> None:
        self._done += rows
        if self._progress is not None:
            self._progress(self._done, self._total)


def _strips(states: Sequence[State], steps: _Steps) -> Iterator[tuple[Window, NDArray[np.uint8]]]:
    """Yield the change of each pixel, whatever the size of its patch."""
    for window, (earlier, later) in state_strips(states):
        seen = (earlier != NODATA) & (later != NODATA)
        codes = np.full(window.shape, NODATA, dtype=np.uint8)
        codes[seen] = _CODES[earlier[seen], later[seen]]
        yield window, codes
        steps.advance(window.height)


def _settled(
    strips: Iterator[tuple[Window, NDArray[np.uint8]]], patches: Patches | None
) -> Iterator[tuple[Window, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield each strip with its codes before and after small patches are dropped."""
    before = 0
    for window, raw in strips:
        if patches is None:
            yield window, raw, raw
            continue
        labels, count = pieces(raw, CHANGED)
        large = np.append(np.uint8(1), patches.large[before : before + count])[labels] == 1
        before += count
        codes = raw.copy()
        codes[(raw == GAIN) & ~large] = STABLE_OTHER
        codes[(raw == LOSS) & ~large] = STABLE_FARMLAND
        yield window, raw, codes
