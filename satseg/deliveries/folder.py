"""The parts of a delivery: which products there are, and which files belong to each.

A product has one .IMD; its tiles stand beside it, named by its .TIL where there are several.
Names are ``15JUN06024101-M2AS_R1C1-056789012010_01_P001.TIF``: time, kind (M multispectral, P
panchromatic, S pan-sharpened; 1B raw geometry, 2A projected, 3D orthorectified), tile, order, part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from satseg.deliveries import pvl
from satseg.deliveries.imd import Metadata, read_metadata
from satseg.errors import SceneError
from satseg.radiometry import PAN

Kind = Literal["multispectral", "panchromatic", "pan-sharpened"]

_NAME = re.compile(
    r"(?P<time>\d{2}[A-Z]{3}\d{8})-(?P<kind>[A-Z]\d[A-Z]{1,2}S?)-(?P<order>.+)_(?P<part>P\d{3})"
)
_TILE = re.compile(r"_R(?P<row>\d+)C(?P<column>\d+)(?=-)")
_SHORTWAVE = "A"
"""First letter of short-wave infrared products, which are not mapped."""

_MAX_FILES = 20_000


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Where a tile lies in its product: 0-based pixels of its upper left corner."""

    path: Path
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Part:
    """One product: one image in one or more tiles.

    Attributes:
        kind: what its bands are.
        metadata: what its .IMD says.
        tiles: its image files.
        rpb: rational polynomials of a product in raw geometry, or None.
    """

    kind: Kind
    metadata: Metadata
    tiles: tuple[TilePlace, ...]
    rpb: Path | None

    @property
    def is_raw(self) -> bool:
        """Whether the image has the sensor's geometry (level 1B)."""
        return self.metadata.level.upper().startswith("LV1")

    @property
    def name(self) -> str:
        """Name of the product's files without the ending."""
        return self.metadata.path.stem


@dataclass(frozen=True, slots=True)
class Delivery:
    """The products of one part of an order, which show the same ground at the same time.

    Attributes:
        folder: where the products were found.
        part: order and part, ``056789012010_01_P001``.
        image: the product to map: multispectral where there is one, else pan-sharpened.
        pan: the panchromatic product, or None.
    """

    folder: Path
    part: str
    image: Part
    pan: Part | None

    @property
    def parts(self) -> tuple[Part, ...]:
        """All products of the delivery."""
        return (self.image,) if self.pan is None else (self.image, self.pan)


def find_delivery(folder: Path, *, part: str | None = None) -> Delivery:
    """Return the delivery in ``folder`` or in its subfolders.

    Args:
        folder: of the order, or of one product.
        part: part of the order (``P002``) where there are several.

    Raises:
        SceneError: there is no product, nothing in it can be mapped, a tile is missing, or
            ``part`` is needed.
    """
    found: dict[str, list[Path]] = {}
    for path in _metadata_files(folder):
        match = _name(path)
        if match is None or not match["kind"].startswith(_SHORTWAVE):
            key = f"{match['order']}_{match['part']}" if match else path.stem
            found.setdefault(key, []).append(path)
    chosen = _chosen(found, folder, part)
    parts = [_part(path) for path in found[chosen]]
    pans = [each for each in parts if each.kind == "panchromatic"]
    images = sorted(
        (each for each in parts if each.kind != "panchromatic"),
        key=lambda each: each.kind != "multispectral",
    )
    _refuse_ambiguous(images, pans, folder)
    if not images:
        raise SceneError(
            expected="a multispectral or pan-sharpened product",
            found=f"only the panchromatic {pans[0].name}",
            fix="Add the folder that holds the multispectral product, often named ..._MUL, too",
        )
    return Delivery(folder, chosen, images[0], pans[0] if pans else None)


def _name(path: Path) -> re.Match[str] | None:
    """Return what the name of a product's file says, whatever its tile, or None."""
    return _NAME.fullmatch(_TILE.sub("", path.stem.upper()))


def _metadata_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SceneError(
            expected="the folder of a delivery", found=f"no folder {folder}", fix="Check the path"
        )
    found = []
    for count, path in enumerate(folder.rglob("*")):
        if count >= _MAX_FILES:
            raise SceneError(
                expected=f"the folder of one delivery, at most {_MAX_FILES:,} files",
                found=f"more in {folder}",
                fix="Give the folder of the order itself",
            )
        if path.suffix.upper() == ".IMD" and path.is_file():
            found.append(path)
    if not found:
        raise SceneError(
            expected="a delivery: an .IMD beside its image files (.TIF)",
            found=f"no .IMD in {folder} or below",
            fix="Give the folder of the order, or name an image file itself with its --date",
        )
    return sorted(found)


