import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.warp import transform_bounds

from satseg.cog import cog_rows
from satseg.cog_layer import Layer, overview_factors
from satseg.errors import SceneError, StorageError
from satseg.grids import Grid
from satseg.storage import storing
from satseg.tiff import write_cog

LAYER = Layer("test")
PLACE = (0.6, 0.0, 380000.0, 0.0, -0.6, 3455000.0)


def grid(height: int, width: int) -> Grid:
    return Grid("EPSG:32651", PLACE, height, width)


def write(path: Path, rows: np.ndarray, step: int, layer: Layer = LAYER) -> None:
    with cog_rows(path, grid(*rows.shape[-2:]), layer, tags={"ORIGIN": "test"}) as writer:
        for start in range(0, rows.shape[-2], step):
            writer.write(rows[..., start : start + step, :])


def test_rows_come_back_with_place_tags_nodata_and_overviews(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (700, 530), dtype=np.uint8)
    path = tmp_path / "map.tif"
    write(path, rows, 37, Layer("share", nodata=255, scale=1 / 254))
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(1), rows)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.tags()["ORIGIN"] == "test"
        assert (dataset.nodata, dataset.descriptions) == (255, ("share",))
        assert dataset.scales[0] == pytest.approx(1 / 254)
        assert dataset.overviews(1) == [2, 4]
        assert dataset.crs.to_epsg() == 32651
        assert tuple(dataset.transform)[:6] == PLACE
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_do_not_depend_on_how_rows_are_handed_over(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).integers(0, 256, (300, 41), dtype=np.uint8)
    digests = set()
    for step in (1, 37, 256, 300):
        path = tmp_path / f"{step}.tif"
        write(path, rows, step)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_overviews_are_averages_of_what_is_data_and_the_same_where_all_is(tmp_path: Path) -> None:
    rows = np.random.default_rng(2).integers(0, 255, (512, 512), dtype=np.uint8)
    means = np.floor(rows.reshape(256, 2, 256, 2).mean(axis=(1, 3)) + 0.5)
    holes = rows.copy()
    holes[:2, :2] = 255
    for number, pixels in enumerate((rows, holes)):
        write(tmp_path / f"{number}.tif", pixels, 100)
        with rasterio.open(tmp_path / f"{number}.tif", overview_level=0) as overview:
            found = overview.read(1)
            assert overview.nodata == 255
        np.testing.assert_array_equal(found[1:], means[1:])
        assert found[0, 0] == (255 if number else means[0, 0])


@pytest.mark.parametrize("layer", [LAYER, Layer("sparse", sparse=True), Layer("all", nodata=None)])
@pytest.mark.parametrize("holes", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(1024, 1536), (1030, 600), (517, 900)])
def test_overviews_are_those_that_gdal_makes_of_the_whole(
    tmp_path: Path, shape: tuple[int, int], holes: float, layer: Layer
) -> None:
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 255, shape, dtype=np.uint8)
    rows[rng.random(shape) < holes] = 255
    rows[300:600, :300] = 255 if holes else 7
    write(tmp_path / "map.tif", rows, 100, layer)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        profile, factors = dataset.profile, dataset.overviews(1)
    assert len(factors) >= 3 - (max(shape) < 1000)
    profile |= {"driver": "GTiff", "compress": None}
    profile["nodata"] = layer.nodata if holes else None  # else GDAL weighs odd edges another way
    with rasterio.open(tmp_path / "plain.tif", "w", **profile) as dataset:
        dataset.write(rows[None])
        dataset.build_overviews(factors, rasterio.enums.Resampling.average)
    for level in range(len(factors)):
        with (
            rasterio.open(tmp_path / "map.tif", overview_level=level) as found,
            rasterio.open(tmp_path / "plain.tif", overview_level=level) as expected,
        ):
            np.testing.assert_array_equal(found.read(), expected.read())


@pytest.mark.parametrize(
    ("shape", "layer", "rest"),
    [
        ((1024, 512), LAYER, None),
        ((1028, 514), LAYER, (514, 257)),
        ((1024, 515), LAYER, (1024, 515)),
        ((1024, 512), Layer("mode", overviews="mode"), (1024, 512)),
        ((1024, 512), Layer("low", nodata=0), (1024, 512)),
        ((200, 120), LAYER, None),
    ],
)
def test_rows_are_kept_for_gdal_only_where_it_must_make_overviews(
    tmp_path: Path, shape: tuple[int, int], layer: Layer, rest: tuple[int, int] | None
) -> None:
    with cog_rows(tmp_path / "map.tif", grid(*shape), layer) as writer:
        writer.write(np.ones(shape, np.uint8))
        kept = list(tmp_path.glob("*/rest.tif"))
        assert len(kept) == (rest is not None)
        for path in kept:
            with rasterio.open(path) as dataset:
                assert dataset.shape == rest
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.overviews(1)[:2] == ([2, 4] if shape[0] > 1000 else [])


@pytest.mark.parametrize("big", [False, True])
def test_files_beyond_four_gigabytes_become_bigtiff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, big: bool
) -> None:
    if big:
        monkeypatch.setattr("satseg.tiff._CLASSIC_BYTES", 0)
    rows = np.random.default_rng(4).integers(0, 256, (700, 600), dtype=np.uint8)
    write(tmp_path / "map.tif", rows, 90)
    assert (tmp_path / "map.tif").read_bytes()[2] == (43 if big else 42)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), rows)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.overviews(1) == [2, 4]


