"""The bin of a catalog: what was removed waits here, whole, and can be brought back.

Layout of one removal, whose files keep their place below the catalog's root::

    removed/<id>/removal.json           what it is, when it was removed, how far the move is
    removed/<id>/files/<place>          each entry, for example scenes/<id> or reference/<id>.gpkg

Everything moves by renames on one disk, so that nothing is copied and nothing changes. A move of
several entries is written down before it begins; where a process dies in between, whoever opens the
catalog next finishes it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, get_args

from filelock import FileLock, Timeout

from satseg.catalog_store import Store, write_json
from satseg.errors import CatalogError, StorageError
from satseg.identifiers import is_identifier

Kind = Literal["scene", "area", "ensemble", "sample"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
State = Literal["removing", "removed", "restoring"]

KEPT_DAYS: Final = 14
"""Days for which what was removed can be brought back."""

FOLDER: Final = "removed"
_FILES: Final = "files"
_NOTE: Final = "removal.json"
_LOCK_TIMEOUT_S: Final = 20.0
_DAY_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Removal:
    """Something that was removed, with all that went with it.

    Attributes:
        id: identifier; ids sort by the time of removal.
        kind: what it is.
        name: what people call it.
        key: its own identifier.
        when: seconds since 1970.
        paths: places of its entries below the catalog's root, the most important one first.
        size_bytes: what it takes on the disk.
        counts: how many maps, areas and samples went with it.
        state: ``removed``, unless a process is moving it or died while it did.
    """

    id: str
    kind: Kind
    name: str
    key: str
    when: float
    paths: tuple[str, ...]
    size_bytes: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    state: State = "removed"

    @property
    def removed(self) -> dt.datetime:
        """When it was removed, UTC."""
        return dt.datetime.fromtimestamp(self.when, dt.UTC)

    @property
    def days_left(self) -> float:
        """Days until it is deleted for good; below 0 where that is overdue."""
        return KEPT_DAYS - (time.time() - self.when) / _DAY_S


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be removed together; see ``Removal`` for the fields."""

    kind: Kind
    name: str
    key: str
    paths: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)


Check = Callable[[Removal, Path], Sequence[str]]
"""Looks at a removal and the folder of its files; returns the places that are not to come back, or
raises SatsegError where the whole must not."""


