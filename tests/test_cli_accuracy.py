import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shelf_files import write_probability, write_raster, write_scene

from satseg import classes
from satseg.catalog import Catalog
from satseg.cli import main
from satseg.sampling import SampleStore


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A map that says farmland on the left half, of a scene that has it on the left third."""
    root = tmp_path / "catalog"
    monkeypatch.setenv("SATSEG_CATALOG", str(root))
    truth = np.full((1, 60, 90), classes.WATER, dtype=np.uint8)
    truth[..., :30] = classes.FARMLAND
    image = write_scene(tmp_path / "scene.tif", size=(60, 90))
    catalog = Catalog.open(root)
    scene = catalog.add_scene(
        image, date="2019-05-04", truth=write_raster(tmp_path / "truth.tif", truth)
    )
    codes = np.full((60, 90), 20, dtype=np.uint8)
    codes[:, :45] = 230
    record = catalog.add_prediction(
        scene.id,
        "farmnet",
        weights_sha256="a" * 64,
        probability=write_probability(tmp_path / "map.tif", codes),
        runtime="by hand",
    )
    return record.id


@pytest.fixture
def sample(prediction: str, capsys: pytest.CaptureFixture[str]) -> str:
    drawn = ("accuracy", "draw", prediction, "--threshold", 0.5, "--error", 3, "--seed", 1)
    assert run(*drawn, "--no-certainty") == 0
    return capsys.readouterr().out.split(":")[0]


def test_truth_gives_the_area_with_an_interval(
    sample: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("accuracy", "label", sample, "--truth") == 0
    assert run("accuracy", "result", sample) == 0
    text = capsys.readouterr().out
    row = next(line for line in text.splitlines() if line.lstrip("│ ").startswith("farmland"))
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    mapped, adjusted = (float(cell.split()[0]) for cell in cells[1:3])
    low, high = (float(word) for word in cells[3].split(" to "))
    assert mapped == pytest.approx(0.10, abs=0.005)
    assert low <= 60 * 30 * 0.36e-4 <= high
    assert low <= adjusted <= high
    assert "Overall accuracy" in text
    whole = tmp_path / "whole.geojson"
    gpd.GeoDataFrame(geometry=[shapely.box(100, 20, 140, 50)], crs="EPSG:4326").to_file(whole)
    assert run("accuracy", "result", sample, "--within", whole) == 0
    assert f"inside of whole.geojson: {adjusted:,.2f} ha" in capsys.readouterr().out


def test_samples_go_out_and_labels_come_in(
    sample: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plots, table, points = (tmp_path / name for name in ("plots.csv", "t.csv", "s.gpkg"))
    assert run("accuracy", "export", sample, plots, "--plots") == 0
    assert plots.read_text(encoding="utf-8").startswith("LON,LAT,PLOTID\n")
    answers = tmp_path / "answers.csv"
    answers.write_text("plotid,answer\n1,farmland\n2,other\n3,unsure\n", encoding="utf-8")
    assert run("accuracy", "label", sample, answers, "--interpreter", "second") == 0
    assert "3 of" in capsys.readouterr().out
    assert run("accuracy", "export", sample, table) == 0
    assert run("accuracy", "export", sample, points) == 0
    assert gpd.read_file(points, layer="points")["second"].notna().sum() == 3
    store = SampleStore(Catalog.open().root)
    store.remove(sample)
    assert run("accuracy", "import", points) == 0
    assert store.sample(sample).done("second") == 3
    capsys.readouterr()
    assert run("accuracy", "list") == 0
    assert sample in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("label",), "neither"),
        (("result",), "at least two labelled points"),
        (("export", "sample.shp"), "sample.shp"),
        (("label", "missing.csv"), "FileNotFoundError"),
    ],
)
def test_what_cannot_be_done_is_told(
    sample: str, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("accuracy", arguments[0], sample, *arguments[1:]) == 1
    assert message in capsys.readouterr().err


def test_an_unknown_sample_is_told(prediction: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("accuracy", "result", "nothing") == 1
    assert "Draw a sample first" in capsys.readouterr().err
    assert SampleStore(Catalog.open().root).ids() == []


def test_predictions_are_listed_with_their_ids(
    prediction: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predictions") == 0
    assert prediction in capsys.readouterr().out
    assert run("predictions", "--json", "--region", "elsewhere") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run("predictions", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["model"], row["date"]) == (prediction, "farmnet", "2019-05-04")
