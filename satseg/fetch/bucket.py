"""Objects of a public bucket that speaks Amazon S3's protocol, listed without an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode
from xml.etree.ElementTree import Element, ParseError

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from satseg.errors import FetchError
from satseg.fetch.checksums import Checksum, from_etag
from satseg.fetch.transfer import Policy, check_url, fetch_bytes, shown

_MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """One object of a bucket.

    Attributes:
        key: its name.
        size: bytes.
        checksum: MD5, None where the bucket's ETag is none.
    """

    key: str
    size: int
    checksum: Checksum | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A public bucket.

    Attributes:
        endpoint: address of the service, http or https.
        name: the bucket.
    """

    endpoint: str
    name: str

    def __post_init__(self) -> None:
        check_url(self.endpoint)

    def url(self, key: str) -> str:
        """Return the address of an object, path style."""
        return f"{self.endpoint.rstrip('/')}/{self.name}/{quote(key)}"

    def objects(
        self,
        prefix: str,
        *,
        client: httpx.Client,
        policy: Policy,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[RemoteObject]:
        """Yield the objects whose keys start with ``prefix``, in the order of the keys.

        Source: Amazon S3 API Reference, ListObjectsV2.

        Raises:
            FetchError: no network, a refusal, or an answer that is no such list.
            Cancelled: ``cancelled`` returned true.
        """
        query = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            url = f"{self.endpoint.rstrip('/')}/{self.name}?{urlencode(query)}"
            body = fetch_bytes(url, policy=policy, client=client, cancelled=cancelled)
            page = _parsed(body, url)
            for entry in _children(page, "Contents"):
                yield _object(entry, url)
            token = _text(page, "NextContinuationToken")
            if _text(page, "IsTruncated") != "true" or not token:
                return
            if token in seen:
                raise _no_list(url, "a list that turns in a circle")
            seen.add(token)
            query["continuation-token"] = token
        raise _no_list(self.url(prefix), f"more than {_MAX_PAGES:,} pages")


def _parsed(body: bytes, url: str) -> Element:
    try:
        page: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise _no_list(url, f"{type(error).__name__}: {error}") from error
    if _name(page) != "ListBucketResult":
        raise _no_list(url, f"<{_name(page)}>")
    return page


def _object(entry: Element, url: str) -> RemoteObject:
    key, size = unquote(_text(entry, "Key").replace("+", " ")), _text(entry, "Size")
    if not key or not size.isdecimal():
        raise _no_list(url, "an entry without a key or a size")
    return RemoteObject(key, int(size), from_etag(_text(entry, "ETag")))


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if _name(child) == name]


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element, name: str) -> str:
    found = _children(element, name)
    return (found[0].text or "").strip() if found else ""


def _no_list(url: str, found: str) -> FetchError:
    return FetchError(
        expected=f"a list of objects (ListBucketResult) from {shown(url)}",
        found=found,
        fix="Check the endpoint; it must speak Amazon S3's protocol",
    )
