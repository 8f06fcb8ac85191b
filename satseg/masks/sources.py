"""From the files that a person names to what is known about a scene's ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely

from satseg.classes import FARMLAND
from satseg.errors import VectorError
from satseg.grids import Grid
from satseg.masks.burn import Ground
from satseg.masks.codes import OTHER
from satseg.masks.polygons import Meaning, Polygons, on_grid, read_polygons
from satseg.osm import TAGS, OsmAreas, Tag, read_areas


@dataclass(frozen=True, slots=True)
class Sources:
    """Files with polygons; see ``read_polygons`` for how they may be named.

    Attributes:
        polygons: drawn by hand; of overlapping ones the last counts.
        meaning: of the fields of ``polygons``.
        osm: areas of OpenStreetMap, see ``satseg.osm.read_areas``.
        tags: which of them count.
        ignore: ground that counts neither way.
        complete: ground inside of which every farmland is drawn.
    """

    polygons: tuple[str, ...] = ()
    meaning: Meaning = field(default_factory=Meaning)
    osm: Path | None = None
    tags: Sequence[Tag] = TAGS
    ignore: str | None = None
    complete: str | None = None

    def __post_init__(self) -> None:
        if not self.polygons and self.osm is None:
            raise VectorError(
                expected="polygons, or areas of OpenStreetMap with --osm",
                found="neither",
                fix="Name a vector file, for example fields.gpkg",
            )

    def origin(self) -> str:
        """Return what the masks are made from, and the terms of the part that is not drawn."""
        drawn = [Path(name).name for name in self.polygons]
        if self.osm is None:
            return ", ".join(drawn)
        areas = f"{self.osm.name} (ODbL 1.0 where it is OpenStreetMap's)"
        return ", ".join([*drawn, areas])


def read_ground(sources: Sources, grid: Grid) -> Ground:
    """Return what the files tell about a grid's ground.

    Raises:
        VectorError: a file cannot be used, or nothing is drawn where it should be complete.
    """
    drawn = [read_polygons(name, grid, sources.meaning) for name in sources.polygons]
    complete = None
    if sources.complete is not None:
        complete = read_polygons(sources.complete, grid)
        if not len(complete):
            raise VectorError(
                expected=f"a polygon inside of the scene in {Path(sources.complete).name}",
                found="; ".join(complete.skipped[:3]) or "none",
                fix="Draw around what you have finished, or leave --complete out",
            )
    return Ground(
        drawn=_joined(drawn),
        osm=None if sources.osm is None else _osm(sources.osm, grid, sources.tags),
        ignored=None if sources.ignore is None else read_polygons(sources.ignore, grid),
        complete=complete,
    )


def osm_polygons(areas: OsmAreas, grid: Grid) -> Polygons:
    """Return the farmland of OpenStreetMap (1) and, over it, what is cut out of it (0)."""
    frame = areas.frame[areas.frame["role"] != "similar"]
    frame = frame.sort_values("role", kind="stable")  # farmland before subtracted
    names = [f"OpenStreetMap {name}" for name in frame["osm_id"]]
    found, repaired, _ = on_grid(names, frame.geometry.to_numpy(), "EPSG:4326", grid)
    kept = np.array([shape is not None for shape in found], dtype=np.bool_)
    codes = np.where(frame["role"] == "farmland", FARMLAND, OTHER).astype(np.uint8)
    mended = tuple(f"OpenStreetMap {name}: invalid rings" for name in areas.repaired)
    skipped = tuple(f"OpenStreetMap {text}" for text in areas.skipped)
    return Polygons(found[kept], codes[kept], (*mended, *repaired), skipped)


def _osm(path: Path, grid: Grid, tags: Sequence[Tag]) -> Polygons:
    outline = shapely.Polygon(grid.footprint())
    return osm_polygons(read_areas(path, outline.buffer(1e-4), tags), grid)


def _joined(parts: Sequence[Polygons]) -> Polygons:
    if not parts:
        return Polygons(np.array([], dtype=object), np.array([], dtype=np.uint8))
    return Polygons(
        np.concatenate([part.shapes for part in parts]),
        np.concatenate([part.codes for part in parts]),
        tuple(text for part in parts for text in part.repaired),
        tuple(text for part in parts for text in part.skipped),
    )
