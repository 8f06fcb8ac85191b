import dataclasses

import numpy as np
import pytest
from PIL import Image

from satseg.errors import TrainingError
from satseg.training.config import SourceConfig, load_config
from satseg.training.pictures import load_source

RGB = ("red", "green", "blue")


@pytest.fixture
def source(toy):
    return load_config(toy / "models" / "toy" / "train.toml").sources[0]


def test_masks_become_farmland_other_and_ignored(toy, source):
    found = load_source(source, toy / "data", RGB)
    mask = found.train[0].mask
    assert (mask[:4] == 255).all()
    assert (mask[4:, :64] == 1).all()
    assert (mask[4:, 64:] == 0).all()
    assert found.train[0].pixels.shape == (3, 96, 128)


def test_held_out_pictures_are_never_trained_on(toy, source):
    found = load_source(source, toy / "data", RGB)
    assert [p.name for p in found.train] == ["toy fields/a.png", "toy fields/b.png"]
    assert [p.name for p in found.validation] == ["toy fields/c.png"]


def test_pictures_can_be_chosen(toy, source):
    some = dataclasses.replace(source, pictures=("a", "c"))
    found = load_source(some, toy / "data", RGB)
    assert [p.name for p in found.train] == ["toy fields/a.png"]
    with pytest.raises(TrainingError, match="none named z"):
        load_source(dataclasses.replace(source, pictures=("z",)), toy / "data", RGB)


def test_masks_of_the_project_lie_beside_the_configuration(toy, source):
    (toy / "data" / "masks").rename(toy / "models" / "ours")
    beside = dataclasses.replace(source, masks="../ours")
    assert len(load_source(beside, toy / "data", RGB).train) == 2
    with pytest.raises(TrainingError, match="masks; found none"):
        load_source(source, toy / "data", RGB)


def test_an_unknown_holdout_is_refused(toy, source):
    with pytest.raises(TrainingError, match="none named z"):
        load_source(dataclasses.replace(source, holdout=("c", "z")), toy / "data", RGB)


def test_a_missing_mask_is_named(toy, source):
    (toy / "data" / "masks" / "b.png").unlink()
    with pytest.raises(TrainingError, match=r"none for b\.png"):
        load_source(source, toy / "data", RGB)


def test_a_mask_of_another_size_is_refused(toy, source):
    Image.fromarray(np.zeros((5, 5), dtype=np.uint8)).save(toy / "data" / "masks" / "a.png")
    with pytest.raises(TrainingError, match="96 x 128 pixels for a.png; found 5 x 5"):
        load_source(source, toy / "data", RGB)


def test_missing_data_says_how_to_give_it(toy, source):
    with pytest.raises(TrainingError, match="--data"):
        load_source(source, None, RGB)
    with pytest.raises(TrainingError, match="--data"):
        load_source(source, toy / "nowhere", RGB)


def test_pictures_cannot_feed_an_eight_band_model(toy, source):
    with pytest.raises(TrainingError, match="red, green, blue"):
        load_source(source, toy / "data", (*RGB, "nir1"))


def test_bands_come_in_the_order_of_the_model(toy, source):
    red_first = load_source(source, toy / "data", RGB).train[0].pixels
    blue_first = load_source(source, toy / "data", RGB[::-1]).train[0].pixels
    assert (blue_first == red_first[::-1]).all()
    assert (blue_first != red_first).any()


def test_scene_labels_fill_the_whole_picture(tmp_path):
    for name in ("field", "river"):
        (tmp_path / "scenes" / name).mkdir(parents=True)
        Image.new("RGB", (20, 10)).save(tmp_path / "scenes" / name / "1.jpg")
    config = SourceConfig(
        "scenes", "scene-labels", 1, 1, (1, 1), "", images="scenes", positive=("field",)
    )
    found = load_source(config, tmp_path, RGB)
    assert {p.name: int(p.mask.mean()) for p in found.train} == {"field/1.jpg": 1, "river/1.jpg": 0}


def test_simulated_landscapes_have_truth_and_their_own_holdout():
    config = SourceConfig(
        "sim", "simulated", 1, 0.6, (0.6, 0.6), "", seeds=(5, 1), holdout_seeds=(6, 1), size_px=256
    )
    found = load_source(config, None, ("nir1", "red"))
    assert [p.name for p in found.train + found.validation] == ["sim/5", "sim/6"]
    picture = found.train[0]
    assert picture.pixels.shape == (2, 256, 256)
    assert picture.pixels.dtype == np.uint16
    assert set(np.unique(picture.mask)) <= {0, 1, 255}


def test_landscapes_are_the_same_whichever_process_renders_them():
    config = SourceConfig(
        "sim", "simulated", 1, 0.6, (0.6, 0.6), "", seeds=(5, 2), holdout_seeds=(7, 1), size_px=128
    )
    told = []
    alone = load_source(config, None, RGB)
    shared = load_source(config, None, RGB, workers=2, progress=lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]
    for one, other in zip(
        alone.train + alone.validation, shared.train + shared.validation, strict=True
    ):
        assert one.name == other.name
        assert np.array_equal(one.pixels, other.pixels)
        assert np.array_equal(one.mask, other.mask)


def _scenes(tmp_path, shares):
    for name, count in (("field", 1), ("works", 3)):
        (tmp_path / "scenes" / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (16, 16)).save(tmp_path / "scenes" / name / f"{number}.png")
    config = SourceConfig(
        "scenes",
        "scene-labels",
        1,
        0.5,
        (0.4, 0.6),
        "",
        "scenes",
        positive=("field",),
        shares=shares,
    )
    return load_source(config, tmp_path, ("red", "green", "blue"))


def test_shares_divide_the_draws_by_folder(tmp_path):
    chances = _scenes(tmp_path, {"field": 1, "works": 3}).chances()
    assert chances.tolist() == pytest.approx([0.25] * 4)
    even = _scenes(tmp_path / "even", {"field": 1, "works": 1}).chances()
    assert even.tolist() == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6])


def test_shares_of_unknown_folders_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="field, works"):
        _scenes(tmp_path, {"field": 1, "factory": 1}).chances()
