"""What a parcel carries on a date: rotation over the years, stage over the year.

The calendar is that of the lower Yangtze: single-season rice from June to October or November,
then wheat, rapeseed, green manure or bare land until May; vegetables the whole year round.
Source: Shanghai's usual sowing and harvest dates as agricultural yearbooks give them, rounded to
weeks; parcels differ from them by up to two weeks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Calendar = tuple[tuple[int, tuple[str, ...]], ...]

RICE: Calendar = (
    (148, ("ploughed", "flooded", "flooded")),
    (166, ("flooded", "transplanted", "transplanted")),
    (186, ("transplanted", "rice_green")),
    (255, ("rice_green",)),
    (278, ("rice_heading", "rice_green")),
    (305, ("rice_ripe", "rice_ripe", "rice_heading")),
    (320, ("rice_ripe", "stubble", "stubble")),
    (367, ("stubble", "ploughed", "stubble_green")),
)
"""Rice from the seed bed on: day of year until which one of the stages is seen."""

WHEAT: Calendar = (
    (45, ("seedlings", "wheat_green", "seedlings")),
    (128, ("wheat_green",)),
    (154, ("wheat_ripe", "wheat_ripe", "wheat_green")),
)

RAPE: Calendar = (
    (72, ("rape_green",)),
    (106, ("rape_flower",)),
    (138, ("rape_pods",)),
    (152, ("rape_pods", "stubble")),
)

MANURE: Calendar = ((60, ("stubble_green", "vetch")), (125, ("vetch",)), (150, ("ploughed",)))

BARE: Calendar = (
    (75, ("stubble", "ploughed", "ploughed_dark", "fallow_dry", "stubble_green")),
    (150, ("fallow", "ploughed", "ploughed_dark", "harrowed")),
)

WINTER: tuple[Calendar, ...] = (WHEAT, RAPE, MANURE, BARE)

DRY: Calendar = (
    (90, ("beds_bare", "beds_dark", "fallow_dry", "ploughed_dark", "beds_purple", "film")),
    (150, ("beds_pale", "film", "beds_dark", "beds_bare", "film_black", "beds_young")),
    (200, ("beds_dark", "beds_green", "beds_purple", "ploughed_dark", "beds_pale")),
    (270, ("beds_green", "beds_dark", "beds_green", "beds_purple", "fallow")),
    (330, ("beds_bare", "beds_pale", "harrowed", "beds_dark", "beds_young")),
    (367, ("beds_bare", "beds_dark", "seedlings", "fallow_dry", "beds_purple")),
)
"""Soy, maize, melons, sweet potato, broad beans: dry land in beds."""

VEGETABLES: tuple[str, ...] = (
    "beds_bare",
    "beds_dark",
    "beds_green",
    "beds_young",
    "beds_purple",
    "film",
    "film_black",
    "beds_pale",
    "beds_dark",
    "beds_green",
    "harrowed",
    "fallow",
)

GARDENS: tuple[str, ...] = (
    "garden_rough",
    "garden_canes",
    "garden_bushy",
    "beds_dark",
    "garden_rough",
    "beds_green",
    "fallow_rough",
    "garden_canes",
    "beds_bare",
    "garden_bushy",
)
"""Plots that a family tends by hand: beans on canes, taro, gourds, sweet potato, weeds between."""


def stage(
    crop: str, date: dt.date, chance: NDArray[np.float64], weights: Mapping[str, float]
) -> str:
    """Return the name of the surface that a parcel shows on ``date``.

    Args:
        crop: ``crop:any`` or ``crop:vegetables``.
        date: day of the image.
        chance: float64 (8,), the parcel's random numbers; the first three are shared among
            neighbours that are worked together.
        weights: of the rotations ``rice``, ``dry``, ``vegetables`` and ``gardens``; empty for
            6 : 2 : 2 : 0.
    """
    day = date.timetuple().tm_yday + 26 * (chance[0] - 0.5)
    year = date.year + (day > 320)
    grown = rotation(crop, chance, weights)
    pick = _mix(chance[2], year)
    if grown == "rice":
        return _rice(day, year, chance)
    if grown == "dry":
        return _look(DRY, day, pick)
    season = _mix(chance[2], year * 7 + int(day // 45))
    looks = GARDENS if grown == "gardens" else VEGETABLES
    return looks[int(season * len(looks))]


ROTATIONS = ("rice", "dry", "vegetables", "gardens")


def rotation(crop: str, chance: NDArray[np.float64], weights: Mapping[str, float]) -> str:
    """Return what a parcel grows: ``rice``, ``dry``, ``vegetables`` or ``gardens``.

    Arguments are those of ``stage``. Where only vegetables grow, gardens are among them.
    """
    first = 0 if crop == "crop:any" else 2
    names = ROTATIONS[first:]
    parts = np.array([weights.get(name, 0.0) for name in names])
    parts = parts if parts.sum() else np.array([6.0, 2.0, 2.0, 0.0])[first:]
    bounds = np.cumsum(parts / parts.sum())
    return names[int(np.searchsorted(bounds, min(chance[1], 0.9999)))]


NOTHING_STANDS = frozenset(
    [
        "stubble",
        "stubble_green",
        "ploughed",
        "ploughed_dark",
        "harrowed",
        "fallow",
        "fallow_dry",
        "fallow_rough",
        "beds_bare",
        "flooded",
    ]
)
"""Stages between two crops."""

_CROP = {"rice": "rice", "transplanted": "rice", "wheat": "wheat", "seedlings": "wheat"}
_CROP |= {"rape": "rapeseed", "vetch": "vetch"}


def crop_on(stage: str, grown: str) -> str:
    """Return what stands on a parcel: rice, wheat, rapeseed, vetch, vegetables, dry crops or none.

    Args:
        stage: what the parcel shows (see ``stage``).
        grown: its rotation (see ``rotation``).

    >>> crop_on("rape_flower", "rice"), crop_on("beds_green", "dry"), crop_on("stubble", "rice")
    ('rapeseed', 'dry crops', 'none')
    """
    if stage in NOTHING_STANDS:
        return "none"
    if grown == "rice":
        return _CROP[stage.split("_", maxsplit=1)[0]]
    return "dry crops" if grown == "dry" else "vegetables"


def _rice(day: float, year: int, chance: NDArray[np.float64]) -> str:
    winter = WINTER[int(_mix(chance[2], year) * len(WINTER))]
    pick = _mix(chance[1], year * 3 + 1)
    if day > 325 and winter is not BARE:
        return ("seedlings", "ploughed", "seedlings", "stubble")[int(pick * 4)]
    if day < winter[-1][0]:
        return _look(winter, day, pick)
    return _look(RICE, day, pick)


def _look(calendar: Calendar, day: float, pick: float) -> str:
    for last, stages in calendar:
        if day < last:
            return stages[int(pick * len(stages))]
    return calendar[-1][1][0]


def _mix(chance: float, number: int) -> float:
    """Return another number in [0, 1) that depends on both arguments."""
    return float((chance * 7919.0 + number * 0.6180339887) % 1.0)


OPEN_GREEN: Mapping[str, str] = {"grass": "grass_winter", "lawn": "grass_winter", "weeds": "reeds"}
"""What grass, lawns and weeds look like from December to mid March, for most of them."""


def surface_on(
    name: str, date: dt.date, chance: NDArray[np.float64], weights: Mapping[str, float]
) -> str:
    """Return the name of the surface that a feature with ``name`` shows on ``date``."""
    if name.startswith("crop:"):
        return stage(name, date, chance, weights)
    day = date.timetuple().tm_yday
    if (day < 80 or day > 330) and chance[4] < 0.75:
        return OPEN_GREEN.get(name, name)
    return name


def crowns(kind: NDArray[np.int64], tone: NDArray[np.float64], date: dt.date) -> list[str]:
    """Return the material of each crown on ``date``; ``kind`` as in ``Sketch.plant``."""
    day = date.timetuple().tm_yday
    by_kind = [_crown(k, day) for k in range(4)]
    return [by_kind[int(k)][int(t * len(by_kind[int(k)]))] for k, t in zip(kind, tone, strict=True)]


def _crown(kind: int, day: int) -> tuple[str, ...]:
    if kind == 1:
        return ("crown_evergreen",)
    summer = ("crown_broad", "crown_broad", "crown_young", "crown_poplar")[kind]
    if kind == 2:
        summer = "crown_young"
    if kind == 3:
        summer = "crown_poplar"
    if day < 75 or day > 345:
        bare = ("crown_bare", "crown_bare", "crown_evergreen")
        return {0: bare, 2: (*bare, "crown_young"), 3: ("crown_bare",)}[kind]
    if day < 110:
        return ("crown_spring", "crown_bare", summer)
    if day > 310:
        return ("crown_rust", "crown_rust", summer) if kind == 3 else (summer, "crown_rust", summer)
    return (summer, summer, summer, "crown_evergreen") if kind == 0 else (summer,)
