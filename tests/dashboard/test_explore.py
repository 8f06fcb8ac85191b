import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import progress
from dashboard.session import Keys
from satseg.catalog import Catalog
from satseg.jobs import Job
from satseg.recipes import recipe

MAIN = Path(__file__).resolve().parents[2] / "dashboard" / "main.py"


class FakeJobs:
    """Jobs that nobody works on."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._numbers = itertools.count()

    def list(self) -> list[Job]:
        return list(self.jobs)

    def submit(self, scene_id: str, model_ids: Sequence[str]) -> str:
        job = Job(id=f"{next(self._numbers):04d}", scene_id=scene_id, model_ids=tuple(model_ids))
        self.jobs.append(job)
        return job.id

    def cancel(self, job_id: str) -> None:
        self.change(job_id, state="cancelled")

    def change(self, job_id: str, **changes: object) -> None:
        self.jobs = [replace(job, **changes) if job.id == job_id else job for job in self.jobs]


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> FakeJobs:
    fake = FakeJobs()
    monkeypatch.setattr(progress, "jobs", lambda: fake)
    return fake


@pytest.fixture
def app(jobs: FakeJobs) -> AppTest:
    return AppTest.from_file(str(MAIN), default_timeout=60)


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def html_of(app: AppTest) -> str:
    return "".join(str(item.proto.body) for item in app.get("html"))


def texts(elements: Sequence[object]) -> str:
    return "\n".join(str(element.value) for element in elements)


@pytest.mark.usefixtures("served")
def test_the_first_view_shows_the_latest_date_of_the_first_region(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="region_en").value == "chongming"
    assert app.select_slider(key=Keys.DATE).value == "2025-04-30"
    assert app.pills(key=Keys.MODELS).value == ["farmnet"]
    shown = metrics(app)
    assert shown["Farmland"].endswith(" ha")
    assert shown["Share"].startswith("62.")
    assert shown["Since 2022-05"].startswith("−")
    assert shown["Valid area"] == "99.6 %"


@pytest.mark.usefixtures("served")
def test_figures_follow_date_unit_and_language(app: AppTest) -> None:
    app.run()
    hectares = float(metrics(app)["Farmland"].split()[0])
    app.select_slider(key=Keys.DATE).set_value("2016-05-03").run()
    assert float(metrics(app)["Farmland"].split()[0]) > hectares
    assert metrics(app)["Change"] == "–"
    app.session_state[Keys.UNIT] = "mu"
    app.session_state[Keys.LANGUAGE] = "zh"
    app.run()
    assert not app.exception
    assert metrics(app)["耕地面积"].endswith(" 亩")
    assert app.selectbox(key="region_zh").options == ["崇明稻田", "青浦湖畔"]


def test_the_sentence_about_a_region_follows_the_language(app: AppTest, served_own: Path) -> None:
    catalog = Catalog.open(served_own)
    region = replace(catalog.region("chongming"), summary_zh="手工制作。")
    catalog.replace_region(region)
    app.run()
    assert "Made by hand." in html_of(app)
    app.session_state[Keys.LANGUAGE] = "zh"
    app.run()
    assert "手工制作。" in html_of(app)
    assert "Made by hand." not in html_of(app)


@pytest.mark.usefixtures("served")
def test_the_threshold_of_the_map_reaches_the_figures(app: AppTest) -> None:
    app.run()
    told = {"token": "farmnet", "threshold": 0.95, "opacity": 0.5, "shade": False, "clicks": 0}
    app.session_state[Keys.MAP] = told
    app.run()
    assert metrics(app)["Farmland"] == "0.00 ha"
    app.session_state[Keys.MAP] = {**told, "token": "another model"}
    app.run()
    assert metrics(app)["Farmland"] != "0.00 ha"


def test_a_date_that_the_new_region_lacks_becomes_its_latest(
    app: AppTest, served_own: Path
) -> None:
    Catalog.open(served_own).remove_scene("qingpu-2025-04-30")
    app.run()
    app.selectbox(key="region_en").set_value("qingpu").run()
    assert not app.exception
    assert app.select_slider(key=Keys.DATE).value == "2022-05-20"


@pytest.mark.usefixtures("served")
def test_what_is_predicted_is_not_computed_again(app: AppTest, jobs: FakeJobs) -> None:
    app.run()
    assert jobs.jobs == []


def test_missing_predictions_of_the_default_model_are_asked_for_once_the_shown_date_first(
    app: AppTest, jobs: FakeJobs, served_own: Path
) -> None:
    without_predictions(served_own)
    app.run()
    app.run()
    scenes = [job.scene_id for job in jobs.jobs]
    assert scenes == [
        "chongming-2025-04-30",
        "chongming-2016-05-03",
        "chongming-2019-04-12",
        "chongming-2022-05-20",
    ]
    assert metrics(app)["Farmland"] == "–"
    assert not app.exception


def test_progress_is_shown_and_can_be_cancelled(
    app: AppTest, jobs: FakeJobs, served_own: Path
) -> None:
    without_predictions(served_own)
    app.run()
    jobs.change("0000", state="running", done=1, total=4)
    app.run()
    app.button(key="cancel_jobs").click().run()
    assert {job.state for job in jobs.jobs} == {"cancelled"}
    assert not app.exception
    app.run()
    assert len(jobs.jobs) == 4
    assert len([button for button in app.button if button.key == "cancel_jobs"]) == 0


def test_a_failure_is_told_in_words_and_not_tried_again_by_itself(
    app: AppTest, jobs: FakeJobs, served_own: Path
) -> None:
    without_predictions(served_own)
    app.run()
    jobs.change("0000", state="failed", message="Expected room; found none. Free some.")
    app.run()
    assert "Expected room; found none. Free some." in texts(app.error)
    assert len([job for job in jobs.jobs if job.scene_id == "chongming-2025-04-30"]) == 1


@pytest.mark.usefixtures("served")
def test_an_ensemble_is_computed_for_the_shown_date_and_offered_for_the_others(
    app: AppTest, jobs: FakeJobs
) -> None:
    app.run()
    app.select_slider(key=Keys.DATE).set_value("2019-04-12").run()
    app.pills(key=Keys.MODELS).set_value(["farmnet", "unet8"]).run()
    assert [(job.scene_id, job.model_ids) for job in jobs.jobs] == [
        ("chongming-2019-04-12", ("farmnet", "unet8"))
    ]
    offer = app.button(key="compute_others")
    assert offer.label == "Compute the missing dates (2)"
    offer.click().run()
    assert len(jobs.jobs) == 3
    assert not app.exception


@pytest.mark.usefixtures("served")
def test_a_scene_without_the_models_bands_keeps_the_rest_working(
    app: AppTest, jobs: FakeJobs
) -> None:
    app.run()
    app.pills(key=Keys.MODELS).set_value(["unet8"]).run()
    assert app.select_slider(key=Keys.DATE).value == "2025-04-30"
    assert jobs.jobs == []
    assert metrics(app)["Farmland"] == "–"
    assert not app.exception
    app.session_state[Keys.COLOUR] = "false_colour"
    app.run()
    assert "no near infrared" in texts(app.caption)


@pytest.mark.usefixtures("served")
def test_without_a_chosen_model_the_imagery_stays(app: AppTest, jobs: FakeJobs) -> None:
    app.run()
    app.pills(key=Keys.MODELS).set_value([]).run()
    assert not app.exception
    assert metrics(app)["Farmland"] == "–"
    assert jobs.jobs == []


def test_without_models_the_page_says_how_to_get_one(
    app: AppTest, served: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SATSEG_MODELS", str(tmp_path / "none"))
    app.run()
    assert not app.exception
    assert "satseg train" in texts(app.info)
    assert str(tmp_path / "none") in texts(app.info)


def test_without_scenes_the_page_says_which_command_adds_them(
    app: AppTest, served_own: Path
) -> None:
    catalog = Catalog.open(served_own)
    for scene in catalog.scenes():
        catalog.remove_scene(scene.id)
    app.run()
    assert not app.exception
    assert "satseg sample" in texts(app.info)
    assert len(app.metric) == 0


def test_an_unreadable_catalog_is_told_with_what_to_do(app: AppTest, served_own: Path) -> None:
    (served_own / "scenes" / "chongming-2016-05-03" / "chongming-2016-05-03.json").write_text("{")
    app.run()
    assert not app.exception
    assert "What to do" in texts(app.error)
    assert "Traceback" not in texts(app.error)


def test_an_error_of_the_dashboard_shows_no_traceback(
    app: AppTest, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.explore.choose", lambda *args: 1 / 0)
    app.run()
    assert not app.exception
    assert "server's log" in texts(app.error)


def without_predictions(root: Path) -> None:
    catalog = Catalog.open(root)
    for prediction in catalog.predictions():
        catalog._store.remove("predictions", prediction.id)


def test_eight_views_are_computed_and_told_apart_from_the_plain_map(
    app: AppTest, jobs: FakeJobs, served_own: Path
) -> None:
    app.run()
    plain = metrics(app)["Farmland"]
    app.toggle(key=Keys.AUGMENT).set_value(True).run()
    assert not app.exception
    assert [(job.scene_id, job.model_ids) for job in jobs.jobs] == [
        ("chongming-2025-04-30", ("farmnet@d4",))
    ]
    assert metrics(app)["Farmland"] == "–"
    catalog = Catalog.open(served_own)
    scene = catalog.scene("chongming-2016-05-03")
    (source,) = catalog.predictions(scene.id, "farmnet")
    made = recipe(["farmnet@d4"])
    record = catalog.add_prediction(
        "chongming-2025-04-30",
        made.model_id,
        weights_sha256=made.weights_sha256,
        probability=source.probability,
        runtime="by hand",
    )
    jobs.change(jobs.jobs[0].id, state="done")
    app.run()
    assert metrics(app)["Farmland"] not in ("–", plain)
    assert "`chongming-2025-04-30-farmnet-d4-t0.50.png`" in texts(app.caption)
    assert record.model_id == "farmnet@d4"
    app.toggle(key=Keys.AUGMENT).set_value(False).run()
    assert metrics(app)["Farmland"] == plain
