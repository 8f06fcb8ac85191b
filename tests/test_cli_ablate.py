"""``satseg ablate`` from the configuration to the card."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from satseg.cli import main
from satseg.zoo import load_card
from satseg.zoo.card import MODELS_VARIABLE
from tests.toy_training import MODEL, SOURCE, write_config, write_pictures

SCHEDULE = """
[schedule]
steps = 9
batch = 2
crop_px = 32
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
    write_pictures(tmp_path / "data")
    sources = "".join(SOURCE.replace("NAME", name) for name in ("first", "second"))
    path = write_config(tmp_path / "models", MODEL + SCHEDULE + sources)
    path.with_name("ablation.toml").write_text(
        'source = "second"\nseeds = [1, 2]\narms = ["with", "alone"]\n[schedule]\nsteps = 1\n'
    )
    (tmp_path / "models" / "evaluation.toml").write_text(SETS)
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return path


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
