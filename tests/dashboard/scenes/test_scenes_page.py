import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from scenes_page import html_of, said, section, take
from streamlit.testing.v1 import AppTest

from dashboard.scene_text import clock, duration, in_bytes
from dashboard.session import Keys
from dashboard.words import words
from satseg.catalog import Catalog
from satseg.catalog_removal import remove_scene
from satseg.jobs import JobFiles, Jobs
from satseg.recipes import recipe

LAST = "chongming-2025-04-30"


def test_each_scene_is_listed_with_what_is_known_of_it(app: AppTest) -> None:
    section(app, "catalog")
    text = html_of(app)
    assert "Scenes: 8 · regions: 2 · from 2016-05-03 to 2025-04-30" in text
    assert text.count("thumbnails/") == 8
    for part in ("8 bands", "3 bands", "EPSG:32651", "0.60 m", "128 × 128 px", "100 % with data"):
        assert part in text
    assert "FarmNet" in text
    assert "U-Net 8" in text
    assert "cloud not told" in text


def test_scenes_are_found_by_region_and_words(app: AppTest) -> None:
    app.session_state[Keys.SCENE_REGION] = "qingpu"
    section(app, "catalog")
    assert html_of(app).count("thumbnails/") == 4
    app.text_input(key=Keys.SCENE_TEXT).set_value("2019 NIR2 青浦").run()
    assert html_of(app).count("thumbnails/") == 1
    app.text_input(key=Keys.SCENE_TEXT).set_value("nothing").run()
    assert "No scene fits" in said(app)


def test_an_empty_catalog_leads_to_adding(app: AppTest, served_own: Path) -> None:
    catalog = Catalog.open(served_own)
    for scene in catalog.scenes():
        catalog.remove_scene(scene.id)
    section(app, "catalog")
    assert "There are no scenes yet" in said(app)
    app.button[0].click().run()
    assert app.session_state[Keys.SECTION] == "add"


def test_a_scene_leads_to_explore_at_its_place_and_date(app: AppTest) -> None:
    section(app, "catalog")
    app.button(key="explore_qingpu-2019-04-12").click().run()
    assert app.session_state[Keys.REGION] == "qingpu"
    assert app.session_state[Keys.DATE] == "2019-04-12"


def test_removing_asks_first_and_says_what_is_lost(app: AppTest, served_own: Path) -> None:
    jobs = Jobs(served_own)
    job_id = jobs.submit("chongming-2019-04-12", ["unet8", "farmnet"])
    section(app, "catalog")
    app.button(key="remove_chongming-2019-04-12").click().run()
    told = "\n".join(item.value for item in app.markdown)
    assert "2 maps (predictions)" in told
    assert "The bin keeps it 14 days" in told
    assert "1 running or waiting jobs are cancelled" in told
    assert "the image file stays where it is" in told
    assert len(Catalog.open(served_own).scenes()) == 8
    app.button(key="remove_yes").click().run()
    assert not app.exception
    left = Catalog.open(served_own)
    assert len(left.scenes()) == 7
    assert left.predictions("chongming-2019-04-12") == []
    assert jobs.get(job_id).state == "cancelled"
    app.button(key="undo_remove_scene").click().run()
    assert not app.exception
    assert len(left.scenes()) == 8
    assert len(left.predictions("chongming-2019-04-12")) == 2
    assert not [button for button in app.button if button.key == "undo_remove_scene"]


def test_the_bin_lists_what_others_removed_and_restores_or_empties(
    app: AppTest, served_own: Path
) -> None:
    catalog = Catalog.open(served_own)
    section(app, "bin")
    assert "The bin is empty" in said(app)
    for scene_id in ("qingpu-2016-05-03", "qingpu-2019-04-12"):
        last = remove_scene(catalog, scene_id)
    app.run()
    assert "2 removed" in html_of(app)
    assert "maps: 2" in html_of(app)
    app.button(key=f"restore_{last.id}").click().run()
    assert not app.exception
    assert [scene.id for scene in catalog.scenes("qingpu")][:1] == ["qingpu-2019-04-12"]
    app.button(key="bin_empty_yes").click().run()
    assert "The bin is empty" in said(app)
    app.session_state[Keys.LANGUAGE] = "zh"
    app.run()
    assert "回收站为空" in said(app)


def test_eight_views_are_a_switch_and_their_maps_are_others(app: AppTest, served_own: Path) -> None:
    section(app, "catalog")
    app.session_state[Keys.RUN_MODELS] = ["farmnet"]
    app.run()
    assert app.button(key="run").disabled
    app.toggle(key=Keys.RUN_AUGMENT).set_value(True).run()
    assert app.button(key="run").label == "Run on all without a map (8)"
    catalog = Catalog.open(served_own)
    scene = catalog.scene("qingpu-2016-05-03")
    (plain,) = catalog.predictions(scene.id, "farmnet")
    made = recipe(["farmnet@d4"])
    catalog.add_prediction(
        scene.id,
        made.model_id,
        weights_sha256=made.weights_sha256,
        probability=plain.probability,
        runtime="by hand",
    )
    app.run()
    assert app.button(key="run").label == "Run on all without a map (7)"
    assert "FarmNet · 8 views" in html_of(app)


