"""Writes elements as a tiny .osm.pbf, field by field.

Source: https://wiki.openstreetmap.org/wiki/PBF_Format and the protocol buffers' wire format.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_KINDS = ("node", "way", "relation")


def write_pbf(path: Path, elements: Sequence[Mapping[str, Any]]) -> Path:
    """Write nodes, ways and relations (as Overpass gives them) and return the path."""
    header = _text(4, "OsmSchema-V0.6")
    path.write_bytes(_blob("OSMHeader", header) + _blob("OSMData", _block(elements)))
    return path


def _block(elements: Sequence[Mapping[str, Any]]) -> bytes:
    words = [""]

    def word(text: str) -> int:
        if text not in words:
            words.append(text)
        return words.index(text)

    groups = b""
    for number, kind in enumerate(_KINDS):
        found = [element for element in elements if element["type"] == kind]
        packed = [_element(element, word) for element in found]
        field = (1, 3, 4)[number]
        groups += _bytes(2, b"".join(_bytes(field, item) for item in packed))
    table = b"\x0a\x00" + b"".join(_text(1, text) for text in words[1:])
    return _bytes(1, table) + groups


def _element(element: Mapping[str, Any], word: Any) -> bytes:
    tags = element.get("tags", {})
    keys = _bytes(2, _varints(word(key) for key in tags))
    keys += _bytes(3, _varints(word(value) for value in tags.values()))
    if element["type"] == "node":
        lat, lon = round(element["lat"] * 1e7), round(element["lon"] * 1e7)
        return (
            _int(1, _zigzag(element["id"])) + keys + _int(8, _zigzag(lat)) + _int(9, _zigzag(lon))
        )
    head = _int(1, element["id"]) + keys
    if element["type"] == "way":
        return head + _bytes(8, _deltas(element["nodes"]))
    members = element["members"]
    roles = _bytes(8, _varints(word(member["role"]) for member in members))
    refs = _bytes(9, _deltas([member["ref"] for member in members]))
    kinds = _bytes(10, _varints(_KINDS.index(member["type"]) for member in members))
    return head + roles + refs + kinds


def _blob(kind: str, content: bytes) -> bytes:
    blob = _int(2, len(content)) + _bytes(3, zlib.compress(content))
    header = _text(1, kind) + _int(3, len(blob))
    return len(header).to_bytes(4, "big") + header + blob


def _deltas(numbers: Sequence[int]) -> bytes:
    before = [0, *numbers[:-1]]
    return _varints(_zigzag(b - a) for a, b in zip(before, numbers, strict=True))


def _zigzag(number: int) -> int:
    return number * 2 if number >= 0 else -number * 2 - 1


def _varints(numbers: Iterable[int]) -> bytes:
    return b"".join(_varint(number) for number in numbers)


def _varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def _int(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content if content else b""


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())
