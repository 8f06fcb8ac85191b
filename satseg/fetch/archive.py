"""Archives (.tar.gz, .zip) that are unpacked whole, inside of their folder, or not at all."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from satseg.errors import Cancelled, FetchError, StorageError
from satseg.fetch.member_names import Names
from satseg.fetch.members import Member, tar_members, zip_members

Progress = Callable[[int, int], None]
_PIECE = 1 << 20
_TAR_OVERHEAD = 2048
"""Header, padding and a long name of one member in a tar."""

_TAR_END = 1 << 16
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold before it counts as a bomb.

    Attributes:
        members: files and folders.
        member_bytes: unpacked bytes of one member.
        total_bytes: unpacked bytes of all members, those that are not wanted included.
        ratio: unpacked bytes for each byte of the archive (in a zip: of the member too), beyond
            ``free_bytes``.
        free_bytes: unpacked bytes up to which no ratio is asked for.
    """

    members: int = 200_000
    member_bytes: int = 4 * 2**30
    total_bytes: int = 400 * 2**30
    ratio: float = 100.0
    free_bytes: int = 16 * 2**20


def extract(
    archive: Path,
    target: Path,
    *,
    wanted: Callable[[PurePosixPath], bool] = lambda name: True,
    limits: Limits | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Unpack the wanted files of an archive into a new folder and return their number.

    The whole archive is read and checked, its checksums too; the files appear at ``target`` in one
    rename after that. Owners, permissions and times of the archive are not taken over.

    Args:
        archive: a .tar.gz or .zip, told by its content.
        target: folder that does not exist yet.
        wanted: says of a name inside the archive whether it is unpacked.
        limits: what is refused as a bomb.
        progress: called with (bytes of the archive read, bytes in all).
        cancelled: asked between pieces.

    Raises:
        FetchError: no archive, a damaged one, or one that is refused: names that lead outside or
            stand twice, links, devices, bombs.
        StorageError: the disk is full.
        Cancelled: ``cancelled`` returned true.
    """
    if target.exists():
        raise FetchError(
            expected=f"no folder {target} yet",
            found="one",
            fix="Remove it, or unpack into another folder",
        )
    staging = target.with_name(f".{target.name}.unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    work = _Work(archive, limits or Limits(), progress or (lambda done, total: None), cancelled)
    try:
        with _explained(archive, target):
            staging.mkdir(parents=True)
            count = work.unpack(staging, wanted)
            staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return count


@dataclass(frozen=True, slots=True)
class _Work:
    archive: Path
    limits: Limits
    progress: Progress
    cancelled: Callable[[], bool]

    def unpack(self, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> int:
        names = Names(self.archive.name)
        packed = self.archive.stat().st_size
        members = total = count = 0
        for member in self._members():
            members += 1
            total += member.size
            self._check(member, members, total, packed)
            place = names.place(member.name, is_folder=member.is_folder)
            if member.is_folder:
                continue
            keep = wanted(place)
            count += keep
            # A zip's checksum is seen only by reading; a tar's lies over the whole stream.
            with member.open() as source:
                self._copy(source, folder / place if keep else None, member)
            self.progress(min(member.position(), packed), packed)
        self.progress(packed, packed)
        return count

    def _members(self) -> Iterator[Member]:
        with self.archive.open("rb") as file:
            magic = file.read(4)
        if magic.startswith(b"\x1f\x8b"):
            bound = max(self.limits.ratio * self.archive.stat().st_size, self.limits.free_bytes)
            room = self.limits.members * _TAR_OVERHEAD + _TAR_END
            most = min(bound, self.limits.total_bytes) + room
            return tar_members(self.archive, most=int(most), stop=self._stop)
        if magic in {b"PK\x03\x04", b"PK\x05\x06"}:
            return zip_members(self.archive)
        raise FetchError(
            expected="an archive that begins like a .tar.gz or a .zip",
            found=f"{self.archive.name} beginning with {magic!r}",
            fix="Check the file: a page of a web site that was saved instead of the archive, or"
            " another format",
        )

    def _copy(self, source: IO[bytes], target: Path | None, member: Member) -> None:
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
        left = member.size
        with target.open("xb") if target is not None else _Nowhere() as sink:
            while piece := source.read(min(_PIECE, left + 1)):
                if self.cancelled():
                    raise Cancelled
                left -= len(piece)
                if left < 0:
                    raise self.bomb(f"{member.name!r} is longer than it says")
                sink.write(piece)
                self.progress(member.position(), self.archive.stat().st_size)
        if left:
            raise EOFError(f"{member.name!r} ends {left:,} bytes early")

    def _check(self, member: Member, members: int, total: int, packed: int) -> None:
        limits = self.limits
        if members > limits.members:
            raise self.bomb(f"more than {limits.members:,} members")
        if member.size > limits.member_bytes:
            raise self.bomb(f"{member.name!r} of {member.size:,} bytes")
        if total > limits.total_bytes:
            raise self.bomb(f"more than {limits.total_bytes:,} bytes when unpacked")
        if total > max(limits.free_bytes, limits.ratio * packed):
            raise self.bomb(f"more than {limits.ratio:g} times its {packed:,} bytes when unpacked")
        own = member.packed
        if own is not None and member.size > max(limits.free_bytes, limits.ratio * own):
            raise self.bomb(f"{member.name!r} of {own:,} bytes that become {member.size:,}")

    def _stop(self) -> None:
        raise self.bomb("more bytes than its members have")

    def bomb(self, found: str) -> FetchError:
        return FetchError(
            expected=f"an archive {self.archive.name} of moderate size when unpacked",
            found=found,
            fix="Do not use this archive; fetch it again from its own source",
        )


class _Nowhere:
    """Takes bytes that nobody wants."""

    def __enter__(self) -> _Nowhere:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def write(self, piece: bytes) -> int:
        return len(piece)


@contextmanager
def _explained(archive: Path, target: Path) -> Iterator[None]:
    """Tell a damaged archive from a full disk; BadGzipFile is an OSError, so it comes first."""
    try:
        yield
    except _DAMAGED as error:
        raise FetchError(
            expected=f"a complete archive {archive.name}",
            found=f"{type(error).__name__}: {error}",
            fix="Download the archive again; it is truncated or damaged",
        ) from error
    except FileNotFoundError as error:
        raise FetchError(
            expected="an archive or a folder",
            found=f"no file {error.filename}",
            fix="Check the path",
        ) from error
    except OSError as error:
        raise StorageError(
            expected=f"room and permission to write {target}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            fix=f"Free space in {target.parent}, or choose another folder",
        ) from error
