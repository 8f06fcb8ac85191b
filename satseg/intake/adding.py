"""The last step of an arrival: its entry into the catalog, whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satseg.catalog_records import SceneRecord
from satseg.deliveries import Choices, Plan, add_delivery, understand
from satseg.errors import CatalogError, DateError
from satseg.identifiers import slug
from satseg.intake.arrivals import Arrival
from satseg.intake.looks import Progress
from satseg.intake.understanding import FIRST_YEAR, Understood, suggested_id
from satseg.regions import Region

if TYPE_CHECKING:
    from satseg.catalog import Catalog

MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody decided about an image.

    Attributes:
        title: name to show.
        date: day of acquisition; a delivery's own without it.
        bands: their names in the order of the file; ignored for a delivery.
        region_id: region whose series it joins; None for a new one of its footprint.
        region_name: English name of the new region.
        region_name_zh: Chinese name of the new region, or an empty text.
        licence: terms of the image, or an empty text.
        pansharpen_m: GSD in metres to which a delivery is sharpened; None for not.
    """

    title: str
    date: dt.date | None = None
    bands: tuple[str, ...] = ()
    region_id: str | None = None
    region_name: str = ""
    region_name_zh: str = ""
    licence: str = ""
    pansharpen_m: float | None = None

    def __post_init__(self) -> None:
        texts = (self.title, self.region_name, self.region_name_zh, self.licence)
        long = [text for text in texts if len(text) > MAX_TEXT or not text.isprintable()]
        if long or not self.title.strip():
            raise CatalogError(
                expected=f"a name of 1 to {MAX_TEXT} characters",
                found=repr(long[0][:60]) if long else "none",
                fix="Give the scene a name, for example Chongming east 2015",
            )
        if self.date is not None and not FIRST_YEAR <= self.date.year <= dt.date.today().year + 1:
            raise DateError(
                expected=f"a day of acquisition from {FIRST_YEAR} to today",
                found=str(self.date),
                fix="Correct the date",
            )


def add_to_catalog(
    catalog: Catalog,
    path: Path,
    arrival: Arrival,
    entry: Entry,
    *,
    found: Understood | Plan | None,
    progress: Progress | None = None,
) -> SceneRecord:
    """Register an arrival and return its record; a file of the waiting room moves into the catalog.

    Args:
        catalog: where it is registered.
        path: the image, or the folder of a delivery.
        arrival: what it was called and how it came.
        entry: what somebody decided.
        found: what was read.
        progress: called with (percent done, 100).

    Raises:
        SatsegError: as ``Catalog.add_scene``. The catalog and the arrival are as before then.
    """
    if isinstance(found, Plan):
        choices = Choices(pansharpen_m=entry.pansharpen_m)
        plan = found if entry.pansharpen_m is None else understand(path, choices)
        return add_delivery(
            catalog,
            plan,
            region_id=entry.region_id,
            title=entry.title.strip(),
            licence=entry.licence,
            progress=progress,
        )
    if found is None or entry.date is None:
        raise DateError(
            expected="the day of acquisition",
            found=f"none for {arrival.name}",
            fix="Give the date",
        )
    scene_id = suggested_id(
        arrival.name,
        entry.date,
        [scene.id for scene in catalog.scenes()],
        spare=f"scene-{arrival.id[-6:]}",
    )
    region = None
    if entry.region_id is None:
        region = _new_region(catalog, entry, found, scene_id)
    with catalog.staging() as folder:
        own = arrival.path is None
        return catalog.add_scene(
            _staged(path, folder) if own else path,
            date=entry.date,
            region_id=entry.region_id,
            new_region=region,
            bands=entry.bands,
            scene_id=scene_id,
            title=entry.title.strip(),
            licence=entry.licence,
            properties=_provenance(arrival),
            adopt=own,
            progress=progress,
        )


def _staged(path: Path, folder: Path) -> Path:
    """Put a file of the waiting room into a staging folder too; it stays until all went well."""
    target = folder.resolve() / path.name
    try:
        os.link(path, target)
    except OSError:  # a file system without links
        shutil.copyfile(path, target)
    return target


def _new_region(catalog: Catalog, entry: Entry, found: Understood, scene_id: str) -> Region:
    name = entry.region_name.strip() or entry.title.strip()
    taken = {region.id for region in catalog.regions()}
    plain = slug(name)[:60] or scene_id
    wanted = (plain, scene_id, *(f"{plain}-{number}" for number in range(2, 1000)))
    return Region(
        id=next(each for each in wanted if each not in taken),
        name_en=name,
        name_zh=entry.region_name_zh.strip(),
        geometry=found.footprint,
        summary=f"The outline of the scene {entry.title.strip()}.",
    )


def _provenance(arrival: Arrival) -> dict[str, str]:
    """Return where a scene came from; an address without its query, which may hold a secret."""
    origin = {"satseg:origin": arrival.origin, "satseg:file_name": arrival.name}
    if arrival.origin != "url":
        return origin
    from satseg.fetch.transfer import shown

    return {**origin, "satseg:source": shown(arrival.source)}
