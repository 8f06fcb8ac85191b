"""A small STAC catalog on disk, and items for an API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BANDS = [
    {"name": f"B{n}", "eo:common_name": name} for n, name in enumerate(("red", "green", "blue"))
]


def item(
    item_id: str,
    href: str,
    *,
    day: str = "2020-05-01",
    west: float = 121.5,
    cloud: float | None = 5.0,
    collection: str | None = "vhr",
    asset: dict[str, Any] | None = None,
    **properties: Any,
) -> dict[str, Any]:
    """Return an item of 0.01 degrees with one GeoTIFF of three bands and a thumbnail."""
    east, south, north = west + 0.01, 31.2, 31.21
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    more = {} if cloud is None else {"eo:cloud_cover": cloud}
    image = {"href": href, "type": "image/tiff; application=geotiff", "roles": ["data"]}
    links = [{"rel": "collection", "href": "../collection.json"}] if collection else []
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": item_id,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [west, south, east, north],
        "properties": {"datetime": f"{day}T02:41:00Z", "gsd": 0.6, **more, **properties},
        "assets": {
            "thumbnail": {"href": "./t.png", "type": "image/png", "roles": ["thumbnail"]},
            "image": {**image, "bands": BANDS, **(asset or {})},
        },
        "links": links,
        **({"collection": collection} if collection else {}),
    }


def catalog(children: list[str], items: list[str], **more: Any) -> dict[str, Any]:
    links = [{"rel": "child", "href": href} for href in children]
    links += [{"rel": "item", "href": href} for href in items]
    return {
        "type": "Catalog",
        "stac_version": "1.1.0",
        "id": "root",
        "description": "A small catalog.",
        "links": links,
        **more,
    }


def write(folder: Path, documents: dict[str, dict[str, Any]]) -> Path:
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")
    return folder / "catalog.json"
