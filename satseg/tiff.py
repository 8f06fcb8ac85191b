"""The order of bytes in a Cloud-optimised GeoTIFF: all directories first, then the tiles.

Sources: TIFF 6.0 (Adobe, 1992), BigTIFF (AWare Systems, 2005), and the documentation of GDAL's COG
driver for the order of the tiles and the text before the first directory.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUBFILE, WIDTH, HEIGHT, OFFSETS, COUNTS = 254, 256, 257, 324, 325
_OF_OVERVIEWS = frozenset(
    {WIDTH, HEIGHT, OFFSETS, COUNTS, 258, 259, 262, 277, 284, 320, 322, 323, 339, 42113}
)
"""Tags of overviews: their size, how their pixels are stored as the raster's are, nodata."""

_REDUCED = 1
_LONG, _LONG8 = 4, 16
_LONG_BYTES = 8
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8, 17: 8}
_FEATURES = (
    "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\n"
    "BLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n "
)
_PREFACE = f"GDAL_STRUCTURAL_METADATA_SIZE={len(_FEATURES):06d} bytes\n{_FEATURES}".encode("ascii")
_LEADER, _TRAILER = 4, 4
FRAME = _LEADER + _TRAILER
"""Bytes around each tile."""

_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry of a directory.

    Attributes:
        kind: number of its type in TIFF.
        count: how many values it has.
        value: their bytes, the lowest first.
    """

    kind: int
    count: int
    value: bytes


@dataclass(frozen=True, slots=True)
class TiledLevel:
    """One level of a raster, whose tiles lie one after another in a file, as ``framed`` says.

    Attributes:
        height, width: its size in pixels.
        path: the file of its tiles.
        sizes: bytes of each compressed tile, row by row; 0 for one that is not in the file.
    """

    height: int
    width: int
    path: Path
    sizes: Sequence[int]

    @property
    def room(self) -> int:
        """Bytes of its file."""
        return sum(size + FRAME for size in self.sizes if size)


@dataclass(frozen=True, slots=True)
class _Form:
    """How numbers are written: TIFF, or BigTIFF for files that 4 GiB do not hold."""

    start: bytes
    number: str
    count: str
    kind: int
    inline: int

    @property
    def entry(self) -> int:
        return 4 + 2 * self.inline

    def size(self, tags: Mapping[int, Tag]) -> int:
        """Bytes of a directory with those of its values that do not fit into its entries."""
        long = [len(tag.value) for tag in tags.values() if len(tag.value) > self.inline]
        head = struct.calcsize(self.count) + self.entry * len(tags) + self.inline
        return head + sum(length + length % 2 for length in long)

    def directory(self, tags: Mapping[int, Tag], start: int, following: int) -> bytes:
        """Return the bytes of a directory at ``start``; the next one is at ``following``."""
        head = struct.calcsize(self.count) + self.entry * len(tags) + self.inline
        entries, values = [struct.pack(self.count, len(tags))], b""
        for number, tag in sorted(tags.items()):
            entries.append(struct.pack(f"<HH{self.number}", number, tag.kind, tag.count))
            if len(tag.value) <= self.inline:
                entries.append(tag.value.ljust(self.inline, b"\0"))
                continue
            entries.append(struct.pack(f"<{self.number}", start + head + len(values)))
            values += tag.value + b"\0" * (len(tag.value) % 2)
        return b"".join(entries) + struct.pack(f"<{self.number}", following) + values


_ODD = len(_PREFACE) % 2  # directories begin at even places
_CLASSIC = _Form(
    struct.pack("<2sHI", b"II", 42, 8 + len(_PREFACE) + _ODD) + _PREFACE + b"\0" * _ODD,
    number="I", count="<H", kind=_LONG, inline=4,
)  # fmt: skip
_BIG = _Form(
    struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16 + len(_PREFACE) + _ODD) + _PREFACE + b"\0" * _ODD,
    number="Q", count="<Q", kind=_LONG8, inline=8,
)  # fmt: skip
_CLASSIC_BYTES = 2**32 - 2**24
"""Bytes of tiles that a TIFF holds beside its directories' texts."""


