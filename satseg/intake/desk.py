"""The desk at which images arrive, are read, looked at and added, each in a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from satseg.catalog import Catalog
from satseg.catalog_items import sha256_of
from satseg.deliveries import understand
from satseg.errors import Cancelled, CatalogError, SatsegError
from satseg.fetch.download import Watch
from satseg.fetch.transfer import Policy, shown
from satseg.intake.adding import Entry, add_to_catalog
from satseg.intake.arrivals import Arrival, Arrivals
from satseg.intake.guarded import NewClient, check_address, download_image, guarded_client
from satseg.intake.permissions import Permissions
from satseg.intake.receiving import Receiving, Writing, too_large
from satseg.intake.status import Status, interrupted, unexpected
from satseg.intake.understanding import understand_image

TICKET_S: Final = 3600.0
"""Seconds for which an upload may begin after the page was drawn."""

_TICKETS: Final = 1_000
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    status: Status
    stop: threading.Event = field(default_factory=threading.Event)


class Desk:
    """Receives images for one catalog; a server has one.

    Args:
        catalog_root: folder of the catalog.
        permissions: what may come from where; the environment's without it.
        new_client: makes the client of downloads.
        policy: patience of downloads.
    """

    def __init__(
        self,
        catalog_root: Path,
        permissions: Permissions | None = None,
        *,
        new_client: NewClient = guarded_client,
        policy: Policy | None = None,
    ) -> None:
        self.catalog = Catalog.open(catalog_root)
        self.permissions = permissions or Permissions.from_environment()
        self._new_client = new_client
        self._policy = policy
        self._arrivals = Arrivals(self.catalog.root)
        self._places: dict[str, _Place] = {}
        self._tickets: OrderedDict[str, float] = OrderedDict()
        self._guard = threading.RLock()
        self._turn = threading.BoundedSemaphore(1)
        self._resume()

    def ticket(self) -> str:
        """Return a word with which one upload may begin within an hour."""
        with self._guard:
            word = secrets.token_urlsafe(24)
            self._tickets[word] = time.monotonic()
            while len(self._tickets) > _TICKETS:
                self._tickets.popitem(last=False)
            return word

    def begin(self, ticket: str, name: str, size: int | None) -> Receiving:
        """Begin an upload.

        Args:
            ticket: from ``ticket``; it holds once.
            name: what the visitor calls the file; it is shown and names nothing on the disk.
            size: its bytes, None where they are not known.

        Raises:
            SatsegError: the ticket is unknown, used or old, the file is too large, or there is no
                room for it.
        """
        with self._guard:
            given = self._tickets.pop(ticket, None)
        if given is None or time.monotonic() - given > TICKET_S:
            raise CatalogError(
                expected="an upload that was begun on the page Scenes",
                found="one without a valid ticket",
                fix="Reload the page and choose the file again",
            )
        limit = self.permissions.max_bytes
        if size is not None and size > limit:
            raise too_large(limit, size)
        self._arrivals.room_for(size or 0)
        arrival = self._arrivals.open(name, "upload")
        try:
            target = self._arrivals.image(arrival)
            writing = Writing(target, arrival.name, max_bytes=limit, size=size)
        except SatsegError:
            self._arrivals.remove(arrival.id)
            raise
        self._enter(arrival, Status(arrival, "arriving", 0, size or 0))
        return Receiving(self, arrival, writing, size)

    def fetch(self, url: str) -> str:
        """Begin a download and return the id of the arrival.

        Raises:
            SatsegError: the address is not allowed, or too much waits already.
        """
        check_address(url.strip(), self.permissions)
        self._arrivals.room_for(0)
        name = shown(url.strip()).rpartition("/")[2]
        arrival = self._arrivals.open(name, "url", source=url.strip())
        self._enter(arrival, Status(arrival, "arriving"))
        self._begin(arrival.id, self._download)
        return arrival.id

    def take(self, text: str) -> str:
        """Read an image or a delivery in one of the operator's folders and return its id here.

        Raises:
            SatsegError: the path is not allowed, or too much waits already.
        """
        path = self.permissions.path_of(text)
        arrival = self._arrivals.open(path.name, "folder", source=str(path), path=path)
        self._read(arrival)
        return arrival.id

    def read(
        self, arrival_id: str, *, sha256: str = "", bands: Sequence[str] | None = None
    ) -> None:
        """Read an arrival (anew, with the bands that somebody corrected) in the background."""
        self._read(self.status(arrival_id).arrival, sha256, bands)

    def again(self, arrival_id: str) -> None:
        """Try once more what failed: the download goes on, the file is read again."""
        arrival = self.status(arrival_id).arrival
        if arrival.origin == "url" and not self._arrivals.image(arrival).is_file():
            check_address(arrival.source, self.permissions)
            self._enter(arrival, Status(arrival, "arriving"))
            self._begin(arrival_id, self._download)
        else:
            self._read(arrival)

    def add(self, arrival_id: str, entry: Entry) -> None:
        """Add an arrival that was read to the catalog, in the background.

        Raises:
            CatalogError: there is none, or it is not ready.
        """
        status = self.status(arrival_id)
        if status.state not in ("ready", "failed") or not (status.understood or status.plan):
            raise CatalogError(
                expected="an image that was read",
                found=f"one that is {status.state}",
                fix="Wait until it is read",
            )
        self.tell(arrival_id, state="adding", done=0, total=100, error=None)
        self._begin(arrival_id, lambda place: self._add(place, entry))

    def statuses(self) -> list[Status]:
        """Return what is on the desk, oldest first."""
        with self._guard:
            return [place.status for _, place in sorted(self._places.items())]

    def status(self, arrival_id: str) -> Status:
        """Return how far an arrival is.

        Raises:
            CatalogError: there is none.
        """
        with self._guard:
            place = self._places.get(arrival_id)
        if place is None:
            raise CatalogError(
                expected="an image that waits to be added",
                found="none of that id",
                fix="Send it again",
            )
        return place.status

    def discard(self, arrival_id: str) -> None:
        """Stop whatever is done with an arrival and forget it; a file of the operator's stays."""
        with self._guard:
            place = self._places.pop(arrival_id, None)
        if place is not None:
            place.stop.set()
            self._arrivals.remove(arrival_id)

    def stop(self, arrival_id: str) -> None:
        """Stop adding an arrival, which waits on; one that is still coming or read is discarded."""
        if self.status(arrival_id).state == "adding":
            with self._guard:
                self._places[arrival_id].stop.set()
        else:
            self.discard(arrival_id)

    def close(self) -> None:
        """Ask every thread to stop."""
        with self._guard:
            for place in self._places.values():
                place.stop.set()

    def check_wanted(self, arrival_id: str) -> None:
        """Raise Cancelled where an arrival was discarded."""
        with self._guard:
            place = self._places.get(arrival_id)
        if place is None or place.stop.is_set():
            raise Cancelled

    def tell(self, arrival_id: str, **changes: object) -> None:
        """Note how far an arrival is; one that was discarded stays so."""
        with self._guard:
            place = self._places.get(arrival_id)
            if place is not None:
                place.status = replace(place.status, **changes)  # type: ignore[arg-type]

    def _resume(self) -> None:
        """Take up what an earlier server left: whole files are read, the rest has failed."""
        for arrival in self._arrivals.list():
            if self._arrivals.image(arrival).exists():
                self._read(arrival)
            elif arrival.origin == "url":
                self._enter(arrival, Status(arrival, "failed", error=interrupted()))
            else:
                self._arrivals.remove(arrival.id)

    def _read(self, arrival: Arrival, sha256: str = "", bands: Sequence[str] | None = None) -> None:
        self._enter(arrival, Status(arrival, "reading"))
        self._begin(arrival.id, lambda place: self._understand(place, sha256, bands))

    def _enter(self, arrival: Arrival, status: Status) -> None:
        with self._guard:
            self._places[arrival.id] = _Place(status)

    def _begin(self, arrival_id: str, work: Callable[[_Place], None]) -> None:
        with self._guard:
            place = self._places[arrival_id]
            place.stop.clear()

        def run() -> None:
            try:
                work(place)
            except Cancelled:
                with contextlib.suppress(SatsegError):
                    self._stopped(arrival_id)
            except SatsegError as error:
                self.tell(arrival_id, state="failed", error=error)
            except Exception as error:  # a fault of ours must not leave it hanging
                _log.exception("arrival %s", arrival_id)
                self.tell(arrival_id, state="failed", error=unexpected(error))

        threading.Thread(target=run, name=f"satseg-arrival-{arrival_id}", daemon=True).start()

    def _stopped(self, arrival_id: str) -> None:
        if self.status(arrival_id).state == "adding":
            self.tell(arrival_id, state="ready", done=0, total=0)

    def _download(self, place: _Place) -> None:
        arrival = place.status.arrival
        download_image(
            arrival.source,
            self._arrivals.image(arrival),
            self.permissions,
            watch=Watch(progress=self._progress(place), cancelled=place.stop.is_set),
            policy=self._policy,
            new_client=self._new_client,
        )
        self.tell(arrival.id, state="reading", done=0, total=0)
        self._understand(place, "", None)

    def _understand(self, place: _Place, sha256: str, bands: Sequence[str] | None) -> None:
        arrival = place.status.arrival
        path = self._arrivals.image(arrival)
        with self._turn:
            if path.is_dir():
                self.tell(arrival.id, state="ready", plan=understand(path))
                return
            found = understand_image(
                path,
                name=arrival.name,
                bands=bands,
                progress=self._progress(place),
                cancelled=place.stop.is_set,
            )
            own = arrival.path is None
            known = self._same_as(path, sha256 or (sha256_of(path) if own else ""))
        self.tell(arrival.id, state="ready", understood=found, known=known)

    def _same_as(self, path: Path, sha256: str) -> str:
        """Return the id of the scene with the same file or content, or an empty text."""
        for scene in self.catalog.scenes():
            if scene.image == path or (sha256 and scene.sha256 == sha256):
                return scene.id
        return ""

    def _add(self, place: _Place, entry: Entry) -> None:
        status = place.status
        progress = self._progress(place)

        def step(done: int, total: int) -> None:
            if place.stop.is_set():
                raise Cancelled
            progress(done, total)

        with self._turn:
            record = add_to_catalog(
                self.catalog,
                self._arrivals.image(status.arrival),
                status.arrival,
                entry,
                found=status.plan or status.understood,
                progress=step,
            )
        self._arrivals.remove(status.arrival.id)
        self.tell(status.arrival.id, state="added", scene_id=record.id, understood=None, plan=None)

    def _progress(self, place: _Place) -> Callable[[int, int], None]:
        arrival_id = place.status.arrival.id
        return lambda done, total: self.tell(arrival_id, done=done, total=total)
