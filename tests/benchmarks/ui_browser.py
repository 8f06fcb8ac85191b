"""What one visitor sees, in headless Chromium: paint, tiles, drags, reruns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from tests.benchmarks.ui_figures import Figure, median_ms
from tests.benchmarks.visitor import Visitor
from tests.browser import CHARTS_DRAWN, FLAGS

TURNS: Final = 5
RERUNS: Final = 15
QUIET_MS: Final = 900
PATIENCE_MS: Final = 90_000
FRAME: Final = 'iframe[title="streamlit_folium.st_folium"]'
CANVAS: Final = "#map_div canvas.leaflet-tile-loaded"
WINDOW: Final = {"width": 1366, "height": 768}

PAINT: Final = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"
DRAG: Final = """async ([name, values]) => {
    const slider = document.getElementById('satseg-' + name);
    const painted = () => {
        const canvases = [...document.querySelectorAll('#map_div canvas.leaflet-tile-loaded')];
        return canvases.some((canvas) => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, 256, 256);
            for (let i = 3; i < data.length; i += 64) if (data[i]) return true;
            return false;
        });
    };
    const view = () => [map_div.getCenter().lat, map_div.getCenter().lng, map_div.getZoom()];
    const pictures = () => document.querySelectorAll('#map_div img.leaflet-tile-loaded').length;
    const [before, whole] = [JSON.stringify(view()), pictures()];
    const times = [];
    let blank = 0;
    for (const value of values) {
        const started = performance.now();
        slider.value = value;
        slider.dispatchEvent(new Event('input'));
        // A message that is sent while a frame is made arrives when the frame has been painted.
        await new Promise((resolve) => requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = resolve;
            channel.port2.postMessage(null);
        }));
        times.push((performance.now() - started) / 1000);
        if (!painted() || pictures() < whole) blank += 1;
    }
    slider.dispatchEvent(new Event('change'));
    return { times, blank, kept: JSON.stringify(view()) === before };
}"""
DRAGS: Final = {
    "threshold": [round(0.2 + 0.02 * step, 2) for step in range(21)],
    "opacity": [round(0.3 + 0.03 * step, 2) for step in range(21)],
}


class Tab:
    """A page that notes when each of its tiles was there."""

    def __init__(self, browser: Any, address: str) -> None:
        self.page = browser.new_page(viewport=WINDOW)
        self.page.set_default_timeout(PATIENCE_MS)
        self.address = address
        self.asked = 0
        self.ended: list[float] = []
        self.page.on("request", self._asked)
        self.page.on("requestfinished", self._finished)

    def _asked(self, request: Any) -> None:
        self.asked += "/tiles/" in request.url

    def _finished(self, request: Any) -> None:
        if "/tiles/" in request.url:
            timing = request.timing
            self.ended.append((timing["startTime"] + timing["responseEnd"]) / 1000)

    @property
    def inside(self) -> Any:
        """The map's frame as a place to run scripts in."""
        return self.page.query_selector(FRAME).content_frame()

    def open(self) -> None:
        """Go to Explore and wait for its first tile."""
        self.page.goto(self.address)
        self.page.frame_locator(FRAME).locator(CANVAS).first.wait_for()

    def settle(self) -> None:
        """Wait until the page has run and no tile has come for a while."""
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        self.page.wait_for_function(CHARTS_DRAWN)
        seen = -1
        while seen != (self.asked, len(self.ended)) or self.asked > len(self.ended):
            seen = self.asked, len(self.ended)  # type: ignore[assignment]
            self.page.wait_for_timeout(QUIET_MS)

    def until_last_tile(self, act: Callable[[], None]) -> float:
        """Return the seconds from an act to the end of the last tile that follows from it."""
        self.ended.clear()
        self.asked = 0
        started = time.time()
        act()
        while not self.ended:
            self.page.wait_for_timeout(50)
        self.settle()
        return max(self.ended) - started


def figures(address: str, chromium: str) -> list[Figure]:
    """Measure one visitor on a warm server."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        with tab(browser, address) as first:  # warms the server
            first.open()
            first.settle()
        found = [
            *_openings(browser, address),
            *_changes(browser, address),
            *_drags(browser, address),
        ]
        browser.close()
    return [*found, *_reruns(address)]


@contextmanager
def tab(browser: Any, address: str) -> Iterator[Tab]:
    """Open a page with caches of its own, and close it."""
    opened = Tab(browser, address)
    yield opened
    opened.page.close()


def _openings(browser: Any, address: str) -> list[Figure]:
    paints, maps = [], []
    for _ in range(TURNS):
        with tab(browser, address) as visit:
            maps.append(visit.until_last_tile(visit.open))
            paints.append(visit.page.evaluate(PAINT))
    return [
        median_ms("first contentful paint, warm server", paints, 2000),
        median_ms("map complete after opening Explore", maps, 4000),
    ]


def _changes(browser: Any, address: str) -> list[Figure]:
    """Measure going to every other region and date, none of which this visit has seen."""
    regions, dates = [], []
    with tab(browser, address) as visit:
        visit.open()
        visit.settle()
        spots = visit.page.locator("[data-region]")
        names = {spots.nth(n).get_attribute("data-region") for n in range(spots.count())}
        here = visit.page.locator('[data-region][aria-pressed="true"]').get_attribute("data-region")
        for name in [None, *sorted(names - {here})]:
            if name is not None:
                spot = visit.page.locator(f'[data-region="{name}"]')
                regions.append(visit.until_last_tile(partial(spot.press, "Enter")))
            thumb = visit.page.get_by_role("slider", name="Date")
            for _ in range(2):
                dates.append(visit.until_last_tile(partial(thumb.press, "ArrowLeft")))
    return [
        median_ms("change of region until the last tile", regions, 2500),
        median_ms("change of date until the last tile", dates, 2500),
    ]


def _drags(browser: Any, address: str) -> list[Figure]:
    found = []
    with tab(browser, address) as visit:
        visit.open()
        visit.settle()
        for name, values in DRAGS.items():
            visit.asked = 0
            drag = visit.inside.evaluate(DRAG, [name, values])
            visit.settle()
            found += [
                median_ms(f"{name} drag, input to paint", drag["times"], 50),
                Figure(f"{name} drag: tiles, blank frames", visit.asked + drag["blank"], 0, ""),
                Figure(f"{name} drag: viewport moved", 0 if drag["kept"] else 1, 0, ""),
            ]
    return found


def _reruns(address: str) -> list[Figure]:
    """Measure runs of each page with nothing changed; the slowest page counts."""
    medians = {}
    with Visitor(address) as visitor:
        visitor.rerun()
        for page in sorted(visitor.pages):
            visitor.go(page)
            found = [visitor.rerun().seconds for _ in range(RERUNS)]
            medians[page or "explore"] = 1000 * statistics.median(found)
    note = ", ".join(f"{page} {value:.0f}" for page, value in medians.items())
    return [Figure("rerun of a page with cached results", max(medians.values()), 300, "ms", note)]
