"""STAC items of scenes, predictions and areas.

Source: STAC specification 1.1.0 with the extensions projection 2.0.0, eo 2.0.0, file 2.1.0,
processing 1.2.0 and view 1.0.0. Fields of our own start with ``satseg:``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyproj
import pystac
from shapely.geometry import Polygon, mapping
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from satseg import __version__
from satseg.bands import CENTRE_NM
from satseg.catalog_records import MULTIHASH_SHA256, SceneRecord
from satseg.grids import Grid
from satseg.legend import CLASS_LAYER
from satseg.uncertainty import LARGEST, UNCERTAINTIES, UNITS

_EXTENSION = "https://stac-extensions.github.io/{}/schema.json"
_PROJECTION = _EXTENSION.format("projection/v2.0.0")
_EO = _EXTENSION.format("eo/v2.0.0")
_FILE = _EXTENSION.format("file/v2.1.0")
_PROCESSING = _EXTENSION.format("processing/v1.2.0")
_FURTHER = {"view": _EXTENSION.format("view/v1.0.0"), "processing": _PROCESSING}
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_GEOTIFF = "image/tiff; application=geotiff"
_MOSAIC = "application/x-gdal-vrt+xml"
_CHUNK = 1 << 22
_VALUES: dict[str, str] = {"probability": "P(farmland) = v / 254"} | {
    str(kind): f"{kind}, {UNITS[kind]} = v x {LARGEST[kind]:g} / 254" for kind in UNCERTAINTIES
}
_VALUES[CLASS_LAYER] = "likeliest class of the land, codes of satseg.classes"

_COMMON_NAMES = {
    "coastal": "coastal",
    "blue": "blue",
    "green": "green",
    "yellow": "yellow",
    "red": "red",
    "red_edge": "rededge",
    "nir1": "nir",
    "nir2": "nir09",
}


def sha256_of(path: Path, progress: Callable[[int, int], None] | None = None) -> str:
    """Return the SHA-256 of a file in hexadecimal; progress is (bytes done, bytes in all)."""
    total = path.stat().st_size
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    return digest.hexdigest()


def scene_item(
    record: SceneRecord,
    grid: Grid,
    hrefs: Mapping[str, str],
    further: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the STAC item of a scene.

    Args:
        record: what the catalog knows about it.
        grid: of the image.
        hrefs: file of each of its assets.
        further: properties beside the record's; ``datetime`` tells the moment where the date alone
            is less.
    """
    known = dict(further or {})
    moment = known.pop("datetime", None)
    properties = {
        **known,
        "title": record.title,
        "gsd": record.gsd_m,
        "created": timestamp(),
        "satseg:region_id": record.region_id,
        "satseg:simulated": record.simulated,
        "satseg:valid_fraction": record.valid_fraction,
        **_projection(grid),
    }
    if record.licence:
        properties["license"] = record.licence
    used = {key.partition(":")[0] for key in known}
    extensions = [_PROJECTION, _EO, _FILE]
    extensions += [url for prefix, url in _FURTHER.items() if prefix in used]
    item = _item(record.id, record.footprint, record.date, properties, extensions)
    if moment is not None:
        item.datetime = dt.datetime.fromisoformat(moment)
    item.add_asset("image", _image(record, hrefs["image"]))
    roles = {"display": ["visual", "overview"], "false_colour": ["overview"]}
    for key, role in roles.items():
        if key in hrefs:
            item.add_asset(key, pystac.Asset(hrefs[key], key, None, _COG, role))
    item.add_asset(
        "thumbnail",
        pystac.Asset(hrefs["thumbnail"], "thumbnail", None, "image/png", ["thumbnail"]),
    )
    if "truth" in hrefs:
        item.add_asset(
            "truth", pystac.Asset(hrefs["truth"], "exact classes", None, _GEOTIFF, ["labels"])
        )
    return _document(item)


