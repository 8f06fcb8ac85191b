"""Areas of OpenStreetMap from an Overpass server, through OSMnx.

OSMnx asks, divides large regions and keeps the answers. Its own geometries are not used: rings of
relations are put together by GDAL, as those of local extracts are (satseg.osm.files), so that one
place has one area whichever way it came.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import shapely
from shapely.geometry.base import BaseGeometry

from satseg.errors import VectorError
from satseg.osm.areas import OsmAreas
from satseg.osm.files import read_areas
from satseg.osm.tags import Tag, query

OVERPASS = "https://overpass-api.de/api"
"""Source: https://wiki.openstreetmap.org/wiki/Overpass_API, the main public server."""

_REACHABLE_S = 15.0
_MERGED = "answer.osm"
_LOCK = threading.Lock()
"""OSMnx keeps its settings in its module: one query at a time may change them."""


@dataclass(frozen=True, slots=True)
class Server:
    """An Overpass server.

    Attributes:
        url: address up to ``/api``.
        timeout_s: how long one query may take, here and on the server.
    """

    url: str = OVERPASS
    timeout_s: float = 180.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise VectorError(
                expected="the address of an Overpass server, http:// or https://",
                found=repr(self.url[:200]),
                fix=f"Write it up to /api, for example {OVERPASS}",
            )
        if not 1 <= self.timeout_s <= 3600:
            raise VectorError(
                expected="a timeout from 1 to 3600 seconds",
                found=f"{self.timeout_s:g}",
                fix="Give another timeout, for example 180",
            )


def ask(server: Server, region: BaseGeometry, tags: Sequence[Tag], answers: Path) -> OsmAreas:
    """Return the areas with one of ``tags`` inside of a region.

    Args:
        server: whom to ask.
        region: (multi)polygon in WGS 84.
        tags: what to ask for.
        answers: folder of this query's answers; those that are there are not asked for again.

    Raises:
        VectorError: the server cannot be reached, refuses, or gives an incomplete answer.
    """
    import osmnx
    from osmnx._errors import CacheOnlyInterruptError, InsufficientResponseError
    from osmnx._errors import ResponseStatusCodeError as Refused

    answers.mkdir(parents=True, exist_ok=True)
    try:
        with _settings(server, answers):
            osmnx.features_from_polygon(region, dict(query(tags)))
    except CacheOnlyInterruptError:
        pass  # this is how it says that all answers are there
    except (InsufficientResponseError, Refused, ValueError) as error:
        raise _refused(server, str(error)) from error
    merged = answers / _MERGED
    _write_osm(_elements(answers, server), merged)
    found = read_areas(merged, region, tags)
    return replace(found, source=server.url)


@contextmanager
def _settings(server: Server, answers: Path) -> Iterator[None]:
    """Give OSMnx our settings for one query, and take back what it changes."""
    import requests
    from osmnx import settings

    wanted: dict[str, Any] = {
        "overpass_url": server.url,
        "requests_timeout": server.timeout_s,
        "cache_folder": answers,
        "use_cache": True,
        "cache_only_mode": True,
        "doh_url_template": None,
        "overpass_rate_limit": server.url == OVERPASS,
        "requests_kwargs": {"hooks": {"response": _checked(server)}},
    }
    with _LOCK:
        before = {name: getattr(settings, name) for name in wanted}
        resolve = socket.getaddrinfo
        try:
            if not any(answers.glob("*.json")):
                requests.get(f"{server.url.rstrip('/')}/status", timeout=_REACHABLE_S)
            for name, value in wanted.items():
                setattr(settings, name, value)
            yield
        except requests.Timeout as error:
            raise _unreachable(server, "no answer in time") from error
        except requests.RequestException as error:
            raise _unreachable(server, type(error).__name__) from error
        finally:
            socket.getaddrinfo = resolve  # OSMnx replaces it for good
            for name, value in before.items():
                setattr(settings, name, value)


def _checked(server: Server) -> Callable[..., None]:
    """Return what looks at each answer before OSMnx does, which would wait and ask for ever."""

    def check(response: Any, **_: object) -> None:
        if not urlsplit(response.url).path.endswith("/interpreter"):
            return
        content = response.content
        response.close()
        if response.status_code in (429, 504):
            raise VectorError(
                expected=f"an answer from {server.url}",
                found=f"status {response.status_code}: the server is busy",
                fix="Try again in a minute, ask for a smaller region, or name another server with"
                " --overpass",
            )
        if not response.ok:
            raise _refused(server, f"status {response.status_code} {response.reason}")
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise _refused(server, f"{content[:120]!r}") from error
        if not isinstance(answer, dict) or "remark" in answer:
            said = answer.get("remark") if isinstance(answer, dict) else type(answer).__name__
            raise _refused(server, f"an incomplete answer: {str(said)[:200]}")

    return check


def _elements(answers: Path, server: Server) -> list[dict[str, Any]]:
    """Return the nodes, ways and relations of all answers, each once, in this order."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    order = {"node": 0, "way": 1, "relation": 2}
    try:
        for path in sorted(answers.glob("*.json")):
            for element in json.loads(path.read_text(encoding="utf-8"))["elements"]:
                if element["type"] in order:
                    found[order[element["type"]], int(element["id"])] = element
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(server, f"no elements ({type(error).__name__})") from error
    return [found[key] for key in sorted(found)]


def _write_osm(elements: Sequence[dict[str, Any]], path: Path) -> None:
    """Write elements as OpenStreetMap XML."""
    with path.open("w", encoding="utf-8") as file:
        xml = XMLGenerator(file, encoding="utf-8", short_empty_elements=True)
        xml.startDocument()
        xml.startElement("osm", AttributesImpl({"version": "0.6", "generator": "satseg"}))
        for element in elements:
            names: list[str] = [name for name in ("id", "lat", "lon") if name in element]
            placed = {name: str(element[name]) for name in names}
            xml.startElement(element["type"], AttributesImpl(placed))
            for node in element.get("nodes", ()):
                _leaf(xml, "nd", {"ref": str(node)})
            for member in element.get("members", ()):
                named = {key: str(member[key]) for key in ("type", "ref", "role")}
                _leaf(xml, "member", named)
            for key, value in element.get("tags", {}).items():
                _leaf(xml, "tag", {"k": str(key), "v": str(value)})
            xml.endElement(element["type"])
        xml.endElement("osm")
        xml.endDocument()


def _leaf(xml: XMLGenerator, name: str, attributes: dict[str, str]) -> None:
    xml.startElement(name, AttributesImpl(attributes))
    xml.endElement(name)


def _unreachable(server: Server, found: str) -> VectorError:
    return VectorError(
        expected=f"the Overpass server {server.url} to answer",
        found=f"{found} (no network, or the server is down)",
        fix="Check the connection, name another server with --overpass, or give a local file with"
        " --osm",
    )


def _refused(server: Server, found: str) -> VectorError:
    return VectorError(
        expected=f"a complete answer from the Overpass server {server.url}",
        found=found,
        fix="Ask for a smaller region or fewer tags, raise --timeout, or give a local file with"
        " --osm",
    )


def region_text(region: BaseGeometry) -> str:
    """Return a region as text that is the same for the same region."""
    return str(shapely.to_wkt(shapely.normalize(region), rounding_precision=7))
