"""``satseg train`` and ``satseg evaluate`` as a user calls them."""

import numpy as np
import pytest
from PIL import Image

from satseg.cli import main
from satseg.zoo import load_card

SETS = """
[[sets]]
name = "toy"
kind = "pictures"
role = "external"
note = "one picture"
images = "images"
masks = "masks"
gsd_m = 0.6
positive = ["1"]
"""


@pytest.fixture
def data(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / "data" / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (70, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "data" / "images" / "a.png")
    mask = (rng.random((70, 90)) < 0.4).astype(np.uint8)
    Image.fromarray(mask).save(tmp_path / "data" / "masks" / "a.png")
    return tmp_path / "data"


def _run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return stopped.value.code


def test_evaluate_writes_what_it_measured(tiny_model, data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SATSEG_MODELS", str(tiny_model.parent))
    (tmp_path / "sets.toml").write_text(SETS)
    code = _run("evaluate", "tiny", "--data", str(data), "--sets", str(tmp_path / "sets.toml"))
    assert code == 0, capsys.readouterr().err
    (row,) = load_card(tiny_model).metrics
    assert row["data"] == "toy"
    assert row["pixels"] == 70 * 90
    assert f"{row['iou']:.3f}" in capsys.readouterr().out
    assert (tiny_model.parent / "README.md").is_file()


def test_evaluate_measures_on_the_sets_that_were_asked_for(
    tiny_model, data, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("SATSEG_MODELS", str(tiny_model.parent))
    sets = tmp_path / "sets.toml"
    sets.write_text(SETS + SETS.replace("toy", "other"))
    assert _run("evaluate", "tiny", "--data", str(data), "--sets", str(sets)) == 0
    both = load_card(tiny_model).metrics
    assert [row["data"] for row in both] == ["toy", "other"]
    (data / "masks" / "a.png").unlink()
    Image.fromarray(np.ones((70, 90), dtype=np.uint8)).save(data / "masks" / "a.png")
    only = ("--data", str(data), "--sets", str(sets), "--only")
    assert _run("evaluate", "tiny", *only, "other") == 0
    toy, other = load_card(tiny_model).metrics
    assert toy["reliability"] == both[0]["reliability"]
    assert other["reliability"] != both[1]["reliability"]
    assert _run("evaluate", "tiny", *only, "another") == 1
    assert "data sets out of toy, other" in " ".join(capsys.readouterr().err.split())


def test_evaluate_skips_what_is_not_there_and_says_so(tiny_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SATSEG_MODELS", str(tiny_model.parent))
    (tmp_path / "sets.toml").write_text(SETS)
    assert _run("evaluate", "tiny", "--sets", str(tmp_path / "sets.toml")) == 0
    assert "tiny: skipping toy" in capsys.readouterr().err
    assert load_card(tiny_model).metrics == ()


def test_train_refuses_a_missing_configuration(tmp_path, capsys):
    assert _run("train", str(tmp_path / "train.toml")) == 1
    assert "no such file" in capsys.readouterr().err
