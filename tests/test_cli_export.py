import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import rasterio
from PIL import Image

from satseg.catalog import Catalog
from satseg.cli import main

sys.path.insert(0, str(Path(__file__).resolve().parent / "export"))

from export_maps import build_catalog, half


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cli-export")
    build_catalog(root)
    return root / "catalog"


@pytest.fixture
def run(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command in an empty folder with the small catalog; return its exit code."""
    monkeypatch.setenv("SATSEG_CATALOG", str(root))
    monkeypatch.setenv("SATSEG_MODELS", str(tmp_path / "none"))
    (tmp_path / "none").mkdir()
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def start(*arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["export", *(str(argument) for argument in arguments)])
        return int(ended.value.code or 0)

    return start


def test_polygons_get_a_telling_name_and_are_counted(run, capsys) -> None:
    assert run("polygons", "--region", "s0", "--min-area", "1") == 0
    said = capsys.readouterr().out
    assert "s0, 2020-05-03, farmnet, threshold 0.5: 1 polygons, 0.06 ha." in said
    assert "s0-2020-05-03-farmnet-t0.50.gpkg (" in said
    assert len(gpd.read_file("s0-2020-05-03-farmnet-t0.50.gpkg")) == 1


def test_a_file_that_is_there_is_kept_unless_forced(run, capsys) -> None:
    Path("p.geojson").write_text("mine")
    assert run("polygons", "--scene", "s0", "-o", "p.geojson") == 1
    assert "Replace it with --force" in capsys.readouterr().err
    assert Path("p.geojson").read_text() == "mine"
    assert run("polygons", "--scene", "s0", "-o", "p.geojson", "--force") == 0
    assert len(gpd.read_file("p.geojson")) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("polygons", "--region", "s0", "-o", "p.csv"), "ends in .gpkg or .parquet or .geojson"),
        (("polygons", "--region", "s0", "-o", "p.gpkg", "--format", "geojson"), "p.gpkg with"),
        (("raster", "mask", "--region", "s0", "-o", "p.png"), "ends in .tif"),
        (("report", "--region", "s0", "-o", "no/r.pdf"), "an existing folder for r.pdf"),
        (("polygons", "--region", "s0", "--threshold", "3"), "a threshold from 0 to 1"),
        (("polygons",), "Give --scene, or --region"),
        (("figure", "--region", "s0", "--dpi", "7"), "50 to 600 dots an inch"),
        (("series", "--region", "moon"), "one of the regions s0"),
        (("polygons", "--region", "s0", "--date", "yesterday"), "a date of the calendar"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_written(
    run, capsys, arguments: tuple[str, ...], told: str
) -> None:
    assert run(*arguments) == 1
    assert told in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_rasters_are_written_cut_or_whole(run, capsys, root: Path) -> None:
    assert run("raster", "--region", "s0", "--date", "2016-05-03", "-o", "m.tif") == 0
    assert run("raster", "probability", "--scene", "s0", "--whole", "-o", "p.tiff") == 0
    said = capsys.readouterr().out
    assert "the whole scene, 2016-05-03, farmnet, threshold 0.5: 80 x 60 pixels." in said
    with rasterio.open("m.tif") as found:
        assert set(found.read(1).ravel().tolist()) == {0, 1, 255}


def test_an_area_of_interest_is_read_from_a_file(run, capsys, root: Path) -> None:
    region = Catalog.open(root, create=False).regions()[0]
    west = gpd.GeoDataFrame(geometry=[half(region.geometry)], crs="EPSG:4326")
    west.to_file("west.geojson")
    assert run("series", "--area", "west.geojson") == 0
    frame = pd.read_csv("west-areas.csv")
    assert frame["region"].tolist() == ["west"] * 3
    assert run("polygons", "--region", "s0", "--area", "west.geojson", "--whole") == 1
    assert "--area and --whole" in capsys.readouterr().err


def test_series_figure_and_report_are_written(run, capsys) -> None:
    assert run("series", "--region", "s0", "--format", "parquet", "-m", "unet8") == 0
    assert len(pd.read_parquet("s0-areas-unet8.parquet")) == 1
    assert run("figure", "--region", "s0", "--dpi", "60", "--language", "zh") == 0
    with Image.open("s0-2020-05-03-farmnet-t0.50-slide.png") as figure:
        assert figure.size == (800, 450)
    assert run("report", "--region", "s0", "--unit", "mu") == 0
    assert "2 maps by farmnet, 3 rows." in capsys.readouterr().out
    assert "Farmland of s0" in Path("s0-report-farmnet-t0.50.html").read_text(encoding="utf-8")


def test_nothing_is_left_beside_the_file(run) -> None:
    assert run("raster", "--region", "s0", "-o", "m.tif") == 0
    assert [path.name for path in Path().iterdir()] == ["m.tif"]
