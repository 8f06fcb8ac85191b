"""Areas of interest in files from elsewhere: read in a fixed way, checked, repaired, in WGS 84.

A file is never opened under its own name, no part of an archive is unpacked beside the three files
that a Shapefile needs, and no driver is left to guess: what a file is follows from its first bytes.
"""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import pyproj
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from satseg.errors import RegionError

if TYPE_CHECKING:
    import geopandas as gpd

KINDS: Final = ("geojson", "json", "gpkg", "kml", "zip")
"""Extensions that can be read; a zip holds one Shapefile."""

LOCAL_KINDS: Final = ("shp", "fgb")
"""Further extensions of files on this machine; a Shapefile has its parts beside it."""

MAX_BYTES: Final = 10_000_000
MAX_UNPACKED_BYTES: Final = 50_000_000
MAX_MEMBERS: Final = 100
MAX_LAYERS: Final = 50
MAX_SHAPES: Final = 2_000
MAX_VERTICES: Final = 100_000

_PARTS: Final = ("shp", "shx", "prj")
_SEGMENT_M: Final = 1_000.0
"""Sides of a projected shape are split to this length, so that they stay within 2 cm of straight
when they become degrees: a side of length L bends by L² tan(latitude) / (8 radii of the Earth)."""

_SQLITE: Final = b"SQLite format 3\0"
"""Source: SQLite's file format, section 1.3.1."""
_SHAPE: Final = b"\x00\x00\x27\x0a"
"""Source: ESRI Shapefile Technical Description (1998), main file header."""

_FLATGEOBUF: Final = b"fgb\x03fgb"
"""Source: FlatGeobuf specification, magic bytes of version 3."""

_GEOJSON: Final = {
    "FeatureCollection",
    "Feature",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
}


@dataclass(frozen=True, slots=True)
class FoundArea:
    """An area that a file holds.

    Attributes:
        geometry: valid Polygon or MultiPolygon in longitude and latitude (WGS 84), degrees; all
            shapes of the file together.
        shapes: how many shapes the file has.
        repaired: whether one of them crossed itself and was repaired.
    """

    geometry: BaseGeometry
    shapes: int
    repaired: bool


def read_area(name: str, data: bytes) -> FoundArea:
    """Return the area in a GeoJSON, GeoPackage or KML file or a zipped Shapefile.

    Args:
        name: what the file is called; only its extension matters.
        data: its content.

    Raises:
        RegionError: the file is too large, of another kind, broken or dangerous, has shapes
            that are no polygons, no usable reference system, or no area.
    """
    kind = name.rpartition(".")[2].lower()
    _check_kind(kind, KINDS, name)
    _check_size(len(data))
    return _found(kind, {kind: data}, lenient=False)


def read_area_file(path: Path, *, lenient: bool = False) -> FoundArea:
    """Return the area in a file on this machine: also in a Shapefile or FlatGeobuf.

    Args:
        path: the file; a Shapefile's ``.shx`` and ``.prj`` stand beside it.
        lenient: the file may have any size, and what is no polygon is left out.

    Raises:
        RegionError: the file cannot be read, or what ``read_area`` raises.
    """
    kind = path.suffix[1:].lower()
    if path.is_file():
        _check_kind(kind, (*KINDS, *LOCAL_KINDS), path.name)
    try:
        parts = {kind: _bytes_of(path, lenient=lenient)}
        if kind == "shp":
            parts |= {
                part: _bytes_of(beside, lenient=lenient)
                for beside in path.parent.iterdir()
                if beside.stem == path.stem and (part := beside.suffix[1:].lower()) in _PARTS[1:]
            }
    except OSError as error:
        raise RegionError(
            expected="a file with the outline of an area",
            found=f"{path}: {type(error).__name__}",
            fix="Check the name",
        ) from error
    size = sum(len(data) for data in parts.values())
    if not (lenient and size > 0):
        _check_size(size)
    return _found(kind, parts, lenient=lenient)


def polygons_of(geometry: BaseGeometry) -> BaseGeometry:
    """Return a valid polygon or multipolygon that covers what ``geometry`` encloses.

    Raises:
        RegionError: nothing is enclosed, or coordinates are no degrees.
    """
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shapely.force_2d(geometry))))
    polygons = [part for part in parts if part.geom_type == "Polygon" and part.area > 0]
    whole = shapely.union_all(polygons) if polygons else MultiPolygon()
    if whole.is_empty:
        raise RegionError(
            expected="a polygon that encloses an area",
            found=geometry.geom_type if not geometry.is_empty else "nothing",
            fix="Draw the area with three corners or more",
        )
    west, south, east, north = whole.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise RegionError(
            expected="longitudes from -180 to 180 and latitudes from -90 to 90 degrees",
            found=f"coordinates from ({west:g}, {south:g}) to ({east:g}, {north:g})",
            fix="Save the file with its coordinate reference system, or as EPSG:4326",
        )
    return whole


