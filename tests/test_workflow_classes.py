import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from landcover_models import KEYS, legend, write_class_model
from shapely.geometry import box
from shelf_files import write_scene
from shelf_models import write_model

from satseg.catalog import Catalog
from satseg.cli import main
from satseg.errors import BandError, CatalogError, ModelError
from satseg.evaluation import ByModel, EvaluationSet, measure
from satseg.runtime import load_predictor
from satseg.tiles import TileSource
from satseg.workflow import predict_to_catalog, series
from satseg.workflow_classes import areas_in_region, class_series
from satseg.zoo.card import load_card


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_class_model(folder)
    write_model(folder, "one", seed=1)
    return folder


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.open(tmp_path / "catalog")
    for index, day in enumerate(("2015-06-06", "2020-06-06")):
        image = write_scene(tmp_path / f"s{index}.tif", seed=index)
        catalog.add_scene(image, date=day, region_id="s0" if index else None)
    return catalog


@pytest.fixture
def run(catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SATSEG_CATALOG", str(catalog.root))
    monkeypatch.setenv("SATSEG_MODELS", str(models))
    monkeypatch.chdir(tmp_path)

    def start(*arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return int(ended.value.code or 0)

    return start


def pixels(path: Path) -> np.ndarray:
    with rasterio.open(path) as source:
        return source.read(1)


def test_the_catalog_keeps_the_map_of_classes_with_its_legend(
    catalog: Catalog, models: Path
) -> None:
    record = predict_to_catalog(catalog, "s0", ["landcover"], models=models)
    assert record == catalog.prediction(record.id)
    assert record.legend == legend()
    assert record.layers == {}
    assert record.classes is not None
    assert set(np.unique(pixels(record.classes))) <= set(legend().codes)
    item = json.loads((record.classes.parent / f"{record.id}.json").read_text())
    assert item["assets"]["classes"]["file:checksum"].startswith("1220")
    assert record.classes.name == "classes.tif"


def test_a_model_of_farmland_only_has_no_map_of_classes(catalog: Catalog, models: Path) -> None:
    record = predict_to_catalog(catalog, "s0", ["one"], models=models)
    assert (record.classes, record.legend) == (None, None)
    with pytest.raises(CatalogError, match="without a map of classes"):
        catalog.area(record.id, "s0", kind="classes")
    with pytest.raises(ModelError, match="model with classes"):
        areas_in_region(catalog, record, "s0")


def test_tiles_of_classes_are_codes(catalog: Catalog, models: Path) -> None:
    from io import BytesIO

    import morecantile
    from PIL import Image

    record = predict_to_catalog(catalog, "s0", ["landcover"], models=models)
    tiles = TileSource(catalog)
    where = tiles.coverage(record.id, "classes")
    west, south, east, north = where.bounds
    grid = morecantile.tms.get("WebMercatorQuad")
    tile = grid.tile((west + east) / 2, (south + north) / 2, where.max_zoom)
    content = tiles.tile(record.id, "classes", tile.z, tile.x, tile.y).content
    with Image.open(BytesIO(content)) as image:
        shown = set(np.unique(np.asarray(image)).tolist())
    assert shown - {255}
    assert shown <= {*legend().codes.tolist(), 255}
    tiles.close()


def test_the_display_copy_has_no_class_that_the_map_lacks(catalog: Catalog, models: Path) -> None:
    record = predict_to_catalog(catalog, "s0", ["landcover"], models=models)
    assert record.classes is not None
    shown = pixels(record.classes.with_name("classes_display.tif"))
    assert set(np.unique(shown)) - {255} <= set(np.unique(pixels(record.classes)))


def test_areas_of_classes_fill_what_was_seen(catalog: Catalog, models: Path) -> None:
    for scene in ("s0", "s1"):
        predict_to_catalog(catalog, scene, ["landcover"], models=models)
    frame = class_series(catalog)
    assert list(frame["class"][:7]) == list(KEYS)
    assert len(frame) == 14
    for _, rows in frame.groupby("scene_id"):
        assert rows["share"].sum() == pytest.approx(1)
    farmland = series(catalog, threshold=0.0)
    total = frame[frame["scene_id"] == "s0"]["area_m2"].sum()
    assert total == pytest.approx(farmland.set_index("scene_id")["area_m2"]["s0"])


def test_areas_within_an_outline_are_measured_there(catalog: Catalog, models: Path) -> None:
    record = predict_to_catalog(catalog, "s0", ["landcover"], models=models)
    west, south, east, north = catalog.scene("s0").footprint.bounds
    half = box(west, south, (west + east) / 2, north)
    whole = class_series(catalog)["area_m2"].sum()
    assert class_series(catalog, within=half)["area_m2"].sum() == pytest.approx(whole / 2, rel=0.02)
    assert areas_in_region(catalog, record, "s0").region_m2 >= whole


def test_an_ensemble_takes_a_model_with_classes_as_any_other(
    catalog: Catalog, models: Path
) -> None:
    record = predict_to_catalog(catalog, "s0", ["landcover", "one"], models=models)
    assert record.classes is None
    assert set(record.layers) == {"disagreement", "entropy", "information"}


def test_bands_that_a_scene_lacks_are_named(catalog: Catalog, models: Path, tmp_path: Path) -> None:
    image = write_scene(tmp_path / "grey.tif", bands=1)
    catalog.add_scene(image, date="2021-01-01", bands=("nir1",))
    with pytest.raises(BandError, match="red"):
        predict_to_catalog(catalog, "grey", ["landcover"], models=models)


def test_the_command_shows_areas_by_class(run, catalog: Catalog, models: Path, capsys) -> None:
    assert run("area", "--classes") == 1
    assert "prediction by a model with classes" in capsys.readouterr().err
    predict_to_catalog(catalog, "s0", ["landcover"], models=models)
    assert run("area", "--classes", "--csv", "classes.csv") == 0
    assert "likeliest class" in capsys.readouterr().out
    assert Path("classes.csv").read_text().count("landcover") == 7
    assert run("area", "--classes", "--json") == 0
    assert [row["class"] for row in json.loads(capsys.readouterr().out)] == list(KEYS)
    assert run("area", "--classes", "--threshold", "0.4") == 1
    assert "likeliest class" in capsys.readouterr().err


def test_the_command_exports_the_map_of_classes(
    run, catalog: Catalog, models: Path, capsys
) -> None:
    record = predict_to_catalog(catalog, "s0", ["landcover"], models=models)
    predict_to_catalog(catalog, "s0", ["one"], models=models)
    arguments = ("export", "raster", "classes", "--scene", "s0", "-o", "c.tif", "--whole")
    assert run(*arguments, "-m", "landcover") == 0
    with rasterio.open("c.tif") as found, rasterio.open(record.classes) as kept:
        np.testing.assert_array_equal(found.read(1), kept.read(1))
        assert found.colormap(1)[1] == kept.colormap(1)[1]
        assert found.tags()["SATSEG_CLASSES"] == kept.tags()["SATSEG_CLASSES"]
        assert found.tags()["SATSEG_CONTENT"].startswith("land cover: 1 farmland, 2 water")
    assert run(*arguments, "-m", "one", "--force") == 1
    assert "model with classes" in capsys.readouterr().err


def test_simulated_truth_measures_every_class(models: Path, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif")
    truth = tmp_path / "truth.tif"
    card = load_card(models / "landcover")
    predictor = load_predictor(card, runtime="torch", device="cpu")
    mapper = ByModel(predictor)
    from satseg.scene import open_scene

    mapper(open_scene(scene), tmp_path / "p.tif")
    with rasterio.open(tmp_path / "classes.tif") as source:
        profile, codes = source.profile, source.read(1)
    codes[0] = 0  # unlabelled
    with rasterio.open(truth, "w", driver="GTiff", **_plain(profile)) as target:
        target.write(codes, 1)
    data = EvaluationSet("sim", "simulated", "held-out", "")
    row = measure(mapper, data, folder=None, simulated=[(scene, truth)]).row()
    assert row["mean_iou"] == 1.0
    shown = {entry.key for entry in legend().entries if entry.land.code in codes}
    assert set(row["class_iou"]) == shown


def _plain(profile: dict[str, object]) -> dict[str, object]:
    kept = ("height", "width", "count", "dtype", "crs", "transform")
    return {key: profile[key] for key in kept}
