"""The page's name is there before Streamlit is, and nothing else is touched."""

from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.firstpaint import EMPTY, FirstPaint, completed, first_picture, language_of

INDEX = (Path(st.__file__).parent / "static" / "index.html").read_bytes()
HTML = {"Accept": "text/html,application/xhtml+xml"}


def page(request: Request) -> Response:
    if "if-none-match" in request.headers:
        return Response(status_code=304)
    return HTMLResponse(INDEX, headers={"ETag": '"1"', "Last-Modified": "today"})


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/page", page),
        Route(
            "/other", lambda request: HTMLResponse("<body>other</body>", headers={"ETag": '"2"'})
        ),
        Route("/text", lambda request: PlainTextResponse(INDEX)),
        Route("/component/map/index.html", page),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(FirstPaint)]))


def test_streamlits_page_is_one_that_can_be_completed() -> None:
    assert EMPTY in INDEX
    assert b"<title>Streamlit</title>" in INDEX


def test_the_page_comes_with_its_name_and_the_right_length(client: TestClient) -> None:
    answer = client.get("/page", headers=HTML)
    assert "Farmland of Shanghai" in answer.text
    assert "<title>satseg</title>" in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.text.index('id="root"') < answer.text.index('id="satseg-first"')
    assert not {"etag", "last-modified"} & set(answer.headers)


def test_a_reload_gets_the_whole_page_too(client: TestClient) -> None:
    answer = client.get("/page", headers={**HTML, "If-None-Match": '"1"'})
    assert answer.status_code == 200
    assert "satseg-first" in answer.text


def test_the_language_is_that_of_the_link(client: TestClient) -> None:
    assert "上海耕地" in client.get("/page?lang=zh&region=x", headers=HTML).text
    assert language_of(b"lang=en&lang=zh") == "zh"
    assert language_of(b"lang=%3Cscript%3E") == "en"
    assert language_of(b"\xff\xfe=%ff") == "en"


def test_what_is_no_page_of_streamlit_stays_as_it_is(client: TestClient) -> None:
    other = client.get("/other", headers=HTML)
    assert (other.text, other.headers["etag"]) == ("<body>other</body>", '"2"')
    assert client.get("/component/map/index.html", headers=HTML).content == INDEX
    assert client.get("/text", headers={"Accept": "*/*"}).content == INDEX
    assert client.get("/none", headers=HTML).status_code == 404


def test_it_asks_for_nothing_and_runs_no_script() -> None:
    for language in ("en", "zh"):
        picture = first_picture(language)
        assert not any(word in picture for word in (b"<script", b"url(", b"src=", b"href=", b"$"))
        assert completed(INDEX, language).count(picture) == 1
