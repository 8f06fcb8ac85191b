import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from small_catalog import CRS, GSD_M, PLACES
from streamlit.testing.v1 import AppTest

DELIVERIES = str(Path(__file__).resolve().parents[1] / "deliveries")
if DELIVERIES not in sys.path:
    sys.path.insert(0, DELIVERIES)

from delivery_files import write_multispectral, write_panchromatic  # noqa: E402

from dashboard import shelf as shelves  # noqa: E402
from dashboard.scene_text import clock, duration, in_bytes  # noqa: E402
from dashboard.session import Keys  # noqa: E402
from dashboard.shelf import desk  # noqa: E402
from dashboard.words import words  # noqa: E402
from satseg.catalog import Catalog  # noqa: E402
from satseg.catalog_removal import remove_scene  # noqa: E402
from satseg.intake import Status  # noqa: E402
from satseg.intake.status import ACTIVE  # noqa: E402
from satseg.jobs import JobFiles, Jobs  # noqa: E402
from satseg.recipes import recipe  # noqa: E402

LAST = "chongming-2025-04-30"


def _page() -> None:
    import streamlit as st

    from dashboard import scenes
    from dashboard.session import Keys

    st.session_state.setdefault(Keys.LANGUAGE, "en")
    scenes.page()


def _typed() -> None:
    """Do what the button beside the path does; AppTest can type no new option into a list."""
    import streamlit as st

    from dashboard.notices import attempt, show_failed
    from dashboard.scene_adding import _take
    from dashboard.words import words

    attempt(_take)
    show_failed(words("en"))
    st.stop()


@pytest.fixture
def imagery(tmp_path: Path) -> Path:
    """A folder of the operator with one image in the middle of Chongming's region."""
    folder = tmp_path / "imagery"
    folder.mkdir()
    write_image(folder / "field_20200606.tif")
    return folder


