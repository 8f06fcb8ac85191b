"""One visit of the page Explore in a real browser; its steps build on each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satseg.catalog import Catalog
from tests.browser import settle

pytestmark = pytest.mark.e2e

FRAME = 'iframe[title="streamlit_folium.st_folium"]'
CANVAS = "#map_div canvas.leaflet-tile-loaded"
FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine


class Visit:
    """A page, what it asked the network for, and short words for what a visitor does."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(FAR)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)
        self.frame.locator(CANVAS).first.wait_for()
        self.settle()

    @property
    def frame(self) -> Any:
        return self.page.frame_locator(FRAME)

    @property
    def inside(self) -> Any:
        """The map's frame as a place to run scripts in."""
        return self.page.query_selector(FRAME).content_frame()

    @property
    def tiles(self) -> list[str]:
        return [url for url in self.requests if "/tiles/" in url]

    def settle(self) -> None:
        """Wait until the page has run and no request is on its way."""
        settle(self.page)

    def figure(self, label: str) -> str:
        box = self.page.locator('[data-testid="stMetric"]').filter(has_text=label)
        return str(box.locator('[data-testid="stMetricValue"]').inner_text())

    def wait_for_figure(self, label: str, pattern: str) -> None:
        box = self.page.locator('[data-testid="stMetric"]').filter(has_text=label)
        box.filter(has_text=re.compile(pattern)).wait_for()

    def press(self, name: str) -> None:
        self.page.get_by_role("radio", name=name, exact=True).click()
        self.settle()

    def overlay_pixels(self) -> int:
        """Return how many pixels of the overlay are painted."""
        return int(
            self.inside.evaluate(
                """() => [...document.querySelectorAll('canvas.leaflet-tile-loaded')].reduce(
                    (sum, canvas) => {
                        const data = canvas.getContext('2d').getImageData(0, 0, 256, 256).data;
                        for (let i = 3; i < data.length; i += 4) sum += data[i] > 0;
                        return sum;
                    }, 0)"""
            )
        )

    def drag(self, selector: str, start: float, end: float) -> None:
        """Drag a slider of the map from one to another share of its width."""
        box = self.frame.locator(selector).bounding_box()
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + start * box["width"], y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y, steps=4)
        self.page.mouse.move(box["x"] + end * box["width"], y, steps=4)
        self.page.mouse.up()

    def view(self) -> list[float]:
        return list(
            self.inside.evaluate(
                "() => [map_div.getCenter().lat, map_div.getCenter().lng, map_div.getZoom()]"
            )
        )


@pytest.fixture(scope="module")
def visit(browser: Any, server: str) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    yield Visit(page, server)
    page.close()


def test_the_first_view_shows_imagery_overlay_figures_and_chart(visit: Visit) -> None:
    assert visit.frame.locator("#map_div img.leaflet-tile-loaded").count() > 0
    assert visit.overlay_pixels() > 10_000
    assert visit.figure("Farmland").endswith(" ha")
    assert visit.page.locator(".js-plotly-plot .scatterlayer .point").count() == 4
    assert visit.page.get_by_role("heading", name="Chongming paddies").is_visible()


def test_the_map_tells_once_that_it_stands_and_says_where_north_is(visit: Visit) -> None:
    visit.page.locator(".st-key-figures .js-plotly-plot").wait_for()
    assert len([url for url in visit.requests if "/standing/" in url]) == 1
    assert len([url for url in visit.requests if "/assets/leaflet" in url]) == 0
    north = visit.frame.locator("#map_div .satseg-north")
    assert north.is_visible()
    assert north.get_attribute("aria-label") == "North is at the top"


def test_nothing_is_cut_off_at_the_size_of_a_laptop(visit: Visit) -> None:
    height = visit.page.evaluate(
        "() => document.querySelector('[data-testid=stMain]').scrollHeight - window.innerHeight"
    )
    assert height <= 40


def test_a_region_is_chosen_by_keyboard_on_the_overview(visit: Visit) -> None:
    spot = visit.page.locator('[data-region="qingpu"]')
    spot.focus()
    visit.page.keyboard.press("Enter")
    visit.page.get_by_role("heading", name="Qingpu lakeside").wait_for()
    visit.settle()
    assert "qingpu-2025-04-30" in visit.tiles[-1]


def test_a_date_is_chosen_and_the_map_stays_where_it_is(visit: Visit) -> None:
    visit.inside.evaluate("() => { window.same = true; }")
    visit.frame.locator("#map_div .leaflet-control-zoom-in").click()
    visit.settle()
    before = visit.view()
    thumb = visit.page.get_by_role("slider", name="Date")
    thumb.focus()
    visit.page.keyboard.press("ArrowLeft")
    visit.wait_for_figure("Since 2019-04", "−")
    visit.settle()
    assert "qingpu-2022-05-20" in visit.tiles[-1]
    assert visit.view() == pytest.approx(before, abs=2e-5)
    assert visit.inside.evaluate("() => window.same") is True


def test_the_swipe_moves_by_mouse_and_by_keyboard(visit: Visit) -> None:
    visit.press("Swipe")
    grip = visit.frame.locator("#satseg-swipe")
    grip.wait_for()
    clip = "() => map_div.getPane('satseg-overlay').style.clipPath"
    before = visit.inside.evaluate(clip)
    box = grip.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(*middle)
    visit.page.mouse.down()
    visit.page.mouse.move(middle[0] - 120, middle[1], steps=5)
    visit.page.mouse.up()
    dragged = visit.inside.evaluate(clip)
    assert dragged != before
    position = int(grip.get_attribute("aria-valuenow"))
    assert position < 45
    grip.focus()
    visit.page.keyboard.press("ArrowRight")
    assert int(grip.get_attribute("aria-valuenow")) == position + 2
    assert visit.inside.evaluate(clip) != dragged


