import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio
from shelf_files import snapshot, write_scene
from shelf_models import write_model

from satseg.catalog import Catalog
from satseg.cli import COMMANDS, main
from satseg.grids import WGS84


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder, "farmnet", seed=1)
    write_model(folder, "unet8", seed=2)
    write_model(folder, "infrared", bands=("nir1",), seed=3)
    return folder


@pytest.fixture
def root(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "catalog"
    monkeypatch.setenv("SATSEG_CATALOG", str(root))
    monkeypatch.setenv("SATSEG_MODELS", str(models))
    return root


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def added(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    for index, day in enumerate(("2015-06-06", "2020-06-06")):
        image = write_scene(tmp_path / f"s{index}.tif", seed=index)
        assert run("scenes", "add", image, "--date", day, *(["--region", "s0"] * index)) == 0
    capsys.readouterr()
    return root


@pytest.mark.parametrize(
    "command", [[], *[[name] for name in COMMANDS], ["scenes", "add"], ["accuracy", "draw"]]
)
def test_every_command_explains_itself(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command, "--help") == 0
    text = capsys.readouterr().out
    assert "satseg" in text
    if command not in ([], ["scenes"], ["accuracy"]):
        assert "Example: satseg " + " ".join(command) in " ".join(text.split())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from satseg.cli import build_app; build_app();"
        "sys.exit(', '.join({'torch', 'rasterio', 'pandas', 'pystac', 'scipy'} & {*sys.modules}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert ended.stderr == b"\n"


def test_the_way_from_an_image_to_an_area(
    added: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("scenes", "list") == 0
    listed = capsys.readouterr().out
    assert "2015-06-06" in listed
    assert "2020-06-06" in listed
    assert run("predict") == 0
    assert capsys.readouterr().out.count("Predicted") == 2
    assert run("predict") == 0
    assert "Every scene has a prediction by farmnet already" in capsys.readouterr().out
    assert run("area", "--threshold", "0.4", "--csv", tmp_path / "areas.csv") == 0
    shown = capsys.readouterr().out
    assert "0.4" in shown
    with (tmp_path / "areas.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["date"] for row in rows] == ["2015-06-06", "2020-06-06"]
    change = float(rows[1]["area_m2"]) - float(rows[0]["area_m2"])
    assert float(rows[1]["change_m2"]) == pytest.approx(change, abs=1e-6)
    assert f"{float(rows[0]['area_ha']):,.2f} ha" in shown


def test_several_models_are_an_ensemble(added: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", "s0", "-m", "farmnet", "-m", "unet8", "--weights", "1,3") == 0
    assert run("area", "--json") == 0
    text = capsys.readouterr().out
    rows = json.loads(text[text.index("[") :])
    assert {row["model"].rsplit("-", 1)[0] for row in rows} >= {"ensemble-farmnet+unet8"}
    assert {row["scene_id"] for row in rows} == {"s0"}


def test_one_model_and_one_region_can_be_shown(
    added: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("predict", "s0", "-m", "farmnet")
    run("predict", "s0", "-m", "unet8")
    capsys.readouterr()
    assert run("area", "-m", "unet8", "--region", "s0", "--json") == 0
    assert [row["model"] for row in json.loads(capsys.readouterr().out)] == ["unet8"]


def test_a_map_can_be_copied_out(added: Path, tmp_path: Path) -> None:
    target = tmp_path / "farmland.tif"
    assert run("predict", "s0", "--output", target) == 0
    with rasterio.open(target) as source:
        assert (source.crs, source.nodata) == ("EPSG:32651", 255)


def test_scenes_without_the_bands_are_left_out(
    added: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("scenes", "add", write_scene(tmp_path / "four.tif", bands=4), "--date", "2021-01-01")
    capsys.readouterr()
    assert run("predict", "-m", "infrared") == 0
    assert "Predicted four" in capsys.readouterr().out
    assert len(Catalog.open(added).predictions()) == 1


def test_models_are_listed_with_their_bands(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models") == 0
    text = capsys.readouterr().out
    assert "farmnet" in text
    assert "red, green, blue" in text


def test_a_scene_can_be_removed(added: Path) -> None:
    assert run("scenes", "remove", "s1") == 0
    assert [scene.id for scene in Catalog.open(added).scenes()] == ["s0"]


def test_the_catalog_can_be_named(root: Path, tmp_path: Path) -> None:
    image = write_scene(tmp_path / "s.tif")
    other = tmp_path / "other"
    assert run("--catalog", other, "scenes", "add", image, "--date", "2015-06-06") == 0
    assert [scene.id for scene in Catalog.open(other).scenes()] == ["s"]
    assert not root.exists()


def test_bands_can_be_named(root: Path, tmp_path: Path) -> None:
    image = write_scene(tmp_path / "s.tif", bands=2)
    options = ("--date", "2015-06-06", "--bands", "nir1,red", "--id", "mine", "--title", "Mine")
    assert run("scenes", "add", image, *options) == 0
    record = Catalog.open(root).scene("mine")
    assert (record.bands, record.title) == (("nir1", "red"), "Mine")


ERRORS = {
    "no file": (["scenes", "add", "none.tif", "--date", "2015-06-06"], "Found:    no file at"),
    "no date": (["scenes", "add", "SCENE"], "To do:    Give it, for example --date 2015-06-06"),
    "bad date": (["scenes", "add", "SCENE", "--date", "June"], "Found:    'June'"),
    "bad id": (["scenes", "add", "SCENE", "--date", "2015-06-06", "--id", "A B"], "'A B'"),
    "unknown scene": (["predict", "nine"], "Found:    'nine'"),
    "unknown model": (["predict", "-m", "nine"], "one of the models farmnet, infrared, unet8"),
    "missing bands": (["predict", "-m", "infrared"], "missing: nir1"),
    "bad weights": (["predict", "--weights", "a"], "weights as numbers"),
    "no output folder": (["predict", "s0", "--output", "no/where.tif"], "no folder"),
    "one output only": (["predict", "--output", "x.tif"], "2 scenes to predict"),
    "nothing measured": (["area"], "satseg predict"),
    "bad threshold": (["area", "--threshold", "2"], "a threshold from 0 to 1"),
    "unknown region": (["area", "--region", "nowhere"], "one of the regions s0"),
    "unknown removal": (["scenes", "remove", "nine"], "Found:    'nine'"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_to_do_and_change_nothing(
    added: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    arguments, told = ERRORS[case]
    if case == "bad threshold":
        run("predict", "s0")
        capsys.readouterr()
    before = snapshot(added)
    scene = str(write_scene(tmp_path / "new.tif", seed=7))
    assert run(*[scene if argument == "SCENE" else argument for argument in arguments]) == 1
    output = capsys.readouterr()
    assert told in output.err
    assert [line[:9] for line in output.err.splitlines()] == ["Expected:", "Found:   ", "To do:   "]
    assert "Traceback" not in output.err
    assert snapshot(added) == before


def test_without_a_catalog_the_way_to_one_is_told(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("area") == 1
    assert "satseg scenes add" in capsys.readouterr().err
    assert not root.exists()


def test_stopping_is_no_error_message(
    added: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("satseg.workflow.predict_to_catalog", stop)
    assert run("predict", "s0") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_the_real_tile_is_added_and_measured(
    root: Path, shanghai_tile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("scenes", "add", shanghai_tile, "--date", "2015-06-06", "--id", "tile") == 0
    assert run("predict") == 0
    capsys.readouterr()
    assert run("area", "--threshold", "0", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    record = Catalog.open(root).scene("tile")
    exact = abs(WGS84.geometry_area_perimeter(record.footprint.segmentize(1e-4))[0])
    assert row["area_m2"] == pytest.approx(exact, rel=1e-4)
    with (
        rasterio.open(shanghai_tile) as image,
        rasterio.open(Catalog.open(root).predictions()[0].probability) as probability,
    ):
        assert probability.crs == image.crs
        assert tuple(probability.bounds) == pytest.approx(tuple(image.bounds), abs=1e-9)
