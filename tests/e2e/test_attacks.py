"""A visitor reaches registered rasters and assets and no other file, whatever is asked for.

Requests go out byte by byte, because an HTTP client would tidy most of these addresses up.
"""

from __future__ import annotations

import http.client
import itertools
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.benchmarks.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
SCENE = "chongming-2016-05-03"
CANARY = "only-the-owner-reads-this"
TILE = f"/tiles/{SCENE}/true_colour/15/27384/13320"

CLIMBS = (
    *("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..%252f", "..%c0%af", "..;/"),
    *("..\\", "..%5c", "%2e%2e%5c", "..%255c", "....//", "..%00/", "..%09/", "/..%2f"),
)
PREFIXES = (
    *("/", "/tiles/", f"/tiles/{SCENE}/", f"/tiles/{SCENE}/true_colour/", "/assets/", "/static/"),
    *("/media/", "/component/streamlit_folium.st_folium/", "/_stcore/bidi-components/satseg_link/"),
    *("/app/static/", "/compare/", "/_stcore/upload_file/"),
    *("/thumbnails/", f"/thumbnails/{SCENE}/", "/arrivals/"),
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(address: str, path: str, *, method: str = "GET") -> Answer:
    """Send a request whose path stays exactly as it is."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    with socket.create_connection((host, port), timeout=60) as line:
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        line.sendall(head.encode("latin-1"))
        answer = http.client.HTTPResponse(line, method=method)
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, answer.read())


@pytest.fixture(scope="module")
def secrets(folders: dict[str, str]) -> list[tuple[Path, bytes]]:
    """Files that nobody registered, with a piece of what is in each."""
    catalog = Path(folders["SATSEG_CATALOG"])
    beside = catalog.parent / "secret.txt"
    inside = catalog / "scenes" / SCENE / "secret.tif"
    removed = catalog / "removed" / "00000000000000000001-abcdef" / "files" / "secret.tif"
    removed.parent.mkdir(parents=True)
    for file in (beside, inside, removed):
        file.write_text(CANARY, encoding="utf-8")
    return [
        (beside, CANARY.encode()),
        (inside, CANARY.encode()),
        (removed, CANARY.encode()),
        (catalog / "catalog.json", b'"stac_version"'),
        (catalog / "scenes" / SCENE / "item.json", b'"stac_version"'),
        (ROOT / "dashboard" / "app.py", b"The launcher"),
        (ROOT / "pyproject.toml", b"[build-system]"),
        (Path("/etc/passwd"), b"root:"),
    ]


def addresses(secrets: list[tuple[Path, bytes]]) -> Iterator[str]:
    """Every way that we know to ask for one of the files."""
    for file, _ in secrets:
        whole = str(file)
        for prefix in PREFIXES:
            yield prefix + whole
            yield prefix + quote(whole, safe="")
            yield prefix + quote(quote(whole, safe=""), safe="")
            yield prefix + "file:%2f%2f" + quote(whole, safe="")
            yield prefix + "%2fvsizip%2f" + quote(whole, safe="")
            yield prefix + quote(whole, safe="") + "%00.png"
        for prefix, climb in itertools.product((*PREFIXES[:8], "/thumbnails/"), CLIMBS):
            yield prefix + climb * 12 + whole.lstrip("/")


@pytest.fixture(scope="module")
def page(server: str) -> bytes:
    """Streamlit's answer to every path of which it knows nothing."""
    return ask(server, "/nothing-of-this-name").body


def test_no_address_leads_to_a_file_that_is_not_registered(
    server: str, secrets: list[tuple[Path, bytes]], page: bytes
) -> None:
    tried = set(addresses(secrets))
    assert len(tried) > 1000
    for path in tried:
        found = ask(server, path)
        for file, content in secrets:
            assert content not in found.body, (path, file)
        assert (
            found.status in (400, 404, 405) or found.body == page or found.status in (301, 307)
        ), path
        assert found.status < 500, path


@pytest.mark.parametrize(
    "place",
    [
        *("-1/0/0", "0/-1/0", "0/0/-1", "3/8/0", "25/0/0", "99999999999999999999999/0/0"),
        *("15/27384/1" + "0" * 4000, "a/b/c", "1.5/0/0", "1e3/0/0", "0x1/0/0", "%31%35/27384/x"),
        *("15/27384/13320.png", "15/27384/13320/", "15//13320", "NaN/0/0", "+1/0/0", "１/0/0"),
    ],
)
def test_a_tile_that_cannot_be_is_not_found(server: str, place: str) -> None:
    found = ask(server, f"/tiles/{SCENE}/true_colour/" + quote(place, safe="/%+"))
    assert found.status == 404
    assert len(found.body) < 1000


@pytest.mark.parametrize(
    "item",
    [
        *("x" * 10_000, "A", "scene id", "chongming-2016-05-03%00", "chongming-2016-05-03%0a", "."),
        *("catalog.json", "chongming-2016-05-03.", "%e5%b4%87%e6%98%8e", "con", "~root", "%ff%fe"),
    ],
)
def test_an_item_that_is_none_is_not_found_in_few_words(server: str, item: str) -> None:
    found = ask(server, f"/tiles/{item}/true_colour/0/0/0")
    assert found.status in (400, 404)
    assert len(found.body) < 1000
    assert b"/" not in found.body.replace(b"text/", b"")


@pytest.mark.parametrize(
    "item", ["none", "x" * 5000, "%2e%2e", f"{SCENE}%2fthumbnail.png", f"{SCENE}/x", "removed", ""]
)
def test_a_thumbnail_is_of_a_scene_of_the_catalog(server: str, item: str) -> None:
    assert ask(server, f"/thumbnails/{SCENE}").headers["content-type"] == "image/png"
    found = ask(server, f"/thumbnails/{item}")
    assert found.status in (400, 404)
    assert len(found.body) < 1000


@pytest.mark.parametrize("kind", ["display", "image", "probability.tif", "item.json", "", "%2e%2e"])
def test_a_kind_of_tile_that_is_none_is_not_found(server: str, kind: str) -> None:
    assert ask(server, f"/tiles/{SCENE}/{kind}/0/0/0").status in (400, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", [TILE, "/assets/map.js"])
def test_rasters_and_assets_can_only_be_read(server: str, method: str, path: str) -> None:
    assert ask(server, path, method=method).status == 405


@pytest.mark.parametrize("path", [TILE, "/assets/map.js"])
def test_a_question_for_the_head_has_no_body(server: str, path: str) -> None:
    head, whole = ask(server, path, method="HEAD"), ask(server, path)
    assert (head.status, head.body) == (200, b"")
    assert whole.status == 200
    assert int(head.headers["content-length"]) == len(whole.body) > 0


@pytest.mark.parametrize(
    "path", ["/", "/compare", TILE, "/assets/map.js", "/assets/none.js", "/_stcore/health"]
)
def test_every_answer_forbids_guessing_types_and_foreign_sources(server: str, path: str) -> None:
    headers = ask(server, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert not re.search(r"https?:|\*", policy)


@pytest.mark.parametrize("path", ["/tiles/", "/assets/", f"/tiles/{SCENE}/", "/assets", "/tiles"])
def test_no_folder_is_listed(server: str, path: str, page: bytes) -> None:
    found = ask(server, path)
    assert found.status in (301, 307, 404) or found.body == page


@pytest.mark.parametrize(
    "name", ["", "x", "../../etc/passwd", "a" * 64 + ".png", "%2e%2e%2fapp.py"]
)
def test_media_are_those_of_a_page_on_view(server: str, name: str) -> None:
    assert ask(server, "/media/" + name).status in (301, 400, 404)


def upload(server: str, session: str, file: str, size: int, *, token: bool) -> httpx.Response:
    """Upload a file of zeros as Streamlit's page would, with or without its token."""
    with httpx.Client(base_url=server) as client:
        client.get("/_stcore/health")
        headers = {"X-Xsrftoken": client.cookies["_streamlit_xsrf"]} if token else {}
        return client.put(
            f"/_stcore/upload_file/{session}/{file}",
            files={"file": ("area.geojson", bytes(size))},
            headers=headers,
        )


def test_nothing_is_uploaded_without_the_pages_token_or_without_a_visit(server: str) -> None:
    with Visitor(server) as visitor:
        visitor.rerun()
        assert upload(server, visitor.session, "one", 10, token=False).status_code == 403
        assert upload(server, visitor.session, "one", 10, token=True).status_code == 204
    assert upload(server, "0" * 36, "one", 10, token=True).status_code == 400


def test_an_upload_that_says_it_is_too_large_is_refused_before_it_is_sent(server: str) -> None:
    with Visitor(server) as visitor:
        visitor.rerun()
        token = httpx.get(server + "/_stcore/health").cookies["_streamlit_xsrf"]
        lines = (
            f"PUT /_stcore/upload_file/{visitor.session}/one HTTP/1.1",
            *("Host: 127.0.0.1", f"Cookie: _streamlit_xsrf={token}", f"X-Xsrftoken: {token}"),
            *("Content-Type: multipart/form-data; boundary=x", f"Content-Length: {10**12}"),
        )
        with socket.create_connection(("127.0.0.1", urlsplit(server).port), timeout=60) as line:
            line.sendall("\r\n".join((*lines, "", "")).encode())
            answer = http.client.HTTPResponse(line)
            answer.begin()
            assert answer.status == 413


def test_what_is_uploaded_is_nowhere_to_be_fetched(server: str, page: bytes) -> None:
    with Visitor(server) as visitor:
        visitor.rerun()
        upload(server, visitor.session, "one", 10, token=True)
        for path in (f"/_stcore/upload_file/{visitor.session}/one", "/media/one", "/area.geojson"):
            found = ask(server, path)
            assert found.status in (404, 405) or found.body == page
