import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from shapely.geometry import box
from shelf_files import ORIGIN, PIXEL_M, UTM, write_raster, write_scene

from satseg.bands import RGB, RGBN, WORLDVIEW3
from satseg.errors import BandError, Cancelled, SceneError
from satseg.identifiers import is_identifier
from satseg.intake import place, structure, understand_image
from satseg.intake.structure import check_start
from satseg.intake.understanding import date_in_name, suggested_id, suggested_title
from satseg.regions import Region


def test_what_a_file_tells_is_understood(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "ms_20150606.tif", bands=8)
    found = understand_image(path)
    assert (found.scene.bands, found.bands_told) == (WORLDVIEW3, "count")
    assert (found.scene.date, found.date_told) == (dt.date(2015, 6, 6), "name")
    assert found.gsd_m == pytest.approx(0.6, rel=0.001)
    assert found.structure.size_bytes == path.stat().st_size
    assert found.scene.grid.crs == UTM
    assert found.nodata == "0 in all bands"
    assert found.look.values.shape == (8, 40, 60)
    assert found.look.valid_fraction == 1.0
    assert found.orders == (WORLDVIEW3,)
    assert 120 < found.footprint.centroid.x < 123


def test_the_files_own_words_go_before_guesses(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "20150606.tif", bands=4)
    with rasterio.open(path, "r+") as target:
        for index, name in enumerate(("blue", "green", "red", "nir"), start=1):
            target.set_band_description(index, name)
        target.update_tags(ACQUISITION_DATE="2020-02-02")
    found = understand_image(path)
    assert (found.scene.bands, found.bands_told) == (("blue", "green", "red", "nir1"), "file")
    assert (found.scene.date, found.date_told) == (dt.date(2020, 2, 2), "file")
    assert found.orders[:2] == (("blue", "green", "red", "nir1"), RGBN)


def test_bands_that_nobody_names_are_a_placeholder(tmp_path: Path) -> None:
    found = understand_image(write_scene(tmp_path / "x.tif", bands=2))
    assert (found.bands_told, found.date_told, found.scene.date) == ("nobody", "nobody", None)
    assert found.orders == ()
    named = understand_image(tmp_path / "x.tif", bands=("red", "nir1"), date="2015-06-06")
    assert (named.bands_told, named.date_told) == ("given", "given")
    with pytest.raises(BandError, match="2 band names"):
        understand_image(tmp_path / "x.tif", bands=("red",))


def test_more_bands_than_there_are_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BandError, match="found 9 bands"):
        understand_image(write_scene(tmp_path / "x.tif", bands=9))


def test_an_alpha_band_may_be_data_after_all(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "x.tif", bands=4, photometric="RGB", alpha="YES")
    found = understand_image(path)
    assert found.scene.bands == RGB
    assert found.nodata == "mask"
    assert RGBN in found.orders
    assert understand_image(path, bands=RGBN).look.values.shape[0] == 4


def test_the_picture_has_the_colours_of_the_bands(tmp_path: Path) -> None:
    pixels = np.zeros((3, 40, 60), dtype=np.uint8)
    pixels[0] = np.linspace(1, 255, 60)  # only the first band varies
    pixels[1:] = 100
    pixels[:, :10] = 0
    path = write_raster(tmp_path / "x.tif", pixels, nodata=0)
    look = understand_image(path).look
    assert look.valid_fraction == pytest.approx(0.75)
    for bands, strongest in ((RGB, 0), (("blue", "green", "red"), 2)):
        (tmp_path / "look.png").write_bytes(look.png(bands))
        with Image.open(tmp_path / "look.png") as picture:
            rgba = np.asarray(picture)
        assert rgba.shape == (40, 60, 4)
        assert np.ptp(rgba[20:, :, strongest].astype(int)) > 200
        assert (rgba[:10, :, 3] == 0).all()
        assert (rgba[10:, :, 3] == 255).all()


