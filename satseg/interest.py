"""Areas of interest: polygons of the visitors' own, kept in the catalog under names.

They are no regions: a scene belongs to one region, where an area of interest only says within which
outline the farmland of scenes is to be measured. ``satseg.area.area_histogram`` measures it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import shapely
from filelock import FileLock, Timeout
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from satseg.catalog_store import write_json
from satseg.errors import CatalogError, RegionError, StorageError
from satseg.identifiers import composed, is_identifier
from satseg.interest_files import polygons_of

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord

MAX_NAME: Final = 60
MAX_KEPT: Final = 500
_SUFFIX: Final = ".geojson"
_LOCK_TIMEOUT_S: Final = 20.0
_FORBIDDEN: Final = frozenset('<>/\\|"`{}')

Placed = TypeVar("Placed", bound="SceneRecord")


@dataclass(frozen=True, slots=True)
class Interest:
    """A named area of interest.

    Attributes:
        name: 1 to 60 characters of any script.
        geometry: valid Polygon or MultiPolygon in longitude and latitude (WGS 84), degrees.
        origin: where it comes from, for example ``drawn`` or a file's name.
        created: when it was drawn or read, UTC.
    """

    name: str
    geometry: BaseGeometry
    origin: str
    created: dt.datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", check_name(self.name))
        object.__setattr__(self, "geometry", polygons_of(self.geometry))

    @classmethod
    def now(cls, name: str, geometry: BaseGeometry, *, origin: str) -> Interest:
        """Return an area that is made at this moment.

        Raises:
            RegionError: the name cannot be one, or the geometry encloses nothing.
        """
        return cls(name, geometry, origin, dt.datetime.now(dt.UTC))

    @property
    def id(self) -> str:
        """Identifier; the same for names that differ in case or width only.

        >>> square = shapely.box(121, 31, 122, 32)
        >>> one, other = (Interest.now(n, square, origin="drawn") for n in ("Field", "FIELD"))
        >>> one.id == other.id
        True
        """
        return composed(unicodedata.normalize("NFKC", self.name).casefold())

    @property
    def key(self) -> str:
        """Hash of the outline, for caches."""
        return hashlib.sha256(shapely.to_wkb(self.geometry)).hexdigest()

    def overlaps(self, scenes: Iterable[SceneRecord]) -> bool:
        """Return whether the area shares ground with one of the scenes."""
        return bool(overlapping(self.geometry, scenes))

    def feature(self) -> dict[str, Any]:
        """Return the area as a GeoJSON feature."""
        return {
            "type": "Feature",
            "id": self.id,
            "properties": {
                "name": self.name,
                "origin": self.origin,
                "created": self.created.isoformat(),
            },
            "geometry": mapping(self.geometry),
        }


def check_name(name: str) -> str:
    """Return the name with its spaces tidied.

    >>> check_name("  North   field ")
    'North field'

    Raises:
        RegionError: the name is empty, too long, or has signs that names do not have.
    """
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    printable = all(sign.isprintable() and sign not in _FORBIDDEN for sign in tidy)
    if not 1 <= len(tidy) <= MAX_NAME or not printable:
        raise RegionError(
            expected=f"a name of 1 to {MAX_NAME} letters, digits, spaces and common signs",
            found=repr(name[: MAX_NAME + 1]),
            fix="Choose another name, for example North field",
        )
    return tidy


def suggested_name(text: str) -> str:
    """Return the name nearest to a text, for example to a file's name without its extension.

    >>> suggested_name("my <fields>"), suggested_name("{}")
    ('my fields', 'Area')
    """
    signs = (sign if sign.isprintable() and sign not in _FORBIDDEN else " " for sign in text)
    return " ".join("".join(signs).split())[:MAX_NAME].strip() or "Area"


def overlapping(geometry: BaseGeometry, scenes: Iterable[Placed]) -> list[Placed]:
    """Return the scenes that share ground with an area (WGS 84), in their order."""
    shapely.prepare(geometry)
    return [
        scene
        for scene in scenes
        if geometry.intersects(scene.footprint) and not geometry.touches(scene.footprint)
    ]


class InterestStore:
    """The areas of interest of a catalog, ``<root>/interests/<id>.geojson``, one file each."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "interests"

    def ids(self) -> list[str]:
        """Return the ids of all areas, sorted."""
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return []
        ids = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
        return [name for name in ids if is_identifier(name)]

    def version(self) -> int:
        """Return a number that changes whenever an area is kept or removed; 0 without any."""
        try:
            return self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def interests(self) -> list[Interest]:
        """Return all areas by name."""
        found = (self._find(name) for name in self.ids())
        return sorted((one for one in found if one is not None), key=lambda one: one.name)

    def get(self, interest_id: str) -> Interest:
        """Return one area.

        Raises:
            RegionError: there is none of that id, or its file was not written by satseg.
        """
        found = self._find(interest_id) if is_identifier(interest_id) else None
        if found is None:
            raise self._unknown(interest_id)
        return found

    def named(self, name: str) -> Interest:
        """Return the area of a name, whatever its case.

        Raises:
            RegionError: there is none of that name.
        """
        wanted = unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
        return self.get(composed(wanted))

    def add(self, interest: Interest) -> None:
        """Keep a new area.

        Raises:
            CatalogError: there is one of that name, or there are too many.
            StorageError: the file cannot be written; nothing is left behind.
        """
        with self._locked():
            known = self.ids()
            if interest.id in known:
                raise CatalogError(
                    expected="a name that no area of interest has",
                    found=repr(interest.name),
                    fix="Choose another name, or remove the other area first",
                )
            if len(known) >= MAX_KEPT:
                raise CatalogError(
                    expected=f"at most {MAX_KEPT} areas of interest",
                    found=f"{len(known)}",
                    fix="Remove one that is not needed any more",
                )
            write_json(self._path(interest.id), interest.feature())

    def remove(self, interest_id: str) -> Interest:
        """Remove an area and return it, so that it can be added again.

        Raises:
            RegionError: there is none of that id.
        """
        with self._locked():
            found = self.get(interest_id)
            self._path(interest_id).unlink(missing_ok=True)
        return found

    def _path(self, interest_id: str) -> Path:
        return self._folder / f"{interest_id}{_SUFFIX}"

    def _find(self, interest_id: str) -> Interest | None:
        path = self._path(interest_id)
        try:
            feature = json.loads(path.read_text(encoding="utf-8"))
            properties = feature["properties"]
            return Interest(
                str(properties["name"]),
                shape(feature["geometry"]),
                str(properties["origin"]),
                dt.datetime.fromisoformat(properties["created"]),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as e:
            raise RegionError(
                expected=f"an area of interest that satseg wrote in {path.name}",
                found=f"{type(e).__name__}: {str(e)[:100]}",
                fix=f"Remove the file {path}",
            ) from e

    def _unknown(self, interest_id: str) -> RegionError:
        known = ", ".join(repr(one.name) for one in self.interests()[:8]) or "(there is none)"
        return RegionError(
            expected=f"one of the areas of interest {known}",
            found=repr(interest_id[:MAX_NAME]),
            fix="Choose one of them, or keep a new one",
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / ".lock", timeout=_LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise StorageError(
                expected=f"the lock of the areas of interest within {_LOCK_TIMEOUT_S:.0f} s",
                found="another process that keeps it",
                fix="Try again",
            ) from error
        except OSError as error:
            raise StorageError(
                expected=f"to write below {self._folder}",
                found=f"{type(error).__name__}: {error}",
                fix="Check that the folder may be written, and try again",
            ) from error
