"""Items of a STAC catalog or API that match a place, a time and a share of cloud."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pystac
import shapely
from pystac_client import Client
from pystac_client.exceptions import APIError
from shapely.errors import ShapelyError
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from satseg.errors import FetchError
from satseg.fetch.stac_reading import ApiIO, Documents, StaticIO, no_stac
from satseg.fetch.stages import Progress

MAX_LOOKED_AT = 10_000
"""Documents of one catalog that are looked at before the search gives up."""

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Attributes:
        collections: ids, empty for all.
        place: area in longitude and latitude that an item must touch, None for anywhere.
        since: first day, None for any.
        until: last day, None for any.
        max_cloud: largest cloud cover in percent; items that do not tell theirs do not match. None
            for any.
        limit: items at most.
    """

    collections: tuple[str, ...] = ()
    place: BaseGeometry | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    max_cloud: float | None = None
    limit: int = 20

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise _unusable("a limit of at least 1 item", str(self.limit), "--limit 20")
        if self.max_cloud is not None and not 0 <= self.max_cloud <= 100:
            raise _unusable(
                "a cloud cover of 0 to 100 percent", f"{self.max_cloud:g}", "--cloud 10"
            )
        if self.since and self.until and self.since > self.until:
            found = f"{self.since} to {self.until}"
            raise _unusable("a first day before the last", found, "--since 2015-01-01")

    def matches(self, item: pystac.Item) -> bool:
        """Return whether an item is wanted, whatever its server thinks."""
        day = date_of(item)
        cloud = cloud_of(item)
        return (
            (not self.collections or item.collection_id in self.collections)
            and (self.since is None or (day is not None and day >= self.since))
            and (self.until is None or (day is not None and day <= self.until))
            and (self.max_cloud is None or (cloud is not None and cloud <= self.max_cloud))
            and (self.place is None or _touches(item, self.place))
        )


def date_of(item: pystac.Item) -> dt.date | None:
    """Return the day of an item, the first one of a range, None where it tells none."""
    moment = item.datetime or item.common_metadata.start_datetime
    return None if moment is None else moment.date()


def cloud_of(item: pystac.Item) -> float | None:
    """Return the cloud cover in percent, None where the item does not tell it."""
    cloud = item.properties.get("eo:cloud_cover")
    return float(cloud) if isinstance(cloud, int | float) else None


def find_items(documents: Documents, query: Query, progress: Progress) -> list[pystac.Item]:
    """Return the matching items by date, ``query.limit`` at most.

    Args:
        documents: the catalog; its root may be an API, a static catalog or collection, an item, or
            a feature collection of items.
        query: what is looked for. Items are held against it here too, since servers are free to
            ignore what they do not know.
        progress: called with (items found, 0).

    Raises:
        FetchError: no network, no STAC there, or a damaged document.
        Cancelled: the fetch was cancelled.
    """
    found: list[pystac.Item] = []
    with _understood(documents.root):
        for item in _items(documents, query):
            if query.matches(item):
                found.append(item)
                progress(len(found), 0)
            if len(found) == query.limit:
                break
    return sorted(found, key=lambda item: (str(date_of(item)), item.id))


def _items(documents: Documents, query: Query) -> Iterator[pystac.Item]:
    root = documents.root
    document = documents.json(root)
    rels = {link.get("rel") for link in document.get("links", ())}
    kind = document.get("type")
    if document.get("conformsTo") and "search" in rels:
        yield from _searched(documents, query)
    elif kind == "Feature":
        yield pystac.Item.from_dict(document, href=root)
    elif kind == "FeatureCollection":
        for feature in document["features"]:
            yield pystac.Item.from_dict(feature, href=root)
    elif kind in {"Catalog", "Collection"}:
        if "items" in rels and not rels & {"item", "child"}:
            raise no_stac(root, "a collection of an API; give the API's root and --collection")
        yield from _walked(documents, document)
    else:
        raise no_stac(root, f"a document of type {kind!r}")


def _searched(documents: Documents, query: Query) -> Iterator[pystac.Item]:
    client = Client.from_file(documents.root, stac_io=ApiIO(documents))
    days = (query.since, query.until)
    span = "/".join(".." if day is None else day.isoformat() for day in days)
    search = client.search(
        method="GET",  # the one that every API has
        collections=list(query.collections) or None,
        bbox=None if query.place is None else list(query.place.bounds),
        datetime=span if any(days) else None,
        limit=_PAGE,
        max_items=MAX_LOOKED_AT,
    )
    yield from search.items()


def _walked(documents: Documents, document: dict[str, Any]) -> Iterator[pystac.Item]:
    """Yield the items of a static catalog, breadth first; each document is read once."""
    reader = StaticIO(documents)
    root = reader.stac_object_from_dict(document, href=documents.root)
    waiting, seen = deque([root]), {documents.root}
    while waiting:
        catalog = waiting.popleft()
        for link in catalog.get_links():
            href = link.get_absolute_href()
            if link.rel not in {"item", "child"} or href is None or href in seen:
                continue
            seen.add(href)
            if len(seen) > MAX_LOOKED_AT:
                return
            entry = reader.read_stac_object(href)
            if isinstance(entry, pystac.Item):
                yield entry
            elif isinstance(entry, pystac.Catalog):
                waiting.append(entry)


def _touches(item: pystac.Item, place: BaseGeometry) -> bool:
    try:
        outline = shape(item.geometry) if item.geometry else box(*(item.bbox or ()))
        return bool(shapely.make_valid(outline).intersects(place))
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError):
        return False


@contextmanager
def _understood(root: str) -> Iterator[None]:
    try:
        yield
    except (APIError, pystac.STACError, pystac.STACTypeError, NotImplementedError) as error:
        raise no_stac(root, f"{type(error).__name__}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise no_stac(
            root, f"a document that is no STAC ({type(error).__name__}: {error})"
        ) from error


def _unusable(expected: str, found: str, example: str) -> FetchError:
    return FetchError(expected=expected, found=found, fix=f"Correct it, for example {example}")
