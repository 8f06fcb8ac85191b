from pathlib import Path

import pytest
from delivery_files import write_multispectral, write_panchromatic
from scenes_page import html_of, read_typed, said, section, settled, take, write_image
from streamlit.testing.v1 import AppTest

from dashboard.session import Keys
from dashboard.shelf import desk
from satseg.catalog import Catalog


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
    typed = AppTest.from_function(read_typed, default_timeout=60)
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
