"""Which tags of OpenStreetMap speak of farmland, and what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from satseg.errors import VectorError

Role = Literal["farmland", "subtracted", "similar"]
KEYS = ("landuse", "natural", "leisure")
"""Keys that are asked for, those with farmland before the others."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag and what an area with it is.

    Attributes:
        key: one of ``KEYS``.
        value: for example ``farmland``.
        role: ``farmland`` counts; ``subtracted`` is cut out of it; ``similar`` looks like farmland
            from above but is none, and is listed because models confuse it.
    """

    key: str
    value: str
    role: Role

    def __post_init__(self) -> None:
        plain = self.value.replace("_", "").replace("-", "")
        if self.key not in KEYS or not (plain.isascii() and plain.isalnum()):
            raise VectorError(
                expected=f"a tag KEY=VALUE whose key is {', '.join(KEYS)}",
                found=repr(f"{self.key}={self.value}"[:60]),
                fix="Write it as OpenStreetMap does, for example landuse=farmland",
            )

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


TAGS = (
    Tag("landuse", "farmland", "farmland"),
    Tag("landuse", "orchard", "farmland"),
    Tag("landuse", "greenhouse_horticulture", "farmland"),
    Tag("landuse", "meadow", "farmland"),
    Tag("landuse", "farmyard", "subtracted"),
    Tag("natural", "water", "subtracted"),
    Tag("natural", "wood", "subtracted"),
    Tag("natural", "grassland", "similar"),
    Tag("natural", "heath", "similar"),
    Tag("natural", "scrub", "similar"),
    Tag("leisure", "park", "similar"),
    Tag("leisure", "golf_course", "similar"),
    Tag("leisure", "pitch", "similar"),
    Tag("leisure", "garden", "similar"),
)
"""What is asked for unless somebody says otherwise.

Source: OpenStreetMap wiki, Key:landuse, Key:natural, Key:leisure.
"""


def counting(chosen: Iterable[str]) -> tuple[Tag, ...]:
    """Return ``TAGS`` with the tags in ``chosen`` (``key=value``) as the only farmland.

    A tag that counted before and is not chosen becomes ``similar``.

    Raises:
        VectorError: a text is no tag.

    >>> [str(tag) for tag in counting(["landuse=farmland"]) if tag.role == "farmland"]
    ['landuse=farmland']
    """
    pairs = [text.partition("=")[::2] for text in chosen]
    farmland = tuple(Tag(key.strip(), value.strip(), "farmland") for key, value in pairs)
    named = {(tag.key, tag.value) for tag in farmland}
    others = (
        Tag(tag.key, tag.value, "similar" if tag.role == "farmland" else tag.role)
        for tag in TAGS
        if (tag.key, tag.value) not in named
    )
    return (*dict.fromkeys(farmland), *others)


def query(tags: Iterable[Tag]) -> dict[str, list[str]]:
    """Return the values to ask for by key.

    >>> query([Tag("landuse", "farmland", "farmland"), Tag("landuse", "farmyard", "subtracted")])
    {'landuse': ['farmland', 'farmyard']}
    """
    wanted: dict[str, list[str]] = {}
    for tag in tags:
        wanted.setdefault(tag.key, []).append(tag.value)
    return wanted