@pytest.mark.parametrize("sparse", [False, True])
def test_tiles_of_nothing_but_nodata_take_no_room_in_a_sparse_file(
    tmp_path: Path, sparse: bool
) -> None:
    rows = np.full((600, 520), 255, np.uint8)
    rows[300:310, :300] = 7
    write(tmp_path / "map.tif", rows, 64, Layer("test", sparse=sparse))
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), rows)
        sizes = [
            dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=1)
            for y in range(3)
            for x in range(3)
        ]
    assert [size is not None for size in sizes] == (
        [False, False, False, True, True, False, False, False, False] if sparse else [True] * 9
    )


def test_tiles_stand_between_their_size_and_their_last_bytes_as_the_file_says(
    tmp_path: Path,
) -> None:
    rows = np.random.default_rng(6).integers(0, 256, (300, 520), dtype=np.uint8)
    write(tmp_path / "map.tif", rows, 64)
    data = (tmp_path / "map.tif").read_bytes()
    assert b"BLOCK_LEADER=SIZE_AS_UINT4\nBLOCK_TRAILER=LAST_4_BYTES_REPEATED\n" in data[:200]
    with rasterio.open(tmp_path / "map.tif") as dataset:
        for y, x in np.ndindex(2, 3):
            place, size = (
                int(dataset.get_tag_item(f"BLOCK_{kind}_{x}_{y}", "TIFF", bidx=1))
                for kind in ("OFFSET", "SIZE")
            )
            assert int.from_bytes(data[place - 4 : place], "little") == size
            assert data[place + size : place + size + 4] == data[place + size - 4 : place + size]


def test_colours_are_kept(tmp_path: Path) -> None:
    colours = ((0, (1, 2, 3, 255)), (9, (200, 100, 50, 255)))
    layer = Layer("class", overviews="mode", colours=colours)
    write(tmp_path / "map.tif", np.zeros((600, 300), np.uint8), 64, layer)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert {value: dataset.colormap(1)[value] for value in (0, 9)} == dict(colours)


@pytest.mark.parametrize("shape", [(1, 1), (1, 600), (257, 2), (20000, 8), (32, 20001)])
def test_tiny_and_thin_rasters_are_written(tmp_path: Path, shape: tuple[int, int]) -> None:
    rows = np.arange(shape[0] * shape[1]).astype(np.uint8).reshape(shape)
    write(tmp_path / "thin.tif", rows, 100)
    with rasterio.open(tmp_path / "thin.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), rows)
        assert len(dataset.overviews(1)) == len(overview_factors(shape))


def test_several_bands_of_another_type(tmp_path: Path) -> None:
    rows = np.random.default_rng(2).integers(0, 9999, (3, 600, 50)).astype(np.uint16)
    write(tmp_path / "image.tif", rows, 7, Layer("red", dtype="uint16", bands=3, nodata=0))
    with rasterio.open(tmp_path / "image.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), rows)


@pytest.mark.parametrize("mirror", [Affine.scale(1, -1), Affine.rotation(25)])
def test_south_up_and_rotated_grids_keep_their_place(tmp_path: Path, mirror: Affine) -> None:
    a, b, c, d, e, f = (Affine(*PLACE) @ mirror)[:6]
    turned = Grid("EPSG:32651", (a, b, c, d, e, f), 20, 30)
    with cog_rows(tmp_path / "turned.tif", turned, LAYER) as writer:
        writer.write(np.zeros((20, 30), np.uint8))
    with rasterio.open(tmp_path / "turned.tif") as dataset:
        assert dataset.transform.almost_equals(turned.affine)
        assert transform_bounds(dataset.crs, "EPSG:4326", *turned.bounds)


def test_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    path.write_text("old")

    def rows() -> Iterator[np.ndarray]:
        yield np.zeros((4, 9), np.uint8)
        raise RuntimeError("model")

    with (
        pytest.raises(RuntimeError, match="model"),
        cog_rows(path, grid(9, 9), LAYER) as writer,
    ):
        any(writer.write(each) for each in rows())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_errors_of_the_reader_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(SceneError), cog_rows(tmp_path / "map.tif", grid(9, 9), LAYER):
        raise SceneError(expected="pixels", found="none", fix="Look")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [8, 10])
def test_too_few_or_too_many_rows_are_a_mistake(tmp_path: Path, count: int) -> None:
    with (
        pytest.raises(ValueError, match=f"{count} rows written of 9"),
        cog_rows(tmp_path / "map.tif", grid(9, 9), LAYER) as writer,
    ):
        writer.write(np.zeros((count, 9), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose another folder"):
        write(tmp_path / "file" / "map.tif", np.zeros((9, 9), np.uint8), 9)


def test_stored_file_appears_only_when_complete(tmp_path: Path) -> None:
    path = tmp_path / "new" / "note.txt"
    with storing(path) as temporary:
        temporary.write_text("complete")
        assert not path.exists()
    assert path.read_text() == "complete"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("place", [-20, -900, 400])
def test_a_file_that_is_damaged_while_it_is_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    def damaged(path: Path, *args: Any) -> None:
        write_cog(path, *args)
        data = bytearray(path.read_bytes())
        data[place] ^= 16
        path.write_bytes(data)

    monkeypatch.setattr("satseg.cog_tiles.write_cog", damaged)
    rows = np.random.default_rng(5).integers(0, 256, (300, 300), dtype=np.uint8)
    with pytest.raises(StorageError, match="room and permission"):
        write(tmp_path / "map.tif", rows, 9)
    assert list(tmp_path.iterdir()) == []


def test_copy_that_differs_from_the_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = Layer("two", bands=2)
    other = tmp_path / "other.tif"
    write(other, np.zeros((2, 9, 9), np.uint8), 9, layer)
    monkeypatch.setattr(rasterio.shutil, "copy", lambda _, target, **__: shutil.copy(other, target))
    with pytest.raises(StorageError, match="does not read back"):
        write(tmp_path / "map.tif", np.ones((2, 9, 9), np.uint8), 9, layer)
    assert list(tmp_path.iterdir()) == [other]
