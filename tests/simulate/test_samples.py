import datetime as dt
import json
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import rasterio
import shapely

from satseg.bands import WORLDVIEW3
from satseg.errors import SceneError, StorageError
from satseg.simulate.samples import build_samples, load_definitions, write_scene

SAMPLES = Path(__file__).parents[2] / "sample_data"

TOML = """region = "tiny"
centre = [121.5, 31.1]
size_px = 96
seed = 2
dates = [2016-05-28, 2018-08-14]
[layout]
block_m = [30.0, 50.0]
[mix]
strips = 3.0
ponds = 0.6
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "tiny.toml").write_text(TOML)
    return tmp_path / "definitions"


def test_files_carry_grid_bands_and_tags(folder, tmp_path):
    (item,) = load_definitions(folder)
    sample = write_scene(item, item.dates[0], tmp_path / "out")
    with rasterio.open(sample.scene_path) as source:
        assert source.descriptions == WORLDVIEW3
        assert source.dtypes == ("uint16",) * 8
        assert source.nodata == 0
        assert source.crs.to_epsg() == 32651
        assert source.profile["tiled"]
        assert source.tags()["SATSEG_SIMULATED"] == "YES"
        assert source.tags()["ACQUISITION_DATE"] == "2016-05-28"
        transform = source.transform
    with rasterio.open(sample.truth_path) as truth:
        assert truth.transform == transform
        assert truth.tags()["SATSEG_SIMULATED"] == "YES"
        assert truth.tags()["CLASS_1"] == "farmland"
        farmland = float((truth.read(1) == 1).sum()) * 0.36
    fields = geopandas.read_file(sample.vector_path, layer="farmland")
    assert fields.crs.to_epsg() == 32651
    assert fields.area.sum() == pytest.approx(farmland, rel=0.02)
    assert len(geopandas.read_file(sample.vector_path, layer="parcels")) > 3


def test_what_is_there_is_not_made_again(folder, tmp_path):
    calls = []
    first = build_samples(folder, tmp_path / "out", workers=1)
    before = [sample.scene_path.stat().st_mtime_ns for sample in first]
    again = build_samples(
        folder,
        tmp_path / "out",
        workers=1,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert again == first
    assert [sample.scene_path.stat().st_mtime_ns for sample in first] == before
    assert calls == [(2, 2)]


def test_one_region_alone_is_made(folder, tmp_path):
    (folder / "other.toml").write_text(TOML.replace('"tiny"', '"other"'))
    made = build_samples(folder, tmp_path / "out", region="tiny", workers=1)
    assert {sample.region_id for sample in made} == {"tiny"}
    assert len(list((tmp_path / "out").glob("*_truth.tif"))) == 2
    with pytest.raises(SceneError, match="regions other, tiny; found 'nowhere'"):
        build_samples(folder, tmp_path / "out", region="nowhere")


def test_a_changed_definition_is_made_again(folder, tmp_path):
    first = build_samples(folder, tmp_path / "out", workers=1)
    before = first[0].scene_path.read_bytes()
    (folder / "tiny.toml").write_text(TOML.replace("seed = 2", "seed = 9"))
    calls = []
    build_samples(
        folder,
        tmp_path / "out",
        workers=1,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(0, 2), (1, 2), (2, 2)]
    assert first[0].scene_path.read_bytes() != before


def test_same_definition_gives_the_same_file(folder, tmp_path):
    (item,) = load_definitions(folder)
    one = write_scene(item, dt.date(2016, 5, 28), tmp_path / "one")
    two = write_scene(item, dt.date(2016, 5, 28), tmp_path / "two")
    assert one.scene_path.read_bytes() == two.scene_path.read_bytes()
    assert one.truth_path.read_bytes() == two.truth_path.read_bytes()


def test_a_failed_write_leaves_nothing_behind(folder, tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    (item,) = load_definitions(folder)
    with pytest.raises(StorageError, match="No space left"):
        write_scene(item, item.dates[0], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_without_definitions_is_an_error(tmp_path):
    with pytest.raises(SceneError, match="none in"):
        load_definitions(tmp_path)


def test_regions_lie_in_their_scenes_and_districts():
    regions = json.loads((SAMPLES / "regions.geojson").read_text())["features"]
    districts = json.loads((SAMPLES / "districts.geojson").read_text())["features"]
    assert len(districts) == 16
    found = {item.region: item for item in load_definitions(SAMPLES)}
    assert {item["properties"]["id"] for item in regions} == set(found)
    for item in regions:
        shape = shapely.geometry.shape(item["geometry"])
        where = [
            d["properties"]["name_zh"]
            for d in districts
            if shapely.geometry.shape(d["geometry"]).contains(shape.centroid)
        ]
        assert where == [item["properties"]["district"]]
        centre = found[item["properties"]["id"]].centre
        assert (shape.centroid.x, shape.centroid.y) == pytest.approx(centre, abs=1e-4)
        area = abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(shape)[0])
        assert area == pytest.approx((found[item["properties"]["id"]].size_m - 24) ** 2, rel=0.01)
    assert np.all([item["properties"]["name_zh"] for item in regions])
