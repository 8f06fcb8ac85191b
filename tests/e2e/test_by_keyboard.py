"""Explore without a mouse: Tab reaches every control, which shows it, and arrows move sliders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import settle

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine
FRAME = 'iframe[title="streamlit_folium.st_folium"]'
MOST_STOPS = 90

STOP = """() => {
    let at = document.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    if (!at || at === document.body) return null;
    if (at.tagName === 'IFRAME') return { frame: true };
    const near = [at];
    while (near.length < 5 && near.at(-1).parentElement) near.push(near.at(-1).parentElement);
    const styles = near.map((node) => getComputedStyle(node));
    const dots = [...at.querySelectorAll('.dot')].map((node) => getComputedStyle(node));
    const ringed = (style) => style.outlineStyle !== 'none' || style.boxShadow !== 'none';
    const shows = styles.some(ringed)
        || dots.some((style) => parseFloat(style.strokeWidth) > 2);
    const label = at.labels && at.labels[0] && at.labels[0].innerText;
    const name = at.getAttribute('aria-label') || label || at.innerText || at.title || at.tagName;
    return { name: name.trim().replaceAll('\\n', ' '), shows, id: at.id };
}"""


@pytest.fixture(scope="module")
def page(browser: Any, server: str) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(FAR)
    page.goto(f"{server}/?region=chongming&date=2019-04-12")
    page.frame_locator(FRAME).locator("#map_div canvas.leaflet-tile-loaded").first.wait_for()
    settle(page)
    yield page
    page.close()


def inside(page: Any) -> Any:
    return page.query_selector(FRAME).content_frame()


@pytest.fixture(scope="module")
def stops(page: Any) -> list[dict[str, Any]]:
    """Every stop of Tab, from the top of the page to its end, those of the map among them."""
    page.evaluate("() => { document.activeElement.blur(); window.focus(); }")
    found: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop and stop.get("frame"):
            stop = inside(page).evaluate(STOP)
        if stop is None:
            if found:
                break
            continue
        found.append(stop)
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("Compare", "Accuracy", "Region", "Qingpu lakeside", "Area", "Date", "FarmNet"),
        *("Overlay", "True colour", "EN", "Copy link", "ha", "Download", "Zoom in", "Zoom out"),
        *("Draw an area of your own", "Threshold", "Opacity", "Shade by probability", "Play"),
        *("Date of the film", "Speed", "Present on the full screen", "Help for Farmland"),
    ],
)
def test_tab_reaches_it(stops: list[dict[str, Any]], name: str) -> None:
    names = [stop["name"] for stop in stops]
    assert any(name in found for found in names), names


def test_every_stop_shows_that_it_is_there(stops: list[dict[str, Any]]) -> None:
    assert [stop["name"] for stop in stops if not stop["shows"]] == []


def test_arrows_move_the_maps_sliders_and_the_figures_follow(page: Any) -> None:
    slider = page.frame_locator(FRAME).locator("#satseg-threshold")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert slider.input_value() == "0.53"
    page.get_by_text("threshold 0.53").wait_for()
    settle(page)


def test_the_presentation_is_entered_by_enter_and_left_by_escape(page: Any) -> None:
    page.frame_locator(FRAME).locator("#satseg-present").focus()
    page.keyboard.press("Enter")
    page.frame_locator(FRAME).locator(".satseg-title h1").wait_for()
    page.keyboard.press("Escape")
    page.frame_locator(FRAME).locator(".satseg-title h1").wait_for(state="hidden")
    assert inside(page).evaluate("() => document.activeElement.id") == "satseg-present"
