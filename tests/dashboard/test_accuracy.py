import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import samples
from dashboard.labelling import _answer as keep_answer
from dashboard.session import Keys
from satseg.catalog import Catalog
from satseg.sampling import SampleStore


def _page() -> None:
    import streamlit as st

    from dashboard import accuracy
    from dashboard.session import Keys

    st.session_state.setdefault(Keys.LANGUAGE, "en")
    accuracy.page()


@pytest.fixture
def app(served_own: Path) -> AppTest:
    return AppTest.from_function(_page, default_timeout=60)


def _drawn(app: AppTest) -> AppTest:
    app.run()
    app.number_input(key=Keys.WANTED).set_value(5.0).run()
    app.button(key="draw").click().run()
    assert not app.exception
    return app


def _answer(app: AppTest, number: int, label: Callable[[float], str]) -> None:
    """Label the next points by what the small catalog's map says there."""
    for _ in range(number):
        sample = samples.known_samples()[-1]
        point = sample.unlabelled("first")[0]
        app.button(key=f"answer_{label(point.code / 254)}_{point.number}").click().run()


def _as_mapped(probability: float) -> str:
    return "farmland" if probability >= 0.5 else "other"


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def texts(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def test_a_plan_says_how_many_points_and_what_they_bring(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert int(metrics(app)["Points"]) >= 20
    assert metrics(app)["Forecast standard error"].endswith("ha")
    few = int(metrics(app)["Points"])
    app.number_input(key=Keys.WANTED).set_value(1.0).run()
    assert int(metrics(app)["Points"]) > few
    assert "Farmland, certain" in texts(app)


def test_labels_are_kept_and_can_be_taken_back(app: AppTest, served_own: Path) -> None:
    _drawn(app)
    store = SampleStore(served_own)
    (name,) = store.ids()
    _answer(app, 3, _as_mapped)
    assert store.sample(name).done("first") == 3
    app.button(key="undo").click().run()
    assert store.sample(name).done("first") == 2
    number = store.sample(name).unlabelled("first")[0].number
    app.button(key=f"answer_unsure_{number}").click().run()
    assert store.sample(name).unsure("first") == 1


def test_a_key_pressed_twice_labels_one_point(app: AppTest, served_own: Path) -> None:
    _drawn(app)
    (sample,) = samples.known_samples()
    keep_answer(sample.id, 0, "first", "farmland")
    keep_answer(sample.id, 0, "first", "other")
    assert SampleStore(served_own).sample(sample.id).points[0].labels == {"first": "farmland"}


def test_the_map_is_not_told_while_labelling(app: AppTest) -> None:
    _drawn(app)
    told = texts(app) + " ".join(str(item.value) for item in app.caption)
    for word in ("certain", "probability", "stratum"):
        assert word not in told.lower()


def test_results_need_labels_in_each_stratum(app: AppTest) -> None:
    _drawn(app)
    app.session_state[Keys.STEP] = "results"
    app.run()
    assert "Not enough labels yet" in app.info[0].value
    assert not app.exception


def test_a_right_map_has_an_interval_and_full_accuracy(app: AppTest) -> None:
    _drawn(app)
    count = len(samples.known_samples()[-1].points)
    _answer(app, count, _as_mapped)
    assert "labelled" in app.success[0].value
    app.button(key="to_results").click().run()
    assert not app.exception
    assert metrics(app)["Overall accuracy"] == "100.0 %"
    assert metrics(app)["Adjusted area"] == metrics(app)["Mapped area"]
    assert "Confusion matrix" in texts(app)
    assert [area.value for area in samples.adjusted_areas("chongming").values()] == pytest.approx(
        [samples.known_samples()[-1].mapped_m2[0]]
    )


def test_the_same_points_on_another_date_tell_the_difference(app: AppTest) -> None:
    _drawn(app)
    _answer(app, len(samples.known_samples()[-1].points), _as_mapped)
    app.button(key="to_results").click().run()
    app.button(key="again_chongming-2016-05-03").click().run()
    assert not app.exception
    assert app.select_slider(key=Keys.DATE).value == "2016-05-03"
    again = next(s for s in samples.known_samples() if s.first_id)
    for point in again.points:
        samples.store().label(again.id, point.number, "first", _as_mapped(point.code / 254))
    app.session_state[Keys.STEP] = "results"
    app.run()
    assert not app.exception
    assert metrics(app)["Net change"].startswith("−")
    assert float(metrics(app)["Lost"].split()[0]) > 0
    assert metrics(app)["Gained"].startswith("0.00")
    assert set(samples.adjusted_areas("chongming")) == {
        again.date,
        samples.known_samples()[-1].date,
    }


def test_a_second_interpreter_is_compared_with_the_first(app: AppTest) -> None:
    _drawn(app)
    sample = samples.known_samples()[-1]
    for point in sample.points:
        label = _as_mapped(point.code / 254)
        samples.store().label(sample.id, point.number, "first", label)
        swapped = "other" if label == "farmland" else "farmland"
        second = swapped if point.number == 0 else label
        samples.store().label(sample.id, point.number, "second", second)
    app.session_state[Keys.STEP] = "results"
    app.run()
    assert "kappa 0.9" in texts(app)


def test_a_sample_can_be_exported_and_deleted(app: AppTest, served_own: Path) -> None:
    _drawn(app)
    app.session_state[Keys.STEP] = "exchange"
    app.run()
    assert not app.exception
    app.button(key="delete_yes").click().run()
    assert SampleStore(served_own).ids() == []
    assert app.button(key="draw")
    app.button(key="undo_remove_sample").click().run()
    assert not app.exception
    assert len(SampleStore(served_own).ids()) == 1


def test_a_date_without_a_map_says_where_to_get_one(app: AppTest, served_own: Path) -> None:
    catalog = Catalog.open(served_own)
    scene = catalog.scene("chongming-2025-04-30")
    for prediction in catalog.predictions(scene.id):
        shutil.rmtree(served_own / "predictions" / prediction.id)
    app.run()
    assert not app.exception
    assert "no farmland map yet" in app.info[0].value


def test_a_sample_whose_first_date_is_gone_can_still_be_used(app: AppTest) -> None:
    _drawn(app)
    _answer(app, len(samples.known_samples()[-1].points), _as_mapped)
    app.button(key="to_results").click().run()
    app.button(key="again_chongming-2016-05-03").click().run()
    (root,) = (s for s in samples.known_samples() if not s.first_id)
    samples.store().remove(root.id)
    another = AppTest.from_function(_page, default_timeout=60)
    another.session_state[Keys.DATE] = "2016-05-03"
    another.run()
    assert not another.exception
    assert not another.error
    assert "seen again from –" in another.selectbox(key=Keys.SAMPLE).options[0]


def test_an_error_behind_a_button_is_told_in_words(app: AppTest) -> None:
    _drawn(app)
    (sample,) = samples.known_samples()
    samples.store().remove(sample.id)
    app.button(key=f"answer_farmland_{sample.points[0].number}").click().run()
    assert not app.exception
    assert "Draw a sample first" in app.error[0].value
    app.run()
    assert not app.error
