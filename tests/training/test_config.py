import json

import pytest

from satseg.errors import TrainingError
from satseg.training.config import Loss, load_config
from satseg.zoo import default_models_folder


@pytest.mark.parametrize("path", sorted(default_models_folder().glob("*/train.toml")))
def test_the_zoos_configurations_load(path):
    config = load_config(path)
    assert config.model["id"] == path.parent.name
    assert len(config.bands) in (3, 8)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "toy"\n', "", "without id"),
        ("crop_px = 32", "crop_px = 33", "multiple of 32"),
        ("steps = 8", "steps = 0", "below 1"),
        ("warmup = 2", "warm = 2", r"unknown keys warm in \[schedule\]"),
        ('terms = "made up"\n', "", r"\[sources\] without terms"),
        ("warmup = 2", "start_share = 1.0", "start_share outside"),
        ('terms = "made up"', 'terms = ""\nfolder = "x"', "unknown keys folder"),
        ("warmup = 2", "start_share = 0.5", "less than a whole network"),
        ("[[sources]]", "[[others]]", "no \\[\\[sources\\]\\]"),
        ("[schedule]", "[schedule", "TOML"),
        ("[schedule]", '[loss]\nkind = "hinge"\n[schedule]', "focal-dice"),
        ("[schedule]", "[loss]\ngamma = -1.0\n[schedule]", "gamma 0 or more"),
        ("pretrained = false", "start = 3", "start = 3 instead of a model"),
        ('terms = "made up"', 'terms = ""\nblocks = { side_m = 9, share = 1 }', "blocks of toy"),
        ('terms = "made up"', 'terms = ""\nblocks = { side = 9 }', "unknown keys side"),
    ],
)
def test_what_is_wrong_is_named(toy, old, new, message):
    path = toy / "models" / "toy" / "train.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(TrainingError, match=message):
        load_config(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match="no such file"):
        load_config(tmp_path / "train.toml")


def test_a_checkpoint_from_before_new_keys_stays_good(toy):
    path = toy / "models" / "toy" / "train.toml"
    config = load_config(path)
    assert len(json.loads(config.identity)) == 6


def test_a_checkpoint_knows_the_pictures_and_the_order_of_the_bands(toy):
    path = toy / "models" / "toy" / "train.toml"
    plain, text = load_config(path).identity, path.read_text()
    for old, new in (
        ("[schedule]", "[mixing]\nreversed = 0.5\n[schedule]"),
        ("[schedule]", "[mixing]\ndark = 0.5\n[schedule]"),
        ("[[sources]]", '[[sources]]\npictures = ["a"]'),
    ):
        path.write_text(text.replace(old, new, 1))
        assert load_config(path).identity != plain


def test_one_id_starts_the_whole_network(toy):
    path = toy / "models" / "toy" / "train.toml"
    plain = load_config(path).identity
    path.write_text('start = "farmnet"\n' + path.read_text())
    config = load_config(path)
    assert config.start == {"network": "farmnet"}
    assert config.identity != plain


def test_the_loss_can_be_chosen(toy):
    path = toy / "models" / "toy" / "train.toml"
    plain = load_config(path)
    path.write_text('loss = { kind = "focal-dice", gamma = 1.5 }\n' + path.read_text())
    config = load_config(path)
    assert config.loss == Loss("focal-dice", 1.5)
    assert config.identity != plain.identity
    path.write_text(path.read_text().replace("focal-dice", "bce-dice").replace("1.5", "2.0"))
    assert load_config(path).identity == plain.identity