class Bin:
    """The removals of one catalog."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.folder = store.root / FOLDER

    def removals(self) -> list[Removal]:
        """Return what can be brought back, newest first."""
        found = (self._read(name) for name in self._ids())
        kept = [one for one in found if one is not None and one.days_left > 0]
        return sorted(kept, key=lambda one: one.id, reverse=True)

    def get(self, removal_id: str) -> Removal:
        """Return one removal.

        Raises:
            CatalogError: there is none of that id.
        """
        found = self._read(removal_id) if is_identifier(removal_id) else None
        if found is None:
            raise CatalogError(
                expected="the id of something that was removed and not yet deleted for good",
                found=repr(removal_id[:80]),
                fix="See what there is with 'satseg bin list'",
            )
        return found

    def put(self, gather: Callable[[], Contents]) -> Removal:
        """Move entries into the bin and return the removal; they disappear in order.

        Args:
            gather: finds what is to be moved; called while the catalog cannot change.

        Raises:
            SatsegError: what ``gather`` raises; nothing has moved then.
            StorageError: the disk refuses. What has moved can be brought back.
        """
        self.settle()
        with self._store.locked():
            what = gather()
            sizes = [_size(self._store.root / path) for path in what.paths]
            removal = Removal(
                id=f"{time.time_ns():020d}-{uuid.uuid4().hex[:6]}",
                kind=what.kind,
                name=what.name,
                key=what.key,
                when=time.time(),
                paths=what.paths,
                size_bytes=sum(sizes),
                counts=what.counts,
                state="removing",
            )
            with _refusing("to remove", what.name), self._locks(what.paths):
                (self.folder / removal.id).mkdir(parents=True)
                self._write(removal)
                self._move_in(removal)
        self._store.write_root()
        done = replace(removal, state="removed")
        self._write(done)
        return done

    def restore(self, removal_id: str, check: Check | None = None) -> Removal:
        """Bring a removal back to its place, byte for byte, and return it.

        Args:
            removal_id: the removal.
            check: looks at it first.

        Raises:
            CatalogError: there is no such removal, or something else has its place now.
            StorageError: the disk refuses. What has not moved can be brought back later.
            SatsegError: what ``check`` raises. Nothing has moved then.
        """
        self.settle()
        with self._store.locked():
            removal = self.get(removal_id)
            with _refusing("to bring back", removal.name), self._locks(removal.paths):
                taken = [path for path in removal.paths if (self._store.root / path).exists()]
                if taken:
                    raise CatalogError(
                        expected=f"the place of {removal.name!r} free",
                        found=f"{', '.join(taken[:4])}, made since",
                        fix="Remove that first, then bring this back",
                    )
                left = () if check is None else check(removal, self.folder / removal.id / _FILES)
                kept = tuple(path for path in removal.paths if path not in left)
                removal = replace(removal, paths=kept, state="restoring")
                self._write(removal)
                self._move_back(removal)
        self._store.write_root()
        self._delete(removal.id)
        return replace(removal, state="removed")

    def empty(self, removal_id: str | None = None) -> int:
        """Delete one removal for good, or all; return how many there were.

        Raises:
            CatalogError: there is none of that id.
        """
        chosen = [self.get(removal_id)] if removal_id is not None else self.removals()
        with self._store.locked():
            for removal in chosen:
                self._delete(removal.id)
        return len(chosen)

    def settle(self) -> None:
        """Finish what dead processes began, and delete what was kept long enough."""
        if not any(self._is_open(name) for name in self._ids()):
            return
        with self._store.locked():  # whoever is moving something holds this lock
            for name in self._ids():
                removal = self._read(name)
                if removal is None:
                    self._forget_empty(name)
                elif removal.state != "removed":
                    self._finish(removal)
                elif removal.days_left <= 0:
                    self._delete(name)
        self._store.write_root()

    def _is_open(self, name: str) -> bool:
        removal = self._read(name)
        return removal is None or removal.state != "removed" or removal.days_left <= 0

    def _finish(self, removal: Removal) -> None:
        """Roll a move forward; an entry whose place was taken meanwhile stays in the bin."""
        with self._locks(removal.paths):
            if removal.state == "removing":
                self._move_in(removal)
                self._write(replace(removal, state="removed"))
                return
            self._move_back(removal)
            files = self.folder / removal.id / _FILES
            kept = tuple(path for path in removal.paths if (files / path).exists())
        if kept:
            self._write(replace(removal, paths=kept, state="removed"))
        else:
            self._delete(removal.id)

    def _move_in(self, removal: Removal) -> None:
        files = self.folder / removal.id / _FILES
        for path in removal.paths:
            source, target = self._store.root / path, files / path
            if source.exists() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(source, target)

    def _move_back(self, removal: Removal) -> None:
        """Move the last entry first: a scene is seen again once its maps are there."""
        files = self.folder / removal.id / _FILES
        for path in reversed(removal.paths):
            source, target = files / path, self._store.root / path
            if source.exists() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(source, target)

    def _delete(self, name: str) -> None:
        with self._store.staging() as doomed, contextlib.suppress(FileNotFoundError):
            os.rename(self.folder / name, doomed / name)

    def _forget_empty(self, name: str) -> None:
        """Remove the folder of a removal that was not even written down: nothing has moved."""
        if not (self.folder / name / _FILES).exists():
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _ids(self) -> list[str]:
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        return [name for name in names if is_identifier(name)]

    def _read(self, name: str) -> Removal | None:
        try:
            document = json.loads((self.folder / name / _NOTE).read_text(encoding="utf-8"))
            return Removal(**{**document, "paths": tuple(document["paths"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _write(self, removal: Removal) -> None:
        write_json(self.folder / removal.id / _NOTE, asdict(removal))

    @contextmanager
    def _locks(self, paths: Sequence[str]) -> Iterator[None]:
        """Hold the locks under which the stores of areas, ensembles and samples write."""
        wanted = sorted({lock for path in paths if (lock := _lock_of(path)) is not None})
        with ExitStack() as stack:
            try:
                for lock in wanted:
                    home = (self._store.root / lock).parent
                    home.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(FileLock(self._store.root / lock, timeout=_LOCK_TIMEOUT_S))
            except Timeout as error:
                raise CatalogError(
                    expected=f"the lock {lock} within {_LOCK_TIMEOUT_S:.0f} s",
                    found="another process that keeps it",
                    fix="Try again",
                ) from error
            yield


def _lock_of(path: str) -> str | None:
    """Return the lock of the store to which a place belongs; the catalog's own is held anyway."""
    home, _, name = path.partition("/")
    if home == "reference":
        return f"{home}/.{name.removesuffix('.gpkg')}.lock"
    return f"{home}/.lock" if home in ("interests", "ensembles") else None


@contextmanager
def _refusing(what: str, name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            expected=f"{what} {name!r}",
            found=f"{type(error).__name__}: {error}",
            fix="Check that the catalog's folder may be written, and try again",
        ) from error


def _size(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    total = 0
    for file in files:
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total