def test_models_run_on_the_chosen_scenes_and_skip_what_is_done(
    app: AppTest, served_own: Path
) -> None:
    section(app, "catalog")
    assert app.button(key="run").label == "Nothing to run"
    assert app.button(key="run").disabled
    assert "8 have this map already" in html_of(app)
    app.session_state[Keys.RUN_MODELS] = ["unet8"]
    app.run()
    assert "Skipped: 6 have this map already · 2 lack a band." in html_of(app)
    app.session_state[Keys.RUN_MODELS] = ["unet8", "farmnet"]
    app.run()
    assert app.button(key="run").label == "Run on all without a map (6)"
    app.checkbox(key="pick_qingpu-2016-05-03").check().run()
    app.checkbox(key=f"pick_{LAST}").check().run()
    assert app.button(key="run").label == "Run on 1 chosen"
    app.button(key="run").click().run()
    (job,) = Jobs(served_own).list()
    assert (job.scene_id, job.model_ids) == ("qingpu-2016-05-03", ("farmnet", "unet8"))
    assert not app.checkbox(key=f"pick_{LAST}").value
    assert "1 under way" in html_of(app)


def test_all_listed_scenes_are_chosen_at_once(app: AppTest) -> None:
    app.session_state[Keys.SCENE_REGION] = "qingpu"
    section(app, "catalog")
    app.checkbox(key="pick_all").check().run()
    assert len(app.session_state[Keys.PICKED]) == 4
    app.checkbox(key="pick_all").uncheck().run()
    assert app.session_state[Keys.PICKED] == set()


def test_a_choice_survives_another_page_of_the_list(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.scene_list.PER_PAGE", 3)
    section(app, "catalog")
    assert html_of(app).count("thumbnails/") == 3
    app.checkbox(key="pick_chongming-2016-05-03").check().run()
    app.session_state[Keys.SCENE_PAGE] = 3
    app.run()
    assert html_of(app).count("thumbnails/") == 2
    app.session_state[Keys.SCENE_PAGE] = 1
    app.run()
    assert app.checkbox(key="pick_chongming-2016-05-03").value


@pytest.fixture
def jobs_in_each_state(served_own: Path, app: AppTest) -> Callable[[], dict[str, str]]:
    def write() -> dict[str, str]:
        jobs, files = Jobs(served_own), JobFiles(served_own)
        wanted = ("done", "failed", "cancelled", "queued", "running")
        ids = {}
        for number, state in enumerate(wanted):
            scene = ("chongming", "qingpu")[number % 2] + "-2016-05-03"
            job_id = jobs.submit(scene, ["farmnet"], weights=[number + 1.0])
            job = files.read(job_id)
            if state == "running":
                job = job.entered("running", done=30, total=100, heartbeat=time.time())
                job = replace(job, ends=time.time() + 200)
            elif state != "queued":
                failed = state == "failed"
                message = "Expected <b>memory</b>; found none. Buy some." if failed else ""
                job = job.entered("running").entered(state, message=message)
            files.write(job)
            ids[state] = job_id
        return ids

    return write


def test_jobs_show_state_progress_time_left_and_log(
    app: AppTest, served_own: Path, jobs_in_each_state: Callable[[], dict[str, str]]
) -> None:
    jobs_in_each_state()
    with JobFiles(served_own).worker_lock():
        section(app, "jobs")
        text = html_of(app)
    assert "1 running, 1 waiting" in text
    for word in ("WAITING", "RUNNING", "DONE", "FAILED", "CANCELLED"):
        assert word in text
    assert "about 3 min left" in text
    assert "number 1 in the queue" in text
    assert "&lt;b&gt;memory&lt;/b&gt;" in text
    assert text.index("RUNNING") < text.index("DONE")


def test_jobs_are_cancelled_tried_again_and_cleared(
    app: AppTest, served_own: Path, jobs_in_each_state: Callable[[], dict[str, str]]
) -> None:
    ids = jobs_in_each_state()
    jobs = Jobs(served_own)
    with JobFiles(served_own).worker_lock():
        section(app, "jobs")
        app.button(key=f"cancel_{ids['queued']}").click().run()
        assert jobs.get(ids["queued"]).state == "cancelled"
        app.button(key=f"try_again_{ids['failed']}").click().run()
        assert "queued" in {job.state for job in jobs.list()}
        app.button(key="jobs_cancel_all").click().run()
        assert {job.state for job in jobs.list()} == {"done", "cancelled"}
    app.run()
    app.button(key="jobs_clear").click().run()
    assert jobs.list() == []
    assert "No jobs yet" in said(app)


def test_the_page_speaks_chinese(app: AppTest) -> None:
    app.session_state[Keys.LANGUAGE] = "zh"
    section(app, "catalog")
    assert "崇明稻田" in html_of(app)
    assert app.button(key="explore_qingpu-2019-04-12").label == "浏览"
    take(app, "imagery/field_20200606.tif")
    assert "约 100.0 %" in html_of(app)
    section(app, "jobs")


def test_sizes_and_times_are_written_as_people_do() -> None:
    say = words("en")
    assert [in_bytes(size) for size in (950, 2_540_000, 23_300_000_000)] == [
        "950 B",
        "2.54 MB",
        "23.3 GB",
    ]
    assert [duration(s, say) for s in (0.2, 89, 200, 9000)] == ["1 s", "89 s", "3 min", "2.5 h"]
    assert len(clock(time.time())) == 8
    assert clock(0).startswith("19")