def test_the_threshold_repaints_without_fetching_and_the_figures_follow(
    visit: Visit, screenshots: Path
) -> None:
    visit.page.screenshot(path=screenshots / "swipe-1366x768.png")
    painted, fetched, before = visit.overlay_pixels(), len(visit.tiles), visit.view()
    assert painted > 0
    visit.drag("#satseg-threshold", 0.5, 0.97)
    visit.page.wait_for_timeout(100)
    assert visit.overlay_pixels() == 0
    visit.wait_for_figure("Farmland", r"0\.00 ha")
    visit.settle()
    assert len(visit.tiles) == fetched
    assert visit.view() == before
    assert visit.inside.evaluate("() => window.same") is True
    visit.drag("#satseg-threshold", 0.97, 0.5)
    visit.wait_for_figure("Farmland", r"[1-9]\.\d\d ha")
    assert visit.overlay_pixels() == painted
    assert len(visit.tiles) == fetched


def test_opacity_is_the_whole_overlays(visit: Visit) -> None:
    fetched = len(visit.tiles)
    visit.drag("#satseg-opacity", 0.55, 0.99)
    visit.settle()
    opacity = "() => Number(map_div.getPane('satseg-overlay').style.opacity)"
    assert visit.inside.evaluate(opacity) > 0.9
    visit.drag("#satseg-opacity", 0.98, 0.5)
    visit.settle()
    assert 0.3 < visit.inside.evaluate(opacity) < 0.7
    assert len(visit.tiles) == fetched


def test_two_maps_move_together(visit: Visit, screenshots: Path) -> None:
    visit.press("Two maps")
    visit.frame.locator("#map_div2 canvas.leaflet-tile-loaded").first.wait_for()
    visit.inside.evaluate("() => map_div.panBy([60, 30], { animate: false })")
    drawn = visit.frame.locator("#map_div2 .leaflet-map-pane").count()
    same = visit.inside.evaluate("() => window.satseg.maps().map((m) => m.getCenter().lng)")
    assert drawn == 1
    assert same[0] == pytest.approx(same[1], abs=1e-6)
    visit.settle()
    visit.page.screenshot(path=screenshots / "two-maps-1366x768.png")
    assert visit.inside.evaluate("() => window.same") is True
    visit.press("Overlay")


def test_false_colour_shows_other_tiles(visit: Visit) -> None:
    visit.press("False colour")
    assert "/false_colour/" in visit.tiles[-1]
    visit.press("True colour")


def test_an_ensemble_is_computed_by_a_worker_and_drawn(visit: Visit, screenshots: Path) -> None:
    visit.page.get_by_role("button", name="U-Net 8").click()
    visit.page.locator(".js-plotly-plot .legendtext", has_text="Ensemble").wait_for()
    visit.wait_for_figure("Farmland", r"\d ha")
    visit.settle()
    assert any("ensemble" in url for url in visit.tiles)
    assert visit.overlay_pixels() > 0
    visit.page.screenshot(path=screenshots / "ensemble-1366x768.png")


def test_a_click_on_the_chart_goes_to_its_date(visit: Visit) -> None:
    points = visit.page.locator(".js-plotly-plot .scatterlayer .trace").first.locator(".point")
    box = points.first.bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.page.locator(".satseg-place", has_text="2016-05-03").wait_for()
    visit.settle()
    assert visit.figure("Change") == "–"


def test_the_page_speaks_chinese(visit: Visit, screenshots: Path) -> None:
    visit.press("中文")
    visit.page.screenshot(path=screenshots / "chinese-1366x768.png")
    visit.page.get_by_role("heading", name="青浦湖畔").wait_for()
    visit.page.screenshot(path=screenshots / "chinese-1366x768.png")
    assert visit.frame.locator(".satseg-panel h2").inner_text() == "耕地叠加层"
    visit.press("EN")


def test_another_region_is_chosen_by_a_click_on_the_map(
    visit: Visit, folders: dict[str, str]
) -> None:
    lon, lat = Catalog.open(Path(folders["SATSEG_CATALOG"])).region("chongming").centre
    place = f"[{lat}, {lon}]"
    visit.inside.evaluate(f"() => map_div.setView({place}, 14, {{ animate: false }})")
    visit.settle()
    x, y = visit.inside.evaluate(
        f"() => {{ const at = map_div.latLngToContainerPoint({place}); return [at.x, at.y]; }}"
    )
    box = visit.page.locator(FRAME).bounding_box()
    visit.page.mouse.click(box["x"] + x, box["y"] + y)
    visit.page.get_by_role("heading", name="Chongming paddies").wait_for()
    visit.settle()
    assert "chongming-" in visit.tiles[-1]


def test_a_large_window_is_filled(visit: Visit, screenshots: Path) -> None:
    visit.page.set_viewport_size({"width": 1920, "height": 1080})
    visit.settle()
    visit.page.screenshot(path=screenshots / "overlay-1920x1080.png")
    box = visit.page.locator(FRAME).bounding_box()
    assert box["height"] > 900
    assert visit.inside.evaluate("() => map_div.getSize().y") == pytest.approx(box["height"], abs=2)


def test_every_request_went_to_the_dashboards_own_origin(visit: Visit) -> None:
    own = (
        visit.address + "/",
        "data:",
        "blob:" + visit.address,
        visit.address.replace("http", "ws"),
    )
    assert [url for url in visit.requests if not url.startswith(own)] == []
    assert visit.errors == []
