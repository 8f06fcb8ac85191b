"""What a chart of farmland area over time shows, on paper and in the dashboard, and its colours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from satseg.export.legend import INK

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Source: Okabe and Ito (2008), Color Universal Design: told apart with any colour vision."""


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A model's line: its name and its area in m² at each date; None is a gap."""

    name: str
    areas_m2: Mapping[dt.date, float | None]
    ensemble: bool = False

    def colour(self, number: int) -> str:
        """Return the colour of the line that is drawn as number 0, 1, 2 ...; ensembles have ink."""
        return INK if self.ensemble else COLOURS[number % len(COLOURS)]


@dataclass(frozen=True, slots=True)
class ChartIntervals:
    """Adjusted areas by date in m²: estimate, lower and upper limit of its interval."""

    name: str
    areas_m2: Mapping[dt.date, tuple[float, float, float]]