def first_tags(path: Path) -> dict[int, Tag]:
    """Return the tags of the first directory of a TIFF that is small, no BigTIFF, low byte first.

    Raises:
        ValueError: it is no such file.
    """
    data = path.read_bytes()
    order, version, first = struct.unpack_from("<2sHI", data)
    if (order, version) != (b"II", 42):
        raise ValueError(f"{path.name} is no TIFF with the low byte first")
    (count,) = struct.unpack_from("<H", data, first)
    found = {}
    for place in range(first + 2, first + 2 + 12 * count, 12):
        number, kind, length = struct.unpack_from("<HHI", data, place)
        size, start = _BYTES[kind] * length, place + 8
        if size > _CLASSIC.inline:
            (start,) = struct.unpack_from("<I", data, start)
        found[number] = Tag(kind, length, data[start : start + size])
    return found


def framed(tile: bytes) -> bytes:
    """Return a compressed tile between its size and its last bytes, by which GDAL knows it."""
    return struct.pack("<I", len(tile)) + tile + tile[-_TRAILER:]


def directories(tags: Mapping[int, Tag], levels: Sequence[TiledLevel]) -> bytes:
    """Return what a COG has before its tiles.

    Args:
        tags: directory of the raster; where its tiles lie is filled in here.
        levels: the raster and its overviews from fine to coarse.
    """
    most = sum(level.room + 2 * _LONG_BYTES * len(level.sizes) for level in levels)
    form = _CLASSIC if most < _CLASSIC_BYTES else _BIG
    found, starts = _placed(form, tags, levels)
    pieces = zip(found, starts, [*starts[1:], 0], strict=True)
    return form.start + b"".join(form.directory(*piece) for piece in pieces)


def write_cog(path: Path, head: bytes, levels: Sequence[TiledLevel]) -> None:
    """Write a COG at ``path``, which is replaced where it exists.

    Args:
        path: the file.
        head: ``directories`` of the levels.
        levels: the raster and its overviews from fine to coarse.

    Raises:
        OSError: it cannot be written, or the tiles of a level are not there.
    """
    with path.open("wb") as file:
        file.write(head)
        for level in reversed(levels):
            with level.path.open("rb") as tiles:
                shutil.copyfileobj(tiles, file, _PIECE)
    if path.stat().st_size != len(head) + sum(level.room for level in levels):
        raise OSError(f"{path.name} has another size than its tiles")


def _placed(
    form: _Form, tags: Mapping[int, Tag], levels: Sequence[TiledLevel]
) -> tuple[list[dict[int, Tag]], list[int]]:
    """Return the directories of the levels and where each begins: right after the one before."""
    directories, starts, place = [], [], len(form.start)
    for level in levels:
        places = _numbers(form.kind, [0] * len(level.sizes))
        directory = {**tags, **_size(level), OFFSETS: places}
        if level is not levels[0]:
            kept = {number: tag for number, tag in directory.items() if number in _OF_OVERVIEWS}
            directory = {**kept, SUBFILE: _numbers(_LONG, [_REDUCED])}
        directories.append(directory)
        starts.append(place)
        place += form.size(directory)
    for level, directory in zip(reversed(levels), reversed(directories), strict=True):
        offsets = []
        for size in level.sizes:
            offsets.append(place + _LEADER if size else 0)
            place += size + FRAME if size else 0
        directory[OFFSETS] = _numbers(form.kind, offsets)
    return directories, starts


def _size(level: TiledLevel) -> dict[int, Tag]:
    return {
        WIDTH: _numbers(_LONG, [level.width]),
        HEIGHT: _numbers(_LONG, [level.height]),
        COUNTS: _numbers(_LONG, level.sizes),
    }


def _numbers(kind: int, values: Sequence[int]) -> Tag:
    letter = {_LONG: "I", _LONG8: "Q"}[kind]
    return Tag(kind, len(values), struct.pack(f"<{len(values)}{letter}", *values))