def _bytes_of(path: Path, *, lenient: bool) -> bytes:
    with path.open("rb") as file:
        return file.read() if lenient else file.read(MAX_BYTES + 1)


def _check_kind(kind: str, kinds: tuple[str, ...], name: str) -> None:
    if kind not in kinds:
        raise RegionError(
            expected="a GeoJSON, GeoPackage or KML file or a zipped Shapefile",
            found=repr(name[-60:]),
            fix="Export the area as GeoPackage or GeoJSON",
        )


def _check_size(size: int) -> None:
    if not 0 < size <= MAX_BYTES:
        raise RegionError(
            expected=f"a file of 1 byte to {MAX_BYTES // 1_000_000} MB",
            found=f"{size:,} bytes",
            fix="Export the one area that you mean, with fewer vertices",
        )


def _found(kind: str, parts: Mapping[str, bytes], *, lenient: bool) -> FoundArea:
    """Return the area in a file of some kind, given as the contents of its parts."""
    with tempfile.TemporaryDirectory(prefix="satseg-area-") as folder:
        path = _stored(kind, parts, Path(folder))
        shapes = _read(path, kind, most=None if lenient else MAX_SHAPES)
    return _area(shapes, lenient=lenient)


def _stored(kind: str, parts: Mapping[str, bytes], folder: Path) -> Path:
    """Write the content under a name of ours, once it is what its extension says."""
    data = parts[kind]
    if kind == "zip":
        return _unzipped(data, folder)
    if kind == "shp":
        for part, content in parts.items():
            (folder / f"area.{part}").write_bytes(content)
    path = folder / f"area.{'geojson' if kind == 'json' else kind}"
    path.write_bytes(data)
    if kind == "gpkg":
        _check_geopackage(path, data)
    elif kind == "kml":
        _check_kml(data)
    elif kind == "shp":
        _check_start(data, _SHAPE, "Shapefile", "a .shp that is none")
    elif kind == "fgb":
        _check_start(data, _FLATGEOBUF, "FlatGeobuf", "other first bytes")
    else:
        _check_geojson(data)
    return path


def _check_start(data: bytes, first: bytes, what: str, found: str) -> None:
    if not data.startswith(first):
        raise _unreadable(what, found)


def _check_geojson(data: bytes) -> None:
    try:
        document = json.loads(data.decode("utf-8-sig"))
        kind = document["type"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable("GeoJSON", type(error).__name__) from error
    if kind not in _GEOJSON:
        raise _unreadable("GeoJSON", f"the type {str(kind)[:40]!r}")


def _check_kml(data: bytes) -> None:
    """Refuse what is no KML, and entities, with which a small file can fill the memory."""
    from xml.etree.ElementTree import ParseError

    import defusedxml
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError) as error:
        raise _unreadable("KML", type(error).__name__) from error
    if root.tag.rpartition("}")[2] != "kml":
        raise _unreadable("KML", f"the element {root.tag[-40:]!r}")


def _check_geopackage(path: Path, data: bytes) -> None:
    """Refuse what is no GeoPackage, and views: one could make a reader run for ever."""
    if not data.startswith(_SQLITE):
        raise _unreadable("GeoPackage", "other first bytes")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            rows = database.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
            tables = {
                str(name).lower()
                for name, kind, sql in rows
                if kind == "table" and "virtual" not in str(sql).lower()[:20]
            }
            if "gpkg_contents" not in tables:
                raise _unreadable("GeoPackage", "no table gpkg_contents")
            asked = "SELECT table_name FROM gpkg_contents WHERE data_type = 'features'"
            layers = {str(row[0]).lower() for row in database.execute(asked)}
    except sqlite3.Error as error:
        raise _unreadable("GeoPackage", type(error).__name__) from error
    wrong = sorted(layers - tables)
    if wrong:
        raise _unreadable("GeoPackage", f"the layer {wrong[0][:40]!r}, which is no table")


