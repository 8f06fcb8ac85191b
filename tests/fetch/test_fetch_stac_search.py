"""Searching an API with pages and a static catalog; what is refused on the way."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from nasty_server import NastyServer, Reply, Request, as_json
from shapely.geometry import box
from stac_files import catalog, item, write

from satseg.errors import Cancelled, FetchError
from satseg.fetch.stac_reading import Documents
from satseg.fetch.stac_search import Query, find_items
from satseg.fetch.transfer import Policy, new_client

CORE = "https://api.stacspec.org/v1.0.0/core"
SEARCH = "https://api.stacspec.org/v1.0.0/item-search"
ANYTHING = Query()


def found(
    root: str | Path, query: Query, policy: Policy, seen: list[int] | None = None
) -> list[str]:
    steps = seen if seen is not None else []
    with new_client(policy) as client:
        documents = Documents(str(root), policy=policy, client=client)
        items = find_items(documents, query, lambda done, total: steps.append(done))
    return [each.id for each in items]


@pytest.fixture
def api(server: NastyServer) -> NastyServer:
    """An API with five items on three pages, which ignores all it is asked."""
    root = catalog([], [], conformsTo=[CORE, SEARCH])
    link = {"rel": "search", "href": f"{server.address}/search", "type": "application/geo+json"}
    root["links"].append(link)
    server.on("/", as_json(root))
    items = [
        item(f"i{n}", "https://example.org/a.tif", day=f"2020-05-0{n + 1}", cloud=10.0 * n)
        for n in range(5)
    ]

    def page(request: Request) -> Reply:
        start = int(parse_qs(urlsplit(request.path).query).get("from", ["0"])[0])
        links = [{"rel": "next", "href": f"{server.address}/search?from={start + 2}"}]
        features = items[start : start + 2]
        document = {"type": "FeatureCollection", "features": features, "links": links[: start < 4]}
        return as_json(document)

    server.on("/search", page)
    return server


def test_all_pages_of_an_api_are_read(api: NastyServer, policy: Policy) -> None:
    seen: list[int] = []
    assert found(f"{api.address}/", ANYTHING, policy, seen) == ["i0", "i1", "i2", "i3", "i4"]
    assert seen == [1, 2, 3, 4, 5]
    assert len(api.asked("/search")) == 3


def test_an_api_is_asked_for_what_it_can_filter(api: NastyServer, policy: Policy) -> None:
    query = Query(("vhr",), box(121.4, 31.1, 121.6, 31.3), dt.date(2020, 5, 2), None)
    assert found(f"{api.address}/", query, policy) == ["i1", "i2", "i3", "i4"]
    asked = parse_qs(urlsplit(api.asked("/search")[0].path).query)
    assert asked["collections"] == ["vhr"]
    assert [float(edge) for edge in asked["bbox"][0].split(",")] == [121.4, 31.1, 121.6, 31.3]
    assert asked["datetime"][0].startswith("2020-05-02T00:00:00Z/..")


def test_no_more_pages_are_read_than_needed(api: NastyServer, policy: Policy) -> None:
    assert found(f"{api.address}/", Query(limit=2), policy) == ["i0", "i1"]
    assert len(api.asked("/search")) == 1


def test_an_api_that_fails_for_a_moment_is_asked_again(
    api: NastyServer, policy: Policy, pauses: list[float]
) -> None:
    api.replies["/search"].insert(0, Reply(status=502))
    assert len(found(f"{api.address}/", ANYTHING, policy)) == 5
    assert pauses == [1.0]


QUERIES = {
    "cloud": (Query(max_cloud=20), ["i0", "i1", "i2"]),
    "until": (Query(until=dt.date(2020, 5, 2)), ["i0", "i1"]),
    "since": (Query(since=dt.date(2020, 5, 5)), ["i4"]),
    "collection": (Query(("other",)), []),
    "place": (Query(place=box(0, 0, 1, 1)), []),
    "limit": (Query(limit=3), ["i0", "i1", "i2"]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_items_are_held_against_the_query_here_too(
    name: str, api: NastyServer, policy: Policy
) -> None:
    query, expected = QUERIES[name]
    assert found(f"{api.address}/", query, policy) == expected


@pytest.fixture
def static(tmp_path: Path) -> Path:
    documents = {
        "catalog.json": catalog(["./sub/catalog.json"], ["./a.json"]),
        "sub/catalog.json": catalog(["../catalog.json"], ["./b.json", "./b.json"], id="sub"),
        "a.json": item("a", "./a.tif", day="2020-06-01"),
        "sub/b.json": item("b", "./b.tif", cloud=None, west=121.7),
    }
    return write(tmp_path / "stac", documents)


def test_a_static_catalog_is_walked_once_even_in_a_circle(static: Path, policy: Policy) -> None:
    assert found(static, ANYTHING, policy) == ["b", "a"]
    assert found(static, Query(max_cloud=50), policy) == ["a"]
    assert found(static, Query(place=box(121.6, 31, 121.8, 32)), policy) == ["b"]


def test_a_static_catalog_over_http_is_walked(
    static: Path, server: NastyServer, policy: Policy
) -> None:
    for path in static.parent.rglob("*.json"):
        server.on(f"/{path.relative_to(static.parent)}", Reply(path.read_bytes()))
    assert found(f"{server.address}/catalog.json", ANYTHING, policy) == ["b", "a"]


def test_one_item_and_a_list_of_items_are_understood(tmp_path: Path, policy: Policy) -> None:
    one, two = item("a", "./a.tif"), item("b", "./b.tif", day="2019-01-01")
    write(
        tmp_path, {"a.json": one, "l.json": {"type": "FeatureCollection", "features": [one, two]}}
    )
    assert found(tmp_path / "a.json", ANYTHING, policy) == ["a"]
    assert found(tmp_path / "l.json", ANYTHING, policy) == ["b", "a"]


@pytest.mark.parametrize("href", ["/etc/passwd", "file:///etc/passwd", "C:/secret.json"])
def test_a_remote_catalog_reads_no_file_of_this_machine(
    href: str, server: NastyServer, policy: Policy
) -> None:
    server.on("/catalog.json", as_json(catalog([], [href])))
    with pytest.raises(FetchError) as caught:
        found(f"{server.address}/catalog.json", ANYTHING, policy)
    assert "links to http or https" in caught.value.expected or "404" in caught.value.found


WRONG = {
    "a text that is no JSON": b"<html>",
    "JSON that is no object": b"[]",
    "bytes that are no text": b"\xff\xfe",
    "a document of type None": b"{}",
    "a document of type 'Map'": b'{"type": "Map"}',
    "a document that is no STAC": b'{"type": "FeatureCollection", "features": 3}',
    "STACTypeError|no STAC": b'{"type": "Feature", "id": "a"}',
    "collection of an API": b'{"type": "Collection", "links": [{"rel": "items", "href": "x"}]}',
}


@pytest.mark.parametrize("reason", WRONG)
def test_what_is_no_stac_is_told(reason: str, server: NastyServer, policy: Policy) -> None:
    url = server.on("/", Reply(WRONG[reason]))
    with pytest.raises(FetchError, match=reason) as caught:
        found(url, ANYTHING, policy)
    assert caught.value.expected.startswith(f"a STAC catalog, collection, item or API at {url}")


def test_a_damaged_item_of_a_catalog_is_told(static: Path, policy: Policy) -> None:
    (static.parent / "a.json").write_text("{}")
    with pytest.raises(FetchError, match="a STAC catalog, collection, item or API"):
        found(static, ANYTHING, policy)


def test_a_missing_file_is_told(tmp_path: Path, policy: Policy) -> None:
    with pytest.raises(FetchError, match="No such file"):
        found(tmp_path / "none.json", ANYTHING, policy)


def test_a_search_can_be_cancelled(api: NastyServer, policy: Policy) -> None:
    with new_client(policy) as client:
        documents = Documents(
            f"{api.address}/", policy=policy, client=client, cancelled=lambda: True
        )
        with pytest.raises(Cancelled):
            find_items(documents, ANYTHING, lambda done, total: None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"limit": 0}, "a limit of at least 1 item"),
        ({"max_cloud": 101.0}, "a cloud cover of 0 to 100 percent"),
        ({"since": dt.date(2020, 1, 2), "until": dt.date(2020, 1, 1)}, "a first day before"),
    ],
)
def test_an_impossible_query_is_told(options: dict[str, object], expected: str) -> None:
    with pytest.raises(FetchError, match=expected):
        Query(**options)  # type: ignore[arg-type]
