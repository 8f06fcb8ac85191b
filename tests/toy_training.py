"""A small data set for trainings in tests, and the parts of configurations for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

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
"""

SOURCE = """
[[sources]]
name = "NAME"
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


def write_pictures(data: Path) -> None:
    """Write pictures a, b and c with masks below ``data``: 7 is farmland and bright, 0 unknown."""
    (data / "images").mkdir(parents=True)
    (data / "masks").mkdir()
    rng = np.random.default_rng(0)
    for name in "abc":
        mask = np.full((96, 128), 3, dtype=np.uint8)
        mask[:, :64] = 7
        mask[:4] = 0
        pixels = rng.integers(0, 60, (96, 128, 3), dtype=np.uint8)
        pixels[mask == 7] += 150
        Image.fromarray(pixels).save(data / "images" / f"{name}.png")
        Image.fromarray(mask).save(data / "masks" / f"{name}.png")


def write_config(models: Path, text: str) -> Path:
    """Write the training configuration of ``toy`` below ``models`` and return its path."""
    (models / "toy").mkdir(parents=True)
    path = models / "toy" / "train.toml"
    path.write_text(text)
    return path
