import json
from pathlib import Path

import pytest
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from small_catalog import DATES
from streamlit.testing.v1 import AppTest

from dashboard import areas
from dashboard.mapview import MAX_CORNERS, Answer
from dashboard.session import Keys
from dashboard.shelf import Selection, shelf
from dashboard.words import words
from satseg.area import area_histogram, region_area_m2
from satseg.catalog import Catalog
from satseg.interest import Interest, InterestStore

TOLD = {"token": "farmnet", "threshold": 0.5, "opacity": 0.5, "shade": False, "clicks": 0}


def _page() -> None:
    """The page, and before it what the map and the uploader call, which AppTest lacks."""
    import streamlit as st

    from dashboard import areas, explore
    from dashboard.mapview import Answer
    from dashboard.notices import attempt
    from dashboard.session import Keys

    st.session_state.setdefault(Keys.LANGUAGE, "en")
    areas.take_drawn(Answer.read(st.session_state.pop("told", None)))
    for given in st.session_state.pop("given", ()):
        attempt(areas.take_file, *given)
    explore.page()


@pytest.fixture
def app(served_own: Path) -> AppTest:
    return AppTest.from_function(_page, default_timeout=60).run()


def part_of(region_id: str, west: float, east: float, top: float = 1.0) -> BaseGeometry:
    """A part of a region: shares of its width from the left, and of its height from below."""
    xmin, ymin, xmax, ymax = shelf().catalog.region(region_id).geometry.bounds
    wide, high = xmax - xmin, ymax - ymin
    return box(xmin + west * wide, ymin, xmin + east * wide, ymin + top * high)


def kept(root: Path, name: str, geometry: BaseGeometry) -> Interest:
    interest = Interest.now(name, geometry, origin="drawn")
    InterestStore(root).add(interest)
    return interest


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def hectares(app: AppTest) -> float:
    return float(metrics(app)["Farmland"].split()[0])


def choose(app: AppTest, option: str, region: str = "chongming") -> AppTest:
    app.selectbox(key=f"area_en_{region}").set_value(option).run()
    assert not app.exception
    return app


def draw(app: AppTest, geometry: BaseGeometry) -> AppTest:
    """Run the page once after the map has told that an area was drawn."""
    corners = [list(at) for at in geometry.exterior.coords]
    app.session_state["told"] = {**TOLD, "drawn": {"number": 1, "ring": corners}}
    return app.run()


def test_figures_and_chart_are_for_the_chosen_area(app: AppTest, served_own: Path) -> None:
    whole = hectares(app)
    left = kept(served_own, "Left quarter", part_of("chongming", 0, 0.25))
    app.run()
    assert app.selectbox(key="area_en_chongming").options == ["Whole region", "Left quarter"]
    choose(app, left.id)
    expected = area_histogram(
        Catalog.open(served_own).predictions("chongming-2025-04-30", "farmnet")[0].probability,
        left.geometry,
    )
    assert hectares(app) == round(expected.area_m2(0.5) / 1e4, 2) < whole
    assert metrics(app)["Share"] == "100.0 %"
    assert metrics(app)["Valid area"] == f"{100 * expected.valid_fraction:.1f} %"
    assert "Left quarter · 2025-04-30" in texts(app)
    assert "Own area of" in texts(app)


def test_an_area_is_listed_only_where_it_lies(app: AppTest, served_own: Path) -> None:
    left = kept(served_own, "Left quarter", part_of("chongming", 0, 0.25))
    choose(app.run(), left.id)
    app.selectbox(key="region_en").set_value("qingpu").run()
    assert app.selectbox(key="area_en_qingpu").options == ["Whole region"]
    assert app.session_state[Keys.AREA] == "whole"
    assert "Left quarter" not in texts(app)


def test_the_threshold_stays_free_inside_of_an_area(app: AppTest, served_own: Path) -> None:
    left = kept(served_own, "Left", part_of("chongming", 0, 0.25))
    choose(app.run(), left.id)
    app.session_state[Keys.MAP] = {**TOLD, "threshold": 0.95}
    app.run()
    assert metrics(app)["Farmland"] == "0.00 ha"


def test_a_part_beside_the_scene_has_no_data(app: AppTest, served_own: Path) -> None:
    half_out = kept(served_own, "Half", part_of("chongming", 0.5, 1.5))
    choose(app.run(), half_out.id)
    assert float(metrics(app)["Valid area"].split()[0]) == pytest.approx(50, abs=2)


def test_a_date_that_does_not_show_the_area_is_a_gap(served: Path) -> None:
    scenes = shelf().scenes()["chongming"]
    elsewhere = Interest.now("There", part_of("qingpu", 0, 1), origin="drawn")
    rows = shelf().series(
        scenes, Selection.of(["farmnet"]), 0.5, shelf().predictions(), interest=elsewhere
    )
    assert [row.date for row in rows] == list(DATES)
    assert all(row.area_m2 is None and row.prediction is not None for row in rows)


