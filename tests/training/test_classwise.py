import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from satseg.classes import BARE, FARMLAND, GRASS, GREENHOUSE, POND, ROAD, TREE, WATER
from satseg.errors import ModelError, TrainingError
from satseg.legend import IGNORED, OTHER, legend_of
from satseg.training.augment import Augmentation
from satseg.training.classwise import agreement, cross_entropy_dice, farmland_logits, set_entropy
from satseg.training.config import load_config
from satseg.training.mixing import Mixing
from satseg.training.pictures import load_source
from satseg.training.run import train
from satseg.training.samples import Crop
from satseg.zoo.load import load_model
from satseg.zoo.networks import build

LEGEND = legend_of(("farmland", "water", "bare"))


def masks(*values):
    return torch.tensor(values, dtype=torch.float32)[None, None, None]


def logits(*pixels):
    return torch.tensor(pixels, dtype=torch.float32).T[None, :, None, :].requires_grad_()


def test_cross_entropy_is_that_of_the_set_of_classes_that_a_pixel_may_be():
    given = logits((0, 0, 0), (0, 0, 0))
    found = cross_entropy_dice(given, masks(WATER, OTHER), LEGEND, smooth=0.0)
    entropy = (math.log(3) + math.log(1.5)) / 2
    # water is known of the first pixel only: 2 x 1/3 / (1/3 + 1)
    assert found.item() == pytest.approx(entropy + 1 - 2 / 4, abs=1e-6)


def test_the_right_class_costs_nothing_and_another_one_does():
    sure = logits((50, 0, 0), (0, 50, 0))
    right = cross_entropy_dice(sure, masks(FARMLAND, POND), LEGEND)
    assert right.item() == pytest.approx(0, abs=1e-5)
    assert cross_entropy_dice(sure, masks(WATER, FARMLAND), LEGEND).item() > 10


def test_ignored_pixels_teach_nothing():
    given = logits((1, 2, 3), (3, 2, 1))
    cross_entropy_dice(given, masks(IGNORED, FARMLAND), LEGEND).backward()
    assert given.grad[0, :, 0, 0].abs().max() == 0
    assert given.grad[0, :, 0, 1].abs().max() > 0


def test_only_ignored_pixels_give_a_finite_loss():
    assert cross_entropy_dice(logits((1, 2, 3)), masks(IGNORED), LEGEND).item() == 0


def test_grass_teaches_that_it_is_no_farmland_and_no_more():
    given = logits((2, 1, 1))
    cross_entropy_dice(given, masks(GRASS), LEGEND).backward()
    gradient = given.grad[0, :, 0, 0]
    assert gradient[0] > 0
    assert gradient[1].item() == pytest.approx(gradient[2].item())
    assert gradient[1] < 0


def test_agreement_is_that_of_the_likeliest_class():
    class Fixed(torch.nn.Module):
        def forward(self, x):
            return torch.cat([x, 1 - x, torch.full_like(x, -1)], dim=1)

    pixels = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    crop = Crop(pixels, torch.tensor([[FARMLAND, WATER], [WATER, 255]], dtype=torch.float32))
    assert agreement(Fixed(), [crop], LEGEND, "cpu").iou() == {"farmland": 0.5, "water": 0.5}


def test_the_logit_of_farmland_is_the_odds_against_all_others():
    values = np.array([[1.0, 0.0, 2.0]])
    odds = math.e / (1 + math.exp(2))
    assert farmland_logits(values, LEGEND)[0] == pytest.approx(math.log(odds))


def test_a_temperature_softens_the_entropy():
    values, allowed = np.array([[4.0, 0.0, 0.0]]), np.array([[True, False, False]])
    assert set_entropy(values, allowed, 1.0) < set_entropy(values, allowed, 4.0)


def test_augmentation_invents_no_class():
    rng = np.random.default_rng(0)
    codes = np.array([0, 1, 2, 7, 9, 255])
    drawn = torch.from_numpy(rng.choice(codes, (4, 1, 64, 64)).astype(np.float32))
    augment = Augmentation(3, Mixing(pieces=0.5))
    for seed in range(6):
        _, found = augment(torch.rand(4, 3, 64, 64), drawn, seed)
        assert set(np.unique(found.numpy())) <= set(codes)


CLASSES = """
classes = { 3 = "tree", 7 = "farmland", 9 = "other" }
"""


def with_classes(toy: Path, *, classes: str = '["farmland", "tree", "road"]', count: int = 3):
    path = toy / "models" / "toy" / "train.toml"
    text = path.read_text().replace(
        "{ widths = [4, 8] }", f"{{ widths = [4, 8], classes = {count} }}"
    )
    text = text.replace('licence = "MIT"', f'licence = "MIT"\nclasses = {classes}')
    path.write_text(
        text.replace('positive = ["7"]', CLASSES.strip()).replace('ignore = ["0"]\n', "")
    )
    return path


def test_a_source_says_which_class_each_mask_value_is(toy):
    config = load_config(with_classes(toy))
    pictures = load_source(config.sources[0], toy / "data", config.bands, classes=True)
    mask = pictures.train[0].mask
    assert (mask[:4] == 255).all()
    assert (mask[4:, :64] == FARMLAND).all()
    assert (mask[4:, 64:] == TREE).all()


