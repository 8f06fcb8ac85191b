"""Which scenes and which chips of the catalog show farmland, as OpenStreetMap has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry.base import BaseGeometry

from satseg.catalog import Catalog
from satseg.catalog_records import SceneRecord
from satseg.errors import RegionError, VectorError
from satseg.osm.areas import OsmAreas
from satseg.osm.files import read_areas
from satseg.osm.outline import valid_outline
from satseg.osm.overpass import Server
from satseg.osm.shares import Chip, Layers, Share, areas_m2
from satseg.osm.store import remembered, table, write_layers
from satseg.osm.tags import Tag
from satseg.scene import Scene, open_scene

if TYPE_CHECKING:
    import geopandas as gpd

Progress = Callable[[int, int], None]

_AREAS = {"osm_id": "str", "tag": "str", "name": "object", "area_m2": "float64"}
_SHARES = {
    "known_m2": "float64",
    "farmland_m2": "float64",
    "share": "float64",
    "similar_share": "float64",
}
_SCENES = {"scene_id": "str", "region_id": "str", "date": "str", **_SHARES}
_CHIPS = {
    "scene_id": "str",
    **dict.fromkeys(("row", "col", "height", "width"), "int64"),
    **_SHARES,
}


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Farmland of OpenStreetMap below the scenes of a catalog, as tables in WGS 84.

    Attributes:
        areas: what OpenStreetMap has, see OsmAreas.
        farmland: one row an area that counts, the farmyards cut out: ``osm_id``, ``tag``, ``name``,
            ``area_m2``.
        context: the areas that were subtracted and those that look similar, likewise, uncut.
        scenes: one row a scene with its ``known_m2``, ``farmland_m2``, ``share``,
            ``similar_share``; the geometry is where the scene has data inside of the region.
        chips: one row a chip with ``scene_id``, ``row``, ``col``, ``height``, ``width`` in pixels.
        chip_px: side of the chips.
    """

    areas: OsmAreas
    farmland: gpd.GeoDataFrame
    context: gpd.GeoDataFrame
    scenes: gpd.GeoDataFrame
    chips: gpd.GeoDataFrame
    chip_px: int

    def write(self, path: Path) -> None:
        """Write the tables as layers of a GeoPackage with their provenance.

        Raises:
            StorageError: it cannot be written; what was there stays.
        """
        layers = {
            "farmland": self.farmland,
            "context": self.context,
            "scenes": self.scenes,
            "chips": self.chips,
        }
        told = {**self.areas.provenance(), "chip_px": str(self.chip_px)}
        write_layers(path, {name: rows for name, rows in layers.items() if len(rows)}, told)


def wanted_region(
    catalog: Catalog, region_id: str | None, bbox: Sequence[float] | None
) -> BaseGeometry:
    """Return the polygon (WGS 84) to ask for: a region, a box, or all scenes' footprints.

    Raises:
        RegionError: both are given, the region is unknown, the box is none, or there is no scene.
    """
    if region_id is not None and bbox is not None:
        raise RegionError(
            expected="either --region or --bbox", found="both", fix="Give one of them"
        )
    if region_id is not None:
        return catalog.region(region_id).geometry
    if bbox is not None:
        west, south, east, north = bbox
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise RegionError(
                expected="WEST,SOUTH,EAST,NORTH in degrees, west below east, south below north",
                found=",".join(f"{value:g}" for value in bbox),
                fix="Correct --bbox, for example --bbox 121.0,31.0,121.1,31.1",
            )
        return shapely.box(west, south, east, north)
    scenes = catalog.scenes()
    if not scenes:
        raise RegionError(
            expected="a scene in the catalog, --region or --bbox",
            found=f"none in {catalog.root}",
            fix="Add a scene with 'satseg scenes add', or say where to look with --bbox",
        )
    return shapely.union_all([scene.footprint for scene in scenes])


