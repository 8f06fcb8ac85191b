"""What a polygon's class is called, and the code it gets in a mask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from satseg.classes import CLASSES, FARMLAND, UNLABELLED
from satseg.errors import VectorError

OTHER = 0
UNKNOWN = 255
"""Pixels of which nothing is known: they count neither way."""


def _customary() -> dict[str, int]:
    named = {"other": OTHER, "其他": OTHER, "unknown": UNKNOWN, "未知": UNKNOWN}
    for item in CLASSES:
        code = UNKNOWN if item.code == UNLABELLED else item.code
        named |= {text.casefold(): code for text in (item.key, item.name_en, item.name_zh)}
    return named


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Codes by name.

    Attributes:
        codes: code by name in small letters; 255 for what is not known. The names of
            ``satseg.classes`` (key, English, Chinese) and ``other`` are there from the start.
    """

    codes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType(_customary()))

    def code(self, value: object) -> int | None:
        """Return the code of a field's value, None where nobody said; numbers are codes.

        >>> ClassTable().code("Fish pond"), ClassTable().code(1.0), ClassTable().code("rice")
        (8, 1, None)
        """
        text = str(value).strip().casefold()
        if text in self.codes:
            return self.codes[text]
        try:
            number = float(text)
        except ValueError:
            return None
        return int(number) if number.is_integer() and 0 <= number <= UNKNOWN else None

    @classmethod
    def of(cls, pairs: Iterable[str]) -> ClassTable:
        """Return the customary table with ``NAME=CODE`` of the user on top.

        Raises:
            VectorError: a text is no pair, or a code is none from 0 to 255.

        >>> ClassTable.of(["Rice=1"]).code("rice")
        1
        """
        added: dict[str, int] = {}
        for pair in pairs:
            name, _, number = pair.rpartition("=")
            if not name.strip() or not number.strip().isdecimal() or int(number) > UNKNOWN:
                raise VectorError(
                    expected="NAME=CODE with a code from 0 (other) to 254, or 255 for unknown",
                    found=repr(pair[:80]),
                    fix="Write it like --class rice=1",
                )
            added[name.strip().casefold()] = int(number)
        return cls(MappingProxyType(_customary() | added))


def name_of(code: int) -> str:
    """Return the English name of a mask's code."""
    named = {OTHER: "Other", UNKNOWN: "Unknown", FARMLAND: "Farmland"}
    known = CLASSES[code].name_en if code < len(CLASSES) else f"Class {code}"
    return named.get(code, known)
