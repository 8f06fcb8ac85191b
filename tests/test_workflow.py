import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from shelf_files import snapshot, write_probability, write_scene
from shelf_models import write_model

from satseg import workflow
from satseg.catalog import Catalog
from satseg.ensemble_store import EnsembleStore
from satseg.errors import BandError, Cancelled, CatalogError, ModelError, SatsegError, StorageError
from satseg.pooling import Pooling
from satseg.recipes import recipe
from satseg.scene import Scene, open_scene
from satseg.workflow import is_predicted, predict_to_catalog, series
from satseg.zoo.card import read_table, write_table


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder, "one", seed=1)
    write_model(folder, "two", seed=2)
    write_model(folder, "infrared", bands=("nir1", "red"), seed=3)
    return folder


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.open(tmp_path / "catalog")
    for index, day in enumerate(("2015-06-06", "2020-06-06")):
        image = write_scene(tmp_path / f"s{index}.tif", seed=index)
        catalog.add_scene(image, date=day, region_id="s0" if index else None)
    return catalog


def values(path: Path) -> np.ndarray:
    with rasterio.open(path) as source:
        return source.read(1).astype(float)


def test_a_model_maps_a_scene_with_provenance(catalog: Catalog, models: Path) -> None:
    record = predict_to_catalog(catalog, "s0", ["one"], models=models)
    sha256 = hashlib.sha256((models / "one/weights.safetensors").read_bytes()).hexdigest()
    assert (record.scene_id, record.model_id, record.weights_sha256) == ("s0", "one", sha256)
    assert record.parameters["gsd_m"] == 0.6
    assert "cpu" in record.runtime or "cuda" in record.runtime
    with rasterio.open(record.probability) as source:
        assert source.crs == "EPSG:32651"
        assert source.tags()["SATSEG_MODEL"] == "one"
        assert source.tags()["SATSEG_WEIGHTS_SHA256"] == sha256
        assert (source.read(1) != 255).all()


def test_only_the_bands_of_the_model_are_opened(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Scene] = []

    def watched(*args: Any, **options: Any) -> Scene:
        opened.append(open_scene(*args, **options))
        return opened[-1]

    monkeypatch.setattr("satseg.scene.open_scene", watched)
    write_model(tmp_path / "models", "two", bands=("blue", "red"), seed=4)
    predict_to_catalog(catalog, "s0", ["two"], models=tmp_path / "models")
    assert [each.bands for each in opened] == [("red", "blue")]


