"""Checksums that a source publishes beside its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from satseg.errors import Cancelled, FetchError

Algorithm = Literal["md5", "sha256"]
_LENGTH = {"md5": 32, "sha256": 64}
_MULTIHASH: dict[str, Algorithm] = {"1220": "sha256", "d50110": "md5"}
"""Code and length of a digest. Source: Multihash table, as STAC's file extension asks."""
_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class Checksum:
    """A digest to hold a file against.

    Attributes:
        algorithm: ``md5`` shows damage in transit only; ``sha256`` forgery too.
        digest: hexadecimal, small letters.
    """

    algorithm: Algorithm
    digest: str

    def __post_init__(self) -> None:
        text = self.digest
        if len(text) != _LENGTH[self.algorithm] or set(text) - set("0123456789abcdef"):
            raise FetchError(
                expected=f"a {self.algorithm} digest of {_LENGTH[self.algorithm]} hexadecimal"
                " digits",
                found=repr(text[:80]),
                fix="Copy the digest again",
            )

    def of(
        self,
        path: Path,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> str:
        """Return the file's digest by the same algorithm; progress is (bytes done, in all).

        Raises:
            Cancelled: ``cancelled`` returned true.
        """
        digest = hashlib.new(self.algorithm, usedforsecurity=False)
        total, done = path.stat().st_size, 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if cancelled():
                    raise Cancelled
                digest.update(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, total)
        return digest.hexdigest()


def from_multihash(text: object) -> Checksum | None:
    """Return the checksum in a hexadecimal multihash, None where it is none that we can compute.

    >>> from_multihash("d50110" + "0" * 32).algorithm
    'md5'
    """
    if isinstance(text, str):
        for prefix, algorithm in _MULTIHASH.items():
            digest = text.lower().removeprefix(prefix)
            if text.lower().startswith(prefix) and len(digest) == _LENGTH[algorithm]:
                return _checksum(algorithm, digest)
    return None


def from_etag(etag: str) -> Checksum | None:
    """Return the MD5 in an object's ETag, None where the ETag is something else.

    S3 gives the MD5 of objects that were put whole and are readable without a key; those put in
    parts carry a dash. Source: Amazon S3 API Reference, "Object", member ETag.
    """
    return _checksum("md5", etag.strip().strip('"').lower())


def _checksum(algorithm: Algorithm, digest: str) -> Checksum | None:
    try:
        return Checksum(algorithm, digest)
    except FetchError:
        return None
