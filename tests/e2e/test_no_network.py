"""The dashboard on a machine without a network: no name can be resolved, by server or browser.

All browser tests run this way, and fail at the end where anything is in the log (``folders``); here
is the proof that it is kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browser import wait_until_quiet

pytestmark = pytest.mark.e2e

FAR = 90_000
FRAME = 'iframe[title="streamlit_folium.st_folium"]'


def test_a_python_that_looks_outside_is_told_so_and_written_down(
    folders: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "outside.log"
    script = "import urllib.request; urllib.request.urlopen('http://example.org', timeout=5)"
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **folders, "SATSEG_OUTSIDE": str(log)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no network here" in found.stderr
    assert log.read_text() == "socket.getaddrinfo example.org\n"


def test_a_browser_that_looks_outside_finds_nothing(browser: Any, server: str) -> None:
    from playwright.sync_api import Error

    page = browser.new_page()
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.org")
    page.close()


@pytest.mark.parametrize("path", ["", "compare", "accuracy"])
def test_a_page_works_and_neither_it_nor_the_server_looks_outside(
    browser: Any, server: str, folders: dict[str, str], path: str
) -> None:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(FAR)
    asked: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: "Security Policy" in said.text and refused.append(said.text))
    page.goto(f"{server}/{path}")
    page.locator("h1").first.wait_for()
    if path != "accuracy":
        page.frame_locator(FRAME).locator("#map_div canvas.leaflet-tile-loaded").first.wait_for()
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    wait_until_quiet(page)
    page.close()
    own = (server, "data:", "blob:" + server, server.replace("http", "ws"))
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(own)] == []
    assert refused == []
    assert not Path(folders["SATSEG_OUTSIDE"]).exists()