def test_what_is_predicted_is_not_computed_again(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_predicted(catalog, "s0", ["one"], models=models)
    first = predict_to_catalog(catalog, "s0", ["one"], models=models)
    assert is_predicted(catalog, "s0", ["one"], models=models)

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(workflow, "_predict", never)
    assert predict_to_catalog(catalog, "s0", ["one"], models=models) == first


def test_new_weights_are_predicted_anew(catalog: Catalog, tmp_path: Path) -> None:
    models = tmp_path / "models"
    write_model(models, "one", seed=1)
    old = predict_to_catalog(catalog, "s0", ["one"], models=models)
    write_model(models, "one", seed=5)
    new = predict_to_catalog(catalog, "s0", ["one"], models=models)
    assert new.id != old.id
    assert not np.array_equal(values(new.probability), values(old.probability))
    assert catalog.find_prediction("s0", "one") == new


def test_an_ensemble_is_the_mean_of_its_members(catalog: Catalog, models: Path) -> None:
    seen: list[tuple[int, int]] = []
    record = predict_to_catalog(
        catalog, "s0", ["two", "one"], models=models, progress=lambda *step: seen.append(step)
    )
    assert (record.model_id, record.members) == ("ensemble-one+two", ("one", "two"))
    one, two = (catalog.find_prediction("s0", name) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    mean = (values(one.probability) + values(two.probability)) / 2
    assert np.abs(values(record.probability) - mean).max() <= 0.51
    assert seen == sorted(seen)
    assert seen[-1] == (3000, 3000)
    with rasterio.open(record.probability) as source:
        assert source.tags()["SATSEG_MODEL"] == "ensemble-one+two"


def test_weights_pull_the_ensemble_towards_a_member(catalog: Catalog, models: Path) -> None:
    record = predict_to_catalog(catalog, "s0", ["one", "two"], weights=[3, 1], models=models)
    one, two = (catalog.find_prediction("s0", name) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    mean = 0.75 * values(one.probability) + 0.25 * values(two.probability)
    assert np.abs(values(record.probability) - mean).max() <= 0.51
    assert record.parameters["weights"] == {"one": 0.75, "two": 0.25}


def test_members_that_exist_are_taken(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict_to_catalog(catalog, "s0", ["one"], models=models)
    computed = []
    real = workflow._predict

    def count(catalog: Catalog, scene: object, wanted: object, *rest: object) -> object:
        computed.append(wanted.model_id)
        return real(catalog, scene, wanted, *rest)

    monkeypatch.setattr(workflow, "_predict", count)
    predict_to_catalog(catalog, "s0", ["one", "two"], models=models)
    assert computed == ["two"]


def test_without_a_threshold_each_model_counts_by_its_own(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATSEG_MODELS", str(models))
    write_table(models / "one", {**read_table(models / "one"), "threshold": 0.3})
    predict_to_catalog(catalog, "s0", ["one", "two"], models=models)
    found = series(catalog, "s0").set_index("model")["threshold"].to_dict()
    assert found == {"one": 0.3, "two": 0.5, "ensemble-one+two": 0.5}
    own = series(catalog, "s0").set_index("model")["area_m2"]["one"]
    assert own == series(catalog, "s0", threshold=0.3).set_index("model")["area_m2"]["one"]


def test_a_series_has_a_row_for_each_date_and_model(catalog: Catalog, models: Path) -> None:
    for scene_id in ("s0", "s1"):
        predict_to_catalog(catalog, scene_id, ["one", "two"], models=models)
    frame = series(catalog, "s0", threshold=0.4)
    assert len(frame) == 6
    assert set(frame["model"]) == {"one", "two", "ensemble-one+two"}
    assert (frame["threshold"] == 0.4).all()
    assert frame["valid_fraction"].to_numpy() == pytest.approx(1.0, abs=1e-3)
    pairs = frame.groupby("model")["area_m2"].agg(["first", "last"])
    changes = frame.dropna(subset="change_m2").set_index("model")["change_m2"]
    assert changes.to_dict() == pytest.approx((pairs["last"] - pairs["first"]).to_dict())


def test_a_series_can_be_limited_to_models(catalog: Catalog, models: Path) -> None:
    predict_to_catalog(catalog, "s0", ["one", "two"], models=models)
    assert set(series(catalog, groups=[["two", "one"]])["model"]) == {"ensemble-one+two"}
    assert set(series(catalog, groups=[["one"], ["two"]])["model"]) == {"one", "two"}
    assert series(catalog, groups=[["infrared"]]).empty


def test_a_series_takes_the_newest_prediction(catalog: Catalog, tmp_path: Path) -> None:
    models = tmp_path / "models"
    for seed in (1, 5):
        write_model(models, "one", seed=seed)
        record = predict_to_catalog(catalog, "s0", ["one"], models=models)
    frame = series(catalog)
    assert len(frame) == 1
    assert frame["area_m2"][0] == catalog.area(record.id, "s0").area_m2(0.5)


def test_cancelling_leaves_nothing(catalog: Catalog, models: Path) -> None:
    before = snapshot(catalog.root)
    with pytest.raises(Cancelled):
        predict_to_catalog(catalog, "s0", ["one"], models=models, cancelled=lambda: True)
    assert snapshot(catalog.root) == before


def test_a_disk_that_fills_up_leaves_nothing(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(catalog.root)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("satseg.cog.RowWriter._flush", full)
    with pytest.raises(StorageError, match="No space left"):
        predict_to_catalog(catalog, "s0", ["one"], models=models)
    assert snapshot(catalog.root) == before


def other_weights(models: Path) -> None:
    (models / "broken/weights.safetensors").write_bytes(b"other")


def no_weights(models: Path) -> None:
    (models / "broken/weights.safetensors").unlink()


@pytest.mark.parametrize("damage", [other_weights, no_weights])
def test_weights_that_are_not_the_cards_leave_nothing(
    catalog: Catalog, tmp_path: Path, damage: object
) -> None:
    models = tmp_path / "models"
    write_model(models, "broken")
    damage(models)
    before = snapshot(catalog.root)
    with pytest.raises(ModelError):
        predict_to_catalog(catalog, "s0", ["broken"], models=models)
    assert snapshot(catalog.root) == before


@pytest.mark.parametrize(
    ("scene_id", "model_ids", "error"),
    [
        ("s9", ["one"], CatalogError),
        ("s0", ["nine"], ModelError),
        ("s0", ["infrared"], BandError),
        ("s0", ["one", "infrared"], BandError),
    ],
)
def test_what_cannot_be_predicted_leaves_nothing(
    catalog: Catalog, models: Path, scene_id: str, model_ids: list[str], error: type[SatsegError]
) -> None:
    before = snapshot(catalog.root)
    with pytest.raises(error):
        predict_to_catalog(catalog, scene_id, model_ids, models=models)
    assert snapshot(catalog.root) == before


def test_an_image_that_went_away_is_named(catalog: Catalog, models: Path) -> None:
    catalog.scene("s0").image.unlink()
    with pytest.raises(SatsegError, match=r"s0\.tif"):
        predict_to_catalog(catalog, "s0", ["one"], models=models)


def test_an_ensemble_brings_its_uncertainty(catalog: Catalog, models: Path) -> None:
    record = predict_to_catalog(catalog, "s0", ["one", "two"], models=models)
    assert list(record.layers) == ["disagreement", "entropy", "information"]
    members = [
        values(predict_to_catalog(catalog, "s0", [name], models=models).probability)
        for name in ("one", "two")
    ]
    found = values(record.layers["disagreement"])
    assert np.abs(found - np.abs(members[0] - members[1])).max() <= 1
    assert (values(record.layers["information"]) <= values(record.layers["entropy"])).all()
    with rasterio.open(record.layers["entropy"]) as source:
        assert source.scales == (1 / 254,)
        assert source.tags()["SATSEG_MODEL"] == "ensemble-one+two"
    for kind in record.layers:
        assert catalog.asset(record.id, f"{kind}_display").is_file()
    assert predict_to_catalog(catalog, "s0", ["one"], models=models).layers == {}


def test_methods_are_kept_apart_and_take_the_same_members(catalog: Catalog, models: Path) -> None:
    names = ["one", "two"]
    mean = predict_to_catalog(catalog, "s0", names, models=models)
    largest = predict_to_catalog(catalog, "s0", names, method="maximum", models=models)
    assert largest.id != mean.id
    assert largest.parameters["method"] == "maximum"
    assert (values(largest.probability) >= values(mean.probability)).all()
    assert is_predicted(catalog, "s0", names, method="maximum", models=models)
    assert not is_predicted(catalog, "s0", names, method="vote", models=models)
    assert len(catalog.predictions()) == 4


def test_an_ensemble_of_the_catalog_is_a_model_like_others(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATSEG_MODELS", str(models))
    cards = recipe(["one", "two"]).cards
    card = EnsembleStore(catalog.root).add(
        "Both", cards, Pooling.of(2, weights=[1, 3]), threshold=0.4
    )
    record = predict_to_catalog(catalog, "s0", [card.id])
    assert record.model_id == "ensemble-both"
    assert record.parameters["weights"] == {"one": 0.25, "two": 0.75}
    table = series(catalog, "s0", [[card.id]])
    assert table["threshold"].tolist() == [0.4]
    assert table["model"].tolist() == ["ensemble-both"]


def test_eight_views_are_another_map_of_the_same_model(catalog: Catalog, models: Path) -> None:
    plain = predict_to_catalog(catalog, "s0", ["one"], models=models)
    turned = predict_to_catalog(catalog, "s0", ["one@d4"], models=models)
    assert (turned.model_id, turned.parameters["augment"]) == ("one@d4", "d4")
    assert turned.weights_sha256 != plain.weights_sha256
    assert turned.runtime.endswith("mean of 8 flips and turns")
    with rasterio.open(turned.probability) as source:
        assert source.tags()["SATSEG_AUGMENT"] == "d4"
    with rasterio.open(plain.probability) as source:
        assert "SATSEG_AUGMENT" not in source.tags()
    assert np.abs(values(turned.probability) - values(plain.probability)).max() > 0


def test_uncertainty_on_another_grid_is_refused(
    catalog: Catalog, models: Path, tmp_path: Path
) -> None:
    record = predict_to_catalog(catalog, "s0", ["one"], models=models)
    other = write_probability(tmp_path / "other.tif", np.zeros((3, 3), dtype=np.uint8))
    with pytest.raises(CatalogError, match="on the grid of the probability"):
        catalog.add_prediction(
            "s0",
            "x",
            weights_sha256="0" * 64,
            probability=record.probability,
            runtime="by hand",
            layers={"entropy": other},
        )
    assert len(catalog.predictions()) == 1


def test_the_area_is_measured_with_the_map_so_that_no_visitor_waits_for_it(
    catalog: Catalog, models: Path
) -> None:
    found = predict_to_catalog(catalog, "s0", ["one"], models=models)
    (area,) = (catalog.root / "areas").iterdir()
    assert found.id in area.name
    before = area.stat().st_mtime_ns
    catalog.area(found.id, catalog.scene("s0").region_id)
    assert area.stat().st_mtime_ns == before
