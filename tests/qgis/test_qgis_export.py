import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from PIL import Image
from shelf_files import ORIGIN, PIXEL_M, write_probability

from satseg.catalog import Catalog
from satseg.cli import main
from satseg.errors import ModelError, StorageError
from satseg.geodesy import pixel_areas_m2
from satseg.masks import Meaning, Sources, read_ground, write_truth
from satseg.probability_raster import open_probability
from satseg.qgis import QgisOptions, editable_polygons, way_back, write_qgis, write_uncertainty
from satseg.scene import open_scene
from satseg.windows import Window

EXACT = QgisOptions(0.5, min_area_m2=0, simplify_px=0)
SYSTEM_PYTHON = Path("/usr/bin/python3")


def _square(col: float, row: float, right: float, bottom: float) -> shapely.Polygon:
    x, y = ORIGIN
    return shapely.box(
        x + col * PIXEL_M, y - bottom * PIXEL_M, x + right * PIXEL_M, y - row * PIXEL_M
    )


def _write(shelf: Catalog, folder: Path, options: QgisOptions = EXACT) -> Path:
    (record,) = shelf.predictions()
    write_qgis(shelf.scene(record.scene_id), record, folder, options)
    return folder


@pytest.fixture(scope="module")
def written(shelf, tmp_path_factory) -> Path:
    return _write(shelf, tmp_path_factory.mktemp("qgis") / "out")


def test_polygons_follow_the_pixels_with_their_holes(written, shelf):
    frame = pyogrio.read_dataframe(written / "farmland.gpkg", layer="farmland")
    field, crumb = sorted(frame.geometry, key=lambda shape: -shape.area)
    want = _square(10, 5, 30, 25).difference(_square(20, 10, 24, 14))
    assert field.equals_exact(want.normalize(), 1e-6) or field.equals(shapely.MultiPolygon([want]))
    assert crumb.equals(shapely.MultiPolygon([_square(50, 30, 52, 32)]))
    grid = open_probability(written / "probability.tif").grid
    areas = pixel_areas_m2(grid, Window(0, 0, *grid.shape))
    assert frame["area_m2"].max() == pytest.approx(areas[0, 0] * (400 - 16), rel=1e-4)
    assert set(frame["class"]) == {"farmland"}


def test_small_patches_are_left_out_and_outlines_simplified(shelf, tmp_path):
    (record,) = shelf.predictions()
    found = editable_polygons(record.probability, threshold=0.5, min_area_m2=10)
    assert len(found) == 1
    stairs = np.full((40, 60), 0, dtype=np.uint8)
    for row in range(40):
        stairs[row, : row + 1] = 254
    path = write_probability(tmp_path / "stairs.tif", stairs)
    exact = editable_polygons(path, threshold=0.5)
    simple = editable_polygons(path, threshold=0.5, simplify_px=1)
    count = shapely.get_num_coordinates
    assert count(simple.geometry.iloc[0]) < 8
    assert count(exact.geometry.iloc[0]) > 80
    assert simple["area_m2"].sum() == pytest.approx(exact["area_m2"].sum(), rel=0.06)
    assert [each.name for each in tmp_path.iterdir()] == ["stairs.tif"]


def test_a_prediction_without_farmland_gives_an_empty_layer(shelf, tmp_path):
    out = _write(shelf, tmp_path / "out", QgisOptions(1.0, min_area_m2=10))
    frame = pyogrio.read_dataframe(out / "farmland.gpkg", layer="farmland")
    assert (len(frame), list(frame.columns)) == (0, ["class", "area_m2", "geometry"])


def test_uncertainty_is_one_at_one_half_and_nodata_stays(tmp_path):
    codes = np.array([[0, 127, 254, 255], [50, 204, 1, 128]], dtype=np.uint8)
    path = write_probability(tmp_path / "p.tif", codes)
    write_uncertainty(path, tmp_path / "u.tif")
    with rasterio.open(tmp_path / "u.tif") as source:
        assert (source.nodata, source.scales) == (255, (1 / 254,))
        assert source.read(1).tolist() == [[0, 254, 0, 255], [100, 100, 2, 252]]


def test_paths_are_relative_and_the_folder_can_be_moved_with_a_copy(written, shelf, tmp_path):
    text = zipfile.ZipFile(written / "farmland.qgz").read("farmland.qgs").decode()
    sources = re.findall("<datasource>(.*)</datasource>", text)
    assert sources[0] == "./farmland.gpkg|layername=farmland"
    scene = shelf.scene("field")
    assert (written / sources[-1]).resolve() == scene.image.resolve()
    assert not any(Path(source).is_absolute() for source in sources)
    copied = _write(shelf, tmp_path / "out", QgisOptions(0.5, copy=True))
    assert (copied / "scene.tif").read_bytes() == scene.image.read_bytes()
    assert (copied / "truth.tif").read_bytes() == scene.truth.read_bytes()


def test_the_same_prediction_gives_the_same_project(written, shelf, tmp_path):
    again = _write(shelf, tmp_path / "out", QgisOptions(0.5, copy=True))
    twice = _write(shelf, tmp_path / "out2", QgisOptions(0.5, copy=True))
    assert (again / "farmland.qgz").read_bytes() == (twice / "farmland.qgz").read_bytes()