def test_simulated_sources_keep_the_classes_only_for_a_model_with_classes(toy):
    config = load_config(with_classes(toy)).sources[0]
    simulated = replace(config, kind="simulated", seeds=(6, 1), classes={}, size_px=192)
    bands = ("red", "green", "blue")
    several = load_source(simulated, None, bands, classes=True).train[0].mask
    binary = load_source(simulated, None, bands).train[0].mask
    assert {1, 0, 255} >= set(np.unique(binary))
    assert len(set(np.unique(several)) - {1, 0, 255}) > 2
    np.testing.assert_array_equal(several == FARMLAND, binary == 1)
    np.testing.assert_array_equal(several == IGNORED, binary == IGNORED)


def test_kinds_of_land_can_be_added_to_simulated_landscapes(toy):
    config = load_config(with_classes(toy)).sources[0]
    simulated = replace(
        config, kind="simulated", seeds=(5, 1), classes={}, size_px=128, mix={"greenhouses": 30.0}
    )
    found = load_source(simulated, None, ("red", "green", "blue"), classes=True)
    assert (found.train[0].mask == GREENHOUSE).mean() > 0.2


def test_pictures_with_rare_classes_are_drawn_more_often(toy):
    mask = np.full((96, 128), 3, dtype=np.uint8)
    mask[:48] = 11
    Image.fromarray(mask).save(toy / "data" / "masks" / "a.png")
    path = with_classes(toy)
    path.write_text(path.read_text().replace('3 = "tree"', '3 = "tree", 11 = "road"'))
    config = load_config(path)
    found = load_source(config.sources[0], toy / "data", config.bands, classes=True)
    chances = found.chances()
    assert chances.sum() == pytest.approx(1)
    assert chances[0] > chances[1]


def test_training_with_classes_writes_a_card_with_its_legend(toy):
    path = with_classes(toy)
    card = train(path, data=toy / "data", run=toy / "run", device="cpu")
    assert card.legend.keys == ("farmland", "tree", "road")
    assert set(card.training["validation_class_iou"]["toy fields"]) == {"farmland", "tree"}
    assert 0 <= card.training["validation_iou"]["toy fields"] <= 1
    assert 0.05 <= card.threshold <= 0.95
    found = load_model(card)(torch.zeros(1, 3, 32, 32))
    assert found.shape == (1, 3, 32, 32)


def test_it_learns_the_classes(toy):
    path = with_classes(toy)
    path.write_text(
        path.read_text().replace("steps = 8", "steps = 120").replace("= 4\n[[", "= 120\n[[")
    )
    card = train(path, data=toy / "data", run=toy / "run", device="cpu")
    assert min(card.training["validation_class_iou"]["toy fields"].values()) > 0.7


def test_a_network_starts_from_the_weights_of_another_where_they_fit(toy, monkeypatch):
    first = train(
        toy / "models" / "toy" / "train.toml", data=toy / "data", run=toy / "a", device="cpu"
    )
    monkeypatch.setenv("SATSEG_MODELS", str(toy / "models"))
    folder = toy / "models" / "second"
    folder.mkdir()
    path = with_classes(toy)
    started = folder / "train.toml"
    text = path.read_text().replace('id = "toy"', 'id = "second"')
    started.write_text('start = "toy"\nfrozen = ["down", "up", "merge"]\n' + text)
    started.write_text(started.read_text().replace('["down", "up", "merge"]', '["network.down"]'))
    card = train(started, data=toy / "data", run=toy / "b", device="cpu")
    before = safetensors.torch.load_file(first.weights_path)
    after = safetensors.torch.load_file(card.weights_path)
    kept = [key for key in before if key.startswith("network.down.") and "num_batches" not in key]
    assert kept
    assert all(torch.equal(before[key], after[key]) for key in kept)
    assert before["network.head.weight"].shape != after["network.head.weight"].shape
    assert card.training["started_from"]["network"].startswith(f"toy ({first.sha256[:12]}")


def test_a_start_that_does_not_exist_is_named(toy, monkeypatch):
    monkeypatch.setenv("SATSEG_MODELS", str(toy / "none"))
    path = with_classes(toy)
    path.write_text('start = "nothing"\n' + path.read_text())
    with pytest.raises(ModelError, match="nothing"):
        train(path, data=toy / "data", run=toy / "run", device="cpu")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"count": 4}, TrainingError, "4 classes in .model. arguments for 3"),
        ({"classes": '["farmland", "swamp", "tree"]'}, ModelError, "swamp"),
    ],
)
def test_classes_that_do_not_fit_are_refused(toy, change, error, said):
    with pytest.raises(error, match=said):
        load_config(with_classes(toy, **change))


def test_an_unknown_class_of_a_source_is_refused(toy):
    path = with_classes(toy)
    path.write_text(path.read_text().replace('3 = "tree"', '3 = "rangeland"'))
    with pytest.raises(ModelError, match="rangeland"):
        load_config(path)


def test_classes_of_a_source_need_a_model_with_classes(toy):
    path = toy / "models" / "toy" / "train.toml"
    path.write_text(path.read_text().replace('positive = ["7"]', CLASSES.strip()))
    with pytest.raises(TrainingError, match="without classes in .model."):
        load_config(path)


def test_the_configuration_of_landcover_is_complete():
    config = load_config(Path(__file__).parents[2] / "models" / "landcover" / "train.toml")
    assert config.legend.codes.tolist() == [1, 2, 3, 4, 5, 6, 7]
    network = build(config.model["architecture"], 3, config.model["arguments"])
    for name in config.frozen:
        network.get_submodule(name)
    assert {ROAD, BARE} <= set(config.legend.codes.tolist())


def test_binary_configurations_keep_their_identity():
    config = load_config(Path(__file__).parents[2] / "models" / "farmnet" / "train.toml")
    assert "classes" not in config.identity
    assert config.legend is None
