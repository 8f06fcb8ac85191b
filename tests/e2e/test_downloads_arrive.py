"""What the panel Download offers really arrives in a browser, under its name, and opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine
FRAME = 'iframe[title="streamlit_folium.st_folium"]'
STEM = "chongming-2016-05-03-farmnet"


@pytest.fixture(scope="module")
def page(browser: Any, server: str) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(FAR)
    page.goto(f"{server}/?region=chongming&date=2016-05-03")
    page.frame_locator(FRAME).locator("#map_div canvas.leaflet-tile-loaded").first.wait_for()
    settle(page)
    page.get_by_role("button", name="Download").first.click()
    page.get_by_role("combobox", name="What").wait_for()
    yield page
    page.close()


def settle(page: Any) -> None:
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def downloaded(page: Any, what: str, form: str = "") -> tuple[str, bytes]:
    """Choose in the panel, prepare and save; return the file's name and content."""
    page.get_by_role("combobox", name="What").click()
    page.get_by_role("option", name=what, exact=True).click()
    settle(page)
    if form:
        page.get_by_role("radio", name=form, exact=True).click()
        settle(page)
    page.get_by_role("button", name="Prepare").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save").click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_the_figure_is_a_picture_of_a_slides_size(page: Any) -> None:
    from PIL import Image

    name, content = downloaded(page, "Figure")
    assert name.startswith(STEM)
    assert name.endswith(".png")
    with Image.open(io.BytesIO(content)) as picture:
        width, height = picture.size
    assert width / height == pytest.approx(16 / 9, rel=0.01)


def test_the_report_is_one_page_that_asks_no_other_server(page: Any) -> None:
    name, content = downloaded(page, "Report")
    assert name.endswith(".html")
    text = content.decode("utf-8")
    assert "Chongming paddies" in text
    assert "2025-04-30" in text
    assert 'src="http' not in text
    name, content = downloaded(page, "Report", "PDF")
    assert name.endswith(".pdf")
    assert content.startswith(b"%PDF-")


def test_the_polygons_open_in_a_gis_with_area_and_probability(page: Any, tmp_path: Path) -> None:
    import geopandas as gpd

    name, content = downloaded(page, "Polygons")
    assert name.startswith(STEM)
    file = tmp_path / name
    file.write_bytes(content)
    found = gpd.read_file(file)
    assert len(found) >= 1
    assert {"area_m2", "mean_probability"} <= set(found.columns)
    assert found.area_m2.sum() == pytest.approx(240 * 240, rel=0.02)


def test_the_series_has_a_row_for_each_date_with_its_provenance(page: Any) -> None:
    name, content = downloaded(page, "Area series")
    assert name.endswith(".csv")
    lines = [line for line in content.decode("utf-8-sig").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    assert [row["date"] for row in rows] == ["2016-05-03", "2019-04-12", "2022-05-20", "2025-04-30"]
    assert all(row["area_m2"] and row["scene_id"] for row in rows)


def test_the_mask_is_a_raster_of_two_values_and_nodata(page: Any, tmp_path: Path) -> None:
    import numpy as np
    import rasterio

    name, content = downloaded(page, "Mask")
    file = tmp_path / name
    file.write_bytes(content)
    with rasterio.open(file) as raster:
        assert set(np.unique(raster.read(1))) <= {0, 1, 255}
        assert raster.crs.to_epsg() == 32651


def test_the_uncertainty_is_a_raster_with_its_scale_and_provenance(
    page: Any, tmp_path: Path
) -> None:
    import rasterio

    name, content = downloaded(page, "Uncertainty: entropy")
    assert name == f"{STEM}-t0.50-entropy.tif"
    (tmp_path / name).write_bytes(content)
    with rasterio.open(tmp_path / name) as raster:
        assert raster.scales == pytest.approx((1 / 254,))
        assert raster.nodata == 255
        assert raster.tags()["SATSEG_SCENE_ID"] == "chongming-2016-05-03"


def test_the_panel_closes_by_escape_and_the_page_is_as_it_was(page: Any) -> None:
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="What").wait_for(state="hidden")
    assert "date=2016-05-03" in page.url
