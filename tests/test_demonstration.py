import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from satseg.classes import FARMLAND_CODES
from satseg.cli import main
from satseg.demonstration import STEPS, Demonstration, Size, run
from satseg.errors import CatalogError, TrainingError
from satseg.zoo.card import load_card

SMALL = Size(scene_px=256, chip_px=32, training_steps=4)


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """A demonstration of which every step is done."""
    found = Demonstration(tmp_path_factory.mktemp("demo"), SMALL)
    outcomes = list(run(found))
    assert [outcome.step for outcome in outcomes] == list(STEPS)
    assert not any(outcome.repeated for outcome in outcomes)
    return found


def test_a_second_run_does_nothing_twice(demo: Demonstration) -> None:
    weights = (demo.models / "demonstration" / "weights.safetensors").stat().st_mtime_ns
    again = {outcome.step: outcome.repeated for outcome in run(demo)}
    assert again == {**dict.fromkeys(STEPS, True), "area": False}
    assert (demo.models / "demonstration" / "weights.safetensors").stat().st_mtime_ns == weights


def test_the_mask_is_the_simulators_truth(demo: Demonstration) -> None:
    truth = demo.catalog.scene("demonstration_2018-06-05").truth
    with rasterio.open(demo.folder / "truth.tif") as mask, rasterio.open(truth) as classes:
        found, exact = mask.read(1), np.isin(classes.read(1), FARMLAND_CODES)
    assert 0.1 < exact.mean() < 0.9
    assert ((found == 1) == exact).mean() > 0.98  # field edges are drawn a little differently


def test_the_printed_commands_do_the_same(
    demo: Demonstration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Demonstration(tmp_path / "other", SMALL)
    other.prepare(lambda done, total: None)
    monkeypatch.setenv("SATSEG_MODELS", str(other.models))
    config = "models/demonstration/train.toml"
    (other.folder / config).parent.mkdir(parents=True)
    (other.folder / config).write_bytes((demo.folder / config).read_bytes())
    for outcome in run(demo):
        line = outcome.command.replace(str(demo.folder), str(other.folder))
        setting, command, *arguments = shlex.split(line)
        assert (setting, command) == (f"SATSEG_MODELS={other.models}", "satseg")
        assert _run(*arguments) == 0
    for name in ("chips/source.toml", "chips/evaluation.toml", "truth.tif"):
        assert (other.folder / name).read_bytes() == (demo.folder / name).read_bytes()
    ours, theirs = (load_card(each.models / "demonstration") for each in (demo, other))
    assert (ours.sha256, ours.metrics) == (theirs.sha256, theirs.metrics)
    areas = [pd.read_csv(each.folder / "areas.csv") for each in (demo, other)]
    pd.testing.assert_frame_equal(*areas)


def test_a_step_says_what_it_needs(tmp_path: Path) -> None:
    lonely = Demonstration(tmp_path / "lonely", SMALL)
    for step, needed in (("train", "masks"), ("evaluate", "train"), ("area", "train")):
        with pytest.raises(CatalogError, match=f"--steps {needed}"):
            list(run(lonely, [step]))
    (outcome,) = run(lonely, ["locate"])
    assert outcome.step == "locate"
    assert not (lonely.folder / "chips").exists()


@pytest.mark.parametrize("steps", [[], ["locate", "fly"]])
def test_unknown_steps_are_refused(tmp_path: Path, steps: list[str]) -> None:
    with pytest.raises(CatalogError, match="steps out of locate, masks, train"):
        list(run(Demonstration(tmp_path, SMALL), steps))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", [{"chip_px": 100}, {"training_steps": 0}, {"scene_px": 256}])
def test_sizes_must_fit(bad: dict[str, int]) -> None:
    with pytest.raises(TrainingError, match="a multiple of 32 pixels"):
        Size(**bad)


def test_the_command_tells_each_step_with_its_command(
    demo: Demonstration, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("satseg.demonstration.Size", lambda training_steps: SMALL)
    assert _run("workflow", "--folder", demo.folder, "--steps", "evaluate, area") == 0
    told = capsys.readouterr().out
    assert "not how well a model does on real imagery" in told
    assert "evaluate (there already)" in told
    assert "$ SATSEG_MODELS=" in told
    assert "satseg --catalog" in told
    assert "ha mapped (simulated truth" in told
    assert "streamlit run dashboard/app.py" in told
    assert "locate" not in told.split("evaluate")[0].split("imagery.")[1]
    assert _run("workflow", "--folder", demo.folder, "--steps", "fly") == 1
    assert "steps out of" in capsys.readouterr().err
