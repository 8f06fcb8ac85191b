"""What SpaceNet published of Shanghai: names, layouts, products, terms."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from satseg.bands import RGB, WORLDVIEW3
from satseg.errors import FetchError
from satseg.fetch.checksums import Checksum

ENDPOINT = "https://s3.us-east-1.amazonaws.com"
ENDPOINT_VARIABLE = "SATSEG_SPACENET_ENDPOINT"
BUCKET = "spacenet-dataset"
FOLDER = "spacenet/SN2_buildings"
"""Source: Registry of Open Data on AWS, "SpaceNet". The bucket may be read without an account."""

ARCHIVE_NAME = "SN2_buildings_train_AOI_4_Shanghai.tar.gz"
ARCHIVE_KEY = f"{FOLDER}/tarballs/{ARCHIVE_NAME}"
ARCHIVE_CHECKSUM = Checksum("md5", "986129eecd3e842ebc2063d43b407adb")
"""Source: the checksum that torchgeo publishes for this archive."""


DATE = dt.date(2015, 6, 6)
"""Day of acquisition; the chips themselves carry no date. All come from one collection."""

LICENCE = "CC-BY-SA-4.0"
ATTRIBUTION = (
    "SpaceNet on Amazon Web Services (AWS), SpaceNet 2: Building Detection v2, AOI 4 Shanghai;"
    " WorldView-3 imagery (c) DigitalGlobe; CC BY-SA 4.0"
)
PAGE = "https://spacenet.ai/spacenet-buildings-dataset-v2/"

CHIP_PX = 650
PIXEL_DEG = 2.7e-6
CRS = "EPSG:4326"
AROUND = (120.8, 30.6, 122.3, 31.9)
"""Box around Shanghai (west, south, east, north) in degrees; a chip elsewhere is misplaced."""

_CHIP = re.compile(r"[\w-]*AOI_4_Shanghai[\w-]*_img(\d{1,6})\.tiff?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of image of each chip.

    Attributes:
        key: name on the command line.
        title: name to show.
        folders: names of its folder in the two layouts, the older one first.
        bands: canonical names in the order of the files.
        chip_px: height and width of a chip in pixels.
    """

    key: str
    title: str
    folders: tuple[str, str]
    bands: tuple[str, ...]
    chip_px: int = CHIP_PX

    @property
    def prefixes(self) -> tuple[str, str]:
        """Where a bucket may hold the product's chips one by one, the present layout first."""
        old, new = self.folders
        return (
            f"{FOLDER}/train/AOI_4_Shanghai/{new}/",
            f"{FOLDER}/train/AOI_4_Shanghai_Train/{old}/",
        )

    def number_of(self, path: PurePosixPath) -> int | None:
        """Return the image number of a chip of this product, None for any other file.

        >>> PRODUCTS["ps-rgb"].number_of(PurePosixPath("PS-RGB/SN2_AOI_4_Shanghai_PS-RGB_img7.tif"))
        7
        """
        match = _CHIP.fullmatch(path.name)
        return int(match[1]) if match and path.parent.name in self.folders else None


PRODUCTS = {
    product.key: product
    for product in (
        Product("ps-rgb", "red, green, blue, 0.3 m", ("RGB-PanSharpen", "PS-RGB"), RGB),
        Product("ps-ms", "all 8 bands, 0.3 m", ("MUL-PanSharpen", "PS-MS"), WORLDVIEW3),
    )
}
"""The pan-sharpened products. MUL/MS (1.24 m) and PAN (one band) are left where they are."""


@dataclass(frozen=True, slots=True, order=True)
class ChipFile:
    """A chip on disk, by its image number."""

    number: int
    path: Path


def products(text: str) -> tuple[Product, ...]:
    """Return the products that a list with commas names, each once.

    Raises:
        FetchError: one of them is unknown.
    """
    keys = dict.fromkeys(key.strip().lower() for key in text.split(",") if key.strip())
    if not keys or not set(keys) <= set(PRODUCTS):
        raise FetchError(
            expected=f"products out of {', '.join(PRODUCTS)}",
            found=repr(text),
            fix="Choose one or both of them, for example --products ps-rgb,ps-ms",
        )
    return tuple(PRODUCTS[key] for key in keys)


def chips_in(folder: Path, product: Product) -> list[ChipFile]:
    """Return the chips of a product below ``folder``, or in it, by number, in both layouts.

    Where both layouts hold the same number, the first path in alphabetical order counts.

    Raises:
        FetchError: there is no such folder.
    """
    if not folder.is_dir():
        raise FetchError(
            expected="a folder with SpaceNet's chips of Shanghai, or their archive",
            found=f"nothing at {folder}",
            fix="Check the path",
        )
    found: dict[int, Path] = {}
    for path in _tiffs(folder.resolve()):
        number = product.number_of(PurePosixPath(path.as_posix()))
        if number is not None:
            found.setdefault(number, path)
    return [ChipFile(number, found[number]) for number in sorted(found)]


def chips_missing(place: str, product: Product) -> FetchError:
    """Return the error of a place that holds no chip of the product."""
    old, new = product.folders
    return FetchError(
        expected=f"chips of SpaceNet's Shanghai, as AOI_4_Shanghai_Train/{old}/..._img1.tif or"
        f" train/AOI_4_Shanghai/{new}/..._img1.tif",
        found=f"none of {product.key} in {place}",
        fix="Name the folder or the archive that holds them, or choose another product",
    )


def _tiffs(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*_img*") if path.is_file())
