import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from shelf_files import snapshot
from streamlit.testing.v1 import AppTest

from dashboard import downloads, progress
from dashboard.downloads import FORMATS, KINDS, MIME, Wanted, made
from dashboard.session import Keys
from satseg.catalog import Catalog
from satseg.ensemble import combine
from satseg.errors import StorageError
from satseg.export.subject import Subject
from satseg.recipes import recipe
from satseg.uncertainty import UNCERTAINTIES

MAIN = Path(__file__).resolve().parents[2] / "dashboard" / "main.py"
WHAT = "download_what_en"
MODELS = ("farmnet", "unet8")

OF_OTHER_MODELS = ("classes", "disagreement", "information")
"""Kinds that a single model of farmland alone does not have."""


class NoJobs:
    """Nobody computes anything."""

    def list(self) -> list[object]:
        return []

    def submit(self, scene_id: str, model_ids: object) -> str:
        return scene_id


@pytest.fixture
def app(served: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(progress, "jobs", NoJobs)
    return AppTest.from_file(str(MAIN), default_timeout=60)


def wanted(catalog: Catalog, kind: str, form: str, **changes: object) -> Wanted:
    region = catalog.region("chongming")
    scene = catalog.scene("chongming-2025-04-30")
    (prediction,) = catalog.predictions(scene.id, "farmnet")
    shown = Subject(region, scene, prediction, 0.5, clip=region.geometry)
    options = {"min_area_m2": 0.0, "look": ("en", "ha", "true_colour", 0.55), **changes}
    return Wanted(kind=kind, form=form, maps=(shown,), **options)


def ready(app: AppTest) -> object:
    state = app.session_state
    if Keys.DOWNLOAD not in state:
        return None
    return state[Keys.DOWNLOAD]


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


def test_the_panel_names_the_file_that_it_would_make(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert "`chongming-2025-04-30-farmnet-t0.50.png`" in captions(app)
    app.selectbox(key=WHAT).set_value("series").run()
    assert "`chongming-series-farmnet-t0.50.csv`" in captions(app)
    app.selectbox(key=WHAT).set_value("mask").run()
    assert "`chongming-2025-04-30-farmnet-t0.50-mask.tif`" in captions(app)


def test_a_file_is_made_when_asked_for_and_then_offered(app: AppTest) -> None:
    app.run()
    app.selectbox(key=WHAT).set_value("polygons").run()
    assert ready(app) is None
    app.button(key="download_prepare").click().run()
    assert not app.exception
    assert not app.error
    assert ready(app).content.startswith(b"SQLite format 3")
    (button,) = app.get("download_button")
    assert button.proto.label.startswith("Save (")
    assert not [b for b in app.button if b.key == "download_prepare"]


def test_a_file_is_forgotten_as_soon_as_something_else_is_on_view(app: AppTest) -> None:
    app.run()
    app.selectbox(key=WHAT).set_value("series").run()
    app.button(key="download_prepare").click().run()
    assert ready(app).content.startswith(b"region,date,")
    app.select_slider(key=Keys.DATE).set_value("2016-05-03").run()
    app.selectbox(key=WHAT).set_value("mask").run()
    assert ready(app) is None
    assert len(app.get("download_button")) == 0


def test_the_series_has_every_chosen_model(app: AppTest) -> None:
    app.run()
    app.select_slider(key=Keys.DATE).set_value("2016-05-03").run()
    app.pills(key=Keys.MODELS).set_value(["unet8"]).run()
    app.selectbox(key=WHAT).set_value("series").run()
    app.button(key="download_prepare").click().run()
    lines = ready(app).content.decode().splitlines()
    assert len(lines) == 4
    assert all(",unet8," in line for line in lines[1:])


def test_without_a_map_there_is_nothing_to_download(app: AppTest) -> None:
    app.run()
    app.pills(key=Keys.MODELS).set_value([]).run()
    assert not app.exception
    assert "There is no farmland map of this date yet" in captions(app)
    app.pills(key=Keys.MODELS).set_value(["unet8"]).run()  # its bands are not in the latest scene
    assert "There is no farmland map of this date yet" in captions(app)


def test_an_ensemble_has_all_kinds_of_uncertainty_and_a_single_model_entropy(
    monkeypatch: pytest.MonkeyPatch, served_own: Path, tmp_path: Path
) -> None:
    catalog = Catalog.open(served_own)
    scene = catalog.scene("chongming-2016-05-03")
    sources = [catalog.predictions(scene.id, model)[0].probability for model in MODELS]
    layers = {kind: tmp_path / f"{kind}.tif" for kind in UNCERTAINTIES}
    combine(sources, tmp_path / "both.tif", uncertainties=layers)
    both = recipe(MODELS)
    record = catalog.add_prediction(
        scene.id,
        both.model_id,
        weights_sha256=both.weights_sha256,
        probability=tmp_path / "both.tif",
        runtime="by hand",
        members=both.members,
        layers=layers,
    )
    monkeypatch.setattr(progress, "jobs", NoJobs)
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.run()
    app.select_slider(key=Keys.DATE).set_value("2016-05-03").run()
    assert "Uncertainty: entropy" in app.selectbox(key=WHAT).options
    assert "Uncertainty: disagreement" not in app.selectbox(key=WHAT).options
    app.pills(key=Keys.MODELS).set_value(list(MODELS)).run()
    for kind in UNCERTAINTIES:
        app.selectbox(key=WHAT).set_value(kind).run()
        app.button(key="download_prepare").click().run()
        assert not app.error
        (tmp_path / "got.tif").write_bytes(ready(app).content)
        with rasterio.open(tmp_path / "got.tif") as got, rasterio.open(layers[kind]) as old:
            assert np.array_equal(got.read(1), old.read(1))
            assert got.scales == old.scales
            assert got.tags()["SATSEG_PREDICTION_ID"] == record.id
            assert kind in captions(app)
    app.pills(key=Keys.MODELS).set_value(["farmnet"]).run()
    assert not app.exception
    assert app.selectbox(key=WHAT).value == "figure"


def test_the_panel_speaks_chinese(app: AppTest) -> None:
    app.session_state[Keys.LANGUAGE] = "zh"
    app.run()
    assert not app.exception
    assert app.selectbox(key="download_what_zh").options[0] == "图件"
    assert app.button(key="download_prepare").label == "生成"


def test_an_error_is_told_in_words(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_PIXELS", 100)
    app.run()
    app.selectbox(key=WHAT).set_value("polygons").run()
    app.button(key="download_prepare").click().run()
    (error,) = app.error
    assert "128 x 128 pixels" in error.value
    assert "satseg export polygons --scene chongming-2025-04-30 -m farmnet" in error.value
    assert ready(app) is None
    assert not app.exception


def test_an_unexpected_failure_is_no_traceback(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("boom")

    monkeypatch.setattr(downloads, "made", broken)
    app.run()
    app.button(key="download_prepare").click().run()
    assert "an error of its own" in app.error[0].value
    assert "boom" not in app.error[0].value


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in OF_OTHER_MODELS])
def test_every_kind_and_form_can_be_made_and_leaves_nothing(
    kind: str, served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    catalog = Catalog.open(served, create=False)
    catalog.area(wanted(catalog, kind, "").maps[0].prediction.id, "chongming")
    before = snapshot(served)
    monkeypatch.chdir(tmp_path)
    for form in FORMATS[kind]:
        if form in ("print", "pdf"):  # made by the tests of satseg.export
            continue
        asked = wanted(catalog, kind, form)
        assert len(made(asked, lambda done, total: None)) > 100
        assert asked.ending in MIME
    assert list(scratch.iterdir()) == []
    assert snapshot(served) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"scratch", "models"}


@pytest.mark.parametrize("kind", ["mask", "probability", "entropy"])
def test_a_file_too_large_for_a_browser_is_refused(
    kind: str, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Catalog.open(served, create=False)
    monkeypatch.setattr(downloads, "MOST_BYTES", 100)
    with pytest.raises(StorageError, match=f"Run 'satseg export raster {kind} --scene"):
        made(wanted(catalog, kind, "tif"), lambda done, total: None)


def test_an_area_of_interest_names_the_file(catalog: Catalog) -> None:
    asked = wanted(catalog, "mask", "tif")
    region = asked.maps[0].region
    area = shapely.box(*region.geometry.bounds)
    own = replace(asked, maps=(replace(asked.maps[0], clip=area, clip_name="my-field"),))
    assert own.name == "my-field-2025-04-30-farmnet-t0.50-mask.tif"
    assert own.key != asked.key
