"""An area is drawn and kept, its view is linked, its dates play, and two models are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satseg.interest import InterestStore
from tests.browser import settle

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine
FRAME = 'iframe[title="streamlit_folium.st_folium"]'
CANVAS = "#map_div canvas.leaflet-tile-loaded"


@pytest.fixture(scope="module")
def page(browser: Any, server: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
    page = context.new_page()
    page.set_default_timeout(FAR)
    page.failures = []
    page.urls = []
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.on("request", lambda request: page.urls.append(request.url))
    page.goto(f"{server}/?region=chongming&date=2016-05-03")
    page.frame_locator(FRAME).locator(CANVAS).first.wait_for()
    settle(page)
    yield page
    context.close()


def inside(page: Any) -> Any:
    return page.query_selector(FRAME).content_frame()


def view(page: Any) -> list[float]:
    return list(
        inside(page).evaluate(
            "() => [map_div.getCenter().lat, map_div.getCenter().lng, map_div.getZoom()]"
        )
    )


def figure(page: Any, label: str) -> str:
    box = page.locator('[data-testid="stMetric"]').filter(has_text=label)
    return str(box.locator('[data-testid="stMetricValue"]').inner_text())


def test_an_area_is_drawn_by_mouse_and_keyboard_and_kept(
    page: Any, folders: dict[str, str], screenshots: Path
) -> None:
    inside(page).evaluate("() => { window.same = true; }")
    whole = float(figure(page, "Farmland").split()[0])
    frame = page.frame_locator(FRAME)
    frame.locator("#satseg-draw").click()
    box = page.locator(FRAME).bounding_box()
    corners = ((0.3, 0.3), (0.55, 0.3), (0.55, 0.7), (0.7, 0.75))
    for x, y in corners:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(300)
    page.keyboard.press("Backspace")
    page.keyboard.press(" ")
    page.screenshot(path=screenshots / "drawing-1366x768.png")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Name").wait_for()
    settle(page)
    assert 0 < float(figure(page, "Farmland").split()[0]) < whole
    page.get_by_role("textbox", name="Name").fill("Middle field")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.locator(".satseg-place", has_text="Middle field").wait_for()
    settle(page)
    (kept,) = InterestStore(Path(folders["SATSEG_CATALOG"])).interests()
    assert len(kept.geometry.exterior.coords) == 5
    assert inside(page).evaluate("() => window.same") is True
    page.screenshot(path=screenshots / "own-area-1366x768.png")


def test_a_copied_link_opens_the_same_view_elsewhere(page: Any, browser: Any) -> None:
    page.frame_locator(FRAME).locator("#map_div .leaflet-control-zoom-in").click()
    slider = page.frame_locator(FRAME).locator("#satseg-threshold")
    slider.evaluate(
        "(node) => { node.value = 0.8;"
        " ['input', 'change'].forEach((name) => node.dispatchEvent(new Event(name))); }"
    )
    settle(page)
    page.wait_for_timeout(500)  # the map's zooming is over, and then:
    page.wait_for_url(re.compile(rf"at=[^&]+(,|%2C){view(page)[2]}(&|$)"))
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    link = page.evaluate("() => navigator.clipboard.readText()")
    for part in ("area=middle-field", "threshold=0.8", "date=2016-05-03", "at="):
        assert part in link
    assert page.evaluate("() => history.length") <= 2
    other = browser.new_page(viewport={"width": 1366, "height": 768})
    other.set_default_timeout(FAR)
    other.goto(link)
    other.frame_locator(FRAME).locator(CANVAS).first.wait_for()
    settle(other)
    assert view(other) == pytest.approx(view(page), abs=2e-5)
    for label in ("Farmland", "Share", "Valid area"):
        assert figure(other, label) == figure(page, label)
    assert other.frame_locator(FRAME).locator("#satseg-threshold").input_value() == "0.8"
    other.wait_for_timeout(500)
    assert other.url == link
    other.close()


def test_the_dates_play_pause_and_step_without_a_blank_frame(page: Any) -> None:
    frame = page.frame_locator(FRAME)
    inside(page).evaluate(
        """() => {
            window.blank = 0;
            window.seen = new Set();
            const look = () => {
                const pane = document.querySelector('.leaflet-satseg-film-pane');
                const reels = pane ? [...pane.children] : [];
                const whole = reels.some((reel) => Number(reel.style.opacity) === 1);
                if (reels.length && !whole) window.blank += 1;
                window.seen.add(document.querySelector('.satseg-date').textContent);
                requestAnimationFrame(look);
            };
            document.getElementById('satseg-speed').click();
            document.getElementById('satseg-play').click();
            setTimeout(look, 1500);
        }"""
    )
    page.locator(".satseg-place", has_text=re.compile("2019|2022|2025")).wait_for()
    inside(page).wait_for_function("() => window.seen.size >= 3")
    frame.locator("#satseg-play").press(" ")
    shown = frame.locator(".satseg-date").inner_text()
    page.locator(".satseg-place", has_text=shown).wait_for()
    settle(page)
    assert frame.locator("#satseg-play").get_attribute("aria-label").startswith("Play")
    assert inside(page).evaluate("() => window.blank") == 0
    frame.locator("#satseg-frame").press("ArrowRight")
    frame.locator(f".satseg-date:not(:text({shown!r}))").wait_for()
    stepped = frame.locator(".satseg-date").inner_text()
    page.locator(".satseg-place", has_text=stepped).wait_for()
    settle(page)
    assert inside(page).evaluate("() => window.same") is True


def test_the_stage_is_large_and_escape_leaves_it(page: Any, screenshots: Path) -> None:
    frame = page.frame_locator(FRAME)
    frame.locator("#satseg-present").click()
    frame.locator(".satseg-title h1").wait_for()
    page.wait_for_timeout(400)
    page.screenshot(path=screenshots / "present-1366x768.png")
    assert page.locator(FRAME).bounding_box()["width"] == 1366
    assert "Middle field" in frame.locator(".satseg-title h1").inner_text()
    assert not frame.locator(".satseg-panel").is_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    frame.locator(".satseg-title h1").wait_for(state="hidden")
    assert page.locator(FRAME).bounding_box()["width"] < 1000
    settle(page)


def test_two_models_are_swiped_and_their_difference_is_painted(
    page: Any, screenshots: Path
) -> None:
    page.get_by_role("link", name="Compare", exact=True).click()
    page.get_by_role("radio", name="Two models", exact=True).click()
    page.get_by_role("combobox", name="Second model").wait_for()
    frame = page.frame_locator(FRAME)
    frame.locator("#satseg-first").wait_for()
    settle(page)
    slider = frame.locator("#satseg-threshold")
    slider.evaluate(
        "(node) => { node.value = 0.75;"
        " ['input', 'change'].forEach((name) => node.dispatchEvent(new Event(name))); }"
    )
    page.get_by_text("0.50 / 0.75").wait_for()
    settle(page)
    painted = inside(page).evaluate(
        """() => {
            let sum = 0;
            document.querySelectorAll('#map_div canvas.leaflet-tile-loaded').forEach((canvas) => {
                const data = canvas.getContext('2d').getImageData(0, 0, 256, 256).data;
                for (let i = 0; i < data.length; i += 4) sum += data[i + 3] > 0 && data[i] === 213;
            });
            return sum;
        }"""
    )
    assert painted > 1000
    assert float(figure(page, "Only FarmNet").split()[0]) > 0
    page.get_by_role("radio", name="Swipe", exact=True).click()
    frame.locator("#satseg-swipe").wait_for()
    settle(page)
    clips = inside(page).evaluate(
        "() => ['overlay', 'second'].map((n) => map_div.getPane('satseg-' + n).style.clipPath)"
    )
    assert all(clip.startswith("polygon") for clip in clips)
    assert clips[0] != clips[1]
    page.screenshot(path=screenshots / "models-1366x768.png")
    assert "kind=models" in page.url
    assert page.failures == []
    own = ("http://127.0.0.1", "data:", "blob:http://127.0.0.1")
    assert [url for url in page.urls if not url.startswith(own)] == []
