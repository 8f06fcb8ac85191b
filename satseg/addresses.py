"""Addresses of images that stay where they are: on a web server or in a bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from satseg.errors import SceneError

SCHEMES = ("https", "http", "s3")
_CURL = "/vsicurl?max_retry=3&retry_delay=1&empty_dir=yes&url="
"""GDAL's reader of web servers: it tries again, and does not ask for files beside the image.
Source: GDAL documentation, virtual file systems."""

_GDAL = re.compile(re.escape(_CURL) + r"https?%3A%2F%2F[\w.~%-]+|/vsis3/[\w.-]+/[^?\s]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an image lies.

    Attributes:
        text: ``https://host/path/image.tif``, ``http://…`` or ``s3://bucket/path/image.tif``.
    """

    text: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.text)
            usable = parts.scheme in SCHEMES and bool(parts.hostname) and parts.username is None
            _ = parts.port
        except ValueError:
            usable = False
        if not (usable and self.name and self.text.isascii() and self.text.isprintable()):
            raise SceneError(
                expected="the address of an image, https://host/image.tif or s3://bucket/image.tif,"
                " without a name and password in it",
                found=self.text[:200],
                fix="Correct it; keys of a bucket belong in AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY",
            )

    @property
    def name(self) -> str:
        """Name of the file, without what a web server is asked beside it."""
        return PurePosixPath(unquote(urlsplit(self.text).path)).name

    @property
    def gdal(self) -> str:
        """The name under which GDAL reads the image where it lies."""
        if self.text.startswith("s3://"):
            return "/vsis3/" + self.text.removeprefix("s3://")
        return _CURL + quote(self.text, safe="")


def is_address(text: str) -> bool:
    """Return whether a text is an address and no path of this machine.

    >>> is_address("s3://bucket/image.tif"), is_address("image.tif")
    (True, False)
    """
    return text.partition("://")[0] in SCHEMES and "://" in text


def is_gdal_name(text: str) -> bool:
    """Return whether ``text`` is what ``Address.gdal`` gives, of any address."""
    return _GDAL.fullmatch(text) is not None and ".." not in text