@pytest.fixture
def app(served_own: Path, imagery: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("SATSEG_SCENE_FOLDERS", str(imagery))
    monkeypatch.setenv("SATSEG_SCENE_HOSTS", "data.example.org")
    monkeypatch.setattr(Jobs, "_ensure_worker", lambda self: None)
    shelves._desk.cache_clear()
    yield AppTest.from_function(_page, default_timeout=60)
    desk().close()
    shelves._desk.cache_clear()


def write_image(path: Path, *, bands: int = 4, tags: dict[str, str] | None = None) -> None:
    rng = np.random.default_rng(7)
    profile = {
        "driver": "GTiff",
        "count": bands,
        "height": 80,
        "width": 80,
        "dtype": "uint16",
        "crs": CRS,
        "transform": from_origin(PLACES[0].easting, PLACES[0].northing, GSD_M, GSD_M),
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(rng.integers(100, 2000, (bands, 80, 80)).astype(np.uint16))
        target.update_tags(**(tags or {}))


def section(app: AppTest, name: str) -> AppTest:
    app.session_state[Keys.SECTION] = name
    app.run()
    assert not app.exception
    return app


def html_of(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def said(app: AppTest) -> str:
    return "\n".join(
        str(item.value) for kind in (app.error, app.info, app.warning) for item in kind
    )


def settled(app: AppTest) -> Status:
    """Wait until what is on the desk is ready or has failed, and draw it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (status,) = desk().statuses()
        if status.state not in ACTIVE:
            app.run()
            assert not app.exception
            return status
        time.sleep(0.02)
    raise AssertionError(desk().statuses())


def take(app: AppTest, name: str) -> Status:
    section(app, "add")
    app.session_state[Keys.WAY] = "folder"
    app.run()
    app.session_state[Keys.SERVER_PATH] = name
    app.button(key="folder_read").click().run()
    return settled(app)


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


def test_an_image_is_previewed_corrected_and_added(app: AppTest, served_own: Path) -> None:
    status = take(app, "imagery/field_20200606.tif")
    key = status.arrival.id
    text = html_of(app)
    for part in (
        "4 bands: red, green, blue, nir1",
        "the usual order, please check",
        "2020-06-06",
        "from the file&#x27;s name, please check",
        "EPSG:32651",
        "0.60 m",
        "80 × 80 pixels",
        "about 100.0 %",
        "0 in all bands",
        "Chongming paddies",
        "satseg-where",
    ):
        assert part in text
    assert len(Catalog.open(served_own).scenes()) == 8
    app.selectbox(key=f"order_{key}").set_value("blue,green,red,nir1").run()
    app.text_input(key=f"title_{key}").set_value("North field").run()
    app.button(key=f"add_{key}").click().run()
    added = settled(app)
    assert added.state == "added"
    scene = Catalog.open(served_own).scene(added.scene_id)
    assert (scene.title, scene.region_id) == ("North field", "chongming")
    assert scene.bands == ("blue", "green", "red", "nir1")
    assert str(scene.date) == "2020-06-06"
    app.button(key=f"listed_{key}").click().run()
    assert app.session_state[Keys.SECTION] == "catalog"
    assert "North field" in html_of(app)
    assert desk().statuses() == []


def test_what_nobody_tells_must_be_given_before_adding(app: AppTest, imagery: Path) -> None:
    write_image(imagery / "x.tif", bands=2)
    key = take(app, "imagery/x.tif").arrival.id
    assert app.button(key=f"add_{key}").disabled
    assert "Give the order of the bands first." in html_of(app)
    app.selectbox(key=f"order_{key}").set_value("other").run()
    app.text_input(key=f"bands_{key}").set_value("red, infra").run()
    assert "Found: 'infra'" in said(app)
    app.text_input(key=f"bands_{key}").set_value("Red, NIR").run()
    assert "Give the day of acquisition first." in html_of(app)
    app.date_input(key=f"date_{key}").set_value("2021-02-03").run()
    assert not app.button(key=f"add_{key}").disabled
    app.button(key=f"discard_{key}").click().run()
    assert desk().statuses() == []
    assert (imagery / "x.tif").is_file()


def test_a_new_region_gets_the_names_that_are_given(app: AppTest, served_own: Path) -> None:
    key = take(app, "imagery/field_20200606.tif").arrival.id
    app.selectbox(key=f"home_en_{key}").set_value("").run()
    app.text_input(key=f"region_en_{key}").set_value("North").run()
    app.text_input(key=f"region_zh_{key}").set_value("北部").run()
    app.button(key=f"add_{key}").click().run()
    scene = Catalog.open(served_own).scene(settled(app).scene_id)
    region = Catalog.open(served_own).region(scene.region_id)
    assert (region.name_en, region.name_zh) == ("North", "北部")


def test_a_delivery_is_described_sharpened_and_added(
    app: AppTest, imagery: Path, served_own: Path
) -> None:
    write_multispectral(imagery / "order" / "P001_MUL")
    write_panchromatic(imagery / "order" / "P001_PAN")
    key = take(app, "imagery/order").arrival.id
    for part in ("multispectral, 2 tiles", "2015-06-06 02:41:00 UTC", "1.2%", "EPSG:32651"):
        assert part in html_of(app)
    app.text_input(key=f"title_{key}").set_value("Order").run()
    app.toggle(key=f"sharpen_{key}").set_value(True).run()
    app.number_input(key=f"gsd_{key}").set_value(1.2).run()
    app.button(key=f"add_{key}").click().run()
    scene = Catalog.open(served_own).scene(settled(app).scene_id)
    assert (scene.title, scene.cloud_percent) == ("Order", 1.2)
    assert scene.gsd_m == pytest.approx(1.2, rel=0.01)
    app.button(key=f"listed_{key}").click().run()
    assert "worldview-3" in html_of(app)
    assert "1 % cloud" in html_of(app)


def test_a_file_that_cannot_be_used_says_why(app: AppTest, imagery: Path) -> None:
    (imagery / "page.tif").write_text("<!doctype html>")
    status = take(app, "imagery/page.tif")
    assert "begins with" in said(app)
    write_image(imagery / "page.tif")
    app.button(key=f"try_again_{status.arrival.id}").click().run()
    assert settled(app).state == "ready"


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd", "../secret.tif", "/vsicurl/https://evil.net/a.tif", "file:///etc/passwd"],
)
def test_a_path_outside_of_the_folders_is_refused(app: AppTest, text: str) -> None:
    typed = AppTest.from_function(_typed, default_timeout=60)
    typed.session_state[Keys.SERVER_PATH] = text
    typed.run()
    assert "a path below" in said(typed)
    assert desk().statuses() == []


def test_an_address_elsewhere_is_refused(app: AppTest) -> None:
    section(app, "add")
    app.session_state[Keys.WAY] = "url"
    app.run()
    app.text_input(key=Keys.ADDRESS).set_value("https://127.0.0.1/a.tif")
    app.button[0].click().run()
    assert "an https address at data.example.org" in said(app)
    assert desk().statuses() == []


def test_closed_doors_say_how_they_are_opened(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SATSEG_SCENE_FOLDERS")
    monkeypatch.delenv("SATSEG_SCENE_HOSTS")
    section(app, "add")
    for way, variable in (("url", "SATSEG_SCENE_HOSTS"), ("folder", "SATSEG_SCENE_FOLDERS")):
        app.session_state[Keys.WAY] = way
        app.run()
        assert variable in said(app)


def test_a_wrong_setting_of_the_operator_is_told_and_the_list_still_works(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATSEG_SCENE_MAX_MB", "many")
    section(app, "add")
    assert "SATSEG_SCENE_MAX_MB" in said(app)
    section(app, "catalog")
    assert html_of(app).count("thumbnails/") == 8
    monkeypatch.delenv("SATSEG_SCENE_MAX_MB")


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
