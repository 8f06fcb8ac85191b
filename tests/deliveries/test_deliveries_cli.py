"""The whole way on the command line: a delivery, the scene, the map, the area."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from delivery_files import drop, edit, write_multispectral
from shelf_files import snapshot, write_scene
from shelf_models import write_model

from satseg.bands import WORLDVIEW3
from satseg.catalog import Catalog
from satseg.cli import main
from satseg.simulate import random_definition
from satseg.simulate.delivery import write_delivery

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "catalog"))

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return call


def test_a_simulated_delivery_goes_the_whole_way_to_an_area(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With unet8 as it is shipped, which needs all eight bands by name."""
    monkeypatch.setenv("SATSEG_MODELS", str(ROOT / "models"))
    place = random_definition(7, size_px=256)
    folder = write_delivery(place, place.dates[0], tmp_path / "order")
    code, out, _ = run("scenes", "add", folder, "--pansharpen", "0.6", "--id", "sharp")
    assert code == 0
    assert "256 x 256 pixels of 0.60 m, sharpened by gram-schmidt" in out
    assert "Next: satseg predict sharp" in out
    assert run("predict", "-m", "unet8")[0] == 0
    code, out, _ = run("area", "-m", "unet8", "--json")
    assert code == 0
    (row,) = json.loads(out[out.index("[") :])
    assert (row["scene_id"], row["date"][:10]) == ("sharp", str(place.dates[0]))
    assert row["valid_fraction"] == pytest.approx(1)
    catalog = Catalog.open(tmp_path / "catalog")
    scene = catalog.scene("sharp")
    assert (scene.bands, scene.simulated) == (WORLDVIEW3, True)
    (prediction,) = catalog.predictions()
    with rasterio.open(prediction.probability) as dataset:
        assert dataset.shape == (128, 128)  # unet8 maps at 1.2 m
    area = catalog.area(prediction.id, scene.region_id)
    assert area.valid_m2 == pytest.approx((256 * 0.6) ** 2, rel=1e-3)


def test_what_was_understood_is_printed_before_it_is_added(run: Run, delivery: Path) -> None:
    code, out, _ = run("scenes", "add", delivery)
    assert code == 0
    lines = dict(line.split(":", 1) for line in out.splitlines() if ":" in line)
    lines = {key: text.strip() for key, text in lines.items()}
    assert list(lines)[:10] == [
        "Product",
        "Parts",
        "Bands",
        "Acquired",
        "CRS",
        "Sun",
        "View",
        "Cloud",
        "Calibration",
        "Image",
    ]
    assert lines["Product"] == "000000000000_01_P001: WorldView-3, Standard LV2A, simulated"
    assert lines["Parts"] == (
        "multispectral, 2 tiles, 40 x 60 pixels; panchromatic, 2 tiles, 160 x 240 pixels"
    )
    assert lines["Bands"] == ", ".join(WORLDVIEW3)
    assert lines["Acquired"] == "2015-06-06 02:41:00 UTC, scanned forward"
    assert lines["CRS"] == "EPSG:32651, 2.40 m in the delivery"
    assert lines["Sun"] == "elevation 30.0°, azimuth 110.0°"
    assert lines["View"] == "off nadir 0.0°, azimuth 0.0°"
    assert lines["Cloud"] == "1.2%"
    assert lines["Calibration"] == ("table 2016v0.Int; absCalFactor and bandwidth of 8 bands")
    assert lines["Image"] == "reflectance x 10000, uint16, nodata 0, 40 x 60 pixels of 2.40 m"