def _unzipped(data: bytes, folder: Path) -> Path:
    """Unpack the parts of the one Shapefile in an archive, under names of ours."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise _unreadable("zipped Shapefile", f"{len(members)} files in the archive")
            chosen = _shapefile([m for m in members if not m.is_dir()])
            left = MAX_UNPACKED_BYTES
            for part, member in chosen.items():
                # The archive's own word for the size may be a lie: no more than that is read.
                with archive.open(member) as source:
                    content = source.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise _unreadable(
                        "zipped Shapefile", f"more than {MAX_UNPACKED_BYTES // 1_000_000} MB in it"
                    )
                (folder / f"area.{part}").write_bytes(content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable("zipped Shapefile", type(error).__name__) from error
    path = folder / "area.shp"
    _check_start(path.read_bytes(), _SHAPE, "zipped Shapefile", "a .shp that is none")
    return path


def _shapefile(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the members of an archive's only Shapefile by their extensions."""
    paths = [(PurePosixPath(member.filename.replace("\\", "/")), member) for member in members]
    for path, member in paths:
        if path.is_absolute() or ".." in path.parts or ":" in member.filename:
            raise _unreadable("zipped Shapefile", f"the path {member.filename[:60]!r}")
    shapes = [
        path for path, _ in paths if path.suffix.lower() == ".shp" and "__MACOSX" not in path.parts
    ]
    if len(shapes) != 1:
        raise RegionError(
            expected="one Shapefile in the archive",
            found=f"{len(shapes)} files .shp",
            fix="Zip the .shp, .shx, .dbf and .prj of one Shapefile",
        )
    stem = shapes[0].with_suffix("")
    found = {
        path.suffix.lower()[1:]: member for path, member in paths if path.with_suffix("") == stem
    }
    if "shx" not in found:
        raise RegionError(
            expected=f"{stem.name}.shx beside {shapes[0].name}",
            found="none",
            fix="Zip the .shp, .shx, .dbf and .prj together",
        )
    return {part: found[part] for part in _PARTS if part in found}


def _read(path: Path, kind: str, *, most: int | None) -> gpd.GeoDataFrame:
    """Return the shapes of all layers, in WGS 84."""
    import geopandas as gpd
    import pandas as pd
    import pyogrio

    frames = []
    count = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broken rings, which are repaired or refused below
            layers = [str(name) for name, _ in pyogrio.list_layers(path)]
            if len(layers) > MAX_LAYERS:
                raise _unreadable(kind, f"{len(layers)} layers")
            for layer in layers:
                left = None if most is None else most + 1 - count
                if left == 0:
                    break
                frame = pyogrio.read_dataframe(
                    path, layer=layer, columns=[], max_features=left, on_invalid="ignore"
                )
                if isinstance(frame, gpd.GeoDataFrame) and len(frame):
                    if frame.crs is None and kind in LOCAL_KINDS:
                        raise _unreadable(kind, "no coordinate reference system")
                    frames.append(_in_degrees(frame))
                    count += len(frame)
    except RegionError:
        raise
    except Exception as error:  # whatever a driver raises for a broken file
        raise _unreadable(kind, type(error).__name__) from error
    if most is not None and count > most:
        raise _unreadable(kind, f"more than {most} shapes")
    if not frames:
        raise _unreadable(kind, "no shape")
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs="EPSG:4326")


def _in_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if frame.crs is None:
        return frame.set_crs("EPSG:4326")  # refused later where the numbers are no degrees
    crs = pyproj.CRS(frame.crs)
    if crs.is_projected:
        factor = float(crs.axis_info[0].unit_conversion_factor) or 1.0
        frame = frame.set_geometry(frame.geometry.segmentize(_SEGMENT_M / factor))
    return frame.to_crs("EPSG:4326")


def _area(frame: gpd.GeoDataFrame, *, lenient: bool) -> FoundArea:
    shapes = [shape for shape in frame.geometry if shape is not None and not shape.is_empty]
    kinds = Counter(shape.geom_type for shape in shapes)
    polygons = [shape for shape in shapes if shape.geom_type in ("Polygon", "MultiPolygon")]
    if not polygons or (len(polygons) < len(shapes) and not lenient):
        found = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        raise RegionError(
            expected="polygons only",
            found=found or "no shape with coordinates",
            fix="Keep the polygons and remove everything else from the file",
        )
    vertices = int(sum(shapely.get_num_coordinates(shape) for shape in polygons))
    if vertices > MAX_VERTICES and not lenient:
        raise RegionError(
            expected=f"at most {MAX_VERTICES:,} vertices",
            found=f"{vertices:,}",
            fix="Simplify the outline, for example in QGIS",
        )
    repaired = not all(shape.is_valid for shape in polygons)
    whole = shapely.union_all([shapely.make_valid(shapely.force_2d(shape)) for shape in polygons])
    return FoundArea(polygons_of(whole), len(polygons), repaired)


def _unreadable(what: str, found: str) -> RegionError:
    return RegionError(
        expected=f"a {what} file with polygons".replace("a zipped Shapefile file", "a Shapefile"),
        found=found,
        fix="Export the area again as GeoPackage or GeoJSON, for example with QGIS",
    )
