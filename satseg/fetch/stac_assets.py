"""The asset of a STAC item that can become a scene, and what its item says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pystac

from satseg.bands import canonical
from satseg.errors import BandError, FetchError
from satseg.fetch.checksums import Checksum, from_multihash
from satseg.fetch.stac_reading import is_address
from satseg.fetch.stac_search import cloud_of, date_of
from satseg.fetch.transfer import shown
from satseg.identifiers import composed

_COMMON_NAMES = {
    "rededge": "red_edge",
    "nir": "nir1",
    "nir08": "nir1",
    "nir09": "nir2",
}
"""STAC's common names that differ from ours; rededge071 and the like name other bands."""

_UNSUITED_ROLES = frozenset({"thumbnail", "overview", "metadata", "cloud", "data-mask", "labels"})
_KEPT = (
    "platform",
    "constellation",
    "eo:cloud_cover",
    "view:off_nadir",
    "view:sun_elevation",
    "view:sun_azimuth",
)
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item with the asset that is to become a scene.

    Attributes:
        scene_id: id that the scene has in the catalog; the same for the same item and asset.
        item_id: id of the item.
        title: name to show.
        asset: key of the asset.
        href: http or https address, or a path.
        is_local: whether ``href`` is a path.
        date: day of acquisition, None where the item does not tell it.
        cloud: cloud cover in percent, None likewise.
        gsd_m: ground sample distance, None likewise.
        bands: canonical names in the order of the file, None where the item does not name them in
            words that are understood.
        band_count: number of bands, None where the item does not tell it.
        size: bytes, None likewise.
        checksum: of the file, None likewise.
        licence: terms, an empty text likewise.
        properties: further properties for the catalog's item.
    """

    scene_id: str
    item_id: str
    title: str
    asset: str
    href: str
    is_local: bool
    date: dt.date | None
    cloud: float | None
    gsd_m: float | None
    bands: tuple[str, ...] | None
    band_count: int | None
    size: int | None
    checksum: Checksum | None
    licence: str
    properties: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """The file of a local asset."""
        return Path(self.href)


def candidate(item: pystac.Item, key: str | None = None) -> Candidate:
    """Return an item's asset ``key``, or without it the GeoTIFF with most named bands.

    Raises:
        FetchError: there is no such asset, or it cannot be reached.
    """
    chosen = _chosen(item, key)
    asset = item.assets[chosen]
    href, is_local = _reachable(item, asset)
    fields = asset.extra_fields
    bands, count = bands_of(asset)
    gsd = fields.get("gsd", item.properties.get("gsd"))
    size = fields.get("file:size")
    return Candidate(
        scene_id=composed(*(part for part in (item.collection_id, item.id, chosen) if part)),
        item_id=item.id,
        title=_text(item.properties.get("title")) or item.id[:_MAX_TEXT],
        asset=chosen,
        href=href,
        is_local=is_local,
        date=date_of(item),
        cloud=cloud_of(item),
        gsd_m=float(gsd) if isinstance(gsd, int | float) else None,
        bands=bands,
        band_count=count,
        size=size if isinstance(size, int) and size >= 0 else None,
        checksum=from_multihash(fields.get("file:checksum")),
        licence=_text(item.properties.get("license")),
        properties=_provenance(item, href),
    )


def bands_of(asset: pystac.Asset) -> tuple[tuple[str, ...] | None, int | None]:
    """Return the canonical names of an asset's bands, or None, and their number, or None.

    Source: STAC 1.1 common metadata ``bands``; the eo extension 1.1 ``eo:bands``.
    """
    listed = asset.extra_fields.get("bands") or asset.extra_fields.get("eo:bands")
    if not isinstance(listed, Sequence) or not all(isinstance(band, dict) for band in listed):
        return None, None
    names = tuple(filter(None, (_band_name(band) for band in listed)))
    complete = len(names) == len(listed) == len(set(names))
    return (names if complete else None), len(listed)


def _band_name(band: Mapping[str, Any]) -> str | None:
    for field in ("eo:common_name", "common_name", "name"):
        text = band.get(field)
        try:
            return canonical(_COMMON_NAMES.get(str(text), str(text)))
        except BandError:
            continue
    return None


def _chosen(item: pystac.Item, key: str | None) -> str:
    if key is not None and key in item.assets:
        return key
    fit = [name for name, asset in item.assets.items() if _is_image(asset)]
    if key is None and fit:
        return min(fit, key=lambda name: _rank(name, item.assets[name]))
    raise FetchError(
        expected=f"the asset {key!r} in the item {item.id!r}"
        if key is not None
        else f"a GeoTIFF of 3 or more bands in the item {item.id!r}",
        found=f"the assets {', '.join(sorted(item.assets)) or '(none)'}",
        fix="Choose one of them with --asset",
    )


def _is_image(asset: pystac.Asset) -> bool:
    kind = (asset.media_type or "").lower()
    is_tiff = kind.startswith("image/tiff") or (
        not kind and urlsplit(asset.href).path.lower().endswith((".tif", ".tiff"))
    )
    count = bands_of(asset)[1]
    suited = not _UNSUITED_ROLES & set(asset.roles or ())
    return is_tiff and suited and (count is None or count >= 3)


def _rank(name: str, asset: pystac.Asset) -> tuple[int, bool, bool, str]:
    bands, count = bands_of(asset)
    roles = set(asset.roles or ())
    return -len(bands or ()), count is None, not roles & {"data", "visual"}, name


def _reachable(item: pystac.Item, asset: pystac.Asset) -> tuple[str, bool]:
    href = asset.get_absolute_href() or asset.href
    if is_address(href):
        return href, False
    own = item.get_self_href() or ""
    has_scheme = bool(urlsplit(href).scheme)
    if own and not is_address(own) and not has_scheme:
        return href, True
    raise FetchError(
        expected=f"an http or https address for {item.id!r}",
        found=repr(href[:200]),
        fix="Choose another asset with --asset, or download the file by other means and add it with"
        " 'satseg scenes add'",
    )


def _provenance(item: pystac.Item, href: str) -> dict[str, Any]:
    own = item.get_self_href() or href
    kept = {
        name: value
        for name, value in item.properties.items()
        if name in _KEPT and isinstance(value, str | int | float) and _text(str(value))
    }
    names = [
        {"name": provider.name[:_MAX_TEXT]} for provider in item.common_metadata.providers or ()
    ]
    return {
        **kept,
        **({"providers": names} if names else {}),
        "satseg:source": shown(own) if is_address(own) else own,
        "satseg:stac_id": item.id[:_MAX_TEXT],
        "satseg:stac_collection": (item.collection_id or "")[:_MAX_TEXT],
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _MAX_TEXT else ""
