"""Which chips are good, which are not, and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chip_files import NORTH, SIDE, SMALL_MS, SMALL_RGB, WEST, name_of, pixels_of, write_chip

from satseg.errors import Cancelled, FetchError
from satseg.fetch.chips import Chip, Fault, check_chips
from satseg.fetch.spacenet import PRODUCTS, ChipFile, chips_in, products


def check(path: Path) -> Chip | Fault:
    good, faulty = check_chips([ChipFile(1, path)], SMALL_RGB)
    return [*good, *faulty][0]


def test_a_good_chip_is_kept_with_its_place(tmp_path: Path) -> None:
    path = write_chip(tmp_path / "a.tif", pixels_of(1), col=3, row=2)
    found = check(path)
    assert isinstance(found, Chip)
    assert (found.number, found.path) == (1, path)
    assert found.west == pytest.approx(WEST + 3 * 2.7e-6, abs=1e-12)
    assert found.north == pytest.approx(NORTH - 2 * 2.7e-6, abs=1e-12)


def test_the_real_tile_is_a_good_chip(shanghai_tile: Path) -> None:
    good, faulty = check_chips([ChipFile(6917, shanghai_tile)], PRODUCTS["ps-rgb"])
    assert (len(good), faulty) == (1, [])


def test_a_chip_with_one_bright_pixel_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((3, SIDE, SIDE), np.uint16)
    pixels[2, SIDE - 1, SIDE - 1] = 1
    assert isinstance(check(write_chip(tmp_path / "a.tif", pixels)), Chip)


FAULTS: dict[str, Callable[[Path], Path]] = {
    "12 x 16 pixels, not 16 x 16": lambda p: write_chip(p, pixels_of(1)[:, :12]),
    "8 bands, not 3": lambda p: write_chip(p, pixels_of(1, bands=8)),
    "uint8 pixels, not uint16": lambda p: write_chip(p, pixels_of(1).astype(np.uint8)),
    "the CRS EPSG:32651, not EPSG:4326": lambda p: write_chip(p, pixels_of(1), crs="EPSG:32651"),
    "the CRS none, not EPSG:4326": lambda p: write_chip(p, pixels_of(1), crs=None),
    "pixels of 1.08e-05 x 1.08e-05 degrees, not 2.7e-06": lambda p: write_chip(
        p, pixels_of(1), pixel=1.08e-5
    ),
    "a place at (0.0002, 31.2295), not in Shanghai": lambda p: write_chip(
        p, pixels_of(1), col=-WEST / 2.7e-6 + 74.0741
    ),
    "all pixels black": lambda p: write_chip(p, np.zeros((3, SIDE, SIDE), np.uint16)),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_a_faulty_chip_is_told_with_its_reason(reason: str, tmp_path: Path) -> None:
    path = FAULTS[reason](tmp_path / "chip.tif")
    assert check(path) == Fault("chip.tif", reason)


def test_a_truncated_chip_is_faulty(tmp_path: Path) -> None:
    path = write_chip(tmp_path / "chip.tif", pixels_of(1))
    path.write_bytes(path.read_bytes()[:-200])
    found = check(path)
    assert isinstance(found, Fault)
    assert found.reason.startswith("cannot be read (")
    assert str(tmp_path) not in found.reason


def test_a_file_that_is_no_image_is_faulty(tmp_path: Path) -> None:
    (tmp_path / "chip.tif").write_bytes(b"<html>")
    found = check(tmp_path / "chip.tif")
    assert isinstance(found, Fault)
    assert found.reason.startswith("cannot be read (")


def test_checking_tells_its_progress_and_can_be_cancelled(tmp_path: Path) -> None:
    files = [ChipFile(i, write_chip(tmp_path / f"{i}.tif", pixels_of(i))) for i in range(3)]
    seen: list[tuple[int, int]] = []
    check_chips(files, SMALL_RGB, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(Cancelled):
        check_chips(files, SMALL_RGB, cancelled=lambda: True)


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("product", [SMALL_RGB, SMALL_MS])
def test_both_layouts_are_understood_from_any_folder(tmp_path: Path, old: bool, product) -> None:  # type: ignore[no-untyped-def]
    for number in (10, 9):
        write_chip(tmp_path / name_of(product, number, old=old), pixels_of(number))
    for kind, stranger in (("MUL", "MUL_AOI_4_Shanghai"), ("PAN", "PAN_AOI_4_Shanghai")):
        write_chip(tmp_path / kind / f"{stranger}_img1.tif", pixels_of(1))
    own = product.folders[0 if old else 1]
    write_chip(tmp_path / own / f"{own}_AOI_2_Vegas_img1.tif", pixels_of(1))
    folder = (tmp_path / name_of(product, 9, old=old)).parent
    for start in (tmp_path, folder.parent, folder):
        assert [file.number for file in chips_in(start, product)] == [9, 10]


def test_a_number_in_both_layouts_counts_once(tmp_path: Path) -> None:
    old = write_chip(tmp_path / name_of(SMALL_RGB, 5, old=True), pixels_of(5))
    write_chip(tmp_path / name_of(SMALL_RGB, 5, old=False), pixels_of(5))
    assert chips_in(tmp_path, SMALL_RGB) == [ChipFile(5, old)]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="nothing at .*none"):
        chips_in(tmp_path / "none", SMALL_RGB)


def test_products_are_named_with_commas() -> None:
    assert [each.key for each in products("ps-rgb, PS-MS,ps-rgb")] == ["ps-rgb", "ps-ms"]
    for text in ("", "pan", "ps-rgb,pan"):
        with pytest.raises(FetchError, match="products out of ps-rgb, ps-ms"):
            products(text)
