"""The dashboard below a path, as it answers itself and behind a real nginx."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from shelf_files import write_scene

from satseg.catalog import Catalog
from tests.browser import free_port, serving, settle, wait_until_up

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine
HERE = Path(__file__).resolve().parent
FRAME = 'iframe[title="streamlit_folium.st_folium"]'
CANVAS = "#map_div canvas.leaflet-tile-loaded"
BELOW = "/maps/farmland"


@pytest.fixture(scope="module")
def dashboard(folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard that lives below a path."""
    folder = tmp_path_factory.mktemp("below")
    with serving(folders, folder, f"--server.baseUrlPath={BELOW.strip('/')}") as running:
        yield running.address


@pytest.fixture(scope="module")
def proxy(dashboard: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an nginx that passes the path on."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("no nginx; get it with: apt-get install nginx-light")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = (HERE / "nginx.conf").read_text(encoding="utf-8")
    given = {"FOLDER": folder, "PORT": port, "DASHBOARD": urlsplit(dashboard).port}
    for name, value in given.items():
        text = text.replace(f"@{name}@", str(value))
    settings, log = folder / "nginx.conf", folder / "output.log"
    settings.write_text(text, encoding="utf-8")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(settings), "-e", str(folder / "error.log")],
            stdout=output,
            stderr=output,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def page(browser: Any, proxy: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=proxy)
    page = context.new_page()
    page.set_default_timeout(FAR)
    page.urls, page.failures = [], []
    page.on("request", lambda request: page.urls.append(request.url))
    page.on("websocket", lambda line: page.urls.append(line.url))
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.goto(f"{proxy}{BELOW}?region=qingpu&date=2019-04-12")
    page.frame_locator(FRAME).locator(CANVAS).first.wait_for()
    settle(page)
    yield page
    context.close()


def test_below_a_path_tiles_and_assets_are_there_and_only_there(dashboard: str) -> None:
    for path in ("/assets/map.js", "/tiles/qingpu-2019-04-12/true_colour/9/428/209"):
        assert httpx.get(dashboard + BELOW + path).status_code == 200
        assert httpx.get(dashboard + path).status_code == 404


def test_the_page_and_its_map_come_through_the_proxy(page: Any, proxy: str) -> None:
    assert page.get_by_role("heading", name="Qingpu lakeside").is_visible()
    tiles = [url for url in page.urls if "/tiles/" in url]
    assert len(tiles) > 2
    assert all(url.startswith(f"{proxy}{BELOW}/tiles/qingpu-2019-04-12") for url in tiles)


def test_a_click_goes_there_and_back_over_the_websocket(page: Any, proxy: str) -> None:
    lines = [url for url in page.urls if url.startswith("ws")]
    assert lines == [f"{proxy.replace('http', 'ws')}{BELOW}/_stcore/stream"]
    page.get_by_role("slider", name="Date").press("ArrowRight")
    page.locator(".satseg-place", has_text="2022-05-20").wait_for()
    settle(page)


def test_a_copied_link_names_the_path_and_opens_the_same_view(
    page: Any, browser: Any, proxy: str
) -> None:
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link.startswith(f"{proxy}{BELOW}/?")
    assert "region=qingpu" in link
    other = browser.new_page(viewport={"width": 1366, "height": 768})
    other.set_default_timeout(FAR)
    other.goto(link)
    other.locator(".satseg-place", has_text="2022-05-20").wait_for()
    assert other.get_by_role("heading", name="Qingpu lakeside").is_visible()
    other.close()


def test_a_figure_is_downloaded_through_the_proxy(page: Any) -> None:
    page.get_by_role("button", name="Download").first.click()
    page.get_by_role("button", name="Prepare").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save").click()
    found = Path(waiting.value.path())
    assert waiting.value.suggested_filename.endswith(".png")
    with Image.open(io.BytesIO(found.read_bytes())) as picture:
        assert picture.format == "PNG"
    page.keyboard.press("Escape")


def test_the_other_pages_come_through_the_proxy(page: Any, proxy: str) -> None:
    page.get_by_role("link", name="Compare", exact=True).click()
    page.frame_locator(FRAME).locator(CANVAS).first.wait_for()
    settle(page)
    assert page.url.startswith(f"{proxy}{BELOW}/compare")


def test_a_scene_is_uploaded_through_the_proxy_and_leads_to_its_map(
    page: Any, folders: dict[str, str], tmp_path: Path
) -> None:
    image = write_scene(tmp_path / "proxied_20150606.tif", size=(700, 900), seed=11)
    with image.open("ab") as file:  # more than nginx takes into memory at once
        file.write(bytes(3_000_000))
    page.get_by_role("link", name="Scenes", exact=True).click()
    page.get_by_role("radio", name="Add", exact=True).click()
    settle(page)
    page.locator("input[type=file]").set_input_files(image)
    page.get_by_text("from the file's name, please check").wait_for()
    settle(page)
    sent = [url for url in page.urls if "/arrivals/" in url]
    assert sent
    assert all(f"{BELOW}/arrivals/" in url for url in sent)
    page.get_by_role("button", name="Add to the catalog").click()
    page.get_by_text("is in the catalog.").wait_for()
    catalog = Catalog.open(Path(folders["SATSEG_CATALOG"]))
    (scene,) = (scene for scene in catalog.scenes() if "proxied" in scene.id)
    assert scene.image.read_bytes() == image.read_bytes()
    page.get_by_role("radio", name="Catalog", exact=True).click()
    row = page.locator('[class*="st-key-scene_row_proxied"]')
    row.wait_for()
    picture = row.locator("img")
    page.wait_for_function("(image) => image.naturalWidth > 0", arg=picture.element_handle())
    catalog.remove_scene(scene.id)


def test_nothing_was_asked_of_another_origin_and_nothing_failed(page: Any, proxy: str) -> None:
    own = (f"{proxy}{BELOW}", "data:", f"blob:{proxy}", f"{proxy.replace('http', 'ws')}{BELOW}")
    assert [url for url in page.urls if not url.startswith(own)] == []
    assert page.failures == []