def test_corrected_polygons_become_truth(written, shelf, tmp_path):
    file = tmp_path / "farmland.gpkg"
    frame = pyogrio.read_dataframe(written / "farmland.gpkg", layer="farmland")
    frame = frame[frame["area_m2"] > 10]  # the crumb was none
    drawn = {"class": ["other", "unknown"], "area_m2": [0.0, 0.0]}
    more = gpd.GeoDataFrame(
        drawn, geometry=[_square(10, 5, 14, 25), _square(40, 0, 44, 4)], crs=frame.crs
    )
    shapes = {
        "farmland": gpd.pd.concat([frame, more]),
        "ignore": gpd.GeoDataFrame(geometry=[_square(28, 5, 30, 25)], crs=frame.crs),
        "complete": gpd.GeoDataFrame(geometry=[_square(5, 0, 50, 40)], crs=frame.crs),
    }
    for layer, rows in shapes.items():
        rows.to_file(file, layer=layer)
    record = shelf.scene("field")
    image = open_scene(record.image, bands=record.bands)
    names = {layer: f"{file}|layername={layer}" for layer in shapes}
    sources = Sources(
        (names["farmland"],),
        Meaning("class"),
        ignore=names["ignore"],
        complete=names["complete"],
    )
    write_truth(image, read_ground(sources, image.grid), tmp_path / "truth.tif")
    want = np.zeros((40, 60), dtype=np.uint8)
    want[5:25, 10:30] = 1
    want[10:14, 20:24] = 0
    want[5:25, 10:14] = 0
    want[0:4, 40:44] = 255
    want[5:25, 28:30] = 255
    want[:, :5] = want[:, 50:] = 255
    with rasterio.open(tmp_path / "truth.tif") as source:
        np.testing.assert_array_equal(source.read(1), want)


def test_untouched_polygons_give_the_mapped_pixels_back(written, shelf, tmp_path):
    record = shelf.scene("field")
    image = open_scene(record.image, bands=record.bands)
    sources = Sources((f"{written / 'farmland.gpkg'}|layername=farmland",), Meaning("class"))
    write_truth(image, read_ground(sources, image.grid), tmp_path / "truth.tif")
    with (
        rasterio.open(tmp_path / "truth.tif") as truth,
        rasterio.open(written / "probability.tif") as probability,
    ):
        codes = probability.read(1)
        np.testing.assert_array_equal(truth.read(1) == 1, (codes >= 127) & (codes != 255))


def test_a_folder_that_is_there_is_kept(written, shelf):
    with pytest.raises(StorageError, match="what was corrected in it must not be lost"):
        _write(shelf, written)


def test_a_failure_leaves_nothing_behind(shelf, tmp_path):
    with pytest.raises(ModelError, match="threshold"):
        _write(shelf, tmp_path / "out", QgisOptions(2.0))
    assert list(tmp_path.iterdir()) == []


def _run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_command_says_how_corrections_come_back(shelf, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SATSEG_CATALOG", str(shelf.root))
    assert _run("export", "qgis", "field", "--output", tmp_path / "out", "--min-area", 10) == 0
    told = capsys.readouterr().out
    assert "1 polygons of field by made-up from probability 0.5, 0.01 ha" in told
    assert way_back("field", tmp_path / "out") in told
    assert "satseg masks field '" in (tmp_path / "out" / "README.txt").read_text()
    assert _run("export", "qgis", "nine", "--output", tmp_path / "b") == 1
    assert "'nine'" in capsys.readouterr().err
    (record,) = shelf.predictions()
    assert (
        _run("export", "qgis", "other", "--prediction", record.id, "--output", tmp_path / "b") == 1
    )
    assert "a prediction of the scene other" in capsys.readouterr().err


def test_qgis_opens_project_and_styles(written, qgis_script, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    environment |= {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    probe = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    if (
        not SYSTEM_PYTHON.exists()
        or subprocess.run(probe, env=environment, check=False, capture_output=True).returncode
    ):
        pytest.skip("no QGIS: install Debian's python3-qgis to open the project with it")
    ended = subprocess.run(
        [SYSTEM_PYTHON, qgis_script, written, tmp_path / "map.png", "--all"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    facts = json.loads(ended.stdout)
    assert facts["opened"]
    assert (facts["error"], facts["render_errors"]) == ("", [])
    assert (facts["crs"], facts["relative"]) == ("EPSG:32651", True)
    layers = {layer["name"].split()[0].rstrip(":"): layer for layer in facts["layers"]}
    assert list(layers) == [
        *("Farmland", "Ignore", "Complete", "Uncertainty", "Probability", "Truth", "field")
    ]
    assert all(layer["valid"] and layer["crs"] == "EPSG:32651" for layer in layers.values())
    assert all(style["loaded"] and style["valid"] for style in facts["styles"].values())
    assert set(facts["styles"]) == {"farmland", "ignore", "complete", "probability", "uncertainty"}
    drawn = layers["Farmland"]
    assert (drawn["features"], drawn["editable"], drawn["widget"]) == (2, True, "ValueMap")
    assert (drawn["default"], drawn["fill_alpha"], drawn["outline_mm"]) == ("'farmland'", 60, 0.5)
    assert layers["field"]["bands"] == [5, 3, 2]
    assert layers["field"]["red"] == pytest.approx([235, 1259], abs=1)
    assert layers["Uncertainty"]["value"] == pytest.approx(108 / 254)
    assert [stop[0] for stop in layers["Probability"]["stops"]] == [0, 0.25, 0.5, 0.75, 1]
    assert [1.0, "Farmland"] in layers["Truth"]["classes"]
    picture = np.asarray(Image.open(tmp_path / "map.png").convert("RGB")).astype(int)
    assert picture.std() > 10