def _chosen(found: dict[str, list[Path]], folder: Path, part: str | None) -> str:
    names = sorted(found)
    wanted = names if part is None else [name for name in names if _is_part(name, part)]
    if len(wanted) == 1:
        return wanted[0]
    if not names:
        raise SceneError(
            expected="a multispectral or pan-sharpened product",
            found=f"only short-wave infrared in {folder}",
            fix="Give the folder that holds the multispectral product, often named ..._MUL",
        )
    raise SceneError(
        expected=f"one of the parts {', '.join(names)} of the order",
        found=f"{len(names)} in {folder}" if part is None else repr(part),
        fix=f"Name one, for example --part {names[0]}, and add the others in the same way",
    )


def _is_part(name: str, part: str) -> bool:
    """Return whether ``part`` names it whole (``056789012010_01_P002``) or shortly (``P002``)."""
    return part.upper() in {name.upper(), name.upper().rpartition("_")[2]}


def _refuse_ambiguous(images: Sequence[Part], pans: Sequence[Part], folder: Path) -> None:
    twice = [
        [each.name for each in group]
        for group in ([each for each in images if each.kind == "multispectral"], pans)
        if len(group) > 1
    ]
    if twice:
        raise SceneError(
            expected="one product of each kind",
            found=f"{', '.join(twice[0])} in {folder}",
            fix="Give the folder of one of them",
        )


def _part(path: Path) -> Part:
    metadata = read_metadata(path)
    tiles = _tiles(metadata)
    rpb = _beside(path, ".RPB")
    return Part(_kind(metadata), metadata, tiles, rpb)


def _kind(metadata: Metadata) -> Kind:
    match = _name(metadata.path)
    if metadata.names == (PAN,):
        return "panchromatic"
    if metadata.sharpened_by or (match and match["kind"].startswith("S")):
        return "pan-sharpened"
    return "multispectral"


def _beside(path: Path, suffix: str) -> Path | None:
    for candidate in sorted(path.parent.iterdir()):
        same = candidate.stem.upper() == path.stem.upper()
        if same and candidate.suffix.upper() == suffix and candidate.is_file():
            return candidate
    return None


def _tiles(metadata: Metadata) -> tuple[TilePlace, ...]:
    til = _beside(metadata.path, ".TIL")
    images = {
        path.name.upper(): path
        for path in sorted(metadata.path.parent.iterdir())
        if path.suffix.upper() in {".TIF", ".TIFF"}
    }
    if til is not None:
        return _listed(til, images)
    beside = [path for path in images.values() if _belongs(path, metadata.path)]
    if len(beside) == 1:
        return (TilePlace(beside[0], 0, 0),)
    shown = ", ".join(path.name for path in beside[:4]) or "none"
    raise SceneError(
        expected=f"one image file, or a .TIL that places several, beside {metadata.path.name}",
        found=f"{len(beside)} image files ({shown}) and no .TIL",
        fix="Copy the delivery again, with all of its files",
    )


def _belongs(path: Path, imd: Path) -> bool:
    return _TILE.sub("", path.stem.upper()) == _TILE.sub("", imd.stem.upper())


def _listed(til: Path, images: dict[str, Path]) -> tuple[TilePlace, ...]:
    """Return the tiles that a .TIL lists; names with a folder in them are refused."""
    top = pvl.read(til)
    listed = [group for name, group in top.groups.items() if name.upper().startswith("TILE")]
    nested = listed[0].groups if len(listed) == 1 and listed[0].groups else None
    groups = list(nested.values()) if nested else listed
    count = top.number("numTiles") or (listed[0].number("numTiles") if nested else None)
    if not groups or (count is not None and count != len(groups)):
        raise SceneError(
            expected=f"numTiles = {len(groups)} tiles, as the groups TILE_1, TILE_2, ... are",
            found=f"numTiles = {count} in {til.name}",
            fix="Copy the delivery again; the .TIL is damaged",
        )
    places = []
    for group in groups:
        name = group.text("filename")
        path = images.get(name.upper())
        if path is None:
            raise SceneError(
                expected=f"the tile {name!r}, which {til.name} lists, beside it",
                found="no such file",
                fix="Copy the delivery again, with all of its tiles",
            )
        offsets = group.number("ULRowOffset"), group.number("ULColOffset")
        row, column = (_offset(value, til, name) for value in offsets)
        places.append(TilePlace(path, row, column))
    return tuple(places)


def _offset(value: float | None, til: Path, name: str) -> int:
    if value is None or value < 0 or value != int(value):
        raise SceneError(
            expected="ULRowOffset and ULColOffset as whole numbers from 0",
            found=f"{value} for {name} in {til.name}",
            fix="Copy the delivery again; the .TIL is damaged",
        )
    return int(value)