def prediction_item(
    prediction_id: str,
    scene: SceneRecord,
    grid: Grid,
    *,
    provenance: Mapping[str, Any],
    checksums: Mapping[str, str],
) -> dict[str, Any]:
    """Return the STAC item of a prediction.

    ``provenance`` holds the ``satseg:`` properties; ``checksums`` the SHA-256 of the probability
    raster and of each further raster, by kind.
    """
    properties = {
        "title": f"Farmland probability of {scene.title}",
        "created": timestamp(),
        "processing:software": {"satseg": __version__},
        "satseg:simulated": scene.simulated,
        **{f"satseg:{name}": value for name, value in provenance.items()},
        **_projection(grid),
    }
    extensions = (_PROJECTION, _FILE, _PROCESSING)
    item = _item(prediction_id, _outline(grid), scene.date, properties, extensions)
    for kind, sha256 in checksums.items():
        checksum = {"file:checksum": MULTIHASH_SHA256 + sha256}
        title = _VALUES[kind]
        item.add_asset(
            kind,
            pystac.Asset(f"./{kind}.tif", title, None, _COG, ["data"], extra_fields=checksum),
        )
        shown = display_name(kind)
        item.add_asset(
            shown.removesuffix(".tif"),
            pystac.Asset(f"./{shown}", "on the tile grid", None, _COG, ["overview"]),
        )
    return _document(item, derived_from=f"../../scenes/{scene.id}/{scene.id}.json")


def display_name(kind: str) -> str:
    """Return the file name of the display copy of a prediction's raster of a kind."""
    return "display.tif" if kind == "probability" else f"{kind}_display.tif"


def area_item(
    area_id: str,
    geometry: BaseGeometry,
    date: dt.date,
    *,
    prediction_id: str,
    region_id: str,
    simulated: bool,
) -> dict[str, Any]:
    """Return the STAC item of an area: one prediction measured in one region."""
    properties = {
        "title": f"Farmland area in {region_id}",
        "created": timestamp(),
        "processing:software": {"satseg": __version__},
        "satseg:prediction_id": prediction_id,
        "satseg:region_id": region_id,
        "satseg:simulated": simulated,
    }
    item = _item(area_id, geometry, date, properties, (_PROCESSING,))
    item.add_asset(
        "histogram",
        pystac.Asset("./histogram.json", "m² by probability", None, "application/json", ["data"]),
    )
    return _document(item, derived_from=f"../../predictions/{prediction_id}/{prediction_id}.json")


def timestamp() -> str:
    """Return the present time in UTC, as STAC writes it; finer than entries can follow."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _image(record: SceneRecord, href: str) -> pystac.Asset:
    fields = {
        "bands": _bands(record.bands),
        "file:checksum": MULTIHASH_SHA256 + record.sha256,
        "file:size": record.image.stat().st_size,
    }
    kind = _MOSAIC if href.endswith(".vrt") else _GEOTIFF
    return pystac.Asset(href, "image", None, kind, ["data"], extra_fields=fields)


def _bands(names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "eo:common_name": _COMMON_NAMES[name],
            "eo:center_wavelength": CENTRE_NM[name] / 1000,
        }
        for name in names
    ]


def _projection(grid: Grid) -> dict[str, Any]:
    is_code = grid.crs.upper().startswith("EPSG:")
    fields: dict[str, Any] = {"proj:code": grid.crs if is_code else None}
    if not is_code:
        fields["proj:wkt2"] = pyproj.CRS(grid.crs).to_wkt()
    return {
        **fields,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform),
        "proj:bbox": list(grid.bounds),
    }


def _outline(grid: Grid) -> BaseGeometry:
    return orient(Polygon(grid.footprint()))


def _item(
    item_id: str,
    geometry: BaseGeometry,
    date: dt.date,
    properties: dict[str, Any],
    extensions: Sequence[str],
) -> pystac.Item:
    return pystac.Item(
        id=item_id,
        geometry=mapping(geometry),
        bbox=list(geometry.bounds),
        datetime=dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC),
        properties=properties,
        stac_extensions=list(extensions),
    )


def _document(item: pystac.Item, derived_from: str | None = None) -> dict[str, Any]:
    document = item.to_dict(include_self_link=False, transform_hrefs=False)
    links = [
        {"rel": rel, "href": "../../catalog.json", "type": "application/json"}
        for rel in ("root", "parent")
    ]
    if derived_from is not None:
        links.append({"rel": "derived_from", "href": derived_from, "type": "application/geo+json"})
    return {**document, "links": links}
