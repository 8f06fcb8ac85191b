"""Identifiers of catalog entries: safe as a folder name and inside a URL."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from satseg.errors import CatalogError

MAX_LENGTH = 200
_PATTERN = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def is_identifier(text: str) -> bool:
    """Return whether ``text`` may name a catalog entry.

    >>> is_identifier("shanghai-6917"), is_identifier("../etc")
    (True, False)
    """
    return len(text) <= MAX_LENGTH and ".." not in text and _PATTERN.fullmatch(text) is not None


def check_identifier(text: str, *, what: str) -> str:
    """Return ``text`` unchanged.

    Raises:
        CatalogError: the text cannot be an identifier.
    """
    if not is_identifier(text):
        raise CatalogError(
            expected=f"{what} of small letters, digits, '-', '_' and single '.', at most"
            f" {MAX_LENGTH} characters, starting with a letter or digit",
            found=repr(text[: MAX_LENGTH + 1]),
            fix="Choose another id, for example chongming-2015",
        )
    return text


def slug(text: str) -> str:
    """Return the identifier nearest to ``text``; empty where nothing of it is left.

    >>> slug("RGB-PanSharpen AOI_4.tif"), slug("崇明")
    ('rgb-pansharpen-aoi_4.tif', '')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    dashed = re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9_.]+", "-", plain))
    return re.sub(r"^[_.-]+|[_.-]+$", "", dashed)[:MAX_LENGTH]


def composed(*parts: str) -> str:
    """Return one identifier for a tuple of texts: readable, and another one for another tuple."""
    readable = ".".join(slug(part) for part in parts)[: MAX_LENGTH - 10].strip("_.-")
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return slug(f"{readable}.{digest[:8]}")
