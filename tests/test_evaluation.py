from dataclasses import replace

import numpy as np
import pytest
import rasterio
from PIL import Image

from satseg.errors import TrainingError
from satseg.evaluation import ByEnsemble, measure, place_picture
from satseg.evaluation_sets import EvaluationSet, has_bands, load_sets, usable
from satseg.pooling import Pooling
from satseg.training.config import load_config
from satseg.training.pictures import IGNORED, Picture, masks_folder
from satseg.training.splits import split_by_blocks
from satseg.zoo import default_models_folder

RGB = ("red", "green", "blue")


@pytest.fixture
def fields(tmp_path):
    """One picture, bright in its left half; the mask says farmland there."""
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    pixels = np.zeros((60, 80, 3), dtype=np.uint8)
    pixels[:, :40] = 200
    mask = np.full((60, 80), 3, dtype=np.uint8)
    mask[:, :40] = 7
    mask[0] = 0
    Image.fromarray(pixels).save(tmp_path / "images" / "a.png")
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    data = EvaluationSet("toy", "pictures", "external", "", "images", "masks", 0.5, ("7",), ("0",))
    return tmp_path, data


def test_the_perfect_model_scores_one(fields, identity_predictor):
    folder, data = fields
    row = measure(identity_predictor(bands=RGB), data, folder=folder).row()
    assert row["iou"] == row["accuracy"] == 1
    assert row["images"] == 1
    assert row["pixels"] == 59 * 80


def test_everything_farmland_scores_its_share(fields, constant_predictor):
    folder, data = fields
    row = measure(constant_predictor(1.0), data, folder=folder).row()
    assert row["iou"] == row["precision"] == 0.5
    assert row["recall"] == row["area_bias"] == 1
    assert row["ece"] == pytest.approx(0.5)


def test_the_threshold_counts(fields, constant_predictor):
    folder, data = fields
    assert measure(constant_predictor(0.4), data, folder=folder).counts.recall == 0
    assert measure(constant_predictor(0.4), data, folder=folder, threshold=0.3).counts.recall == 1


def test_simulated_scenes_are_measured_on_the_grid_of_their_truth(tmp_path, constant_predictor):
    scene = place_picture(np.full((3, 50, 70), 90, dtype=np.uint8), 0.6, tmp_path / "s.tif")
    with rasterio.open(scene.path) as dataset:
        profile = {**dataset.profile, "count": 1}
    classes = np.ones((50, 70), dtype=np.uint8)
    classes[:10] = 2
    classes[10:20] = 0
    with rasterio.open(tmp_path / "t.tif", "w", **profile) as dataset:
        dataset.write(classes, 1)
    data = EvaluationSet("sim", "simulated", "held-out", "")
    predictor = constant_predictor(0.9, gsd_m=1.2)
    found = measure(predictor, data, folder=None, simulated=[(scene.path, tmp_path / "t.tif")])
    assert found.counts.true_positive == 30 * 70
    assert found.counts.false_positive == 10 * 70


def test_missing_pieces_are_named(fields, constant_predictor):
    folder, data = fields
    (folder / "masks" / "a.png").unlink()
    with pytest.raises(TrainingError, match="none for a"):
        measure(constant_predictor(1.0), data, folder=folder)
    with pytest.raises(TrainingError, match="--data"):
        measure(constant_predictor(1.0), data, folder=None)
    with pytest.raises(TrainingError, match="satseg sample"):
        measure(
            constant_predictor(1.0), EvaluationSet("sim", "simulated", "held-out", ""), folder=None
        )


def test_sets_that_do_not_fit_a_model_are_told_with_the_reason(fields):
    folder, data = fields
    assert usable(data, RGB, folder) == ""
    assert "red, green and blue only" in usable(data, (*RGB, "nir1"), folder)
    assert "--data" in usable(data, RGB, folder / "nowhere")
    assert usable(EvaluationSet("s", "simulated", "", ""), ("nir1",), None) == ""
    assert "no masks in" in usable(replace(data, masks="nowhere"), RGB, folder)


def test_masks_of_the_project_lie_beside_the_evaluation_file(fields, constant_predictor, tmp_path):
    folder, data = fields
    place = tmp_path / "models"
    place.mkdir()
    (folder / data.masks).rename(tmp_path / "ours")
    beside = replace(data, masks="../ours", folder=place)
    assert usable(beside, RGB, folder) == ""
    assert measure(constant_predictor(0.9), beside, folder=folder).counts.recall == 1


