"""What an image file is, as far as it tells: bands, date, place, data. Nothing is registered."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from satseg.bands import RGB, RGBN, WORLDVIEW3
from satseg.dates import parse_date
from satseg.errors import BandError, DateError
from satseg.identifiers import slug
from satseg.intake.looks import Progress, QuickLook, quick_look
from satseg.intake.structure import Structure, structure
from satseg.regions import Region, containing
from satseg.scene import Scene, open_scene

Told = Literal["file", "name", "count", "given", "nobody"]
"""Who told something: the file itself, its name, the number of its bands, the caller, nobody."""

CUSTOMARY: Final[dict[int, tuple[tuple[str, ...], ...]]] = {
    1: (("red",),),
    3: (RGB, ("blue", "green", "red"), ("nir1", "red", "green")),
    4: (RGBN, ("blue", "green", "red", "nir1"), ("nir1", "red", "green", "blue")),
    5: (("blue", "green", "red", "red_edge", "nir1"),),
    8: (WORLDVIEW3,),
}
"""Orders in which products hold their bands, by their number, the most frequent first."""

FIRST_YEAR: Final = 1999
"""Of imagery at about a metre: IKONOS was launched in that year."""

_DIGITS = re.compile(r"(?<!\d)(\d{4})([-_.]?)(\d{2})\2(\d{2})(?=\D|$|\d{6}(?!\d))")
_MAXAR = re.compile(r"(?<![0-9A-Z])(\d{2})([A-Z]{3})(\d{2})\d{6}-[A-Z]\d")
"""Maxar's names begin with year, month and day: 15JUN06024101-M2AS_R1C1-..."""
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a file is.

    Attributes:
        scene: the image as it would be registered.
        structure: how the file is built.
        bands_told: who told the order of the bands; ``nobody`` where it is only a placeholder.
        date_told: who told the date, ``nobody`` where ``scene.date`` is None.
        look: a small picture.
        footprint: outline in longitude and latitude on WGS 84.
    """

    scene: Scene
    structure: Structure
    bands_told: Told
    date_told: Told
    look: QuickLook
    footprint: BaseGeometry

    @property
    def gsd_m(self) -> float:
        """Ground sample distance in metres, mean of down and across."""
        return sum(self.scene.grid.gsd_m()) / 2

    @property
    def nodata(self) -> str:
        """What tells pixels with data from others, in words."""
        layout = self.scene.layout
        if layout.validity == "nodata":
            return ", ".join(dict.fromkeys(f"{value:g}" for value in layout.nodata))
        return {"mask": "mask", "blackfill": "0 in all bands"}.get(layout.validity, "none")

    @property
    def orders(self) -> tuple[tuple[str, ...], ...]:
        """Orders of bands that the file may have, the understood one first.

        With an alpha band there are also those that take it for an ordinary band.
        """
        counts = dict.fromkeys((self.structure.data_bands, self.structure.bands))
        customary = [order for count in counts for order in CUSTOMARY.get(count, ())]
        own = () if self.bands_told == "nobody" else (self.scene.bands,)
        return tuple(dict.fromkeys((*own, *customary)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a footprint lies among the regions.

    Attributes:
        region: the smallest region around its centre, whose series it would join; None for none.
        touched: all regions that share ground with it, ``region`` first.
    """

    region: Region | None
    touched: tuple[Region, ...]


