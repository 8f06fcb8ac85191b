"""Mosaics: tiles that are read as one image, through a VRT that the catalog keeps.

A VRT names other files, on this machine or at an address. So that none reaches files that nobody
meant to show, only those are opened that lie in a catalog, hold nothing but plain pieces of bands,
and name GeoTIFFs; a VRT from elsewhere is not an image here.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree as ET

import rasterio
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse
from rasterio.errors import RasterioError

from satseg.addresses import Address, is_gdal_name
from satseg.errors import SceneError, StorageError
from satseg.grids import Grid

SUFFIX = ".vrt"
ALPHA = "alpha"
_MAX_BYTES = 64 * 2**20
_KEPT_IN = ("scenes", ".staging")
_ELEMENTS = {
    "VRTDataset",
    "SRS",
    "GeoTransform",
    "Metadata",
    "MDI",
    "VRTRasterBand",
    "NoDataValue",
    "ColorInterp",
    "Description",
    "SimpleSource",
    "SourceFilename",
    "SourceBand",
    "SourceProperties",
    "SrcRect",
    "DstRect",
}
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GDAL_TYPES = {
    "uint8": "Byte",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One GeoTIFF of a mosaic.

    Attributes:
        path: the file or its address; its bands are the mosaic's in the same order.
        row: 0-based row of the mosaic in which the tile's first row lies.
        column: likewise.
        height: rows.
        width: columns.
    """

    path: Path | Address
    row: int
    column: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Tiles of one image. Pixels that no tile covers are nodata; a later tile covers an earlier.

    Attributes:
        tiles: at least one.
        height: rows of the whole.
        width: columns of the whole.
        bands: name of each band, "" for none, "alpha" for one that says what is transparent.
        dtype: numpy name of the tiles' data type.
        grid: where the whole lies, None for an image in the sensor's geometry.
        rpc: rational polynomials of such an image, as GDAL's metadata domain RPC writes them.
        nodata: value of each band where there is no data; None for no such value.
    """

    tiles: Sequence[Tile]
    height: int
    width: int
    bands: Sequence[str]
    dtype: str
    grid: Grid | None
    rpc: Mapping[str, str] | None = None
    nodata: float | None = 0

    def __post_init__(self) -> None:
        outside = [
            tile.path.name
            for tile in self.tiles
            if tile.row + tile.height > self.height or tile.column + tile.width > self.width
        ]
        if outside or not self.tiles or self.dtype not in _GDAL_TYPES:
            raise SceneError(
                expected=f"tiles inside of {self.height} x {self.width} pixels, of type"
                f" {', '.join(_GDAL_TYPES)}",
                found=f"{', '.join(outside[:3]) or 'none'} ({self.dtype})",
                fix="Check the list of tiles",
            )


def write_mosaic(path: Path, mosaic: Mosaic, *, tags: Mapping[str, str] | None = None) -> None:
    """Write the VRT of a mosaic, whole or not at all; its paths are relative to its folder.

    A folder that moves to another of the same depth and parent keeps its tiles.

    Raises:
        StorageError: the file cannot be written.
    """
    root = ET.Element("VRTDataset", rasterXSize=str(mosaic.width), rasterYSize=str(mosaic.height))
    if mosaic.grid is not None:
        ET.SubElement(root, "SRS").text = mosaic.grid.crs
        a, b, c, d, e, f = mosaic.grid.transform
        numbers = ", ".join(repr(float(number)) for number in (c, a, b, f, d, e))
        ET.SubElement(root, "GeoTransform").text = numbers
    for domain, pairs in (("", tags), ("RPC", mosaic.rpc)):
        metadata = ET.SubElement(root, "Metadata", {"domain": domain} if domain else {})
        for key, value in (pairs or {}).items():
            ET.SubElement(metadata, "MDI", key=key).text = value
    folder = path.parent.resolve()
    for index, band in enumerate(mosaic.bands, start=1):
        _write_band(root, mosaic, index, band, folder)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        ET.ElementTree(root).write(temporary, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(
            expected=f"room and permission to write {path}",
            found=str(error),
            fix=f"Free space in {path.parent}, or choose another folder",
        ) from error


def _write_band(root: ET.Element, mosaic: Mosaic, index: int, name: str, folder: Path) -> None:
    kind = _GDAL_TYPES[mosaic.dtype]
    band = ET.SubElement(root, "VRTRasterBand", dataType=kind, band=str(index))
    if name == ALPHA:
        ET.SubElement(band, "ColorInterp").text = "Alpha"
    elif name:
        ET.SubElement(band, "Description").text = name
    if mosaic.nodata is not None:
        ET.SubElement(band, "NoDataValue").text = repr(mosaic.nodata)
    for tile in mosaic.tiles:
        source = ET.SubElement(band, "SimpleSource")
        if isinstance(tile.path, Address):
            ET.SubElement(source, "SourceFilename", relativeToVRT="0").text = tile.path.gdal
        else:
            file = os.path.relpath(tile.path.resolve(), folder)
            ET.SubElement(source, "SourceFilename", relativeToVRT="1").text = file
        ET.SubElement(source, "SourceBand").text = str(index)
        size = {"xSize": str(tile.width), "ySize": str(tile.height)}
        ET.SubElement(
            source,
            "SourceProperties",
            RasterXSize=str(tile.width),
            RasterYSize=str(tile.height),
            DataType=kind,
        )
        ET.SubElement(source, "SrcRect", {"xOff": "0", "yOff": "0"} | size)
        place = {"xOff": str(tile.column), "yOff": str(tile.row)}
        ET.SubElement(source, "DstRect", place | size)


def driver_of(path: Path) -> str:
    """Return the one GDAL driver that may open ``path``: GTiff, or VRT for a checked mosaic.

    Raises:
        SceneError: it is a VRT that is no mosaic of a catalog.
    """
    if path.suffix.lower() != SUFFIX:
        return "GTiff"
    try:
        state = path.stat()
    except OSError as error:
        raise _refused(path, str(error)) from error
    _check(path, state.st_mtime_ns, state.st_size)
    return "VRT"


@lru_cache(maxsize=256)
def _check(path: Path, _written_ns: int, size: int) -> None:
    """Raise SceneError unless the VRT is a mosaic as ``write_mosaic`` writes it, in a catalog."""
    folder = path.resolve().parent
    if folder.parent.name not in _KEPT_IN or not (folder.parents[1] / "catalog.json").is_file():
        raise _refused(path, "a VRT outside of a catalog")
    if size > _MAX_BYTES:
        raise _refused(path, f"{size} bytes")
    try:
        elements = list(parse(path).iter())
    except (ET.ParseError, DefusedXmlException, OSError, ValueError) as error:
        raise _refused(path, str(error)) from error
    files, images = set(), set()
    for element in elements:
        if element.tag not in _ELEMENTS or "subClass" in element.attrib:
            raise _refused(path, f"the element {element.tag}")
        if element.tag == "SourceFilename":
            name = element.text or ""
            if element.get("relativeToVRT") == "1":
                files.add(name)
            elif is_gdal_name(name):
                images.add(name)
            else:
                raise _refused(path, "a file that is not named relative to it")
    for name in files:
        _check_tile(path, folder / name)
    for name in images:
        _check_image(name)


def _check_image(name: str) -> None:
    """Raise SceneError unless a GeoTIFF is at an address."""
    try:
        with rasterio.open(name, driver="GTiff"):
            pass
    except RasterioError as error:
        raise SceneError(
            expected=f"a GeoTIFF that can be read at {name}",
            found=str(error),
            fix="Check the network, the address, and for a bucket the keys in AWS_ACCESS_KEY_ID"
            " and AWS_SECRET_ACCESS_KEY, or AWS_NO_SIGN_REQUEST=YES",
        ) from error


def _check_tile(path: Path, tile: Path) -> None:
    try:
        with tile.resolve().open("rb") as file:
            start = file.read(4)
    except (OSError, ValueError) as error:
        raise SceneError(
            expected=f"the tile {tile.name} of {path.name}",
            found=str(error),
            fix="Put the tiles back where they were when the scene was added, or add it again",
        ) from error
    if start not in _TIFF_STARTS:
        raise _refused(path, f"{tile.name}, which is no GeoTIFF")


def _refused(path: Path, found: str) -> SceneError:
    return SceneError(
        expected="a complete GeoTIFF, or a mosaic of GeoTIFFs that satseg wrote into its catalog",
        found=f"{path.name}: {found}",
        fix="Convert other formats with gdal_translate -of COG",
    )
