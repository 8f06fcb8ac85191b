import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.warp import transform_bounds

from satseg import cog
from satseg.cog import Layer, cog_rows, storing
from satseg.errors import SceneError, StorageError
from satseg.grids import Grid
from satseg.pyramid import Pyramid

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
    ("layer", "count"),
    [
        (LAYER, 3),
        (Layer("mode", overviews="mode"), 1),
        (Layer("low", nodata=0), 1),
        (Layer("wide", dtype="uint16", nodata=0), 1),
        (Layer("two", bands=2), 1),
    ],
)
def test_overviews_are_written_with_the_rows_where_they_are_averages_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: Layer, count: int
) -> None:
    found: list[int] = []
    add = cog._add_overviews

    def counting(finest: Pyramid, *args: object, **options: object) -> None:
        found.append(len(finest.files))
        add(finest, *args, **options)

    monkeypatch.setattr(cog, "_add_overviews", counting)
    rows = np.ones((layer.bands, 1024, 512), layer.dtype)
    write(tmp_path / "map.tif", rows, 512, layer)
    assert found == [count]
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.overviews(1) == [2, 4]


@pytest.mark.parametrize("shape", [(1, 1), (1, 600), (257, 2)])
def test_tiny_and_thin_rasters_are_written(tmp_path: Path, shape: tuple[int, int]) -> None:
    rows = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    write(tmp_path / "thin.tif", rows, 100)
    with rasterio.open(tmp_path / "thin.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), rows)


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


def test_copy_that_differs_from_the_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.tif"
    write(other, np.zeros((9, 9), np.uint8), 9)
    monkeypatch.setattr(rasterio.shutil, "copy", lambda _, target, **__: shutil.copy(other, target))
    with pytest.raises(StorageError, match="does not read back"):
        write(tmp_path / "map.tif", np.ones((9, 9), np.uint8), 9)
    assert list(tmp_path.iterdir()) == [other]
