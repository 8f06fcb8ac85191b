"""A sample is planned, labelled with the keyboard, and its interval seen on the chart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from satseg.sampling import SampleStore
from tests.browser import settle

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine
LABELS = 30


@pytest.fixture
def page(browser: Any, server: str) -> Any:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(FAR)
    page.requests_seen = []
    page.on("request", lambda request: page.requests_seen.append(request.url))
    page.goto(f"{server}/accuracy")
    yield page
    page.close()


def wait_for_progress(page: Any, done: int) -> None:
    page.get_by_text(re.compile(rf"^{done} of \d+ labelled")).wait_for()
    settle(page)


def test_thirty_labels_by_keyboard_give_an_interval_on_the_chart(
    page: Any, server: str, folders: dict[str, str]
) -> None:
    page.get_by_role("button", name=re.compile(r"^Draw \d+ points")).wait_for()
    settle(page)
    box = page.get_by_role("spinbutton", name="Wanted standard error")
    box.fill("3")
    box.press("Enter")
    settle(page)
    page.get_by_role("button", name=re.compile(r"^Draw \d+ points")).click()
    wait_for_progress(page, 0)
    page.locator("h1").first.click()
    store = SampleStore(Path(folders["SATSEG_CATALOG"]))
    (name,) = store.ids()
    for number in range(LABELS):
        point = store.sample(name).unlabelled("first")[0]
        page.keyboard.press("1" if point.code > 127 else "2")
        wait_for_progress(page, number + 1)
    assert store.sample(name).done("first") == LABELS
    page.keyboard.press("z")
    wait_for_progress(page, LABELS - 1)
    page.keyboard.press("3")
    wait_for_progress(page, LABELS)
    assert store.sample(name).unsure("first") == 1
    page.get_by_role("radio", name="Results", exact=True).click()
    page.get_by_text("Confusion matrix").wait_for()
    settle(page)
    page.get_by_role("link", name="Explore", exact=True).click()
    page.get_by_text("Adjusted, 95 % interval").wait_for()
    assert page.locator(".errorbars path, .errorbar path").count() >= 1
    own = (server, "data:", "blob:")
    assert [url for url in page.requests_seen if not url.startswith(own)] == []
