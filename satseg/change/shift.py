"""How one scene lies on another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from satseg.errors import SceneError
from satseg.grids import Grid

WARNING_PX = 0.5
"""Shift in pixels from which it is worth a warning, and from which correcting it has an effect."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How another scene lies on a reference scene.

    What the reference shows at a column and row, the other shows ``dx`` to the right of it and
    ``dy`` below: with north up, east and south.

    Attributes:
        dx_px: columns, in pixels of ``gsd_m``.
        dy_px: rows.
        dx_m: columns in metres.
        dy_m: rows in metres.
        gsd_m: ground sample distance at which it was measured, mean of down and across.
        spread_px: how far tiles lie from the median of all (robust standard deviation).
        confidence: share of the tiles with a clear answer that agree within half a pixel, 0 to 1.
        tiles: number of tiles that agree.
    """

    dx_px: float
    dy_px: float
    dx_m: float
    dy_m: float
    gsd_m: float
    spread_px: float
    confidence: float
    tiles: int

    def __post_init__(self) -> None:
        numbers = (self.dx_px, self.dy_px, self.dx_m, self.dy_m, self.gsd_m, self.spread_px)
        if not (all(map(math.isfinite, numbers)) and self.gsd_m > 0 and 0 <= self.confidence <= 1):
            raise SceneError(
                expected="a finite shift, a GSD above 0 m and a confidence from 0 to 1",
                found=f"{numbers} and {self.confidence}",
                fix="Measure the shift again with check_registration",
            )

    @property
    def length_px(self) -> float:
        """Length of the shift in pixels of ``gsd_m``."""
        return math.hypot(self.dx_px, self.dy_px)

    @property
    def warning(self) -> str | None:
        """What a shift above half a pixel means for a map of change, or None below."""
        if self.length_px <= WARNING_PX:
            return None
        return (
            f"The later scene is shifted by {self.length_px:.1f} pixels"
            f" ({math.hypot(self.dx_m, self.dy_m):.2f} m): every border of a field shows false"
            " change of that width"
        )

    def pixels_of(self, grid: Grid) -> tuple[float, float]:
        """Return (columns, rows) of the shift on a grid of the reference scene at any GSD."""
        down, across = grid.gsd_m()
        return self.dx_m / across, self.dy_m / down


@dataclass(frozen=True, slots=True)
class Registration:
    """The outcome of a check of two scenes.

    Attributes:
        shift: how the other lies on the reference, or None where the scenes do not tell.
        reason: why there is no answer; an empty text where there is one.
        tiles_seen: tiles in which both scenes have data.
        tiles_clear: tiles of these that gave a clear answer.
    """

    shift: Shift | None
    reason: str
    tiles_seen: int
    tiles_clear: int