def understand_image(
    path: Path,
    *,
    name: str | None = None,
    bands: Sequence[str] | None = None,
    date: dt.date | str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Understood:
    """Return what an image file is; bands and date may be missing from it.

    Args:
        path: a GeoTIFF.
        name: what the file was called, which may hold the date; the path's own without it.
        bands: their order, where the caller knows better than the file.
        date: day of acquisition, likewise.
        progress: called with (rows done, rows in all) of the picture.
        cancelled: asked often.

    Raises:
        SceneError: the file is no complete, georeferenced GeoTIFF with data, or too large.
        BandError: ``bands`` do not fit the file, or it has more than 8 without names.
        DateError: ``date`` is no date.
        Cancelled: ``cancelled`` returned true.
    """
    built = structure(path)
    scene, bands_told = _opened(path, built, bands, date)
    date_told: Told = "given" if date is not None else "file" if scene.date else "nobody"
    if scene.date is None:
        guess = date_in_name(path.name if name is None else name)
        if guess is not None:
            scene, date_told = open_scene(path, bands=scene.bands, date=guess), "name"
    look = quick_look(scene, progress=progress, cancelled=cancelled)
    outline = orient(Polygon(scene.grid.footprint()))
    return Understood(scene, built, bands_told, date_told, look, outline)


def place(footprint: BaseGeometry, regions: Iterable[Region]) -> Place:
    """Return where a footprint (longitude, latitude) lies among regions."""
    touched = [region for region in regions if region.geometry.intersects(footprint)]
    centre = footprint.centroid
    home = containing(touched, centre.x, centre.y)
    others = [region for region in touched if region is not home]
    return Place(home, tuple(([home] if home else []) + others))


def date_in_name(name: str) -> dt.date | None:
    """Return the only day that a file's name tells, or None.

    >>> date_in_name("shanghai_2015-06-06_ms.tif"), date_in_name("15JUN06024101-M2AS_P001.TIF")
    (datetime.date(2015, 6, 6), datetime.date(2015, 6, 6))
    """
    texts = [f"{m[1]}-{m[3]}-{m[4]}" for m in _DIGITS.finditer(name)]
    for match in _MAXAR.finditer(name.upper()):
        if match[2] in _MONTHS:
            texts.append(f"20{match[1]}-{_MONTHS.index(match[2]) + 1:02d}-{match[3]}")
    days = {day for day in map(_day, texts) if day is not None}
    return days.pop() if len(days) == 1 else None


def suggested_title(name: str) -> str:
    """Return the name of a file without its ending, for people.

    >>> suggested_title("RGB-PanSharpen_AOI_4.tif")
    'RGB-PanSharpen AOI 4'
    """
    stem = name.rpartition(".")[0] or name
    return " ".join(stem.replace("_", " ").split())[:100]


def suggested_id(name: str, date: dt.date, taken: Iterable[str], *, spare: str) -> str:
    """Return an identifier for a scene that none of ``taken`` has.

    Args:
        name: of its file.
        date: of the scene, added where the name alone is taken.
        taken: identifiers that are in use.
        spare: what to call a scene of whose name nothing is left, for example one in Chinese.
    """
    known = set(taken)
    plain = slug(name.rpartition(".")[0] or name)[:80] or slug(spare)
    tries = (plain, slug(f"{plain}-{date:%Y%m%d}"))
    return next((each for each in tries if each not in known), slug(f"{tries[1]}-{spare}"))


def _opened(
    path: Path,
    built: Structure,
    bands: Sequence[str] | None,
    date: dt.date | str | None,
) -> tuple[Scene, Told]:
    """Return the scene, under made-up names of its bands where nobody tells them."""
    if bands is not None:
        return open_scene(path, bands=bands, date=date), "given"
    try:
        scene = open_scene(path, date=date)
    except BandError:
        if not 1 <= built.data_bands <= len(WORLDVIEW3):
            raise
        names = CUSTOMARY.get(built.data_bands, (WORLDVIEW3[: built.data_bands],))[0]
        return open_scene(path, bands=names, date=date), "nobody"
    customary = CUSTOMARY.get(len(scene.bands), ((),))[0]
    return scene, "count" if scene.bands == customary and not _names_bands(path) else "file"


def _names_bands(path: Path) -> bool:
    """Return whether the file describes its bands, or marks three as red, green and blue."""
    import rasterio

    from satseg.reading import raster_environment

    with raster_environment(), rasterio.open(path, driver="GTiff") as dataset:
        colours = [kind.name for kind in dataset.colorinterp[:3]]
        return all(dataset.descriptions) or (dataset.count == 3 and colours == list(RGB))


def _day(text: str) -> dt.date | None:
    try:
        day = parse_date(text)
    except DateError:
        return None
    return day if day.year >= FIRST_YEAR and day <= dt.date.today() else None
