from collections.abc import Iterator
from pathlib import Path

import pytest
from shapely.geometry import box
from streamlit.testing.v1 import AppTest

from dashboard import changes
from dashboard.flows import flow_chart
from dashboard.session import Keys
from satseg.catalog import Catalog
from satseg.change import Transitions
from satseg.interest import Interest, InterestStore


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


def models(app: AppTest) -> AppTest:
    app.session_state[Keys.KIND] = "models"
    app.session_state[Keys.DATE] = "2016-05-03"
    app.run()
    assert not app.exception
    return app


def test_two_models_of_one_date_are_compared_at_their_own_thresholds(app: AppTest) -> None:
    models(app)
    assert app.select_slider(key=Keys.DATE).value == "2016-05-03"
    assert hectares(app, "Only FarmNet") == hectares(app, "Only U-Net 8") == 0
    assert metrics(app)["Same answer"] == "100.0 %"
    told = {"threshold": 0.75, "opacity": 0.5, "shade": False, "clicks": 0}
    app.session_state[Keys.COMPARE_MAP] = {**told, "token": "farmnet|unet8", "first": 0.5}
    app.run()
    assert hectares(app, "Both models") == 0
    assert hectares(app, "Only FarmNet") > 0.5
    assert "0.50 / 0.75" in str([html.proto.body for html in app.get("html")])
    app.session_state[Keys.COMPARE_MAP] = {**told, "token": "another pair", "first": 0.5}
    app.run()
    assert metrics(app)["Same answer"] == "100.0 %"


def test_a_model_is_never_compared_with_itself(app: AppTest) -> None:
    models(app)
    app.selectbox(key=Keys.FIRST).set_value("unet8").run()
    assert not app.exception
    assert app.selectbox(key=Keys.SECOND).value == "farmnet"


def test_the_patches_of_two_models_say_which_model_saw_them(app: AppTest) -> None:
    models(app)
    told = {"threshold": 0.75, "opacity": 0.5, "shade": False, "clicks": 0, "first": 0.5}
    app.session_state[Keys.COMPARE_MAP] = {**told, "token": "farmnet|unet8"}
    app.run()
    app.button(key="find_patches").click().run()
    assert not app.exception
    assert app.button(key="patch_0").label.startswith("Only FarmNet · 0.5")


def test_a_date_that_one_of_the_models_cannot_map_is_told(app: AppTest) -> None:
    app.session_state[Keys.KIND] = "models"
    app.session_state[Keys.DATE] = "2025-04-30"
    app.run()
    assert not app.exception
    assert not app.metric


def test_both_kinds_are_compared_within_an_area_of_interest(app: AppTest, served_own: Path) -> None:
    app.run()
    whole = hectares(app, "Lost")
    xmin, ymin, xmax, ymax = Catalog.open(served_own).region("chongming").geometry.bounds
    half = box((xmin + xmax) / 2, ymin, xmax, ymax)
    interest = Interest.now("Right", half, origin="drawn")
    InterestStore(served_own).add(interest)
    app.session_state[Keys.AREA] = interest.id
    app.run()
    assert not app.exception
    assert hectares(app, "Lost") == pytest.approx(whole, rel=0.03)
    assert hectares(app, "Farmland on both") == pytest.approx(whole / 3, abs=0.01)
    assert hectares(models(app), "Both models") == pytest.approx(hectares(app, "Both models"))


def test_the_flow_has_a_link_for_each_transition_that_happened() -> None:
    found = Transitions(40_000, 30_000, 0, 20_000, 100_000)
    figure = flow_chart(
        found,
        classes=("Farmland", "Other"),
        flows=("both", "lost", "gained", "neither"),
        unit="ha",
        unit_name="ha",
    )
    link = figure.data[0].link
    assert list(zip(link.source, link.target, link.value, strict=True)) == [
        (0, 2, 3.0),
        (0, 3, 2.0),
        (1, 3, 4.0),
    ]
    assert list(link.customdata) == ["both: 3.00 ha", "lost: 2.00 ha", "neither: 4.00 ha"]
    assert list(figure.data[0].node.label) == [
        "Farmland 5.00",
        "Other 4.00",
        "Farmland 3.00",
        "Other 6.00",
    ]
