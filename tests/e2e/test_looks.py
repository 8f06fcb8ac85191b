"""Each page in three sizes and two languages: contrast of WCAG AA, and no text cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import settle
from tests.e2e.looks import clipped_texts, poor_contrasts

pytestmark = pytest.mark.e2e

FAR = 90_000  # milliseconds; what waits for it is there much earlier on a quiet machine
FRAME = 'iframe[title="streamlit_folium.st_folium"]'
SIZES = ((1366, 768), (1920, 1080), (820, 1180))
PAGES = ("explore", "compare", "accuracy", "models", "scenes")
WITH_MAP = ("explore", "compare")
FAULTY = """<body style="background: #fff; font: 16px sans-serif">
    <p style="color: #767676">enough on white: 4.54</p>
    <p style="color: #777777">one step too faint</p>
    <div style="background: #00756f"><p style="color: rgba(255, 255, 255, 0.6)">half there</p></div>
    <h1 style="color: #949494; font-size: 24px">large enough for 3</h1>
    <span data-testid="stIconMaterial" style="color: #949494">an icon needs 3</span>
    <span data-testid="stIconMaterial" style="color: #969696">an icon too faint</span>
    <p style="width: 60px; overflow: hidden; white-space: nowrap">longer than its own box</p>
    <p style="position: absolute; left: 5000px; width: 90px">beside the window</p>
</body>"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    page.set_default_timeout(FAR)
    yield page
    page.close()


def test_what_is_faint_or_cut_off_is_found(page: Any) -> None:
    page.set_content(FAULTY)
    faint = poor_contrasts(page)
    assert [text.partition(":")[0] for text in faint] == [
        *("one step too faint", "half there", "an icon too faint"),
    ]
    assert faint[0].endswith("4.48")
    assert clipped_texts(page) == ["longer than its own box", "beside the window"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_every_text_is_whole_and_stands_out(
    page: Any, server: str, screenshots: Path, name: str, language: str
) -> None:
    page.goto(f"{server}/{'' if name == 'explore' else name}?lang={language}")
    page.locator("h1, h2").first.wait_for()
    has_map = name in WITH_MAP
    if has_map:
        page.frame_locator(FRAME).locator("#map_div canvas.leaflet-tile-loaded").first.wait_for()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        page.screenshot(path=screenshots / f"{name}-{language}-{width}x{height}.png")
        places = [page]
        if has_map:
            places.append(page.query_selector(FRAME).content_frame())
        for place in places:
            assert poor_contrasts(place) == [], (width, height)
            assert clipped_texts(place) == [], (width, height)
        beside = "() => document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(beside) <= 0, (width, height)
