"""Reading STAC documents: bounded, patient, and never a file of this machine for a remote one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from pystac.stac_io import DefaultStacIO
from pystac_client.stac_api_io import StacApiIO

from satseg.errors import FetchError
from satseg.fetch.transfer import Policy, fetch_bytes, shown

_MAX_DOCUMENT = 64 * 2**20


def is_address(text: str) -> bool:
    """Return whether ``text`` is an http or https address, not a path."""
    return urlsplit(text).scheme in {"http", "https"}


class Documents:
    """Reads the documents of one catalog, by address or, of a catalog on disk, by path."""

    def __init__(
        self,
        root: str,
        *,
        policy: Policy,
        client: httpx.Client,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.root = root
        self._policy = policy
        self._client = client
        self._cancelled = cancelled

    def text(self, href: str, *, query: dict[str, Any] | None = None, post: object = None) -> str:
        """Return a document.

        Args:
            href: its address or path.
            query: parameters to append to the address.
            post: what to send as JSON with POST; None for GET.

        Raises:
            FetchError: no network, a refusal, a document that is too large or no text, or a
                remote catalog that points into this machine.
            Cancelled: the fetch was cancelled.
        """
        if not is_address(href):
            return self._from_disk(href)
        plain = {key: value for key, value in (query or {}).items() if value is not None}
        separator = "&" if urlsplit(href).query else "?"
        url = f"{href}{separator}{urlencode(plain)}" if plain else href
        body = fetch_bytes(
            url,
            policy=self._policy,
            client=self._client,
            post=post,
            max_bytes=_MAX_DOCUMENT,
            cancelled=self._cancelled,
        )
        return _decoded(body, shown(href))

    def json(self, href: str) -> dict[str, Any]:
        """Return a JSON document that is an object.

        Raises:
            FetchError: it is none; see ``text`` too.
        """
        try:
            document = json.loads(self.text(href))
        except ValueError as error:
            raise no_stac(href, "a text that is no JSON") from error
        if not isinstance(document, dict):
            raise no_stac(href, "JSON that is no object")
        return document

    def _from_disk(self, href: str) -> str:
        if is_address(self.root):
            raise FetchError(
                expected=f"links to http or https addresses in {shown(self.root)}",
                found=repr(href[:200]),
                fix="Do not use this catalog; ask its owner",
            )
        path = Path(href)
        try:
            if path.stat().st_size > _MAX_DOCUMENT:
                raise no_stac(href, f"a file of more than {_MAX_DOCUMENT:,} bytes")
            return _decoded(path.read_bytes(), href)
        except OSError as error:
            raise no_stac(href, f"{type(error).__name__}: {error.strerror or error}") from error


class StaticIO(DefaultStacIO):
    """Reads a static catalog for pystac."""

    def __init__(self, documents: Documents) -> None:
        super().__init__()
        self._documents = documents

    def read_text_from_href(self, href: str) -> str:
        """Return a document; see ``Documents.text``."""
        return self._documents.text(href)


class ApiIO(StacApiIO):
    """Speaks to an API for pystac-client."""

    def __init__(self, documents: Documents) -> None:
        super().__init__(max_retries=None)
        self._documents = documents

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Return the answer; headers that a server asks to have sent back are not sent."""
        if (method or "GET").upper() == "POST":
            return self._documents.text(href, post=parameters or {})
        return self._documents.text(href, query=parameters)

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        """Return a document; a path is read only for a catalog on disk."""
        if isinstance(source, str) and not is_address(source):
            return self._documents.text(source)
        return super().read_text(source, *args, **kwargs)


def no_stac(href: str, found: str) -> FetchError:
    """Return the error of an address at which there is no STAC document."""
    place = shown(href) if is_address(href) else href
    return FetchError(
        expected=f"a STAC catalog, collection, item or API at {place}",
        found=found,
        fix="Give the address or the path of a catalog.json, or the root of a STAC API",
    )


def _decoded(body: bytes, place: str) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise no_stac(place, "bytes that are no text") from error
