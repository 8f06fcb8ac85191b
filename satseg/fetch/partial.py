"""The part of a file that has arrived, and the version of the file of which it is a part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from satseg.catalog_store import write_json

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Version:
    """What a server said of a file when it began to send it.

    Attributes:
        source: address without its query, which may hold a signature.
        etag: strong entity tag, or an empty text.
        modified: date of the last change as the server wrote it, or an empty text.
        total: bytes in all, None where the server did not say.
        start: first byte of the answer.
    """

    source: str = ""
    etag: str = ""
    modified: str = ""
    total: int | None = None
    start: int = 0

    @classmethod
    def of(cls, response: httpx.Response, source: str, start: int) -> Version:
        """Return the version in a response with status 200 or 206."""
        etag = response.headers.get("ETag", "")
        modified = response.headers.get("Last-Modified", "")
        total: int | None = None
        if response.status_code == 200:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
        else:
            match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            start = int(match[1]) if match else -1
            total = int(match[3]) if match and match[3] != "*" else None
        return cls(source, "" if etag.startswith("W/") else etag, modified, total, start)

    @property
    def validator(self) -> str:
        """What If-Range asks for: the strong tag, else the date, else an empty text."""
        return self.etag or self.modified

    def continues(self, earlier: Version, have: int) -> bool:
        """Return whether this answer goes on after ``have`` bytes of the ``earlier`` version."""
        same_tag = not (self.etag and earlier.etag) or self.etag == earlier.etag
        same_total = None in {self.total, earlier.total} or self.total == earlier.total
        return self.start == have and same_tag and same_total


@dataclass(slots=True)
class Partial:
    """The bytes of a file that have arrived, on disk.

    Attributes:
        path: ``NAME.part``.
        version: the version that the bytes belong to.
    """

    path: Path
    version: Version

    @classmethod
    def of(cls, target: Path) -> Partial:
        """Return what an earlier run left of ``target``, empty where it left nothing."""
        path = target.with_name(f"{target.name}.part")
        return cls(path, _read(_sidecar(path)))

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def usable(self, source: str, *, verified_later: bool) -> int:
        """Return how many bytes may be kept: those of ``source`` whose version can be checked."""
        known = self.version.source == source
        return self.size if known and (self.version.validator or verified_later) else 0

    def range_headers(self, have: int) -> dict[str, str]:
        """Return the headers that ask for what comes after ``have`` bytes.

        Source: RFC 9110, sections 13.1.5 (If-Range) and 14.2 (Range).
        """
        if not have:
            return {}
        condition = {"If-Range": self.version.validator} if self.version.validator else {}
        return {"Range": f"bytes={have}-", **condition}

    @contextmanager
    def open(self, version: Version, have: int) -> Iterator[BinaryIO]:
        """Yield the file to append to after ``have`` bytes of ``version``."""
        if have == 0:
            self.discard()
            write_json(_sidecar(self.path), asdict(version))
            self.version = version
        with self.path.open("ab") as file:
            yield file

    def discard(self) -> None:
        """Remove the bytes and what is known of them."""
        self.path.unlink(missing_ok=True)
        _sidecar(self.path).unlink(missing_ok=True)
        self.version = Version()

    def finish(self, target: Path) -> None:
        """Give the file its name."""
        self.path.replace(target)
        _sidecar(self.path).unlink(missing_ok=True)


def _sidecar(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read(path: Path) -> Version:
    """Return the version in a file; an unreadable one counts as none, so that all begins anew."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = Version(**document)
    except (OSError, ValueError, TypeError):
        return Version()
    texts = (version.source, version.etag, version.modified)
    is_total = version.total is None or isinstance(version.total, int)
    return version if is_total and all(isinstance(text, str) for text in texts) else Version()
