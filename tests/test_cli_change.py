import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import scipy.ndimage
from numpy.typing import NDArray
from shelf_files import snapshot, write_probability, write_raster

from satseg.catalog import Catalog
from satseg.cli import main

DAYS = ("2015-06-06", "2018-06-06", "2020-06-06")
SIZE = (240, 240)
PIXEL_HA = 0.36e-4


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def land(seed: int, shift_px: int) -> NDArray[np.uint16]:
    texture = np.random.default_rng(0).normal(size=(300, 300))
    picture = scipy.ndimage.gaussian_filter(texture, 2)[30:270, 30 - shift_px : 270 - shift_px]
    noise = np.random.default_rng(seed).normal(0, 5, (3, *SIZE))
    return (600 + 2000 * picture + noise).clip(1).astype(np.uint16)


def field(first_col: int, last_col: int) -> NDArray[np.uint8]:
    codes = np.zeros(SIZE, dtype=np.uint8)
    codes[50:150, first_col:last_col] = 254
    return codes


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Add one scene and one prediction for each map of codes; return the predictions' ids."""
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("SATSEG_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()

    def add(*maps: NDArray[np.uint8], moved: int = 0, models: tuple[str, ...] = ()) -> list[str]:
        catalog = Catalog.open()
        ids = []
        for index, codes in enumerate(maps):
            image = write_raster(tmp_path / f"s{index}.tif", land(index, moved if index else 0))
            region = None if index == 0 else "s0"
            catalog.add_scene(image, date=DAYS[index], region_id=region)
            raster = write_probability(tmp_path / "p.tif", codes)
            model = models[index] if models else "farmnet"
            record = catalog.add_prediction(
                f"s{index}", model, weights_sha256="ab" * 32, probability=raster, runtime="test"
            )
            ids.append(record.id)
        return ids

    return add


def areas(text: str) -> dict[str, float]:
    return {
        name.strip(): float(number.replace(",", ""))
        for name, number in re.findall(r"│\s*([^│]+?)\s*│\s*([\d.,]+) ha", text)
    }


def test_two_dates_give_gain_and_loss(
    shelf: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = shelf(field(40, 100), field(60, 130))
    output = tmp_path / "change.tif"
    assert run("change", *ids, "--output", output) == 0
    told = capsys.readouterr()
    found = areas(told.out)
    assert found["Farmland before"] == pytest.approx(6000 * PIXEL_HA, rel=3e-3)
    assert found["Gained"] == pytest.approx(3000 * PIXEL_HA, rel=3e-3)
    assert found["Lost"] == pytest.approx(2000 * PIXEL_HA, rel=3e-3)
    assert "no estimates with an error bar" in told.out
    assert "s1 lies +0.00 columns, +0.00 rows" in told.err.replace("-0.00", "+0.00")
    assert "false change" not in told.err
    with rasterio.open(output) as dataset:
        codes, tags = dataset.read(1), dataset.tags()
    assert [int((codes == code).sum()) for code in (1, 2, 3)] == [4000, 3000, 2000]
    assert tags["SATSEG_PREDICTIONS"] == ";".join(ids)
    assert tags["SATSEG_DATES"] == "2015-06-06;2018-06-06"


def test_a_shift_is_told_and_taken_back_when_asked(
    shelf: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = shelf(field(40, 100), field(44, 104), moved=4)
    output = tmp_path / "change.tif"
    assert run("change", *ids, "--output", output) == 0
    told = capsys.readouterr()
    assert areas(told.out)["Lost"] == pytest.approx(400 * PIXEL_HA, rel=1e-2)
    assert re.search(r"s1 lies \+(3\.9|4\.0)\d columns", told.err)
    assert "false change of that width. See --correct." in " ".join(told.err.split())
    assert run("change", *ids, "--output", output, "--correct") == 0
    told = capsys.readouterr()
    assert areas(told.out)["Lost"] == 0
    assert areas(told.out)["Gained"] == 0
    assert "Corrected." in told.err
    assert run("change", *ids, "--output", output, "--no-check") == 0
    assert "lies" not in capsys.readouterr().err


def test_small_changes_are_left_out_and_big_ones_drawn(
    shelf: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = field(40, 130)
    later[200:203, 200:203] = 254
    ids = shelf(field(40, 100), later)
    for name in ("patches.gpkg", "patches.geojson"):
        options = ("--min-area", "10", "--patches", tmp_path / name)
        assert run("change", *ids, "--output", tmp_path / "c.tif", *options) == 0
        found = areas(capsys.readouterr().out)
        assert found["Left out, gained"] == pytest.approx(9 * PIXEL_HA, rel=0.2)
        patches = gpd.read_file(tmp_path / name)
        assert patches["change"].tolist() == ["gain"]
        assert patches["area_m2"][0] == pytest.approx(3000 * 0.36, rel=3e-3)


def test_three_dates_tell_what_lasts(
    shelf: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = shelf(field(40, 100), field(40, 120), field(40, 110))
    assert run("change", *ids, "--output", tmp_path / "t.tif", "--threshold", "0.7") == 0
    found = areas(capsys.readouterr().out)
    assert found["Gained for good"] == pytest.approx(1000 * PIXEL_HA, rel=1e-2)
    assert found["To and fro"] == pytest.approx(1000 * PIXEL_HA, rel=1e-2)
    with rasterio.open(tmp_path / "t.tif") as dataset:
        assert dataset.tags()["SATSEG_KIND"] == "trend"
        assert dataset.tags()["SATSEG_THRESHOLDS"] == "0.7;0.7;0.7"


def test_different_models_are_pointed_out(
    shelf: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = shelf(field(40, 100), field(40, 100), models=("unet8", "farmnet"))
    assert run("change", *ids, "--output", tmp_path / "c.tif", "--no-check") == 0
    assert "by farmnet, unet8: what differs may be the models" in capsys.readouterr().err


REFUSED = {
    "one prediction": (lambda a, b: [a], "one prediction"),
    "wrong order": (lambda a, b: [b, a], "2018-06-06, 2015-06-06"),
    "the same twice": (lambda a, b: [a, a], "predictions of different dates"),
    "unknown": (lambda a, b: [a, "nine"], "'nine'"),
    "bad threshold": (lambda a, b: [a, b, "--threshold", "2"], "a threshold from 0 to 1"),
    "bad area": (lambda a, b: [a, b, "--min-area", "-1"], "a smallest area of 0 m2 or more"),
    "blind correction": (lambda a, b: [a, b, "--correct", "--no-check"], "--correct needs"),
    "bad file": (lambda a, b: [a, b, "--patches", "p.shp"], "--patches p.shp"),
    "no folder": (lambda a, b: [a, b, "--patches", "no/where.gpkg"], "no folder"),
    "three with area": (lambda a, b: [a, b, b, "--min-area", "9"], "3 predictions with"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_what_to_do_and_write_nothing(
    shelf: Callable[..., list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> None:
    arguments, told = REFUSED[case]
    ids = shelf(field(40, 100), field(60, 130))
    before = snapshot(tmp_path / "catalog")
    assert run("change", *arguments(*ids), "--output", tmp_path / "c.tif") == 1
    error = capsys.readouterr().err
    assert told in error
    assert "To do:" in error
    assert "Traceback" not in error
    assert not (tmp_path / "c.tif").exists()
    assert snapshot(tmp_path / "catalog") == before
