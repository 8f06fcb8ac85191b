"""Series: farmland area by region, date and model as one tidy table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from satseg.errors import RegionError

COLUMNS = (
    "region",
    "date",
    "scene_id",
    "model",
    "threshold",
    "area_m2",
    "area_ha",
    "share",
    "valid_fraction",
    "change_m2",
)

COVERAGE_TOLERANCE = 0.05
"""Dates whose valid fractions differ by more than this are not compared."""

M2_PER_HA = 10_000.0


@dataclass(frozen=True, slots=True)
class Observation:
    """Mapped farmland of one scene by one model in one region.

    Attributes:
        region: id of the region.
        date: day of acquisition.
        scene_id: id of the scene.
        model: id of the model or ensemble.
        threshold: probability from which a pixel counts as farmland.
        area_m2: geodesic area of farmland within the part of the region that has data.
        share: area_m2 by the area of that part, 0 to 1.
        valid_fraction: that part by the whole region, 0 to 1.
        simulated: whether the scene is simulated.
    """

    region: str
    date: dt.date
    scene_id: str
    model: str
    threshold: float
    area_m2: float
    share: float
    valid_fraction: float
    simulated: bool = False

    def __post_init__(self) -> None:
        if not (self.area_m2 >= 0 and 0 <= self.valid_fraction <= 1 + 1e-6):
            raise RegionError(
                expected="an area of at least 0 m² and a valid fraction from 0 to 1",
                found=f"{self.area_m2} m² and {self.valid_fraction} for scene {self.scene_id}",
                fix="Predict the scene again",
            )


def tidy(observations: Iterable[Observation]) -> pd.DataFrame:
    """Return one row an observation, with the columns of ``COLUMNS`` and ``simulated``.

    Rows are ordered by region, model, threshold and date. ``change_m2`` is the area less the area
    at the previous date of the same region, model and threshold. It is missing at the first date,
    and where the valid fractions of the two dates differ by more than ``COVERAGE_TOLERANCE``:
    ground that was not seen is neither gained nor lost.
    """
    ordered = sorted(
        observations, key=lambda o: (o.region, o.model, o.threshold, o.date, o.scene_id)
    )
    frame = pd.DataFrame(
        {
            "region": [o.region for o in ordered],
            "date": pd.to_datetime([o.date for o in ordered]),
            "scene_id": [o.scene_id for o in ordered],
            "model": [o.model for o in ordered],
            "threshold": [o.threshold for o in ordered],
            "area_m2": [o.area_m2 for o in ordered],
            "area_ha": [o.area_m2 / M2_PER_HA for o in ordered],
            "share": [o.share for o in ordered],
            "valid_fraction": [o.valid_fraction for o in ordered],
            "change_m2": _changes(ordered),
            "simulated": [o.simulated for o in ordered],
        }
    )
    return frame.astype(dict.fromkeys(("area_m2", "area_ha", "share", "change_m2"), "float64"))


def _changes(ordered: Sequence[Observation]) -> list[float]:
    changes = [float("nan")] * len(ordered)
    for index in range(1, len(ordered)):
        before, after = ordered[index - 1], ordered[index]
        same = (before.region, before.model, before.threshold) == (
            after.region,
            after.model,
            after.threshold,
        )
        seen_alike = abs(after.valid_fraction - before.valid_fraction) <= COVERAGE_TOLERANCE
        if same and seen_alike:
            changes[index] = after.area_m2 - before.area_m2
    return changes
