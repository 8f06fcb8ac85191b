"""A small data set and a configuration for it."""

from pathlib import Path

import pytest

from tests.toy_training import MODEL, SOURCE, write_config, write_pictures

SCHEDULE = """
[schedule]
steps = 8
batch = 2
crop_px = 32
warmup = 2
validate_every = 4
"""
CONFIG = MODEL + SCHEDULE + SOURCE.replace("NAME", "toy fields")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "data")
    write_config(tmp_path / "models", CONFIG)
    return tmp_path
