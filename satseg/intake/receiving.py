"""Uploads: files that come piece by piece, checked from the first one on, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from satseg.errors import SatsegError, SceneError
from satseg.intake.arrivals import Arrival, unwritten
from satseg.intake.structure import check_start

if TYPE_CHECKING:
    from satseg.intake.desk import Desk


class Writing:
    """A file that is being received, piece by piece.

    Args:
        target: where it goes once it is whole.
        name: what the sender calls it, for error texts.
        max_bytes: size above which it is refused.
        size: how many bytes are to come, None where nobody said.
    """

    def __init__(self, target: Path, name: str, *, max_bytes: int, size: int | None) -> None:
        self._target = target
        self._name = name
        self._part = target.with_name(f"{target.name}.part")
        self._max_bytes = max_bytes
        self._size = size
        self._digest = hashlib.sha256()
        self._start = b""
        self.done = 0
        try:
            self._file = self._part.open("xb")
        except OSError as error:
            raise unwritten(error) from error

    def write(self, piece: bytes) -> None:
        """Append bytes.

        Raises:
            SceneError: the file is no TIFF, or larger than allowed.
            StorageError: the disk is full.
        """
        if len(self._start) < 8:
            self._start += piece[: 8 - len(self._start)]
            if len(self._start) >= 8:
                check_start(self._start, self._name)
        self.done += len(piece)
        if self.done > self._max_bytes:
            raise too_large(self._max_bytes, self.done)
        try:
            self._file.write(piece)
        except OSError as error:
            raise unwritten(error) from error
        self._digest.update(piece)

    def finish(self) -> str:
        """Give the whole file its name and return its SHA-256 in hexadecimal.

        Raises:
            SceneError: it is shorter than announced, or too short to be an image.
            StorageError: the disk is full.
        """
        check_start(self._start, self._name)
        if self._size is not None and self.done != self._size:
            raise SceneError(
                expected=f"{self._size:,} bytes",
                found=f"{self.done:,}",
                fix="Send the file again; the connection broke",
            )
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if self._target.exists():
                raise FileExistsError(0, "there is a file already")
            self._part.rename(self._target)
        except OSError as error:
            raise unwritten(error) from error
        return self._digest.hexdigest()

    def abandon(self) -> None:
        """Close the file, which nobody wants any more."""
        with contextlib.suppress(OSError):
            self._file.close()


def too_large(limit: int, size: int) -> SceneError:
    """Return the error of a file above the operator's limit."""
    return SceneError(
        expected=f"a file of at most {limit / 1e6:,.1f} MB",
        found=f"{size / 1e6:,.1f} MB or more",
        fix="Cut the image, or let the operator allow more with SATSEG_SCENE_MAX_MB or add it on"
        " the server with 'satseg scenes add'",
    )


class Receiving:
    """An upload under way; see ``Desk.begin``."""

    def __init__(self, desk: Desk, arrival: Arrival, writing: Writing, size: int | None) -> None:
        self._desk = desk
        self.arrival = arrival
        self._writing = writing
        self._size = size

    def write(self, piece: bytes) -> None:
        """Append bytes; what is wrong with them ends the upload.

        Raises:
            SatsegError: the file is no TIFF or too large, or the disk is full.
            Cancelled: somebody stopped it.
        """
        try:
            self._desk.check_wanted(self.arrival.id)
            self._writing.write(piece)
        except BaseException:
            self.abandon()
            raise
        self._desk.tell(self.arrival.id, done=self._writing.done, total=self._size or 0)

    def finish(self) -> str:
        """Hand the whole file over to be read, and return the id of the arrival.

        Raises:
            SatsegError: the file is not whole, or the disk is full.
        """
        try:
            digest = self._writing.finish()
        except SatsegError:
            self.abandon()
            raise
        self._desk.read(self.arrival.id, sha256=digest)
        return self.arrival.id

    def abandon(self) -> None:
        """Forget the upload and what has come of it."""
        self._writing.abandon()
        self._desk.discard(self.arrival.id)
