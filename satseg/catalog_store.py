"""Folders of catalog entries that appear whole or not at all, under concurrent processes.

An entry is built in a staging folder of the same file system and renamed to its place. Readers need
no lock: they see the folder before or after the rename. Writers that must look before they rename
(is this scene there already?) hold a file lock, which ends with its process.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from filelock import FileLock, Timeout

from satseg.errors import Cancelled, CatalogError, StorageError
from satseg.identifiers import is_identifier
from satseg.remembered import Remembered

Record = TypeVar("Record")
Kind = Literal["scenes", "predictions", "areas"]
KINDS: tuple[Kind, ...] = ("scenes", "predictions", "areas")

_STAGING = ".staging"
_WORK = ".work"
_WORK_KEPT_S = 14 * 24 * 3600.0
_TURN_S = 0.5
_STALE_S = 24 * 3600
_LOCK_TIMEOUT_S = 60.0


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON file that is replaced whole; a reader sees the old text or the new one.

    Raises:
        StorageError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritten(f"the whole of {path.name}", error) from error


class Store:
    """The folders of a catalog: ``<root>/<kind>/<id>/<id>.json`` with the files of each entry.

    Attributes:
        root: folder of the catalog.
        owner: what the names of this store's staging folders start with.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.owner = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._documents = Remembered(self._document, self._path)

    def prepare(self) -> None:
        """Create the folders and remove what dead processes left in the staging area.

        Raises:
            StorageError: the folders cannot be created.
        """
        try:
            for name in (*KINDS, _STAGING):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                expected=f"a folder for the catalog at {self.root}",
                found=f"{type(error).__name__}: {error}",
                fix="Choose a folder that may be written, with --catalog or SATSEG_CATALOG",
            ) from error
        self._sweep()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Yield an empty folder for a new entry; what is left of it afterwards is removed."""
        folder = self.root / _STAGING / f"{self.owner}-{uuid.uuid4().hex[:8]}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise _unwritten(f"a new entry in {self.root}", error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def workspace(self, name: str, cancelled: Callable[[], bool] | None = None) -> Iterator[Path]:
        """Yield a folder for work that may be interrupted; one process at a time has it.

        What is in it when the block ends stays, for whoever asks for the same ``name`` again. What
        nobody has asked for in two weeks is removed.

        Raises:
            Cancelled: ``cancelled`` said so while another process had it.
        """
        home = self.root / _WORK
        try:
            home.mkdir(exist_ok=True)
        except OSError as error:
            raise _unwritten(f"the work on {name}", error) from error
        self._forget_old_work(home)
        lock = FileLock(home / f"{name}.lock")
        while True:
            try:
                lock.acquire(timeout=_TURN_S)
                break
            except Timeout:
                if cancelled is not None and cancelled():
                    raise Cancelled from None
        try:
            (home / f"{name}.lock").touch()
            yield home / name
        finally:
            lock.release()

    def _forget_old_work(self, home: Path) -> None:
        for mark in home.glob("*.lock"):
            try:
                if time.time() - mark.stat().st_mtime > _WORK_KEPT_S:
                    shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
                    mark.unlink()
            except FileNotFoundError:
                continue

    def discard_staging_of(self, owner: str) -> None:
        """Remove the staging folders of a store whose process is known to be dead."""
        for folder in (self.root / _STAGING).glob(f"{owner}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the catalog's write lock.

        Raises:
            CatalogError: another process keeps it for longer than a minute.
        """
        try:
            with FileLock(self.root / ".lock", timeout=_LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise CatalogError(
                expected=f"the write lock of {self.root} within {_LOCK_TIMEOUT_S:.0f} s",
                found="another process that keeps it",
                fix="Wait until the other process has ended and try again",
            ) from error

    def register(
        self, kind: Kind, entry_id: str, folder: Path, *, guard: Callable[[], None] | None = None
    ) -> None:
        """Rename a staged ``folder`` to its place; ``guard`` runs under the lock and may refuse.

        Raises:
            CatalogError: an entry of that id exists.
            StorageError: the folder cannot be renamed.
        """
        with self.locked():
            self.refuse_taken(entry_id)
            if guard is not None:
                guard()
            try:
                os.rename(folder, self.folder(kind, entry_id))
            except OSError as error:
                raise _unwritten(f"{entry_id!r} into {self.root}", error) from error
            self._write_root()

    def refuse_taken(self, entry_id: str) -> None:
        """Raise CatalogError where an entry of any kind has the id already."""
        for kind in KINDS:
            if self.folder(kind, entry_id).exists():
                raise CatalogError(
                    expected="an id that the catalog does not have",
                    found=f"{entry_id!r} among its {kind}",
                    fix="Choose another id, for example with --id",
                )

    def folder(self, kind: Kind, entry_id: str) -> Path:
        """Return the folder of an entry, which need not exist."""
        return self.root / kind / entry_id

    def ids(self, kind: Kind) -> list[str]:
        """Return the ids of all entries of a kind, sorted."""
        try:
            names = sorted(os.listdir(self.root / kind))
        except FileNotFoundError:
            return []
        return [name for name in names if is_identifier(name)]

    def item(self, kind: Kind, entry_id: str) -> Mapping[str, Any] | None:
        """Return the STAC item of an entry, or None where there is none.

        Raises:
            CatalogError: the item cannot be read.
        """
        return self._documents((kind, entry_id)) if is_identifier(entry_id) else None

    def _document(self, entry: tuple[Kind, str]) -> Mapping[str, Any] | None:
        path = self._path(entry)
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise CatalogError(
                expected=f"a STAC item in {path}",
                found=f"{type(error).__name__}: {error}",
                fix=f"Remove the folder {path.parent} and add the entry again",
            ) from error
        return document

    def _path(self, entry: tuple[Kind, str]) -> Path:
        kind, entry_id = entry
        return self.folder(kind, entry_id) / f"{entry_id}.json"

    def items(self, kind: Kind) -> list[Mapping[str, Any]]:
        """Return the STAC items of a kind, by id."""
        found = (self.item(kind, entry_id) for entry_id in self.ids(kind))
        return [item for item in found if item is not None]

    def remembered(
        self, kind: Kind, parse: Callable[[Mapping[str, Any]], Record]
    ) -> Remembered[str, Record | None]:
        """Return what reads an entry of ``ids`` and gives None for one that has just gone."""

        def read(entry_id: str) -> Record | None:
            item = self.item(kind, entry_id)
            return None if item is None else parse(item)

        return Remembered(read, lambda entry_id: self._path((kind, entry_id)))

    def remove(self, kind: Kind, entry_id: str) -> None:
        """Remove an entry; it disappears in one rename."""
        doomed = self.root / _STAGING / f"{self.owner}-{uuid.uuid4().hex[:8]}"
        with self.locked():
            if self.folder(kind, entry_id).exists():
                os.rename(self.folder(kind, entry_id), doomed)
            self._write_root()
        shutil.rmtree(doomed, ignore_errors=True)

    def write_root(self) -> None:
        """Write ``catalog.json`` anew."""
        with self.locked():
            self._write_root()

    def _write_root(self) -> None:
        links = [{"rel": "root", "href": "./catalog.json", "type": "application/json"}]
        for kind in KINDS:
            for name in self.ids(kind):
                href = f"./{kind}/{name}/{name}.json"
                links.append({"rel": "item", "href": href, "type": "application/geo+json"})
        document = {
            "type": "Catalog",
            "id": "satseg",
            "stac_version": "1.1.0",
            "title": "Farmland maps",
            "description": "Scenes, farmland probabilities and farmland areas.",
            "links": links,
        }
        write_json(self.root / "catalog.json", document)

    def _sweep(self) -> None:
        for folder in (self.root / _STAGING).iterdir():
            try:
                stale = time.time() - folder.stat().st_mtime > _STALE_S
            except FileNotFoundError:
                continue
            if stale:
                shutil.rmtree(folder, ignore_errors=True)


def remove_areas(store: Store, of: Literal["region_id", "prediction_id"], ids: set[str]) -> None:
    """Remove the areas that were measured in these regions, or in these predictions."""
    for item in store.items("areas"):
        if item["properties"][f"satseg:{of}"] in ids:
            store.remove("areas", item["id"])


def _unwritten(what: str, error: OSError) -> StorageError:
    return StorageError(
        expected=f"to write {what}",
        found=f"{type(error).__name__}: {error}",
        fix="Free space on the disk, check that the folder may be written, and try again",
    )