def test_what_is_drawn_has_figures_at_once_and_is_kept_under_a_name(
    app: AppTest, served_own: Path
) -> None:
    draw(app, part_of("chongming", 0.1, 0.3))
    assert not app.exception
    assert app.session_state[Keys.AREA] == "draft"
    assert "New area" in texts(app)
    assert metrics(app)["Share"] == "100.0 %"
    app.text_input(key=Keys.AREA_NAME).set_value("  Paddy   one ")
    press(app, "Keep")
    (found,) = InterestStore(served_own).interests()
    assert found.name == "Paddy one"
    assert app.session_state[Keys.AREA] == found.id
    assert Keys.DRAFT not in app.session_state
    assert "Paddy one" in texts(app)


def test_a_name_that_is_taken_is_refused_and_the_drawing_stays(
    app: AppTest, served_own: Path
) -> None:
    kept(served_own, "Paddy", part_of("chongming", 0, 0.2))
    draw(app.run(), part_of("chongming", 0.5, 0.9))
    for wrong, said in (("PADDY", "a name that no area"), ("a/b", "letters, digits")):
        app.text_input(key=Keys.AREA_NAME).set_value(wrong)
        press(app, "Keep")
        assert said in "\n".join(error.value for error in app.error)
        assert Keys.DRAFT in app.session_state
    assert len(InterestStore(served_own).ids()) == 1
    press(app, "Discard")
    assert Keys.DRAFT not in app.session_state
    assert app.session_state[Keys.AREA] == "whole"
    assert not app.error


def test_a_drawing_beside_every_scene_is_refused(app: AppTest) -> None:
    draw(app, box(100, 10, 101, 11))
    assert not app.exception
    assert "shares ground with a scene" in app.error[0].value
    assert Keys.DRAFT not in app.session_state


def test_a_drawing_elsewhere_goes_to_the_region_there(app: AppTest) -> None:
    draw(app, part_of("qingpu", 0.1, 0.3))
    assert app.session_state[Keys.REGION] == "qingpu"
    assert app.selectbox(key="area_en_qingpu").value == "draft"


def test_a_file_is_taken_with_its_name_as_the_suggestion(app: AppTest) -> None:
    shape = json.dumps(part_of("chongming", 0.1, 0.3).__geo_interface__).encode()
    app.session_state["given"] = [("../my <fields>.geojson", shape)]
    app.run()
    assert not app.exception
    assert app.text_input(key=Keys.AREA_NAME).value == "my fields"
    assert "from my fields .geojson" in texts(app)
    app.session_state["given"] = [("a.tif", shape)]
    app.run()
    assert "GeoPackage or KML" in app.error[0].value


def test_a_removed_area_can_be_taken_back(app: AppTest, served_own: Path) -> None:
    paddy = kept(served_own, "Paddy", part_of("chongming", 0, 0.2))
    choose(app.run(), paddy.id)
    app.button(key="area_remove").click().run()
    assert InterestStore(served_own).ids() == []
    assert "“Paddy” was removed." in texts(app)
    assert app.session_state[Keys.AREA] == "whole"
    app.button(key="undo_remove_area").click().run()
    assert InterestStore(served_own).interests() == [paddy]
    assert app.session_state[Keys.AREA] == paddy.id
    assert "was removed" not in texts(app)


@pytest.mark.parametrize(
    "drawn",
    [
        None,
        "x",
        {},
        {"ring": "abc"},
        {"ring": [[1, 2], [3, 4]]},
        {"ring": [[1, 2], [3, 4], [5]]},
        {"ring": [[1, 2], [3, 4], ["a", "b"]]},
        {"ring": [[1, 2], [3, 4], [None, float("nan")]]},
        {"ring": [[1, 2], [3, 4], [5, float("inf")]]},
        {"ring": [[1, 2]] * (MAX_CORNERS + 1)},
    ],
)
def test_what_is_no_drawing_is_not_read(drawn: object) -> None:
    answer = Answer.read({**TOLD, "drawn": drawn})
    assert answer is not None
    assert answer.drawn == ()


def test_the_map_is_told_whether_the_area_is_in_view_already() -> None:
    assert areas.interest_state(None) is None
    field = Interest.now("Field", box(121, 31, 121.1, 31.1), origin="some.kml")
    state = areas.interest_state(field)
    assert state["bounds"] == [[31, 121], [31.1, 121.1]]
    assert state["inView"] is False
    assert json.loads(json.dumps(state["geometry"]))["type"] == "Polygon"
    assert areas.area_summary(field, "km2", words("en")).startswith("Own area of 105")
    assert region_area_m2(field.geometry) == pytest.approx(105.8e6, rel=0.01)


def texts(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
