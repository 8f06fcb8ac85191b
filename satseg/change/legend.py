"""What the codes of change maps and trend maps mean, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass

from satseg.probability import NODATA


@dataclass(frozen=True, slots=True)
class ChangeClass:
    """One class of a map of change.

    Attributes:
        code: value in the uint8 raster.
        key: short English words for tables and for the classes of a reference sample.
        name_en: name shown in English.
        name_zh: name shown in Chinese.
        colour: (red, green, blue), 0 to 255.
    """

    code: int
    key: str
    name_en: str
    name_zh: str
    colour: tuple[int, int, int]


STABLE_OTHER = 0
STABLE_FARMLAND = 1
GAIN = 2
LOSS = 3
FLICKER = 4
CHANGED = (GAIN, LOSS)

_STABLE = (
    ChangeClass(STABLE_OTHER, "stable other", "Other at all dates", "始终为其他", (225, 225, 225)),
    ChangeClass(
        STABLE_FARMLAND, "stable farmland", "Farmland at all dates", "始终为耕地", (240, 228, 66)
    ),
)

CHANGE_CLASSES = (
    *_STABLE,
    ChangeClass(GAIN, "gain", "Farmland gained", "耕地增加", (0, 114, 178)),
    ChangeClass(LOSS, "loss", "Farmland lost", "耕地减少", (213, 94, 0)),
)
"""Classes of a map of change between two dates; a class's position is its code.

Source of the colours: Okabe and Ito, Color Universal Design (2008): yellow, blue, vermillion and
reddish purple stay apart with every kind of colour vision.
"""

TREND_CLASSES = (
    *_STABLE,
    ChangeClass(GAIN, "sustained gain", "Farmland gained for good", "耕地持续增加", (0, 114, 178)),
    ChangeClass(LOSS, "sustained loss", "Farmland lost for good", "耕地持续减少", (213, 94, 0)),
    ChangeClass(FLICKER, "flicker", "To and fro", "反复变化", (204, 121, 167)),
)
"""Classes of a map of three and more dates; a class's position is its code."""


def content(classes: tuple[ChangeClass, ...]) -> str:
    """Return the meaning of all codes in one line.

    >>> content(CHANGE_CLASSES)
    '0 stable other, 1 stable farmland, 2 gain, 3 loss, 255 no data'
    """
    return ", ".join(f"{item.code} {item.key}" for item in classes) + f", {NODATA} no data"
