"""Mosaics read as one image, and VRTs that are none of the catalog's are not read at all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from satseg.catalog import Catalog
from satseg.errors import SceneError, StorageError
from satseg.grids import Grid
from satseg.mosaics import Mosaic, Tile, driver_of, write_mosaic
from satseg.scene import open_scene
from satseg.windows import Window

BANDS = ("red", "green", "blue")
GRID = Grid("EPSG:32651", (0.6, 0.0, 380000.0, 0.0, -0.6, 3455000.0), 4, 7)
Write = Callable[..., Path]


@pytest.fixture
def tiles(geotiff: Write) -> list[Tile]:
    """Two tiles of 3 x 3 pixels: all 10 at the left, all 20 at the right, a hole between."""
    left = geotiff(np.full((3, 3, 3), 10, np.uint16), "left.tif")
    right = geotiff(np.full((3, 3, 3), 20, np.uint16), "right.tif")
    return [Tile(left, 0, 0, 3, 3), Tile(right, 1, 4, 3, 3)]


@pytest.fixture
def place(catalog: Catalog) -> Path:
    folder = catalog.root / "scenes" / "s"
    folder.mkdir()
    return folder / "image.vrt"


def mosaic(tiles: list[Tile]) -> Mosaic:
    return Mosaic(tiles, 4, 7, BANDS, "uint16", GRID)


EXPECTED: NDArray[np.uint16] = np.array(
    [
        [10, 10, 10, 0, 0, 0, 0],
        [10, 10, 10, 0, 20, 20, 20],
        [10, 10, 10, 0, 20, 20, 20],
        [0, 0, 0, 0, 20, 20, 20],
    ],
    dtype=np.uint16,
)


def test_tiles_are_one_image_whose_holes_are_nodata(tiles: list[Tile], place: Path) -> None:
    write_mosaic(place, mosaic(tiles), tags={"SATSEG_SIMULATED": "YES"})
    scene = open_scene(place)
    assert (scene.bands, scene.grid, scene.simulated) == (BANDS, GRID, True)
    with scene.reader() as reader:
        numbers, valid = reader.pixels.native(Window(0, 0, 4, 7), range(3))
    np.testing.assert_array_equal(numbers, np.broadcast_to(EXPECTED, (3, 4, 7)))
    np.testing.assert_array_equal(valid, EXPECTED > 0)


def test_a_later_tile_covers_an_earlier_one(tiles: list[Tile], place: Path) -> None:
    over = Tile(tiles[1].path, 1, 1, 3, 3)
    write_mosaic(place, mosaic([tiles[0], over]))
    with rasterio.open(place, driver=driver_of(place)) as dataset:
        assert dataset.read(1)[1].tolist() == [10, 20, 20, 20, 0, 0, 0]


def test_a_mosaic_survives_the_move_from_staging_to_its_entry(
    tiles: list[Tile], catalog: Catalog
) -> None:
    with catalog.staging() as staged:
        write_mosaic(staged / "image.vrt", mosaic(tiles))
        driver_of(staged / "image.vrt")
        staged.rename(catalog.root / "scenes" / "moved")
    assert open_scene(catalog.root / "scenes" / "moved" / "image.vrt").grid == GRID


def test_a_vrt_outside_of_a_catalog_is_no_image(tiles: list[Tile], tmp_path: Path) -> None:
    path = tmp_path / "image.vrt"
    write_mosaic(path, mosaic(tiles))
    with pytest.raises(SceneError, match="image.vrt: a VRT outside of a catalog") as refused:
        open_scene(path)
    assert "gdal_translate" in str(refused.value)


def test_a_vrt_beside_the_entries_of_a_catalog_is_no_image(
    tiles: list[Tile], catalog: Catalog
) -> None:
    path = catalog.root / "uploads" / "s" / "image.vrt"
    path.parent.mkdir(parents=True)
    write_mosaic(path, mosaic(tiles))
    with pytest.raises(SceneError, match="a VRT outside of a catalog"):
        open_scene(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<SimpleSource>", "<ComplexSource>", "mismatched tag"),
        ("<VRTRasterBand ", '<VRTRasterBand subClass="VRTDerivedRasterBand" ', "VRTRasterBand"),
        ("<NoDataValue>", "<PixelFunctionType>sum</PixelFunctionType><NoDataValue>", "PixelFunc"),
        ("<VRTDataset ", '<VRTDataset subClass="VRTWarpedDataset" ', "the element VRTDataset"),
        ('relativeToVRT="1"', 'relativeToVRT="0"', "not named relative to it"),
        ("<VRTDataset", '<!DOCTYPE x [<!ENTITY e "f">]><VRTDataset', "EntitiesForbidden"),
        ("</VRTDataset>", "", "no element found"),
        ("left.tif", "secret.txt", "secret.txt, which is no GeoTIFF"),
        ("../../../left.tif", "/vsicurl/http://127.0.0.1/x.tif", "the tile x.tif"),
        ("left.tif", "gone.tif", "the tile gone.tif of image.vrt"),
    ],
)
def test_a_vrt_that_could_reach_other_files_is_refused(
    tiles: list[Tile], place: Path, tmp_path: Path, old: str, new: str, told: str
) -> None:
    (tmp_path / "secret.txt").write_text("root:x:0:0")
    write_mosaic(place, mosaic(tiles))
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new))
    with pytest.raises(SceneError) as refused:
        open_scene(place)
    assert told in str(refused.value)


def test_a_tile_that_goes_later_is_told_of_and_no_hole(tiles: list[Tile], place: Path) -> None:
    write_mosaic(place, mosaic(tiles))
    scene = open_scene(place)
    tiles[0].path.unlink()
    with scene.reader() as reader, pytest.raises(SceneError, match="image.vrt"):
        reader.read(Window(0, 0, 4, 7))


def test_tiles_must_lie_inside_and_be_of_a_known_type(tiles: list[Tile]) -> None:
    with pytest.raises(SceneError, match="tiles inside of 3 x 7 pixels"):
        Mosaic(tiles, 3, 7, BANDS, "uint16", GRID)
    with pytest.raises(SceneError, match="found none"):
        Mosaic([], 3, 7, BANDS, "uint16", GRID)
    with pytest.raises(SceneError, match=r"\(complex64\)"):
        Mosaic(tiles, 4, 7, BANDS, "complex64", GRID)


def test_a_mosaic_that_cannot_be_written_leaves_nothing(tiles: list[Tile], tmp_path: Path) -> None:
    folder = tmp_path / "none"
    with pytest.raises(StorageError, match="image.vrt"):
        write_mosaic(folder / "image.vrt", mosaic(tiles))
    assert not folder.exists()