def find_areas(
    catalog: Catalog,
    region: BaseGeometry,
    tags: Sequence[Tag],
    *,
    file: Path | None = None,
    server: Server | None = None,
    refresh: bool = False,
) -> OsmAreas:
    """Return the areas inside of a region from a local file, or from Overpass without one.

    Raises:
        VectorError: neither gives them; see ``read_areas`` and ``remembered``.
    """
    if file is not None:
        return read_areas(file, region, tags)
    return remembered(catalog.root, server or Server(), region, tags, refresh=refresh)


def locate(
    catalog: Catalog, areas: OsmAreas, *, chip_px: int = 320, progress: Progress | None = None
) -> Located:
    """Return the farmland below each scene that touches the region of ``areas``.

    Args:
        catalog: its scenes; a region without any is no error.
        areas: see ``find_areas``.
        chip_px: side of the chips in pixels of each scene.
        progress: called with (scenes done, scenes in all).

    Raises:
        SceneError: a scene cannot be read.
        VectorError: the chips' side is out of range.
    """
    near = [scene for scene in catalog.scenes() if scene.footprint.intersects(areas.region)]
    layers = Layers.of(areas)
    scenes: list[dict[str, Any]] = []
    chips: list[dict[str, Any]] = []
    for done, record in enumerate(near, start=1):
        outline, scene = _outline(record)
        place = layers.below(outline)
        if place.known.m2 > 0:
            shown = shapely.intersection(outline, areas.region)
            scenes.append({**_about(record), **_columns(place.whole()), "geometry": shown})
            for chip in place.chips(scene.grid, chip_px):
                chips.append({"scene_id": record.id, **_chip(chip)})
        if progress is not None:
            progress(done, len(near))
    farmland, context = _cut_areas(areas)
    return Located(areas, farmland, context, table(scenes, _SCENES), table(chips, _CHIPS), chip_px)


def read_located(path: Path, layer: str) -> gpd.GeoDataFrame:
    """Return one layer of a GeoPackage that ``Located.write`` wrote, to show it on a map.

    Raises:
        VectorError: there is no such file or layer.
    """
    import pyogrio

    try:
        return pyogrio.read_dataframe(path, layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise VectorError(
            expected=f"a GeoPackage of 'satseg locate' with the layer {layer}",
            found=f"{path}: {error}",
            fix="Run 'satseg locate' first",
        ) from error


def _outline(record: SceneRecord) -> tuple[BaseGeometry, Scene]:
    """Return where a scene has data, and the scene."""
    scene = open_scene(record.image, bands=record.bands, date=record.date)
    return (record.footprint if record.valid_fraction >= 1 else valid_outline(scene)), scene


def _about(record: SceneRecord) -> dict[str, str]:
    return {
        "scene_id": record.id,
        "region_id": record.region_id,
        "date": record.date.isoformat(),
    }


def _columns(share: Share) -> dict[str, float]:
    return {
        "known_m2": share.known_m2,
        "farmland_m2": share.farmland_m2,
        "share": share.share,
        "similar_share": share.similar_m2 / share.known_m2,
    }


def _chip(chip: Chip) -> dict[str, Any]:
    window = chip.window
    place = {"row": window.row, "col": window.col, "height": window.height, "width": window.width}
    return {**place, **_columns(chip.share), "geometry": chip.outline}


def _cut_areas(areas: OsmAreas) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    frame = areas.frame
    counted = frame["role"] == "farmland"
    holes = areas.shape("subtracted")
    cut = frame[counted].copy()
    cut["geometry"] = [shapely.difference(shape, holes) for shape in cut.geometry]
    cut = cut[~cut.geometry.is_empty]
    return _with_areas(areas, cut), _with_areas(areas, frame[~counted])


def _with_areas(areas: OsmAreas, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    measured = frame.assign(area_m2=areas_m2(replace(areas, frame=frame)))
    return table(measured.to_dict("records"), _AREAS)
