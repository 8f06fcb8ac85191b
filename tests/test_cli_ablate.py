"""``satseg ablate`` from the configuration to the card."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from satseg.cli import main
from satseg.zoo import load_card
from satseg.zoo.card import MODELS_VARIABLE

MODEL = """
pretrained = false
[model]
id = "toy"
title = "Toy"
summary = "Bright is farmland."
architecture = "unet"
arguments = { widths = [4, 8] }
bands = ["red", "green", "blue"]
gsd_m = 0.5
patch_px = 64
overlap_px = 16
licence = "MIT"
[schedule]
steps = 9
batch = 2
crop_px = 32
"""
SOURCE = """
[[sources]]
name = "{name}"
kind = "masks"
weight = 1
gsd_m = 0.5
gsd_range = [0.4, 0.8]
images = "images"
masks = "masks"
positive = ["7"]
holdout = ["c"]
terms = "made up"
"""
SETS = """
[[sets]]
name = "toy fields"
kind = "pictures"
role = "held-out"
note = "made up"
images = "images"
masks = "masks"
gsd_m = 0.5
positive = ["7"]
pictures = ["c"]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for name in "abc":
        mask = np.full((96, 128), 3, dtype=np.uint8)
        mask[:, :64] = 7
        pixels = rng.integers(0, 60, (96, 128, 3), dtype=np.uint8)
        pixels[mask == 7] += 150
        Image.fromarray(pixels).save(tmp_path / "data" / "images" / f"{name}.png")
        Image.fromarray(mask).save(tmp_path / "data" / "masks" / f"{name}.png")
    folder = tmp_path / "models" / "toy"
    folder.mkdir(parents=True)
    sources = SOURCE.format(name="first") + SOURCE.format(name="second")
    (folder / "train.toml").write_text(MODEL + sources)
    (folder / "ablation.toml").write_text(
        'source = "second"\nseeds = [1, 2]\narms = ["with", "alone"]\n[schedule]\nsteps = 1\n'
    )
    (tmp_path / "models" / "evaluation.toml").write_text(SETS)
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return folder / "train.toml"


def test_the_card_tells_what_a_data_set_is_worth(config, tmp_path, capsys):
    data, run = tmp_path / "data", tmp_path / "run"
    with pytest.raises(SystemExit, match="0"):
        main(["train", str(config), "--data", str(data), "--run", str(tmp_path / "first")])
    with pytest.raises(SystemExit, match="0"):
        main(["ablate", str(config), "--data", str(data), "--run", str(run)])
    shown = capsys.readouterr().out
    assert re.search(r"toy fields\W+with second\W+0\.\d{3}\W+0\.\d{3}", shown)
    ablation = load_card(config.parent).ablation
    assert [(row["arm"], len(row["iou"])) for row in ablation["rows"]] == [
        ("with", 2),
        ("alone", 2),
    ]
    assert sorted(path.name for path in run.iterdir()) == ["alone-1", "alone-2", "with-1", "with-2"]


def test_nothing_is_trained_where_nothing_can_be_measured(config, tmp_path, capsys):
    (tmp_path / "data" / "images").rename(tmp_path / "data" / "elsewhere")
    with pytest.raises(SystemExit, match="1"):
        main(["ablate", str(config), "--data", str(tmp_path / "data")])
    assert "one of the data sets toy fields" in capsys.readouterr().err.replace("\n", " ")
