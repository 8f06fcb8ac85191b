"""What goes when a scene is removed, told before it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from satseg.catalog import Catalog
from satseg.identifiers import is_identifier


@dataclass(frozen=True, slots=True)
class Losses:
    """What is lost with a scene.

    Attributes:
        predictions: ids of its maps.
        areas: number of areas that were measured in them.
        image_is_inside: whether the image lies in the catalog and goes too.
        size_bytes: what is freed on the disk.
    """

    predictions: tuple[str, ...]
    areas: int
    image_is_inside: bool
    size_bytes: int


def losses(catalog: Catalog, scene_id: str) -> Losses:
    """Return what is lost when a scene is removed.

    Raises:
        CatalogError: the catalog has no such scene.
    """
    scene = catalog.scene(scene_id)
    maps = tuple(found.id for found in catalog.predictions(scene_id))
    home = catalog.root / "scenes" / scene_id
    folders = [home, *(catalog.root / "predictions" / name for name in maps)]
    return Losses(
        predictions=maps,
        areas=sum(name in maps for name in _measured(catalog.root / "areas")),
        image_is_inside=scene.image.resolve().is_relative_to(home.resolve()),
        size_bytes=sum(_size(folder) for folder in folders),
    )


def _measured(folder: Path) -> Iterator[str]:
    """Yield the prediction of each measured area; one that is removed meanwhile is left out."""
    for item in folder.glob("*/*.json"):
        if item.stem == item.parent.name and is_identifier(item.stem):
            try:
                yield json.loads(item.read_text(encoding="utf-8"))["properties"][
                    "satseg:prediction_id"
                ]
            except (OSError, ValueError, KeyError, TypeError):
                continue


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total
