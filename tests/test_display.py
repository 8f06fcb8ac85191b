from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.warp
from PIL import Image
from rasterio.enums import MaskFlags
from shelf_files import write_probability, write_raster, write_scene

from satseg.display import (
    false_colour_bands,
    true_colour_bands,
    write_pictures,
    write_probability_display,
)
from satseg.errors import StorageError
from satseg.scene import open_scene

WORLD_M = 2 * 20037508.342789244
RGB = ("red", "green", "blue")


def shown(path: Path) -> np.ma.MaskedArray:
    with rasterio.open(path) as source:
        return source.read(masked=True)


def test_imagery_is_shown_as_8_bit_web_mercator_tiles(tmp_path: Path) -> None:
    scene = open_scene(write_scene(tmp_path / "s.tif", size=(300, 400)))
    write_pictures(scene, {tmp_path / "d.tif": RGB})
    with rasterio.open(tmp_path / "d.tif") as source:
        assert source.crs == "EPSG:3857"
        assert source.dtypes == ("uint8",) * 3
        assert source.block_shapes == [(256, 256)] * 3
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.res[0] == pytest.approx(WORLD_M / 256 / 2**18)
        for distance in (source.bounds.left, source.bounds.top):
            tiles = (distance + WORLD_M / 2) / (source.res[0] * 256)
            assert tiles == pytest.approx(round(tiles), abs=1e-6)
        assert source.overviews(1)[0] == 2


def test_imagery_lies_where_the_scene_lies(tmp_path: Path) -> None:
    scene = open_scene(write_scene(tmp_path / "s.tif", size=(300, 400)))
    write_pictures(scene, {tmp_path / "d.tif": RGB})
    picture = shown(tmp_path / "d.tif")
    rows, columns = np.nonzero(~np.ma.getmaskarray(picture)[0])
    with rasterio.open(tmp_path / "d.tif") as source:
        left = source.xy(rows.max(), columns.min())
        right = source.xy(rows.min(), columns.max())
    lon, lat = zip(*scene.grid.footprint(), strict=True)
    west, south = rasterio.warp.transform("EPSG:3857", "EPSG:4326", *zip(left, right, strict=True))
    assert west == pytest.approx([min(lon), max(lon)], abs=2e-5)
    assert south == pytest.approx([min(lat), max(lat)], abs=2e-5)


def test_the_stretch_uses_the_whole_range_and_brightens_a_little(tmp_path: Path) -> None:
    scene = open_scene(write_scene(tmp_path / "s.tif", size=(300, 400)))
    write_pictures(scene, {tmp_path / "d.tif": RGB})
    values = shown(tmp_path / "d.tif").compressed()
    assert np.percentile(values, 2) < 25
    assert np.percentile(values, 98) > 235
    assert 127 < np.median(values) < 155


def test_nodata_is_hidden_by_the_mask(tmp_path: Path) -> None:
    pixels = np.full((3, 300, 400), 500, np.uint16)
    pixels[:] += np.arange(400, dtype=np.uint16)
    pixels[:, :, :200] = 0
    scene = open_scene(write_raster(tmp_path / "s.tif", pixels, nodata=0))
    write_pictures(scene, {tmp_path / "d.tif": RGB})
    with rasterio.open(tmp_path / "d.tif") as source:
        assert source.mask_flag_enums[0] == [MaskFlags.per_dataset]
        visible_m2 = (source.dataset_mask() > 0).sum() * source.res[0] ** 2
    whole_m2 = 300 * 400 * 0.36 / np.cos(np.radians(31.17)) ** 2
    assert visible_m2 / whole_m2 == pytest.approx(0.5, abs=0.01)


def test_probabilities_are_shown_without_loss(tmp_path: Path) -> None:
    codes = np.full((300, 400), 77, np.uint8)
    codes[:, 100:200] = 255
    codes[:, 200:] = 254
    write_probability_display(write_probability(tmp_path / "p.tif", codes), tmp_path / "d.tif")
    with rasterio.open(tmp_path / "d.tif") as source:
        assert (source.count, source.nodata, source.crs) == (1, 255, "EPSG:3857")
        assert source.compression.value == "DEFLATE"
        values = source.read(1)
    assert set(np.unique(values)) == {77, 254, 255}
    share = (values == 77).sum() / (values == 254).sum()
    assert share == pytest.approx(0.5, abs=0.03)


def test_no_probability_beyond_its_neighbours_is_shown(tmp_path: Path) -> None:
    codes = np.full((300, 400), 77, np.uint8)
    codes[:, 200:] = 200
    write_probability_display(write_probability(tmp_path / "p.tif", codes), tmp_path / "d.tif")
    values = shown(tmp_path / "d.tif").compressed()
    assert (values.min(), values.max()) == (77, 200)


def test_thumbnails_are_small_and_transparent_where_nothing_is(tmp_path: Path) -> None:
    pixels = np.full((3, 300, 600), 500, np.uint16)
    pixels[:, :, :300] = 0
    scene = open_scene(write_raster(tmp_path / "s.tif", pixels, nodata=0))
    share = write_pictures(scene, {tmp_path / "d.tif": RGB}, thumbnail=tmp_path / "t.png")
    picture = Image.open(tmp_path / "t.png")
    assert (picture.size, picture.mode) == ((256, 128), "RGBA")
    alpha = np.asarray(picture)[..., 3]
    assert not alpha[:, :128].any()
    assert (alpha[:, 128:] == 255).all()
    assert share == 0.5


def test_several_pictures_show_their_own_bands(tmp_path: Path) -> None:
    pixels = np.ones((4, 300, 400), np.uint16)
    pixels[:, :, ::2] = 100  # two values a band, so that the stretch is from 1 to 100
    pixels[3] = 101 - pixels[3]
    scene = open_scene(write_raster(tmp_path / "s.tif", pixels))
    both = {tmp_path / "true.tif": RGB, tmp_path / "false.tif": ("nir1", "red", "green")}
    write_pictures(scene, both)
    alone = tmp_path / "alone.tif"
    write_pictures(scene, {alone: ("nir1", "red", "green")})
    assert np.array_equal(shown(tmp_path / "false.tif"), shown(alone))
    assert not np.array_equal(shown(tmp_path / "true.tif"), shown(alone))


def test_bands_are_chosen_by_name() -> None:
    assert true_colour_bands(("blue", "green", "red", "nir1")) == RGB
    assert true_colour_bands(("nir1", "nir2")) == ("nir1", "nir1", "nir1")
    assert false_colour_bands(("red", "green", "blue")) is None
    assert false_colour_bands(("red", "green", "blue", "nir1")) == ("nir1", "red", "green")


def test_progress_counts_blocks(tmp_path: Path) -> None:
    scene = open_scene(write_scene(tmp_path / "s.tif", size=(10, 1100)))
    seen: list[tuple[int, int]] = []
    write_pictures(scene, {tmp_path / "d.tif": RGB}, progress=lambda *step: seen.append(step))
    assert seen == [(1, 4), (2, 4), (4, 4)]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = open_scene(write_scene(tmp_path / "s.tif"))

    def full(*_: object, **__: object) -> None:
        raise rasterio.errors.RasterioIOError("No space left on device")

    monkeypatch.setattr("rasterio.shutil.copy", full)
    with pytest.raises(StorageError, match="No space left"):
        write_pictures(scene, {tmp_path / "d.tif": RGB})
    assert [path.name for path in tmp_path.iterdir()] == ["s.tif"]
