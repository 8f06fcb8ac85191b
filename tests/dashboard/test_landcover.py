from pathlib import Path

import numpy as np
import pytest
import rasterio
import tomli_w
from small_catalog import CRS, DATES, GSD_M, PLACES
from streamlit.testing.v1 import AppTest
from test_explore import MAIN, FakeJobs, texts

from dashboard import progress
from dashboard.session import Keys
from satseg.catalog import Catalog
from satseg.class_raster import class_rows
from satseg.grids import Grid
from satseg.legend import legend_of

SIZE = 128
LEGEND = legend_of(("farmland", "water", "tree"))
SHA256 = "c" * 64


def card() -> dict[str, object]:
    return {
        "id": "landcover",
        "title": "Land cover",
        "summary": "Made by hand for tests.",
        "architecture": "unet",
        "arguments": {"classes": 3},
        "classes": LEGEND.table(),
        "bands": ["red", "green", "blue"],
        "gsd_m": GSD_M,
        "patch_px": 256,
        "overlap_px": 32,
        "threshold": 0.5,
        "licence": "MIT",
        "weights": {"file": "model.safetensors", "sha256": SHA256},
        "training": {},
    }


def add_classes(catalog: Catalog, folder: Path) -> None:
    """Register a map of classes for each date of Chongming: water on the right, a tree row."""
    place = PLACES[0]
    grid = Grid(CRS, (GSD_M, 0, place.easting, 0, -GSD_M, place.northing), SIZE, SIZE)
    for number, date in enumerate(DATES):
        codes = np.full((SIZE, SIZE), 1, dtype=np.uint8)
        codes[:, SIZE - SIZE // 8 * (number + 1) :] = 2
        codes[:16] = 5
        raster, probability = folder / f"{date}.tif", folder / f"{date}-p.tif"
        with class_rows(raster, grid, LEGEND, {}) as rows:
            rows.write(codes)
        with rasterio.open(raster) as source:
            profile = source.profile | {"driver": "GTiff", "nodata": 255}
        profile.pop("blockxsize"), profile.pop("blockysize"), profile.pop("tiled", None)
        with rasterio.open(probability, "w", **profile) as target:
            target.write(np.where(codes == 1, 230, 20).astype(np.uint8), 1)
        catalog.add_prediction(
            f"{place.id}-{date}",
            "landcover",
            weights_sha256=SHA256,
            probability=probability,
            runtime="by hand",
            parameters={"classes": LEGEND.table()},
            layers={"classes": raster},
        )


@pytest.fixture
def app(served_own: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with a model that tells classes apart, chosen."""
    monkeypatch.setattr(progress, "jobs", FakeJobs)
    home = models / "landcover"
    home.mkdir()
    (home / "model.safetensors").write_bytes(b"")
    (home / "card.toml").write_text(tomli_w.dumps(card()), encoding="utf-8")
    add_classes(Catalog.open(served_own), tmp_path)
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.run()
    app.pills(key=Keys.MODELS).set_value(["landcover"]).run()
    assert not app.exception
    return app


def test_the_areas_of_all_classes_are_shown_in_the_unit_chosen(app: AppTest) -> None:
    shown = texts(app.get("html"))
    assert "Land cover</h2>" in shown
    for name, share in (("Farmland", "43.7 %"), ("Water", "43.8 %"), ("Trees", "12.5 %")):
        row = shown.partition(f"</span>{name}</th>")[2].partition("</tr>")[0]
        assert share in row, (name, row)
    water_ha = SIZE * SIZE * 0.4375 * GSD_M**2 / 1e4
    assert f"<td>{water_ha:.2f}</td>" in shown
    app.segmented_control(key=Keys.UNIT).set_value("mu").run()
    assert f"<td>{water_ha * 15:.2f}</td>"[:-6] in texts(app.get("html"))


def test_a_model_of_farmland_only_shows_no_classes(app: AppTest) -> None:
    app.pills(key=Keys.MODELS).set_value(["farmnet"]).run()
    assert not app.exception
    assert "Land cover</h2>" not in texts(app.get("html"))
    assert not [box for box in app.selectbox if str(box.key).startswith(Keys.CHARTED)]


def test_the_chart_shows_one_class_or_all_of_them(app: AppTest) -> None:
    box = app.selectbox(key=f"{Keys.CHARTED}_en")
    assert box.options == [
        "Farmland (p ≥ threshold)",
        "All classes, stacked",
        "Farmland",
        "Water",
        "Trees",
    ]
    box.set_value("water").run()
    assert not app.exception
    spec = app.get("plotly_chart")[0].proto.spec
    assert '"name":"Water"' in spec
    assert LEGEND.entries[1].colour in spec
    app.selectbox(key=f"{Keys.CHARTED}_en").set_value("stacked").run()
    spec = app.get("plotly_chart")[0].proto.spec
    assert spec.count('"type":"bar"') == 3
    assert '"barmode":"stack"' in spec


def test_chinese_names_every_class(app: AppTest) -> None:
    app.segmented_control(key=Keys.LANGUAGE).set_value("zh").run()
    assert not app.exception
    shown = texts(app.get("html"))
    assert "水体" in shown and "林木" in shown  # noqa: PT018


def test_the_map_is_offered_the_classes_with_their_colours(app: AppTest) -> None:
    from dashboard.paints import paints
    from dashboard.shelf import shelf
    from dashboard.words import words

    catalog = shelf().catalog
    scene = catalog.scene(f"{PLACES[0].id}-{DATES[-1]}")
    prediction = catalog.find_prediction(scene.id, "landcover", SHA256)
    import streamlit as st

    st.session_state[Keys.LANGUAGE] = "en"
    found = paints(shelf().tiles, scene, prediction, words("en"))
    assert [one["kind"] for one in found] == ["classes", "entropy"]
    assert found[0]["classes"][1] == {"code": 2, "colour": [0, 80, 168], "name": "Water"}
    assert f"/tiles/{prediction.id}/classes/" in found[0]["source"]["url"]


def test_the_raster_of_classes_is_offered_for_download(app: AppTest) -> None:
    box = next(one for one in app.selectbox if str(one.key).startswith("download_what"))
    assert "Classes" in box.options
    box.set_value("classes").run()
    assert not app.exception
    assert any("landcover" in str(one.value) and "-classes.tif" in one.value for one in app.caption)
