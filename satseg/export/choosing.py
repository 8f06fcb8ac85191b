"""Which maps to export: from a region, a date and a model to predictions of the catalog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from satseg.errors import CatalogError
from satseg.export.subject import Subject
from satseg.identifiers import slug
from satseg.interest_files import read_area_file
from satseg.recipes import usual_threshold

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.regions import Region

DEFAULT_MODEL = "farmnet"


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """How much of a scene is exported.

    Attributes:
        whole: the whole scene instead of the region's outline.
        area: an area of interest instead, (multi)polygon in longitude and latitude.
        name: of the area, an identifier.
    """

    whole: bool = False
    area: BaseGeometry | None = None
    name: str = ""

    def clip(self, region: Region) -> BaseGeometry | None:
        """Return the outline for a scene of ``region``; None for the whole scene."""
        if self.area is not None:
            return self.area
        return None if self.whole else region.geometry


def one_map(
    catalog: Catalog,
    *,
    scene_id: str | None = None,
    region_id: str | None = None,
    date: dt.date | None = None,
    model_id: str | None = None,
    threshold: float | None = None,
    min_area_m2: float = 0,
    extent: Extent | None = None,
) -> Subject:
    """Return one map of the catalog.

    Args:
        catalog: the catalog.
        scene_id: its scene; or:
        region_id: its region, at ``date`` or else the latest date that is mapped.
        date: day of the scene; only with ``region_id``.
        model_id: who made it; farmnet where it did, else the only model without it.
        threshold: probability of farmland; the model's own without it.
        min_area_m2: smallest patch.
        extent: how much of the scene; the region's outline without it.

    Raises:
        CatalogError: nothing, or more than one thing, is meant.
        RegionError: the catalog has no such region.
        ModelError: threshold or smallest area are out of range.
    """
    scenes = _scenes(catalog, scene_id, region_id, date)
    found = [
        (scene, prediction)
        for scene in scenes
        for prediction in newest(catalog, scene.id).values()
        if model_id in (None, prediction.model_id)
    ]
    if not found:
        place = scene_id or f"{region_id}{f' on {date}' if date else ''}"
        raise CatalogError(
            expected=f"a map of {place}" + (f" by {model_id}" if model_id else ""),
            found="none in the catalog",
            fix="Map the farmland first, with 'satseg predict', or see 'satseg predictions'",
        )
    last = max(scene.date for scene, _ in found)
    latest = {p.model_id: (s, p) for s, p in found if s.date == last}
    if DEFAULT_MODEL not in latest and len(latest) > 1:
        raise CatalogError(
            expected=f"a model for the map of {scene_id or region_id} on {last}",
            found=f"{', '.join(sorted(latest))} and no --model",
            fix="Name one of them with --model",
        )
    scene, prediction = latest.get(DEFAULT_MODEL) or next(iter(latest.values()))
    return subject_of(catalog, scene, prediction, threshold, extent, min_area_m2=min_area_m2)


def all_maps(
    catalog: Catalog,
    *,
    region_id: str | None = None,
    models: Sequence[str] = (),
    threshold: float | None = None,
    extent: Extent | None = None,
) -> list[Subject]:
    """Return the newest map of each date by each model, of one region or of all.

    Raises:
        CatalogError: there is none.
        RegionError: the catalog has no such region.
        ModelError: the threshold is out of range.
    """
    if region_id is not None:
        catalog.region(region_id)
    found = [
        subject_of(catalog, scene, prediction, threshold, extent)
        for scene in catalog.scenes(region_id)
        for prediction in newest(catalog, scene.id).values()
        if not models or prediction.model_id in models
    ]
    if not found:
        by = f" by {', '.join(models)}" if models else ""
        raise CatalogError(
            expected=f"maps of {region_id or 'any region'}{by}",
            found="none in the catalog",
            fix="Map the farmland first, with 'satseg predict', or see 'satseg predictions'",
        )
    return found


def newest(catalog: Catalog, scene_id: str) -> dict[str, PredictionRecord]:
    """Return the newest prediction of a scene by each model."""
    return {found.model_id: found for found in catalog.predictions(scene_id)}


def subject_of(
    catalog: Catalog,
    scene: SceneRecord,
    prediction: PredictionRecord,
    threshold: float | None,
    extent: Extent | None,
    *,
    min_area_m2: float = 0,
) -> Subject:
    """Return what is exported of a prediction; at the model's own threshold without one."""
    region = catalog.region(scene.region_id)
    wanted = extent or Extent()
    return Subject(
        region=region,
        scene=scene,
        prediction=prediction,
        threshold=usual_threshold(prediction.model_id) if threshold is None else threshold,
        min_area_m2=min_area_m2,
        clip=wanted.clip(region),
        clip_name=wanted.name,
    )


def read_area(path: Path) -> Extent:
    """Return the area of interest in a vector file: all of its polygons together.

    Raises:
        RegionError: no such file, another kind of file, or no polygon with a CRS in it.
    """
    found = read_area_file(path, lenient=True)
    return Extent(area=found.geometry, name=slug(path.stem) or "area")


def _scenes(
    catalog: Catalog, scene_id: str | None, region_id: str | None, date: dt.date | None
) -> list[SceneRecord]:
    if (scene_id is None) == (region_id is None) or (scene_id and date):
        raise CatalogError(
            expected="a scene, or a region with or without a date",
            found="both" if scene_id else "neither",
            fix="Give --scene, or --region and if wanted --date",
        )
    if scene_id is not None:
        return [catalog.scene(scene_id)]
    catalog.region(str(region_id))
    scenes = catalog.scenes(region_id)
    chosen = [scene for scene in scenes if date in (None, scene.date)]
    if not chosen:
        raise CatalogError(
            expected=f"a scene of {region_id}" + (f" on {date}" if date else ""),
            found=", ".join(str(scene.date) for scene in scenes) or "no scene at all",
            fix="Choose one of these dates, or add a scene with 'satseg scenes add'",
        )
    return chosen
