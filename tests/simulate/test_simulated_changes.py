import datetime as dt
from dataclasses import replace

import geopandas
import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize

from satseg import classes
from satseg.cli import main
from satseg.errors import DateError
from satseg.simulate.changes import change_codes, farmland_changes_m2, land_changes
from satseg.simulate.render import render_scene
from satseg.simulate.truth import farmland_area_m2
from satseg.simulate.truth_files import write_truth
from satseg.simulate.vectors import write_changes

SUMMER = dt.date(2016, 7, 30)
WINTER = dt.date(2017, 2, 10)
LATER = dt.date(2021, 7, 30)


@pytest.fixture(scope="module")
def changes(small):
    return land_changes(small, SUMMER, LATER)


def test_seasons_are_no_change(small):
    assert land_changes(small, SUMMER, WINTER) == []


def test_farmland_before_less_what_was_lost_is_farmland_after(small, changes):
    lost, gained = farmland_changes_m2(changes)
    before, after = (farmland_area_m2(small, date) for date in (SUMMER, LATER))
    assert lost > 5_000
    assert gained == 0
    assert all(item.before != item.after for item in changes)
    assert before - lost == pytest.approx(after, abs=1.0)


def test_backwards_what_was_lost_is_gained(small, changes):
    back = farmland_changes_m2(land_changes(small, LATER, SUMMER))
    assert back == pytest.approx(farmland_changes_m2(changes)[::-1], abs=0.1)


def test_polygons_and_rasters_tell_the_same_change(small, changes, summer):
    later = render_scene(small, LATER, bands=())
    codes = change_codes(summer.classes, later.classes)
    shapes = [(item.shape, 10 * item.before + item.after) for item in changes]
    mapped = rasterize(shapes, codes.shape, transform=summer.grid.affine, dtype="uint8")
    assert (mapped == 16).sum() > 5_000
    lost = np.isin(codes, [10 * classes.FARMLAND + k for k in range(2, 10)])
    told = np.isin(mapped, [10 * classes.FARMLAND + k for k in range(2, 10)])
    assert np.mean(lost != told) < 0.004  # pixels on edges, which the raster tells by a quarter


def test_codes_join_the_classes_of_both_dates():
    before = np.array([[1, 1, 9], [0, 8, 1]], dtype=np.uint8)
    after = np.array([[1, 6, 9], [3, 1, 0]], dtype=np.uint8)
    assert change_codes(before, after).tolist() == [[11, 16, 99], [0, 81, 0]]


def test_a_geopackage_of_no_change_can_be_read(tmp_path):
    write_changes([], (SUMMER, WINTER), tmp_path / "none.gpkg")
    assert len(geopandas.read_file(tmp_path / "none.gpkg", layer="changes")) == 0


def test_files_of_all_dates_and_pairs(small, tmp_path):
    seen = []
    part = replace(small, size_px=200)
    (first, second) = write_truth([part], tmp_path, progress=lambda *step: seen.append(step))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert (first.lost_m2, first.gained_m2) == (0, 0)
    assert second.lost_m2 > 1_000
    assert {path.name for path in tmp_path.iterdir()} == {
        *(f"small_{date}_truth.{end}" for date in part.dates for end in ("tif", "gpkg")),
        *(f"small_2016-07-30_2017-02-10_changes.{end}" for end in ("tif", "gpkg")),
        *(f"small_2017-02-10_2021-07-30_changes.{end}" for end in ("tif", "gpkg")),
    }
    frame = geopandas.read_file(tmp_path / "small_2017-02-10_2021-07-30_changes.gpkg")
    lost = frame[frame["farmland"] == "lost"]
    assert lost["area_m2"].sum() == pytest.approx(second.lost_m2)
    assert set(lost["before"]) == {"farmland"}
    assert "farmland" not in set(lost["after"])
    assert set(frame["since"]) == {"2017-02-10"}
    with rasterio.open(tmp_path / "small_2017-02-10_2021-07-30_changes.tif") as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.tags()["SATSEG_SIMULATED"] == "YES"
        assert source.tags()["SATSEG_SINCE"] == "2017-02-10"
        assert source.colormap(1)[11] == (216, 216, 212, 255)
        assert source.nodata == 0


def test_dates_have_to_be_in_order(small, tmp_path):
    with pytest.raises(DateError, match="2021-07-30 and 2016-07-30"):
        write_truth([small], tmp_path, between=(LATER, SUMMER))
    assert list(tmp_path.iterdir()) == []


TOML = """region = "tiny"
centre = [121.5, 31.1]
size_px = 128
seed = 2
dates = [2016-05-28, 2018-08-14]
[layout]
block_m = [30.0, 50.0]
[mix]
strips = 3.0
[[story]]
date = 2017-01-01
before = ["strips"]
after = "ponds"
share = 0.5
"""


def test_the_command_tells_what_changed(tmp_path, capsys):
    (tmp_path / "tiny.toml").write_text(TOML)
    out = tmp_path / "truth"
    words = ["--definitions", str(tmp_path), "--region", "tiny", "--truth", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(["sample", *words, "--between", "2016-01-01", "2017-02-03"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "tiny, 2016-01-01 to 2017-02-03: " in told
    assert "ha of farmland lost, 0.00 ha gained" in told
    assert len(list(out.iterdir())) == 6


def test_two_dates_alone_are_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["sample", "--between", "2016-01-01", "2017-02-03"])
    assert ended.value.code != 0
    assert "--between together with --truth" in capsys.readouterr().err.replace("\n", " ")
