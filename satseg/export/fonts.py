"""The font of figures and reports: one that has Latin and Chinese, carried by a package."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pylopdf_fonts_zh_cn
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

REPLACEMENT = "?"
"""Stands for a character that the font lacks: a question mark, never an empty box."""


def font_file() -> Path:
    """Return Noto Sans SC Regular (SIL Open Font License 1.1), OpenType."""
    return Path(pylopdf_fonts_zh_cn.sans_path())


def font(size_pt: float) -> FontProperties:
    """Return the font at a size."""
    return FontProperties(fname=str(font_file()), size=size_pt)


def drawable(text: str) -> str:
    """Return ``text`` with ``REPLACEMENT`` for each character that the font cannot draw.

    >>> drawable("崇明 m² 🌾")
    '崇明 m² ?'
    """
    known = _characters()
    return "".join(char if ord(char) in known or char == "\n" else REPLACEMENT for char in text)


@lru_cache(maxsize=1)
def _characters() -> AbstractSet[int]:
    return frozenset(FT2Font(str(font_file())).get_charmap())
