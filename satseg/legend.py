"""The classes that a multi-class model tells apart, with the colours of its maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satseg.classes import CLASSES, LandClass
from satseg.errors import ModelError

NODATA = 255
"""Value of class rasters where the scene has no data."""

CLASS_LAYER = "classes"
"""Kind of the class raster among the rasters of a prediction."""

OTHER, IGNORED = 0, 255
"""Values of a truth mask beside the codes of satseg.classes: no farmland, and nothing known."""

COLOURS: Mapping[str, str] = {
    "farmland": "#e6b800",
    "water": "#0050a8",
    "built": "#b4320a",
    "road": "#262626",
    "tree": "#2a9a50",
    "bare": "#fff2b8",
    "greenhouse": "#c8a0dc",
    "pond": "#5aa0d8",
    "grass": "#b8d87a",
}
"""Colours on maps and in charts: told apart with any of the three kinds of colour blindness."""

_STANDS_FOR = {"pond": "water"}
"""What a class counts as in a legend without it."""

_HEX = re.compile(r"#[0-9a-f]{6}")
_BY_KEY = {item.key: item for item in CLASSES if item.code}


@dataclass(frozen=True, slots=True)
class Entry:
    """One class of a legend.

    Attributes:
        key: name of the class in satseg.classes.
        colour: of maps and charts, ``#rrggbb``.
        farmland: whether it counts as farmland.
    """

    key: str
    colour: str
    farmland: bool

    @property
    def land(self) -> LandClass:
        """The class as satseg.classes has it: code and names."""
        return _BY_KEY[self.key]

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


@dataclass(frozen=True, slots=True)
class Legend:
    """The classes of a model in the order of its channels; rasters hold their codes.

    Attributes:
        entries: the classes: two or more, none twice, one or more of them farmland.
    """

    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        keys = [entry.key for entry in self.entries]
        unknown = [key for key in keys if key not in _BY_KEY]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        colours = [entry.colour for entry in self.entries if not _HEX.fullmatch(entry.colour)]
        known = f"classes out of {', '.join(_BY_KEY)}"
        problems = [
            (unknown, known, ", ".join(map(repr, unknown))),
            (twice, f"{known}, each once", f"{', '.join(twice)} twice"),
            (colours, "colours as #rrggbb in lower case", ", ".join(map(repr, colours))),
            (len(keys) < 2, "two classes or more", ", ".join(keys) or "none"),
            (
                not self.farmland,
                "a class that is farmland and one that is not",
                ", ".join(keys),
            ),
            (
                len(self.farmland) == len(keys),
                "a class that is farmland and one that is not",
                ", ".join(keys),
            ),
        ]
        for wrong, expected, found in problems:
            if wrong:
                raise ModelError(
                    expected=expected, found=found, fix="Correct classes in the card or train.toml"
                )

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(entry.key for entry in self.entries)

    @property
    def codes(self) -> NDArray[np.uint8]:
        """Codes of the classes in satseg.classes, uint8 (classes,): the values of its rasters."""
        return np.array([entry.land.code for entry in self.entries], dtype=np.uint8)

    @property
    def farmland(self) -> tuple[int, ...]:
        """Positions of the classes that are farmland."""
        return tuple(number for number, entry in enumerate(self.entries) if entry.farmland)

    def possible(self) -> NDArray[np.bool_]:
        """Return which classes a value of a truth mask allows, bool (256, classes).

        A code of satseg.classes allows its own class. One without a class in the legend allows the
        class that it stands for, otherwise all that are no farmland (all that are, for farmland);
        ``OTHER`` allows all that are no farmland, and everything else all classes.
        """
        found = np.ones((256, len(self)), dtype=np.bool_)
        is_farmland = np.array([entry.farmland for entry in self.entries])
        found[OTHER] = ~is_farmland
        for item in CLASSES[1:]:
            key = item.key if item.key in self.keys else _STANDS_FOR.get(item.key, item.key)
            if key in self.keys:
                found[item.code] = np.arange(len(self)) == self.keys.index(key)
            else:
                found[item.code] = is_farmland == item.farmland
        return found

    def table(self) -> list[dict[str, Any]]:
        """Return the legend as the card keeps it."""
        return [
            {"name": entry.key, "colour": entry.colour, "farmland": entry.farmland}
            for entry in self.entries
        ]


def legend_of(rows: Sequence[Any]) -> Legend | None:
    """Return the legend of a card's or a configuration's ``classes``; None where there are none.

    Args:
        rows: names of classes, or tables of ``name`` and perhaps ``colour`` and ``farmland``;
            what is left out is as in ``COLOURS`` and satseg.classes.

    Raises:
        ModelError: a class is unknown or twice, a colour is none, or there is no farmland.
    """
    return Legend(tuple(_entries(rows))) if rows else None


def code_of(key: str) -> int:
    """Return the value in a truth mask of a class, or of ``other`` and ``ignored``.

    Raises:
        ModelError: there is no such class.
    """
    special = {"other": OTHER, "ignored": IGNORED}
    if key in special:
        return special[key]
    if key not in _BY_KEY:
        raise ModelError(
            expected=f"a class out of {', '.join((*_BY_KEY, *special))}",
            found=repr(key),
            fix="Correct classes of the source in the training configuration",
        )
    return _BY_KEY[key].code


def _entries(rows: Iterable[Any]) -> Iterable[Entry]:
    for row in rows:
        values = row if isinstance(row, Mapping) else {"name": row}
        key = str(values.get("name", ""))
        default = _BY_KEY[key].farmland if key in _BY_KEY else False
        colour = str(values.get("colour", COLOURS.get(key, "#000000")))
        yield Entry(key, colour, bool(values.get("farmland", default)))
