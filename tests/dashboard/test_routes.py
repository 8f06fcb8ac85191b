from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.browser_files import BUNDLE, SCRIPTS, asset_content, asset_version
from dashboard.mapfirst import Standing
from dashboard.routes import routes

SCENE = "chongming-2016-05-03"
ZOOM, X, Y = 15, 27384, 13320


def client(base: str = "") -> TestClient:
    """A server that, like Streamlit, answers every path of which it knows nothing with its page."""
    page = Route("/{path:path}", lambda request: PlainTextResponse("the page"))
    return TestClient(Starlette(routes=[*routes(base), page]))


def tile_address(
    catalog_tile: tuple[int, int, int] = (ZOOM, X, Y), kind: str = "true_colour"
) -> str:
    return f"/tiles/{SCENE}/{kind}/" + "/".join(map(str, catalog_tile))


@pytest.mark.usefixtures("served")
def test_a_tile_is_served_and_may_be_kept_where_its_address_has_a_version() -> None:
    plain = client().get(tile_address())
    assert plain.status_code == 200
    assert plain.headers["content-type"].startswith("image/")
    assert "immutable" not in plain.headers["cache-control"]
    versioned = client().get(tile_address() + "?v=1")
    assert "immutable" in versioned.headers["cache-control"]
    assert versioned.content == plain.content


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    "address",
    [
        "/tiles/",
        f"/tiles/{SCENE}",
        f"/tiles/{SCENE}/image/15/0/0",
        f"/tiles/{SCENE}/probability/-1/0/0",
        f"/tiles/{SCENE}/true_colour/99999999999999999999/0/0",
        f"/tiles/{SCENE}/true_colour/3/8/0",
        f"/tiles/{SCENE}/true_colour/3/-1/0",
        f"/tiles/{SCENE}/true_colour/a/b/c",
        f"/tiles/{SCENE}/true_colour/1.5/0/0",
        f"/tiles/{SCENE}/true_colour/15/0/0.png",
        "/tiles/nothing/true_colour/0/0/0",
        "/tiles/..%2F..%2Fetc%2Fpasswd/true_colour/0/0/0",
        "/tiles/%2Fetc%2Fpasswd/true_colour/0/0/0",
        "/tiles/..%5C..%5Cwindows/true_colour/0/0/0",
        "/tiles/chongming-2016-05-03%00/true_colour/0/0/0",
        "/tiles/http:%2F%2Fexample.org%2Fx.tif/true_colour/0/0/0",
        "/assets/",
        "/assets/..%2Fapp.py",
        "/assets/%2Fetc%2Fpasswd",
        "/assets/page.css",
        "/assets/app.py",
        "/assets/regions.geojson",
    ],
)
def test_whatever_does_not_exist_below_the_mounts_is_not_found(address: str) -> None:
    answer = client().get(address)
    assert answer.status_code == 404
    assert "the page" not in answer.text


@pytest.mark.usefixtures("served")
def test_only_reading_is_allowed() -> None:
    assert client().post(tile_address()).status_code == 405
    assert client().delete("/assets/map.js").status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        *("leaflet.js", "leaflet.css", "map.js", "map.css", "districts.json"),
        *("layers.js", "place.js", "draw.js", "player.js", BUNDLE),
    ],
)
def test_each_asset_is_served_with_its_type(name: str) -> None:
    answer = client().get(f"/assets/{name}?v={asset_version(name)}")
    assert answer.status_code == 200
    assert answer.content == asset_content(name)
    assert answer.headers["content-encoding"] == "gzip"
    kind = {"js": "javascript", "css": "css", "json": "json"}[name.rpartition(".")[2]]
    assert kind in answer.headers["content-type"]


@pytest.mark.usefixtures("served")
def test_below_a_base_path_the_routes_answer_there_and_only_there() -> None:
    below = client("/maps/satseg")
    assert below.get("/maps/satseg" + tile_address()).status_code == 200
    assert below.get("/maps/satseg/assets/map.js").status_code == 200
    assert below.get("/maps/satseg/assets/none.js").status_code == 404
    assert below.get("/assets/map.js").text == "the page"


def test_our_own_assets_ask_no_other_server() -> None:
    folder = Path(__file__).resolve().parents[2] / "dashboard" / "assets"
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        foreign = [
            line
            for line in text.splitlines()
            if "//" in line
            and "http" in line
            and "leafletjs.com" not in line
            and "w3.org" not in line
        ]
        assert foreign == [], file.name


def test_a_browser_that_cannot_unpack_gets_an_asset_as_it_is() -> None:
    answer = client().get(f"/assets/{BUNDLE}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.content == asset_content(BUNDLE)


def test_the_bundle_brings_styles_first_and_each_script_in_order() -> None:
    text = (asset_content(BUNDLE) or b"").decode()
    marks = ['createElement("style")', "leaflet", "satsegLayers = ", "satsegPlace = "]
    places = [text.index(mark) for mark in [*marks, "satsegDraw = ", "satsegPlayer = "]]
    assert places == sorted(places)
    assert text.index("window.satseg = {") > places[-1]
    assert "../../assets/font.woff2" in text
    assert len(SCRIPTS) == 6


def test_a_map_that_stands_is_told_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = Standing()
    monkeypatch.setattr("dashboard.routes.standing", lambda: maps)
    token = maps.expect()
    assert client().get(f"/standing/{token}").status_code == 405
    assert client().post("/standing/nobody").status_code == 204
    assert client().post(f"/standing/{token}").status_code == 204
    assert maps.wait(token)
