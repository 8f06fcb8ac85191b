"""A small data set and a configuration for it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFIG = """
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
steps = 8
batch = 2
crop_px = 32
warmup = 2
validate_every = 4
[[sources]]
name = "toy fields"
kind = "masks"
weight = 1
gsd_m = 0.5
gsd_range = [0.4, 0.8]
images = "images"
masks = "masks"
positive = ["7"]
ignore = ["0"]
holdout = ["c"]
terms = "made up"
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    (tmp_path / "data" / "images").mkdir(parents=True)
    (tmp_path / "data" / "masks").mkdir()
    rng = np.random.default_rng(0)
    for name in "abc":
        mask = np.full((96, 128), 3, dtype=np.uint8)
        mask[:, :64] = 7
        mask[:4] = 0
        pixels = rng.integers(0, 60, (96, 128, 3), dtype=np.uint8)
        pixels[mask == 7] += 150
        Image.fromarray(pixels).save(tmp_path / "data" / "images" / f"{name}.png")
        Image.fromarray(mask).save(tmp_path / "data" / "masks" / f"{name}.png")
    folder = tmp_path / "models" / "toy"
    folder.mkdir(parents=True)
    (folder / "train.toml").write_text(CONFIG)
    return tmp_path