def test_a_large_picture_is_read_in_strips_and_can_be_stopped(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "x.tif", size=(1300, 1500))
    seen: list[tuple[int, int]] = []
    look = understand_image(path, progress=lambda done, total: seen.append((done, total))).look
    assert max(look.values.shape[1:]) <= 645
    assert seen[-1][0] == seen[-1][1] == look.values.shape[1]
    assert len(seen) > 10
    with pytest.raises(Cancelled):
        understand_image(path, cancelled=lambda: True)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("scene_2015-06-06.tif", dt.date(2015, 6, 6)),
        ("WV3_20150606T024101.tif", dt.date(2015, 6, 6)),
        ("20150606024101_P001.tif", dt.date(2015, 6, 6)),
        ("15JUN06024101-M2AS_R1C1-056789012010_01_P001.TIF", dt.date(2015, 6, 6)),
        ("2015.06.06.tif", dt.date(2015, 6, 6)),
        ("a_20150606_b_20150607.tif", None),
        ("a_20150606_again_2015-06-06.tif", dt.date(2015, 6, 6)),
        ("10400100123456.tif", None),
        ("20151306.tif", None),
        ("19500606.tif", None),
        ("29990606.tif", None),
        ("img6917.tif", None),
        ("", None),
    ],
)
def test_a_day_is_read_from_a_name_only_where_there_is_one(name: str, day: dt.date | None) -> None:
    assert date_in_name(name) == day


@given(st.text(max_size=40))
def test_any_name_has_a_title_an_id_and_perhaps_a_day(name: str) -> None:
    date_in_name(name)
    assert len(suggested_title(name)) <= 100
    first = suggested_id(name, dt.date(2015, 6, 6), [], spare="scene-1a2b")
    second = suggested_id(name, dt.date(2015, 6, 6), [first], spare="scene-1a2b")
    third = suggested_id(name, dt.date(2015, 6, 6), [first, second], spare="scene-1a2b")
    assert len({first, second, third}) == 3
    assert all(map(is_identifier, (first, second, third)))


def test_a_footprint_finds_its_smallest_region() -> None:
    large, small = Region("l", "L", "", box(0, 0, 9, 9)), Region("s", "S", "", box(1, 1, 4, 4))
    far = Region("f", "F", "", box(20, 20, 30, 30))
    found = place(box(2, 2, 3, 3), [large, small, far])
    assert found.region is small
    assert found.touched == (small, large)
    assert place(box(8.5, 8.5, 12, 12), [large, small]).region is None
    assert place(box(8.5, 8.5, 12, 12), [large, small]).touched == (large,)
    assert place(box(40, 40, 41, 41), [large]).touched == ()


@pytest.mark.parametrize(
    "start", [b"", b"II", b"%PDF-1.7", b"\x89PNG\r\n", b"<VRTDataset", b"PK\x03\x04"]
)
def test_other_first_bytes_are_no_tiff(start: bytes) -> None:
    with pytest.raises(SceneError, match="Expected a GeoTIFF; found x, which begins with"):
        check_start(start, "x")


def test_a_file_that_claims_to_be_huge_is_refused_before_it_is_read(tmp_path: Path) -> None:
    profile = {
        "driver": "GTiff",
        "height": 200_000,
        "width": 200_000,
        "count": 1,
        "dtype": "uint8",
        "crs": UTM,
        "transform": Affine.translation(*ORIGIN) @ Affine.scale(PIXEL_M, -PIXEL_M),
        "tiled": True,
        "blockxsize": 4096,
        "blockysize": 4096,
        "sparse_ok": True,
        "bigtiff": "yes",
    }
    with rasterio.open(tmp_path / "bomb.tif", "w", **profile):
        pass
    assert (tmp_path / "bomb.tif").stat().st_size < 100_000
    with pytest.raises(SceneError, match="200,000 x 200,000 pixels"):
        understand_image(tmp_path / "bomb.tif")
    wide = {**profile, "height": 20_000, "width": 20_000, "blockxsize": 20_000 // 16 * 16}
    wide |= {"blockysize": 19_984}
    with rasterio.open(tmp_path / "block.tif", "w", **wide):
        pass
    with pytest.raises(SceneError, match="blocks of 381 MiB"):
        understand_image(tmp_path / "block.tif")


def test_a_damaged_or_unplaced_file_is_told(tmp_path: Path) -> None:
    whole = write_scene(tmp_path / "x.tif", size=(200, 200))
    (tmp_path / "half.tif").write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(SceneError, match="a complete GeoTIFF"):
        understand_image(tmp_path / "half.tif")
    with pytest.raises(SceneError, match="no CRS"):
        understand_image(write_scene(tmp_path / "bare.tif", crs=""))


def test_the_structure_counts_bands_with_data(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "x.tif", bands=4, photometric="RGB", alpha="YES")
    found = structure.structure(path)
    assert (found.height, found.width, found.bands, found.data_bands) == (40, 60, 4, 3)
