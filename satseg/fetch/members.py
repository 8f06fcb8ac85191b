"""The members of a .tar.gz or a .zip, one after the other; only plain files and folders."""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from satseg.fetch.member_names import refused

_MAX_HEADER = 2**20
_TAR_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})
_ENCRYPTED = 0x1
_UNIX_TYPE_SHIFT = 16


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive, to be read before the next one is asked for.

    Attributes:
        name: as the archive has it.
        is_folder: whether it is a folder.
        size: bytes when unpacked, as the archive says.
        packed: bytes in the archive, None where members are not packed one by one.
        open: opens its content.
        position: bytes of the archive that have been read.
    """

    name: str
    is_folder: bool
    size: int
    packed: int | None
    open: Callable[[], IO[bytes]]
    position: Callable[[], int]


def tar_members(path: Path, *, most: int, stop: Callable[[], None]) -> Iterator[Member]:
    """Yield the members of a .tar.gz and read it to its end, where gzip's checksum stands.

    Args:
        path: the archive.
        most: unpacked bytes of the whole stream, after which ``stop`` is called.
        stop: raises what is to be said about a bomb.

    Raises:
        FetchError: a member is a link, a device, a sparse file or has a giant header.
    """
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as unpacked:
        stream = _Metered(unpacked, most, stop)
        # mypy: tarfile asks for no more than read, seek and tell
        with tarfile.open(fileobj=stream, mode="r:") as archive:  # type: ignore[call-overload]
            for info in archive:
                if info.type not in _TAR_FILES and not info.isdir():
                    raise refused(path.name, info.name, _tar_kind(info))
                if info.sparse is not None:
                    raise refused(path.name, info.name, "a sparse file")
                yield Member(
                    info.name,
                    info.isdir(),
                    0 if info.isdir() else info.size,
                    None,
                    partial(_content, archive, info),
                    file.tell,
                )
                archive.members.clear()  # else all headers stay in memory
            while stream.read(_MAX_HEADER):
                pass


def zip_members(path: Path) -> Iterator[Member]:
    """Yield the members of a .zip.

    Raises:
        FetchError: a member is a link, a device or encrypted.
    """
    with zipfile.ZipFile(path) as archive:
        done = 0
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> _UNIX_TYPE_SHIFT)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise refused(path.name, info.filename, "a link or a device")
            if info.flag_bits & _ENCRYPTED:
                raise refused(path.name, info.filename, "an encrypted file")
            done += info.compress_size
            yield Member(
                info.orig_filename,
                info.is_dir(),
                info.file_size,
                info.compress_size,
                partial(archive.open, info),
                partial(int, done),
            )


class _Metered:
    """A stream that refuses to be read further than ``most`` or in giant pieces.

    tarfile reads extended headers in one piece of whatever size they claim.
    """

    def __init__(self, stream: gzip.GzipFile, most: int, stop: Callable[[], None]) -> None:
        self._stream = stream
        self._most = most
        self._stop = stop

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_HEADER or self._stream.tell() + size > self._most + _MAX_HEADER:
            self._stop()
        return self._stream.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        if position > self._most + _MAX_HEADER:
            self._stop()
        return self._stream.seek(position, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    if content is None:
        raise tarfile.ReadError(f"{info.name!r} has no content")
    return content


def _tar_kind(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return f"a link to {info.linkname[:80]!r}"
    if info.isdev():
        return "a device or a pipe"
    return "a member of another kind"
