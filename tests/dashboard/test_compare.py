from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import changes
from dashboard.session import Keys
from satseg.catalog import Catalog


def _page() -> None:
    import streamlit as st

    from dashboard import compare
    from dashboard.session import Keys

    st.session_state.setdefault(Keys.LANGUAGE, "en")
    compare.page()


@pytest.fixture
def app(served_own: Path) -> Iterator[AppTest]:
    yield AppTest.from_function(_page, default_timeout=60)
    changes._joint.cache_clear()
    changes._patches.cache_clear()


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def hectares(app: AppTest, name: str) -> float:
    return float(metrics(app)[name].split()[0].replace("−", "-"))


def test_the_first_and_the_last_date_are_compared(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert app.select_slider[0].value == ("2016-05-03", "2025-04-30")
    assert hectares(app, "Gained") == 0
    assert hectares(app, "Lost") == pytest.approx(-hectares(app, "Net change"))
    assert hectares(app, "Lost") == pytest.approx(0.6 * hectares(app, "Farmland on both"), rel=0.05)


def test_figures_follow_dates_and_threshold(app: AppTest) -> None:
    app.run()
    whole = hectares(app, "Lost")
    app.select_slider[0].set_range("2016-05-03", "2019-04-12").run()
    assert hectares(app, "Lost") == pytest.approx(whole / 3, abs=0.02)
    told = {"token": "farmnet", "threshold": 0.95, "opacity": 0.5, "shade": False, "clicks": 0}
    app.session_state[Keys.COMPARE_MAP] = told
    app.run()
    assert hectares(app, "Lost") == hectares(app, "Farmland on both") == 0


def test_the_slider_moves_again_and_again(app: AppTest) -> None:
    app.run()
    for last in ("2022-05-20", "2019-04-12", "2025-04-30"):
        app.select_slider[0].set_range("2016-05-03", last).run()
        assert f"2016-05-03 → {last}" in str(app.get("html")[0].proto.body)


def test_one_date_twice_becomes_two_dates(app: AppTest) -> None:
    app.run()
    app.select_slider[0].set_range("2019-04-12", "2019-04-12").run()
    assert not app.exception
    assert "2016-05-03 → 2019-04-12" in str(app.get("html")[0].proto.body)


def test_the_biggest_patch_can_be_looked_at(app: AppTest) -> None:
    app.run()
    app.button(key="find_patches").click().run()
    assert not app.exception
    assert app.button(key="patch_0").label.startswith("− 0.")
    app.button(key="patch_0").click().run()
    assert app.session_state[Keys.FOCUS]["state"]["id"].endswith("-0")
    app.button(key="whole_region").click().run()
    assert Keys.FOCUS not in app.session_state


def test_missing_maps_are_asked_for(
    served_own: Path, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard import compare

    asked: list[str] = []
    monkeypatch.setattr(
        compare, "ask_once", lambda scenes, selection: asked.extend(s.id for s in scenes)
    )
    catalog = Catalog.open(served_own)
    for prediction in catalog.predictions("chongming-2016-05-03"):
        catalog._store.remove("predictions", prediction.id)
    app.run()
    assert not app.exception
    assert asked == ["chongming-2016-05-03"]
    assert not app.metric


def test_a_region_with_one_date_says_what_is_needed(app: AppTest, served_own: Path) -> None:
    catalog = Catalog.open(served_own)
    for scene in catalog.scenes("chongming")[1:]:
        catalog.remove_scene(scene.id)
    app.run()
    assert not app.exception
    assert "one date only" in app.info[0].value
