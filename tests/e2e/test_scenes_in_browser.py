"""An image is uploaded, looked at, corrected and added; jobs run, are cancelled, stay listed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [path for path in (str(HERE.parents[1]), str(HERE.parent)) if path not in sys.path]

from shelf_files import write_scene  # noqa: E402
from shelf_models import write_model  # noqa: E402

from satseg.catalog import Catalog  # noqa: E402
from satseg.jobs import Jobs  # noqa: E402
from tests.browser import serving  # noqa: E402

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a catalog of one scene that takes a while to map, and a model."""
    folder = tmp_path_factory.mktemp("scenes")
    catalog = Catalog.open(folder / "catalog")
    image = write_scene(folder / "large.tif", size=(1000, 1000), seed=5)
    catalog.add_scene(image, date="2016-05-03", title="Large")
    write_model(folder / "models", "farmnet", seed=1)
    return folder


@pytest.fixture(scope="module")
def server(chromium: str, root: Path) -> Iterator[str]:
    """The address of a dashboard of its own: this test changes the catalog."""
    environment = {
        "SATSEG_CATALOG": str(root / "catalog"),
        "SATSEG_MODELS": str(root / "models"),
    }
    with serving(environment, root) as started:
        yield started.address
    for job in Jobs(root / "catalog").list():
        Jobs(root / "catalog").cancel(job.id)


@pytest.fixture(scope="module")
def page(browser: Any, server: str) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(FAR)
    page.failures = []
    page.urls = []
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.on("request", lambda request: page.urls.append(request.url))
    page.goto(f"{server}/scenes")
    page.locator(".satseg-scene b", has_text="Large").wait_for()
    settle(page)
    yield page
    page.close()


def settle(page: Any) -> None:
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(300)


def go_to(page: Any, section: str) -> None:
    page.get_by_role("radio", name=section, exact=True).click()
    settle(page)


