"""One visit of the page Models and of the uncertainty on Explore; its steps build on each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satseg.catalog import Catalog
from satseg.ensemble import combine
from satseg.pooling import Pooling
from satseg.recipes import recipe
from satseg.uncertainty import UNCERTAINTIES
from tests.browser import settle

pytestmark = pytest.mark.e2e

FRAME = 'iframe[title="streamlit_folium.st_folium"]'
CANVAS = "#map_div canvas.leaflet-tile-loaded"
SCENE = "chongming-2016-05-03"
FAR = 90_000
COLOURS = """() => { const seen = new Set();
  document.querySelectorAll('canvas.leaflet-tile-loaded').forEach((canvas) => {
    const data = canvas.getContext('2d').getImageData(0, 0, 256, 256).data;
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3]) seen.add([data[i], data[i + 1], data[i + 2]].join());
  });
  return [...seen].sort(); }"""


class Visit:
    """A page with short words for what a visitor does."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(FAR)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @property
    def frame(self) -> Any:
        return self.page.frame_locator(FRAME)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")
        self.settle()

    def settle(self) -> None:
        settle(self.page)

    def colours(self) -> list[str]:
        """Return the different colours of the overlay."""
        self.frame.locator(CANVAS).first.wait_for()
        return list(self.page.query_selector(FRAME).content_frame().evaluate(COLOURS))


@pytest.fixture(scope="module")
def both(folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of an ensemble's map, made of two that the catalog has."""
    catalog = Catalog.open(Path(folders["SATSEG_CATALOG"]))
    wanted = recipe(["farmnet", "unet8"], models=Path(folders["SATSEG_MODELS"]))
    found = catalog.find_prediction(SCENE, wanted.model_id, wanted.weights_sha256)
    if found is not None and found.layers:
        return found.id
    folder = tmp_path_factory.mktemp("both")
    layers = {kind: folder / f"{kind}.tif" for kind in UNCERTAINTIES}
    members = [catalog.find_prediction(SCENE, name) for name in ("farmnet", "unet8")]
    combine(
        [member.probability for member in members if member is not None],
        folder / "probability.tif",
        pooling=Pooling.of(2),
        uncertainties=layers,
    )
    record = catalog.add_prediction(
        SCENE,
        wanted.model_id,
        weights_sha256=wanted.weights_sha256,
        probability=folder / "probability.tif",
        runtime="by hand",
        members=wanted.members,
        layers={str(kind): path for kind, path in layers.items()},
    )
    return record.id


@pytest.fixture(scope="module")
def visit(browser: Any, server: str, both: str) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    yield Visit(page, server)
    page.close()


def test_the_entropy_of_a_model_is_painted_without_fetching_a_tile(visit: Visit) -> None:
    visit.go("?region=chongming&date=2016-05-03&models=farmnet")
    assert visit.colours() == ["255,196,0"]
    before = [url for url in visit.requests if "/tiles/" in url]
    visit.frame.locator("#satseg-paint").select_option("entropy")
    visit.page.wait_for_timeout(400)
    # p = 0.9 and p = 0.1 are equally unsure: H(0.9) = 0.469 bit, one colour for both.
    (colour,) = visit.colours()
    assert colour != "255,196,0"
    assert [url for url in visit.requests if "/tiles/" in url] == before
    assert "overlay=entropy" in visit.page.url
    panel = visit.frame.locator(".satseg-panel")
    assert "bit" in panel.inner_text()
    assert not visit.frame.locator("#satseg-threshold").is_visible()


def test_a_link_opens_the_uncertainty_of_an_ensemble(visit: Visit, both: str) -> None:
    link = "?region=chongming&date=2016-05-03&models=farmnet,unet8&overlay=disagreement"
    visit.go(link)
    colours = visit.colours()
    assert "255,196,0" not in colours
    assert len(colours) >= 1
    assert any(f"/tiles/{both}/disagreement/" in url for url in visit.requests)
    assert visit.frame.locator("#satseg-paint").input_value() == "disagreement"
    options = visit.frame.locator("#satseg-paint option").all_inner_texts()
    assert options == ["Farmland", "Disagreement", "Entropy", "Mutual information"]
    visit.frame.locator("#satseg-paint").select_option("farmland")
    visit.page.wait_for_timeout(600)
    assert visit.colours() == ["255,196,0"]
    assert "overlay=" not in visit.page.url


def test_weights_are_chosen_in_a_box_and_kept_in_the_link(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Mean · equal weights").click()
    slider = visit.page.get_by_role("slider", name="Weight of FarmNet")
    slider.focus()
    slider.press("ArrowRight")
    visit.page.wait_for_url("**weights=2,1**")
    visit.page.get_by_role("button", name="Mean · 2 : 1").wait_for()
    visit.settle()


def test_the_parts_of_the_page_models_are_there(visit: Visit) -> None:
    visit.go("models")
    visit.page.get_by_role("heading", name="FarmNet").wait_for()
    visit.page.get_by_text("Comparison", exact=True).click()
    visit.page.wait_for_url("**part=comparison**")
    visit.page.get_by_text("Side by side", exact=True).click()
    visit.page.locator('[data-testid="stImage"] img').first.wait_for()
    visit.settle()


def test_an_ensemble_is_built_and_opened_on_explore_and_removed(visit: Visit) -> None:
    visit.page.get_by_text("Build an ensemble", exact=True).click()
    visit.page.get_by_role("textbox", name="Name").fill("Both")
    visit.page.get_by_role("button", name="Keep the ensemble").click()
    visit.page.get_by_role("button", name="Remove Both").wait_for()
    visit.settle()
    visit.page.get_by_role("button", name="Open on Explore").click()
    visit.frame.locator("#map_div").wait_for()
    visit.page.wait_for_url("**models=ensemble-both**")
    visit.go("models?part=build")
    visit.page.get_by_role("button", name="Remove Both").click()
    visit.page.get_by_text("None yet.").wait_for()
    assert visit.errors == []


def test_nothing_is_asked_of_anybody_else(visit: Visit) -> None:
    foreign = [
        url for url in visit.requests if not url.startswith((visit.address, "data:", "blob:"))
    ]
    assert foreign == []
