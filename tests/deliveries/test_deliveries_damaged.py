"""Deliveries that are damaged or contradict themselves: told, and nothing registered."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rasterio
import rasterio.shutil
from delivery_files import add, drop, edit, numbers, one_tile
from shelf_files import snapshot

from satseg.catalog import Catalog
from satseg.deliveries import Choices, understand
from satseg.errors import SatsegError, SceneError

DAMAGED = {
    "no absCalFactor": ("absCalFactor", "no absCalFactor in 15JUN06024100-M2AS"),
    "no effectiveBandwidth": ("effectiveBandwidth", "no effectiveBandwidth in"),
    "no sun": ("meanSunEl", "the sun's elevation as meanSunEl; found none"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_an_imd_that_lacks_what_reflectance_needs_is_an_error(
    catalog: Catalog, delivery: Path, imd: Path, case: str
) -> None:
    pattern, told = DAMAGED[case]
    drop(imd, pattern)
    before = snapshot(catalog.root)
    with pytest.raises(SceneError) as refused:
        add(catalog, delivery)
    assert told in str(refused.value)
    assert "--no-toa" in str(refused.value)
    assert snapshot(catalog.root) == before
    add(catalog, delivery, Choices(toa=False))


def test_factors_that_are_no_factors_are_an_error(delivery: Path, imd: Path) -> None:
    edit(imd, ("absCalFactor = [^;]*", "absCalFactor = -1.0"))
    with pytest.raises(SceneError, match="abs_cal_factor of the band coastal above 0; found -1"):
        understand(delivery)


DISAGREEING = {
    "bands": (("BAND_N2", "BAND_X"), "Expected 7 bands"),
    "rows": (("numRows = 40", "numRows = 50"), "Expected 50 x 60 pixels"),
    "columns": (("numColumns = 60", "numColumns = 61"), "found 40 x 60 in 15JUN"),
}


@pytest.mark.parametrize("case", DISAGREEING)
def test_an_imd_that_disagrees_with_its_tiles_is_an_error(
    delivery: Path, imd: Path, case: str
) -> None:
    change, told = DISAGREEING[case]
    edit(imd, change)
    with pytest.raises(SceneError) as refused:
        understand(delivery)
    assert told in str(refused.value)
    assert "do not belong together" in str(refused.value)


def test_tiles_that_lie_elsewhere_than_the_til_says_are_an_error(delivery: Path, imd: Path) -> None:
    til = imd.with_suffix(".TIL")
    edit(til, ("ULColOffset = 30", "ULColOffset = 29"))
    edit(imd, ("numColumns = 60", "numColumns = 59"))
    with pytest.raises(SceneError, match=r"at row 0, column 29.*found row 0.0, column 30.0"):
        understand(delivery)


def test_tiles_of_two_places_are_an_error(delivery: Path, imd: Path) -> None:
    _, second = sorted(imd.parent.glob("*.TIF"))
    with rasterio.open(second, "r+") as dataset:
        dataset.crs = "EPSG:32650"
    with pytest.raises(SceneError, match="one data type and CRS, uint16 in EPSG:32651"):
        understand(delivery)


def test_tiles_without_a_place_are_an_error(delivery: Path, imd: Path) -> None:
    data = numbers()
    for number, tile in enumerate(sorted(imd.parent.glob("*.TIF"))):
        with (
            pytest.warns(rasterio.errors.NotGeoreferencedWarning),
            rasterio.open(
                tile, "w", driver="GTiff", width=30, height=40, count=8, dtype="uint16"
            ) as dataset,
        ):
            dataset.write(data[:, :, 30 * number : 30 * number + 30])
    with pytest.raises(SceneError, match="no CRS in 15JUN"):
        understand(delivery)


def test_floats_are_no_digital_numbers(delivery: Path, imd: Path) -> None:
    tile = one_tile(imd)
    with rasterio.open(tile) as dataset:
        profile, data = dataset.profile, dataset.read()
    with rasterio.open(tile, "w", **{**profile, "dtype": "float32"}) as dataset:
        dataset.write(data.astype("float32"))
    with pytest.raises(SceneError, match="float32 in 15JUN"):
        understand(delivery)


CHOICES = {
    "reflectance": Choices(),
    "numbers": Choices(toa=False),
    "sharpened": Choices(pansharpen_m=0.6),
}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("cut", ["the header", "the pixels"])
def test_a_tile_that_is_cut_off_registers_nothing(
    catalog: Catalog,
    delivery: Path,
    imd: Path,
    cut_off: Callable[[Path], None],
    choice: str,
    cut: str,
) -> None:
    tile = max(imd.parent.glob("*.TIF"))
    if cut == "the pixels":  # a COG has its header in front
        rasterio.shutil.copy(tile, tile.with_suffix(".cog"), driver="COG", compress="deflate")
        tile.with_suffix(".cog").replace(tile)
    cut_off(tile)
    before = snapshot(catalog.root)
    with pytest.raises(SatsegError) as refused:
        add(catalog, delivery, CHOICES[choice])
    assert tile.name in str(refused.value)
    assert "again" in str(refused.value)
    assert snapshot(catalog.root) == before