def shoot(page: Any, folder: Path, name: str) -> None:
    for width, height in ((1920, 1080), (820, 1180), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        page.screenshot(path=folder / f"{name}-{width}x{height}.png")


def test_what_is_no_image_is_not_even_sent(page: Any, root: Path) -> None:
    go_to(page, "Add")
    (root / "page.tif").write_text("<!doctype html>")
    page.locator("input[type=file]").set_input_files(root / "page.tif")
    page.get_by_text("page.tif is no TIFF file.").wait_for()
    assert not [url for url in page.urls if "/arrivals/" in url]


def test_an_uploaded_image_is_seen_corrected_and_added(
    page: Any, root: Path, screenshots: Path
) -> None:
    write_scene(root / "east_20150606.tif", bands=4, size=(300, 400))
    page.locator("input[type=file]").set_input_files(root / "east_20150606.tif")
    page.get_by_text("from the file's name, please check").wait_for()
    settle(page)
    assert page.get_by_text("300 × 400 pixels").is_visible()
    picture = page.locator('[data-testid="stImage"] img')
    before = picture.get_attribute("src")
    assert picture.evaluate("(image) => image.naturalWidth") == 400
    page.get_by_role("combobox", name="Order of the bands").click()
    page.get_by_role("option", name="blue, green, red, nir1").click()
    page.wait_for_function(
        "(old) => document.querySelector('[data-testid=stImage] img').src !== old", arg=before
    )
    page.get_by_role("textbox", name="Name", exact=True).fill("East field")
    page.get_by_role("textbox", name="Name", exact=True).press("Enter")
    settle(page)
    shoot(page, screenshots, "scenes-add")
    page.get_by_role("button", name="Add to the catalog").click()
    page.get_by_text("is in the catalog.").wait_for()
    (scene,) = (s for s in Catalog.open(root / "catalog").scenes() if s.title == "East field")
    assert scene.bands == ("blue", "green", "red", "nir1")
    assert str(scene.date) == "2015-06-06"
    assert scene.image.read_bytes() == (root / "east_20150606.tif").read_bytes()
    page.get_by_role("button", name="Done", exact=True).click()
    settle(page)


def test_an_upload_can_be_stopped_and_leaves_nothing(page: Any, root: Path) -> None:
    large = root / "huge.tif"
    with large.open("wb") as file:
        file.write(b"II*\0")
        file.truncate(200_000_000)
    page.context.set_offline(False)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    network.send("Network.emulateNetworkConditions", slow)
    page.locator("input[type=file]").set_input_files(large)
    page.get_by_text("Sending huge.tif").wait_for()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_text("huge.tif was not sent.").wait_for()
    network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    for _ in range(100):
        if not list((root / "catalog" / "arrivals").iterdir()):
            break
        page.wait_for_timeout(100)
    assert list((root / "catalog" / "arrivals").iterdir()) == []
    large.unlink()


def test_jobs_run_are_cancelled_and_are_still_there_after_a_reload(
    page: Any, root: Path, screenshots: Path
) -> None:
    go_to(page, "Catalog")
    assert page.locator(".satseg-scene img").count() == 2
    shoot(page, screenshots, "scenes")
    page.locator('[class*="st-key-pick_large"] label').click()
    settle(page)
    page.get_by_role("button", name="Run on 1 chosen").click()
    page.get_by_text("1 jobs are queued").wait_for()
    go_to(page, "Jobs")
    row = page.locator('[class*="st-key-jobrow_"]', has_text="Large")
    row.get_by_role("button", name="Cancel", exact=True).click()
    row.get_by_text("CANCELLED", exact=True).wait_for()
    go_to(page, "Catalog")
    page.locator('[class*="st-key-pick_east"] label').click()
    settle(page)
    page.get_by_role("button", name="Run on 1 chosen").click()
    go_to(page, "Jobs")
    east = page.locator('[class*="st-key-jobrow_"]', has_text="East field")
    east.get_by_text("DONE", exact=True).wait_for()
    east.get_by_text("What happened").click()
    east.get_by_text("started by the worker").wait_for()
    page.wait_for_timeout(5500)  # the list is looked at anew, and what was opened stays open
    assert east.get_by_text("started by the worker").is_visible()
    shoot(page, screenshots, "jobs")
    page.reload()
    row.get_by_text("CANCELLED", exact=True).wait_for()
    assert east.get_by_text("DONE", exact=True).is_visible()
    assert Catalog.open(root / "catalog").find_prediction("east_20150606", "farmnet") is not None


def test_a_cancelled_job_runs_again_and_finished_ones_are_cleared(page: Any, root: Path) -> None:
    row = page.locator('[class*="st-key-jobrow_"]', has_text="Large")
    row.get_by_role("button", name="Try again").click()
    row.get_by_text("DONE", exact=True).wait_for()
    page.get_by_role("button", name="Clear finished").click()
    page.get_by_text("No jobs yet").wait_for()
    assert Jobs(root / "catalog").list() == []


def test_a_scene_leads_to_explore_and_can_be_removed(page: Any, root: Path) -> None:
    go_to(page, "Catalog")
    row = page.locator('[class*="st-key-scene_row_east"]')
    row.get_by_role("button", name="Explore").click()
    page.locator(".satseg-place", has_text="2015-06-06").wait_for()
    page.get_by_role("link", name="Scenes", exact=True).click()
    row.get_by_role("button", name="Remove").click()
    page.get_by_text("1 maps (predictions)").wait_for()
    page.get_by_role("button", name="Move to the bin").click()
    row.wait_for(state="detached")
    catalog = Catalog.open(root / "catalog")
    assert [scene.title for scene in catalog.scenes()] == ["Large"]
    page.reload()
    page.get_by_role("radio", name="Bin", exact=True).click()
    page.get_by_role("button", name="Restore", exact=True).click()
    page.get_by_text("The bin is empty").wait_for()
    assert catalog.find_prediction("east_20150606", "farmnet") is not None
    go_to(page, "Catalog")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Move to the bin").click()
    page.get_by_role("button", name="Undo", exact=True).click()
    row.wait_for()
    assert len(catalog.scenes()) == 2
    assert page.failures == []
    own = ("http://127.0.0.1", "data:", "blob:http://127.0.0.1")
    assert [url for url in page.urls if not url.startswith(own)] == []
    shutil.rmtree(root / "catalog" / "arrivals", ignore_errors=True)
