from pathlib import Path

import pytest
from PIL import Image
from shelf_files import snapshot, write_scene

from satseg.catalog import Catalog
from satseg.cli import main


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "catalog"))
    return tmp_path / "catalog"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_an_image_is_described_and_nothing_is_added(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = write_scene(tmp_path / "east_20150606.tif", bands=4)
    assert run("scenes", "inspect", image, "--look", tmp_path / "look.png") == 0
    told = capsys.readouterr().out
    for text in (
        "Bands:       red, green, blue, nir1 (the usual order; check it)",
        "Date:        2015-06-06 (from the file's name; check it)",
        "CRS:         EPSG:32651",
        "GSD:         0.60 m",
        "Size:        40 x 60 pixels, 0.0 MB",
        "With data:   about 100.0%",
        "Region:      a new one, of the image's outline",
        "Simulated:   no",
        f"Next: satseg scenes add {image} --date 2015-06-06",
    ):
        assert text in told
    with Image.open(tmp_path / "look.png") as picture:
        assert picture.size == (60, 40)
    assert not root.exists()


def test_what_is_missing_is_asked_for_and_the_region_is_named(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Catalog.open(root).add_scene(write_scene(tmp_path / "east.tif"), date="2015-06-06")
    before = snapshot(root)
    image = write_scene(tmp_path / "two.tif", bands=2, seed=1)
    assert run("scenes", "inspect", image) == 0
    told = capsys.readouterr().out
    assert "2 without names: give them with --bands" in told
    assert "not told: give it with --date" in told
    assert "Region:      east (east)" in told
    assert f"Next: satseg scenes add {image} --date YYYY-MM-DD --bands NAMES" in told
    assert run("scenes", "inspect", image, "--bands", "red,nir1", "--date", "2020-01-01") == 0
    assert f"{image} --date 2020-01-01 --bands red,nir1" in capsys.readouterr().out
    assert snapshot(root) == before


def test_what_is_no_image_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "page.tif").write_text("<!doctype html>")
    assert run("scenes", "inspect", tmp_path / "page.tif") == 1
    assert "page.tif, which begins with" in capsys.readouterr().err
    assert run("scenes", "inspect", tmp_path / "none.tif") == 1
    assert "none.tif" in capsys.readouterr().err
