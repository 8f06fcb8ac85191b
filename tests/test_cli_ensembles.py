from pathlib import Path

import numpy as np
import pytest
import rasterio
from shelf_files import write_scene
from shelf_models import write_model

from satseg.catalog import Catalog
from satseg.cli import main


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder, "farmnet", seed=1)
    write_model(folder, "unet8", seed=2)
    return folder


@pytest.fixture
def root(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("SATSEG_MODELS", str(models))
    run("scenes", "add", write_scene(tmp_path / "s0.tif"), "--date", "2015-06-06")
    return tmp_path / "catalog"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def plain(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


@pytest.mark.parametrize("name", ["add", "fit", "remove"])
def test_every_subcommand_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ensemble", name, "--help") == 0
    assert f"Example: satseg ensemble {name}" in plain(capsys)


@pytest.mark.usefixtures("root")
def test_an_ensemble_is_put_together_used_and_removed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("farmnet", "unet8")
    assert run("ensemble", "add", *names, "--name", "Both", "--weights", "2,1") == 0
    assert "satseg predict -m ensemble-both" in plain(capsys)
    assert run("models") == 0
    assert "Mean of farmnet x 0.666667, unet8 x 0.333333" in plain(capsys)
    assert run("predict", "-m", "ensemble-both") == 0
    assert "With its uncertainty: disagreement, entropy, information" in plain(capsys)
    assert run("area", "-m", "ensemble-both", "--json") == 0
    assert '"model":"ensemble-both"' in plain(capsys)
    assert run("ensemble", "remove", "ensemble-both") == 0
    assert "Maps that it made stay in the catalog" in plain(capsys)
    assert run("predict", "-m", "ensemble-both") == 1
    assert "one of the ensembles (none)" in plain(capsys)


def test_uncertainty_is_copied_out_with_its_scale(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("predict", "-m", "farmnet", "-m", "unet8", "--method", "vote")
    catalog = Catalog.open(root)
    records = {record.model_id: record.id for record in catalog.predictions()}
    assert set(records) == {"farmnet", "unet8", "ensemble-vote-farmnet+unet8"}
    capsys.readouterr()
    target = tmp_path / "d.tif"
    both = records["ensemble-vote-farmnet+unet8"]
    assert run("uncertainty", both, "--kind", "disagreement", "-o", target) == 0
    assert "disagreement = value x 0.5 / 254 probability, nodata 255" in plain(capsys)
    with rasterio.open(target) as source:
        assert source.scales == (0.5 / 254,)
    assert run("uncertainty", records["farmnet"], "-o", target) == 0
    assert "entropy = value x 1 / 254 bit" in plain(capsys)
    with (
        rasterio.open(target) as source,
        rasterio.open(catalog.prediction(records["farmnet"]).probability) as probability,
    ):
        code = int(probability.read(1)[0, 0])
        share = code / 254
        bits = -(share * np.log2(share) + (1 - share) * np.log2(1 - share))
        assert source.read(1)[0, 0] == round(bits * 254)


def test_what_a_single_map_does_not_tell_is_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("predict")
    (record,) = Catalog.open(root).predictions()
    capsys.readouterr()
    target = tmp_path / "i.tif"
    assert run("uncertainty", record.id, "--kind", "information", "-o", target) == 1
    assert "by farmnet, a single model" in plain(capsys)
    assert run("uncertainty", record.id, "-o", tmp_path / "none" / "i.tif") == 1
    assert "no folder" in plain(capsys)
    assert not target.exists()


@pytest.mark.usefixtures("root")
def test_eight_views_are_asked_for_with_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", "--augment", "d4") == 0
    assert "by farmnet@d4" in plain(capsys)
    assert run("predict", "-m", "farmnet@d4", "--augment", "d4") == 0
    assert "Every scene has a prediction by farmnet@d4 already" in plain(capsys)
    assert run("predict") == 0
    assert "by farmnet:" in plain(capsys)


@pytest.mark.usefixtures("root")
def test_an_ensemble_that_cannot_be_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ensemble", "add", "farmnet", "--name", "One") == 1
    assert "two or more different models" in plain(capsys)
    assert run("ensemble", "add", "farmnet", "unet8", "--name", " ") == 1
    assert "a name of 1 to 40 characters" in plain(capsys)
    pair = ("farmnet", "unet8")
    assert run("ensemble", "add", *pair, "--name", "X", "--method", "median", "--weights", "1,2")
    assert "one weight above 0 each for mean and vote" in plain(capsys)
    assert run("ensemble", "fit", *pair) == 1
    assert "the validation pictures of farmnet" in plain(capsys)
