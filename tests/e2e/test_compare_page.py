"""Two dates in a real browser: change painted there, swiped, and its patches flown to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import settle

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine
FRAME = 'iframe[title="streamlit_folium.st_folium"]'
CANVAS = "#map_div canvas.leaflet-tile-loaded"
COUNT = """() => {
    const found = { gain: 0, loss: 0, both: 0 };
    document.querySelectorAll('#map_div canvas.leaflet-tile-loaded').forEach((canvas) => {
        const data = canvas.getContext('2d').getImageData(0, 0, 256, 256).data;
        for (let i = 0; i < data.length; i += 4) {
            if (!data[i + 3]) continue;
            if (data[i] === 0) found.gain += 1;
            else if (data[i] === 213) found.loss += 1;
            else found.both += 1;
        }
    });
    return found;
}"""


@pytest.fixture(scope="module")
def page(browser: Any, server: str) -> Any:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(FAR)
    page.tiles_seen = []
    page.on("request", lambda asked: "/tiles/" in asked.url and page.tiles_seen.append(asked.url))
    page.goto(f"{server}/compare")
    page.frame_locator(FRAME).locator(CANVAS).first.wait_for()
    settle(page)
    yield page
    page.close()


def inside(page: Any) -> Any:
    return page.query_selector(FRAME).content_frame()


def test_lost_farmland_is_painted_and_nothing_else_changed(page: Any) -> None:
    found = inside(page).evaluate(COUNT)
    assert found["loss"] > 1000
    assert found["both"] > 1000
    assert found["gain"] == 0
    assert page.locator('[data-testid="stMetric"]').filter(has_text="Lost").count() == 1


def test_the_threshold_repaints_without_fetching(page: Any) -> None:
    page.tiles_seen.clear()
    before = inside(page).evaluate(COUNT)
    frame = page.frame_locator(FRAME)
    frame.locator("#satseg-threshold").evaluate(
        "(node) => { node.value = 0.95; node.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_timeout(300)
    assert inside(page).evaluate(COUNT) == {"gain": 0, "loss": 0, "both": 0}
    frame.locator("#satseg-threshold").evaluate(
        "(node) => { node.value = 0.5; node.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_timeout(300)
    assert inside(page).evaluate(COUNT) == before
    assert page.tiles_seen == []


def test_the_later_picture_is_swiped_over_the_earlier_one(page: Any) -> None:
    page.get_by_role("radio", name="Swipe", exact=True).click()
    settle(page)
    pane = ".leaflet-satseg-later-pane"
    first = inside(page).evaluate(f"() => document.querySelector('{pane}').style.clipPath")
    assert first.startswith("polygon")
    page.frame_locator(FRAME).locator("#satseg-swipe").press("Home")
    assert inside(page).evaluate(f"() => document.querySelector('{pane}').style.clipPath") != first
    labels = page.frame_locator(FRAME).locator(".satseg-label")
    assert [label for label in labels.all_inner_texts() if "earlier" in label or "later" in label]
    page.get_by_role("radio", name="Change", exact=True).click()
    settle(page)


def test_a_patch_takes_the_map_there_and_back(page: Any) -> None:
    zoom = "() => satseg.maps()[0].getZoom()"
    whole = inside(page).evaluate(zoom)
    page.get_by_role("button", name="Find the biggest changes").click()
    page.get_by_role("button", name="−").first.click()
    settle(page)
    assert inside(page).evaluate("() => document.querySelectorAll('.satseg-outline').length") > 0
    assert inside(page).evaluate(zoom) > whole - 2
    page.get_by_role("button", name="Show the whole region").click()
    page.get_by_role("button", name="Show the whole region").wait_for(state="detached")
    settle(page)
    assert inside(page).evaluate(zoom) == whole
