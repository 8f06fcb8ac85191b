"""A reload shows the same view again, on every page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser import settle

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine

PLACE = "region=qingpu&unit=mu&lang=zh"
PAGES = {
    "explore": (f"/?{PLACE}&date=2019-04-12&view=swipe", "h1:has-text('青浦湖畔')"),
    "compare": (f"/compare?{PLACE}&from=2016-05-03&to=2022-05-20", "h1:has-text('青浦湖畔')"),
    "models": ("/models?part=comparison&lang=zh", "h1"),
    "scenes": ("/scenes?section=bin&lang=zh", "text=回收站"),
    "accuracy": (f"/accuracy?{PLACE}&date=2019-04-12", "h1:has-text('青浦湖畔')"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_reload_shows_the_same_view(browser: Any, server: str, name: str) -> None:
    path, landmark = PAGES[name]
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(FAR)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(server + path)
    page.locator(landmark).first.wait_for()
    settle(page)
    before = parse_qs(urlsplit(page.url).query)
    assert parse_qs(urlsplit(path).query).items() <= before.items()
    page.reload()
    page.locator(landmark).first.wait_for()
    settle(page)
    assert parse_qs(urlsplit(page.url).query) == before
    assert page.locator('[data-testid="stException"]').count() == 0
    assert failures == []
    page.close()
