"""Writes all that is known about simulated places: classes, parcels, trees and changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from satseg.classes import CLASSES, FARMLAND_CODES
from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.errors import DateError
from satseg.simulate.changes import change_codes, farmland_changes_m2, land_changes
from satseg.simulate.definition import Definition
from satseg.simulate.landscape import landscape_on
from satseg.simulate.render import SimulatedScene, render_scene
from satseg.simulate.samples import tags_of, write_classes
from satseg.simulate.vectors import write_changes, write_land

Dates = tuple[dt.date, dt.date]

_SAME, _LOST, _GAINED, _OTHER = (216, 216, 212), (196, 52, 44), (44, 128, 64), (222, 164, 60)


@dataclass(frozen=True, slots=True)
class PairOfDates:
    """What changed between two dates of a place.

    Attributes:
        definition_id: the place.
        dates: first and second.
        lost_m2: geodesic area of the farmland that went.
        gained_m2: geodesic area of the farmland that came.
    """

    definition_id: str
    dates: Dates
    lost_m2: float
    gained_m2: float


def write_truth(
    definitions: Sequence[Definition],
    folder: Path,
    *,
    between: Dates | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[PairOfDates]:
    """Write the truth of places into ``folder`` and return what changed.

    For each date ``ID_DATE_truth.gpkg`` (layers farmland, parcels, land, trees) and
    ``ID_DATE_truth.tif`` (COG of classes); for each pair of dates ``ID_DATE_DATE_changes.gpkg``
    and ``..._changes.tif`` (COG of 10 x class before + class after).

    Args:
        definitions: the places.
        folder: where to; files of the same name are replaced.
        between: two dates, whether scenes have them or not; all dates of each definition and
            pairs of neighbours without it.
        progress: called with (dates done, dates in all).

    Raises:
        DateError: the two dates are not in order.
        StorageError: a file cannot be written.
    """
    if between is not None and between[0] >= between[1]:
        raise DateError(
            expected="two dates, the earlier one first",
            found=f"{between[0]} and {between[1]}",
            fix="Write for example --between 2015-06-06 2021-04-02",
        )
    report = progress or (lambda done, total: None)
    chosen = [(item, between or item.dates) for item in definitions]
    total, done = sum(len(dates) for _, dates in chosen), 0
    found = []
    for definition, dates in chosen:
        scenes = []
        for date in dates:
            report(done, total)
            scenes.append(_write_date(definition, date, folder))
            done += 1
        found += [_write_pair(definition, *pair, folder) for pair in pairwise(scenes)]
    report(done, total)
    return found


def _write_date(definition: Definition, date: dt.date, folder: Path) -> SimulatedScene:
    """Write the truth of a date and return its scene, without bands."""
    land = landscape_on(definition, date)
    stem = f"{definition.id}_{date.isoformat()}_truth"
    write_land(definition, date, land, folder / f"{stem}.gpkg")
    scene = render_scene(definition, date, bands=(), land=land)
    write_classes(scene, folder / f"{stem}.tif", tags_of(definition, scene))
    return scene


def _write_pair(
    definition: Definition, before: SimulatedScene, after: SimulatedScene, folder: Path
) -> PairOfDates:
    dates = before.date, after.date
    changes = land_changes(definition, *dates)
    stem = f"{definition.id}_{dates[0].isoformat()}_{dates[1].isoformat()}_changes"
    write_changes(changes, dates, folder / f"{stem}.gpkg")
    tags = tags_of(definition, after) | {"SATSEG_SINCE": dates[0].isoformat()}
    layer = Layer("change", nodata=0, overviews="mode", colours=_colours())
    with cog_rows(folder.absolute() / f"{stem}.tif", after.grid, layer, tags=tags) as rows:
        rows.write(change_codes(before.classes, after.classes))
    return PairOfDates(definition.id, dates, *farmland_changes_m2(changes))


def _colours() -> tuple[tuple[int, tuple[int, int, int, int]], ...]:
    """Return the colours of change codes: grey for none, red for farmland lost, green gained."""
    table = []
    for was in CLASSES[1:]:
        for now in CLASSES[1:]:
            lost = was.code in FARMLAND_CODES
            gained = now.code in FARMLAND_CODES
            changed = _LOST if lost and not gained else _GAINED if gained and not lost else _OTHER
            colour = _SAME if was == now else changed
            table.append((10 * was.code + now.code, (*colour, 255)))
    return tuple(table)