def test_numbers_as_they_lie_are_mapped_too(
    run: Run, delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mosaic of two tiles is read by the engine and by 'change' as any image is."""
    write_model(tmp_path / "models", "eight", bands=WORLDVIEW3)
    monkeypatch.setenv("SATSEG_MODELS", str(tmp_path / "models"))
    code, out, _ = run("scenes", "add", delivery, "--no-toa", "--id", "dn")
    assert (code, "digital numbers where they lie" in out) == (0, True)
    assert run("predict", "dn", "-m", "eight")[0] == 0
    (prediction,) = Catalog.open(tmp_path / "catalog").predictions()
    with rasterio.open(prediction.probability) as dataset:
        assert (dataset.read(1) != 255).all()


def test_options_reach_the_image(run: Run, delivery: Path, tmp_path: Path) -> None:
    options = ("--pansharpen", "1.2", "--sharpening", "brovey", "--calibration", "2018v0")
    assert run("scenes", "add", delivery, *options, "--id", "a", "--title", "A")[0] == 0
    scene = Catalog.open(tmp_path / "catalog").scene("a")
    with rasterio.open(scene.image) as dataset:
        tags = dataset.tags()
    assert (tags["SATSEG_CALIBRATION"], scene.title) == ("2018v0", "A")
    assert '"method": "brovey"' in tags["SATSEG_MADE"]


def test_a_pansharpened_delivery_is_added_as_numbers_with_the_reason(
    run: Run, tmp_path: Path
) -> None:
    imd = write_multispectral(tmp_path / "d", kind="S2AS")
    edit(imd, ('Algorithm = "None"', 'Algorithm = "UNB"'))
    code, out, _ = run("scenes", "add", tmp_path / "d")
    assert code == 0
    assert "none: 15JUN06024100-S2AS-000000000000_01_P001: the supplier pan-sharpened" in out


DAMAGES: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "missing tile": (lambda imd: max(imd.parent.glob("*.TIF")).unlink(), (), "no such file"),
    "no factors": (lambda imd: drop(imd, "absCalFactor"), (), "no absCalFactor in"),
    "bands": (lambda imd: edit(imd, ("BAND_N2", "BAND_X")), (), "Expected: 7 bands"),
    "no imd": (lambda imd: imd.unlink(), (), "only the panchromatic"),
    "empty imd": (lambda imd: imd.write_text(""), (), "Found:    none"),
    "date": (lambda imd: imd, ("--date", "2016-01-01"), "Found:    2016-01-01"),
    "bands given": (lambda imd: imd, ("--bands", "red"), "Leave --bands out"),
    "part": (lambda imd: imd, ("--part", "P009"), "Found:    'P009'"),
    "method": (lambda imd: imd, ("--sharpening", "ihs"), "with --sharpening"),
    "table": (lambda imd: imd, ("--calibration", "x"), "tables 2016v0.Int, 2018v0"),
    "no polynomials": (lambda imd: imd, ("--height", "5"), ".RPB beside the image"),
    "two heights": (lambda imd: imd, ("--height", "5", "--dem", "x.tif"), "Found:    both"),
    "gsd": (lambda imd: imd, ("--pansharpen", "0.1"), "Found:    0.1 m"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_delivery_is_told_and_nothing_is_registered(
    run: Run, delivery: Path, imd: Path, tmp_path: Path, case: str
) -> None:
    damage, options, told = DAMAGES[case]
    damage(imd)
    code, _, err = run("scenes", "add", delivery, *options)
    assert code == 1
    assert told in err
    root = tmp_path / "catalog"
    assert not root.exists() or Catalog.open(root).scenes() == []


def test_a_tile_cut_off_in_the_middle_is_told(
    run: Run, delivery: Path, imd: Path, tmp_path: Path, cut_off: Callable[[Path], None]
) -> None:
    cut_off(max(imd.parent.glob("*.TIF")))
    code, _, err = run("scenes", "add", delivery)
    assert code == 1
    assert "R1C2" in err or "multispectral.vrt" in err
    assert Catalog.open(tmp_path / "catalog").scenes() == []


def test_options_of_deliveries_are_refused_for_files(run: Run, tmp_path: Path) -> None:
    image = write_scene(tmp_path / "a.tif")
    before = snapshot(tmp_path)
    code, _, err = run("scenes", "add", image, "--toa", "--height", "3", "--date", "2015-06-06")
    assert code == 1
    assert "the folder of a delivery with --toa, --height" in err
    assert snapshot(tmp_path) == before


def test_a_simulated_delivery_is_written_by_the_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "small.toml").write_text(
        'region = "qingpu"\ncentre = [121.1, 31.1]\nsize_px = 64\ndates = [2015-06-06]\n'
    )
    folder = tmp_path / "order"
    code, out, _ = run("sample", "--definitions", definitions, "--delivery", folder)
    assert code == 0
    assert "8 bands of 2.4 m and a panchromatic one of 0.6 m" in out
    assert f"Next: satseg scenes add {folder} --pansharpen 0.6" in " ".join(out.split())
    assert not (tmp_path / "catalog").exists()
    assert run("scenes", "add", folder, "--id", "s")[0] == 0
    with rasterio.open(Catalog.open(tmp_path / "catalog").scene("s").image) as dataset:
        assert np.median(dataset.read(5)) / 1e4 == pytest.approx(0.15, abs=0.12)


@pytest.mark.shared
def test_the_original_spacenet_tile_is_still_a_scene(run: Run, shanghai_tile: Path) -> None:
    code, out, _ = run("scenes", "add", shanghai_tile, "--date", "2015-06-06", "--id", "tile")
    assert code == 0
    assert "3 bands, 0.28 m, 100% with data" in out
