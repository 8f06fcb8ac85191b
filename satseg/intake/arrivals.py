"""Images that wait to be looked at and added: one folder each below ``<catalog>/arrivals``.

    <id>/arrival.json    what it is called and where it came from
    <id>/image.tif       the file, once it is whole; its own name is never used
    <id>/image.tif.part  as much of it as has arrived

What is here survives a restart. Nothing here belongs to the catalog yet.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from satseg.catalog_store import write_json
from satseg.errors import CatalogError, StorageError
from satseg.identifiers import is_identifier

Origin = Literal["upload", "url", "folder"]
FOLDER: Final = "arrivals"
IMAGE: Final = "image.tif"

MAX_WAITING: Final = 20
"""Images that may wait at the same time."""

KEPT_S: Final = 7 * 24 * 3600.0
"""Seconds after which what nobody added is removed."""

FREE_BYTES: Final = 2_000_000_000
"""Room on the disk that no arrival may take: maps and display copies need it."""

MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Arrival:
    """An image on its way into the catalog.

    Attributes:
        id: identifier; ids sort by the time of arrival.
        name: what its file was called, for people only.
        origin: how it came.
        source: its address where it was downloaded, else an empty text.
        path: where the operator has it; None for a file of the waiting room.
        created: seconds since 1970.
    """

    id: str
    name: str
    origin: Origin
    source: str = ""
    path: str | None = None
    created: float = 0.0


def shown_name(text: str) -> str:
    """Return the last part of a file's name from elsewhere, fit to be shown and for nothing else.

    >>> shown_name("../../etc/pass\\nwd.tif")
    'passwd.tif'
    """
    last = text.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c)[0] not in "CZ" or c == " ").strip()
    if len(plain) > MAX_NAME:
        plain = f"{plain[: MAX_NAME - 8]}…{plain[-7:]}"
    return plain or "image.tif"


class Arrivals:
    """The waiting room of one catalog."""

    def __init__(self, catalog_root: Path) -> None:
        self.folder = catalog_root / FOLDER

    def open(
        self, name: str, origin: Origin, *, source: str = "", path: Path | None = None
    ) -> Arrival:
        """Make a place for an image and return it.

        Raises:
            CatalogError: 20 wait already.
            StorageError: the disk is full.
        """
        self._forget_old()
        waiting = len(self.list())
        if waiting >= MAX_WAITING:
            raise CatalogError(
                expected=f"fewer than {MAX_WAITING} images that wait to be added",
                found=str(waiting),
                fix="Add or discard some of them",
            )
        arrival = Arrival(
            id=f"{time.time_ns():020d}-{uuid.uuid4().hex[:6]}",
            name=shown_name(name),
            origin=origin,
            source=source,
            path=None if path is None else str(path),
            created=time.time(),
        )
        try:
            (self.folder / arrival.id).mkdir(parents=True)
        except OSError as error:
            raise unwritten(error) from error
        write_json(self.folder / arrival.id / "arrival.json", asdict(arrival))
        return arrival

    def list(self) -> list[Arrival]:
        """Return what waits, oldest first."""
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        found = (self.read(name) for name in names)
        return [arrival for arrival in found if arrival is not None]

    def read(self, arrival_id: str) -> Arrival | None:
        """Return one arrival, or None where there is none."""
        if not is_identifier(arrival_id):
            return None
        try:
            text = (self.folder / arrival_id / "arrival.json").read_text(encoding="utf-8")
            return _arrival(json.loads(text))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def image(self, arrival: Arrival) -> Path:
        """Return the file of an arrival, which may not be there yet, or a delivery's folder."""
        return Path(arrival.path) if arrival.path is not None else self.folder / arrival.id / IMAGE

    def remove(self, arrival_id: str) -> None:
        """Remove an arrival; a file of the operator's stays."""
        if is_identifier(arrival_id):
            shutil.rmtree(self.folder / arrival_id, ignore_errors=True)

    def room_for(self, size: int) -> None:
        """Raise StorageError where ``size`` bytes would leave too little room on the disk."""
        free = shutil.disk_usage(self.folder.parent).free
        if size + FREE_BYTES > free:
            raise StorageError(
                expected=f"room for {size / 1e6:,.0f} MB, with {FREE_BYTES / 1e9:g} GB to spare",
                found=f"{free / 1e6:,.0f} MB free",
                fix="Free space on the server's disk, or send a smaller image",
            )

    def _forget_old(self) -> None:
        for arrival in self.list():
            if time.time() - arrival.created > KEPT_S:
                self.remove(arrival.id)


def _arrival(document: Mapping[str, Any]) -> Arrival:
    return Arrival(**document)


def unwritten(error: OSError) -> StorageError:
    """Return the error of an image that could not be kept."""
    return StorageError(
        expected="room and permission to keep the image in the catalog's folder",
        found=f"{type(error).__name__}: {error.strerror or error}",
        fix="Free space on the server's disk, and try again",
    )
