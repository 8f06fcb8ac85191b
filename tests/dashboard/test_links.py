from pathlib import Path

import pytest
from shapely.geometry import box
from streamlit.testing.v1 import AppTest

from dashboard.links import LONGEST, read_link
from dashboard.session import Keys
from dashboard.shelf import shelf
from satseg.interest import Interest, InterestStore

MAIN = Path(__file__).resolve().parents[2] / "dashboard" / "main.py"

LINK = {
    "region": "qingpu",
    "date": "2019-04-12",
    "models": "unet8",
    "threshold": "0.65",
    "opacity": "0.8",
    "shade": "1",
    "view": "swipe",
    "imagery": "false_colour",
    "unit": "mu",
    "lang": "zh",
    "at": "31.1,120.9,16.5",
    "split": "0.3",
}


@pytest.fixture
def app(served_own: Path) -> AppTest:
    return AppTest.from_file(str(MAIN), default_timeout=60)


def opened(app: AppTest, link: dict[str, str]) -> AppTest:
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def told(app: AppTest) -> list[str]:
    return [toast.value for toast in app.toast]


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_a_link_opens_its_view(app: AppTest) -> None:
    opened(app, LINK)
    assert app.selectbox(key="region_zh").value == "qingpu"
    assert app.select_slider(key=Keys.DATE).value == "2019-04-12"
    assert app.pills(key=Keys.MODELS).value == ["unet8"]
    state = app.session_state
    assert (state[Keys.VIEW], state[Keys.COLOUR]) == ("swipe", "false_colour")
    assert metrics(app)["耕地面积"].endswith("亩")
    assert "0.65" in "".join(str(html.proto.body) for html in app.get("html"))
    look = state[Keys.LOOKS][Keys.MAP]
    assert (look.threshold, look.opacity, look.shade) == (0.65, 0.8, True)
    assert told(app) == []


def test_a_link_names_the_eight_views(app: AppTest) -> None:
    opened(app, {**LINK, "augment": "d4"})
    assert app.toggle(key=Keys.AUGMENT).value is True
    assert app.session_state[Keys.LOOKS][Keys.MAP].token.endswith("8@d4")
    assert told(app) == []
    assert read_link({"augment": "d8"}).ignored == ["augment"]


def test_a_view_without_a_model_is_a_link_too(app: AppTest) -> None:
    opened(app, {"models": "none"})
    assert app.pills(key=Keys.MODELS).value == []
    assert told(app) == []


def test_a_link_is_taken_once(app: AppTest) -> None:
    opened(app, LINK)
    app.select_slider(key=Keys.DATE).set_value("2016-05-03").run()
    assert app.select_slider(key=Keys.DATE).value == "2016-05-03"


def test_a_link_names_a_kept_area(app: AppTest, served_own: Path) -> None:
    xmin, ymin, xmax, ymax = shelf().catalog.region("qingpu").geometry.bounds
    left = Interest.now("左", box(xmin, ymin, (xmin + xmax) / 2, ymax), origin="drawn")
    InterestStore(served_own).add(left)
    opened(app, {"region": "qingpu", "area": left.id})
    assert app.selectbox(key="area_en_qingpu").value == left.id
    assert told(app) == []


def test_a_stale_link_opens_what_is_left_of_it_and_says_so_once(app: AppTest) -> None:
    stale = {
        "date": "1999-01-01",
        "models": "gone,unet8",
        "area": "gone",
        "view": "sideways",
        "threshold": "7",
        "at": "here",
        "lang": "xx",
        "unit": "acres",
        "utm_source": "mail",
    }
    opened(app, LINK | stale)
    assert app.selectbox(key="region_en").value == "qingpu"
    assert app.select_slider(key=Keys.DATE).value == "2025-04-30"
    assert app.pills(key=Keys.MODELS).value == ["unet8"]
    (notice,) = told(app)
    assert notice.startswith("Part of the link is out of date")
    assert sorted(notice.split(": ")[1].rstrip(".").split(", ")) == [
        "area",
        "at",
        "date",
        "lang",
        "models",
        "threshold",
        "unit",
        "view",
    ]
    assert told(app.run()) == []


def test_a_link_to_a_region_that_is_gone_opens_the_first_one(app: AppTest) -> None:
    opened(app, {"region": "../../etc/passwd", "date": "2019-04-12"})
    assert app.selectbox(key="region_en").value == "chongming"
    assert told(app) == ["Part of the link is out of date and was left out: region."]


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    "name", [*LINK, "area", "from", "to", "first", "kind", "step", "by", "sample"]
)
@pytest.mark.parametrize("value", ["", "\0", "<script>", "x" * LONGEST, "nan", "-1", "[]", "∞"])
def test_noise_in_a_link_changes_nothing(name: str, value: str) -> None:
    found = read_link({name: value})
    assert found.state == {}
    assert found.ignored == ([] if name == "shade" else [name])


@pytest.mark.usefixtures("served")
def test_a_link_to_a_comparison_says_dates_or_models() -> None:
    dates = read_link({"kind": "dates", "from": "2016-05-03", "to": "2022-05-20"})
    assert dates.state[Keys.PERIOD] == ("2016-05-03", "2022-05-20")
    turned = read_link({"from": "2022-05-20", "to": "2016-05-03"})
    assert Keys.PERIOD not in turned.state
    pair = read_link(
        {"kind": "models", "first": "unet8", "second": "farmnet+unet8"}
        | {"threshold": "0.6", "threshold_first": "0.3"}
    )
    assert (pair.state[Keys.FIRST], pair.state[Keys.SECOND]) == ("unet8", "farmnet+unet8")
    look = pair.state[Keys.LOOKS][Keys.COMPARE_MAP]
    assert (look.token, look.first, look.threshold) == ("unet8|farmnet+unet8", 0.3, 0.6)


def test_an_unreadable_catalog_leaves_the_telling_to_the_page(
    app: AppTest, served_own: Path
) -> None:
    (served_own / "regions.geojson").write_text("{")
    opened(app, LINK)
    assert "GeoJSON" in app.error[0].value
