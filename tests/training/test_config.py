import pytest

from satseg.errors import TrainingError
from satseg.training.config import load_config
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
        ("[[sources]]", "[[others]]", "no \\[\\[sources\\]\\]"),
        ("[schedule]", "[schedule", "TOML"),
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