def test_the_projects_sets_load_and_hold_out_what_training_holds_out():
    sets = {item.name: item for item in load_sets(default_models_folder() / "evaluation.toml")}
    config = load_config(default_models_folder() / "farmnet" / "train.toml")
    for source in config.sources:
        if source.holdout:
            assert set(sets[source.name].pictures) == set(source.holdout)
    assert "LoveDA" not in {source.name for source in config.sources}
    assert sets["LoveDA"].role == "external"


@pytest.mark.parametrize("model", ["farmnet", "farmnet-l", "landcover"])
def test_what_is_measured_in_the_views_of_shanghai_is_not_trained_on(model):
    models = default_models_folder()
    sets = {item.name: item for item in load_sets(models / "evaluation.toml")}
    sources = load_config(models / model / "train.toml").sources
    (source,) = (item for item in sources if item.name == "Shanghai views")
    measured = masks_folder(sets[source.name], models)
    for name in sets[source.name].pictures:
        mask = _values(masks_folder(source, models) / f"{name}.png")
        picture = Picture(name, np.zeros((3, *mask.shape), dtype=np.uint8), mask, source.gsd_m)
        (trained,), squares = split_by_blocks([picture], source.blocks)
        held_out = _values(measured / f"{name}.png") != IGNORED
        assert held_out.mean() > 0.1
        assert held_out.sum() == sum((square.mask != IGNORED).sum() for square in squares)
        assert not (held_out & (trained.mask != IGNORED)).any()


def _values(path):
    with Image.open(path) as image:
        return np.array(image)


def test_a_broken_evaluation_file_is_refused(tmp_path):
    (tmp_path / "e.toml").write_text("[[sets]]\nname = 'x'\n")
    with pytest.raises(TrainingError, match=r"evaluation\.toml"):
        load_sets(tmp_path / "e.toml")


def test_an_ensemble_is_measured_like_a_model(fields, constant_predictor):
    folder, data = fields
    both = ByEnsemble((constant_predictor(0.2), constant_predictor(0.6)), Pooling.of(2))
    found = measure(both, data, folder=folder, threshold=0.4)
    assert found.counts.recall == 1
    assert set(found.rankings) == {"disagreement", "entropy", "information"}
    row = found.row()
    # The same everywhere: no pixel is less sure than another one.
    assert row["auroc_entropy"] == row["auroc_information"] == 0.5
    assert row["reliability"] == {"share": [1.0], "predicted": [0.4016], "observed": [0.5]}


def test_entropy_ranks_the_errors_of_a_single_model(fields, identity_predictor):
    folder, data = fields
    row = measure(identity_predictor(bands=RGB), data, folder=folder).row()
    assert "auroc_entropy" not in row  # nothing is wrong, so nothing can be ranked
    assert has_bands(data, RGB)
    assert not has_bands(data, ("nir1",))


def test_scenes_with_date_and_definition_are_measured_by_region_and_date(
    tmp_path, constant_predictor
):
    files = []
    for date, farmland in (("2016-05-28", 1), ("2018-08-14", 2)):
        scene = place_picture(np.full((3, 60, 60), 90, dtype=np.uint8), 0.6, tmp_path / date)
        with rasterio.open(scene.path) as dataset:
            profile = {**dataset.profile, "count": 1}
        truth = tmp_path / f"{date}_truth.tif"
        with rasterio.open(truth, "w", **profile) as dataset:
            classes = np.full((60, 60), 2, dtype=np.uint8)
            classes[: 30 * farmland] = 1
            dataset.write(classes, 1)
            dataset.update_tags(
                SATSEG_DEFINITION="chongming 1234 renderer 5", ACQUISITION_DATE=date
            )
        files.append((scene.path, truth))
    data = EvaluationSet("sim", "simulated", "held-out", "")
    row = measure(constant_predictor(0.9), data, folder=None, simulated=files).row()
    found = [(part["region"], part.get("date"), part["iou"]) for part in row["parts"]]
    assert found == [
        ("chongming", None, 0.75),
        ("chongming", "2016-05-28", 0.5),
        ("chongming", "2018-08-14", 1.0),
    ]
    assert [part["images"] for part in row["parts"]] == [2, 1, 1]
    assert row["blocks"] == row["parts"][0]["blocks"] == 9


def test_a_row_states_its_interval_and_the_strip_along_borders(fields, identity_predictor):
    folder, data = fields
    row = measure(identity_predictor(bands=RGB), data, folder=folder).row()
    assert row["iou_low"] == row["iou_high"] == row["boundary_iou"] == 1
    assert row["boundary_m"] == 6.0
    assert row["blocks"] == 6  # those of nine that hold farmland
    assert "parts" not in row  # a picture has no date
