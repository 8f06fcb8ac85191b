from pathlib import Path

import pytest
import streamlit as st
import streamlit_folium
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.browser_files import early_files
from dashboard.guard import HEADERS, POLICY, guarded

FRAME = "/component/streamlit_folium.st_folium/"


@pytest.fixture
def client() -> TestClient:
    own = {"Referrer-Policy": "no-referrer"}
    pages = [
        Route("/plain", lambda request: PlainTextResponse("here")),
        Route("/own", lambda request: PlainTextResponse("here", headers=own)),
        Route("/page", lambda request: HTMLResponse("<p>here")),
        Route(FRAME + "index.html", lambda request: HTMLResponse("<p>here")),
        Route(FRAME + "{path:path}", lambda request: PlainTextResponse("here")),
    ]
    return TestClient(Starlette(routes=pages, middleware=guarded()))


@pytest.mark.parametrize("path", ["/plain", "/none"])
def test_every_answer_has_the_headers_also_what_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)


def test_a_header_that_an_answer_has_stays(client: TestClient) -> None:
    assert client.get("/own").headers["referrer-policy"] == "no-referrer"


def test_the_policy_names_no_other_server() -> None:
    sources = {word for rule in POLICY.split("; ") for word in rule.split()[1:]}
    assert sources == {
        *("'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"),
    }


def test_a_page_tells_what_its_map_will_need(client: TestClient) -> None:
    told = client.get("/page").headers["link"].split(", ")
    assert told == list(early_files())
    assert sum("rel=modulepreload" in one for one in told) >= 1
    assert "/static/js/ComponentInstance." in told[0]
    assert all(one.startswith("<./") for one in told), "addresses must hold below any base path"
    assert "streamlit_folium.st_folium/static/js/main." in told[-2]
    assert "/assets/map.bundle.js?v=" in told[-1]


def test_early_files_exist() -> None:
    static = Path(st.__file__).parent / "static"
    frame = Path(streamlit_folium.__file__).parent / "frontend" / "build"
    for one in early_files()[:-1]:
        address = one[len("<./") : one.index(">")]
        own = frame / address.removeprefix(FRAME[1:])
        assert (static / address).is_file() or own.is_file(), address


@pytest.mark.parametrize("path", ["/plain", FRAME + "index.html", "/none"])
def test_nothing_else_hastens(client: TestClient, path: str) -> None:
    assert "link" not in client.get(path).headers


def test_scripts_of_the_frame_are_kept_where_their_names_change_with_them(
    client: TestClient,
) -> None:
    hashed = client.get(FRAME + "static/js/main.521860b0.js").headers
    assert "immutable" in hashed["cache-control"]
    for path in ("static/js/main.js", "index.html", "static/js/main.521860b0.js.map"):
        assert "cache-control" not in client.get(FRAME + path).headers
