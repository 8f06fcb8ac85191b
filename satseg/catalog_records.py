"""Records: what the catalog knows about a scene, a prediction and an area, read from STAC items."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from satseg.legend import CLASS_LAYER, Legend, legend_of
from satseg.uncertainty import UNCERTAINTIES, Uncertainty


@dataclass(frozen=True, slots=True)
class SceneRecord:
    """A scene of the catalog.

    Attributes:
        id: identifier.
        title: name to show.
        region_id: the region whose series the scene belongs to.
        date: day of acquisition.
        bands: canonical band names in the order of the image.
        gsd_m: ground sample distance of the image in metres, mean of down and across.
        image: the georeferenced image itself.
        display: true colour, 8-bit Web Mercator COG.
        false_colour: colour infrared, likewise, or None without near infrared.
        thumbnail: PNG, 256 pixels at most, nodata transparent.
        simulated: whether the scene was made by the simulator.
        valid_fraction: share of the image's pixels that hold data, 0 to 1.
        footprint: outline in longitude and latitude on WGS 84.
        truth: exact classes (codes of ``satseg.classes``) of a simulated scene, or None.
        sha256: of the image file, hexadecimal.
        licence: terms of the image, or an empty text.
        attribution: whom to name where the image is shown, or an empty text.
        crs: ``EPSG:n``, or the name of a coordinate reference system without a number.
        shape: (height, width) of the image in pixels.
        size_bytes: of the image file.
        platform: satellite, or an empty text where nobody told.
        cloud_percent: share of the image under clouds, 0 to 100, None likewise.
    """

    id: str
    title: str
    region_id: str
    date: dt.date
    bands: tuple[str, ...]
    gsd_m: float
    image: Path
    display: Path
    false_colour: Path | None
    thumbnail: Path
    simulated: bool
    valid_fraction: float
    footprint: BaseGeometry
    truth: Path | None
    sha256: str
    licence: str = ""
    attribution: str = ""
    crs: str = ""
    shape: tuple[int, int] = (0, 0)
    size_bytes: int = 0
    platform: str = ""
    cloud_percent: float | None = None


@dataclass(frozen=True, slots=True)
class PredictionRecord:
    """A farmland probability of one scene by one model or ensemble.

    Attributes:
        id: identifier.
        scene_id: the scene.
        model_id: the model, or ``ensemble-...``.
        weights_sha256: of the model's weights; of the members' in an ensemble.
        probability: COG in the scene's CRS, uint8, p = v / 254, nodata 255.
        display: the same on the web map's tile grid.
        created: when it was registered, UTC.
        runtime: what computed it, for example ``torch-cpu``.
        software: version of satseg.
        simulated: whether the scene is simulated.
        members: ids of the models of an ensemble; empty for one model.
        parameters: what else decided the result, for example GSD and overlap.
        layers: COGs of its uncertainty by kind (``satseg.uncertainty``); empty for one model.
        classes: COG of the likeliest classes, uint8, codes of satseg.classes, nodata 255; None for
            a model that knows farmland only.
    """

    id: str
    scene_id: str
    model_id: str
    weights_sha256: str
    probability: Path
    display: Path
    created: dt.datetime
    runtime: str
    software: str
    simulated: bool = False
    members: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[Uncertainty, Path] = field(default_factory=dict)
    classes: Path | None = None

    @property
    def legend(self) -> Legend | None:
        """The classes of ``classes`` with their colours."""
        return legend_of(self.parameters.get(CLASS_LAYER, ()))


def scene_record(item: Mapping[str, Any], folder: Path) -> SceneRecord:
    """Return the record of a scene's STAC item that lies in ``folder``."""
    properties = item["properties"]
    display = asset_path(item, folder, "display")
    thumbnail = asset_path(item, folder, "thumbnail")
    image = asset_path(item, folder, "image")
    if display is None or thumbnail is None or image is None:
        raise KeyError("display, thumbnail or image")
    return SceneRecord(
        id=item["id"],
        title=properties["title"],
        region_id=properties["satseg:region_id"],
        date=dt.date.fromisoformat(properties["datetime"][:10]),
        bands=tuple(band["name"] for band in item["assets"]["image"]["bands"]),
        gsd_m=properties["gsd"],
        image=image,
        display=display,
        false_colour=asset_path(item, folder, "false_colour"),
        thumbnail=thumbnail,
        simulated=properties["satseg:simulated"],
        valid_fraction=properties["satseg:valid_fraction"],
        footprint=shape(item["geometry"]),
        truth=asset_path(item, folder, "truth"),
        sha256=item["assets"]["image"]["file:checksum"][len(MULTIHASH_SHA256) :],
        licence=properties.get("license", ""),
        attribution=properties.get("satseg:attribution", ""),
        crs=properties.get("proj:code") or _wkt_name(properties.get("proj:wkt2", "")),
        shape=_shape(properties.get("proj:shape", (0, 0))),
        size_bytes=int(item["assets"]["image"].get("file:size", 0)),
        platform=str(properties.get("platform", "")),
        cloud_percent=properties.get("eo:cloud_cover"),
    )


def _shape(numbers: Sequence[int]) -> tuple[int, int]:
    height, width = numbers
    return int(height), int(width)


def _wkt_name(wkt: str) -> str:
    """Return the name in a CRS's WKT, which stands in its first quotation marks."""
    return wkt.split('"')[1] if '"' in wkt else ""


def prediction_record(item: Mapping[str, Any], folder: Path) -> PredictionRecord:
    """Return the record of a prediction's STAC item that lies in ``folder``."""
    properties = item["properties"]
    probability = asset_path(item, folder, "probability")
    display = asset_path(item, folder, "display")
    if probability is None or display is None:
        raise KeyError("probability or display")
    return PredictionRecord(
        id=item["id"],
        scene_id=properties["satseg:scene_id"],
        model_id=properties["satseg:model_id"],
        weights_sha256=properties["satseg:weights_sha256"],
        probability=probability,
        display=display,
        created=dt.datetime.fromisoformat(properties["created"]),
        runtime=properties["satseg:runtime"],
        software=properties["processing:software"]["satseg"],
        simulated=properties["satseg:simulated"],
        members=tuple(properties["satseg:members"]),
        parameters=properties["satseg:parameters"],
        layers={
            kind: path
            for kind in UNCERTAINTIES
            if (path := asset_path(item, folder, kind)) is not None
        },
        classes=asset_path(item, folder, CLASS_LAYER),
    )


MULTIHASH_SHA256 = "1220"
"""Prefix of a SHA-256 digest of 32 bytes. Source: Multihash, as STAC's file extension asks."""


def asset_path(item: Mapping[str, Any], folder: Path, key: str) -> Path | None:
    """Return the file of an item's asset, or None where the item has no such asset."""
    asset = item["assets"].get(key)
    return None if asset is None else folder / asset["href"]
