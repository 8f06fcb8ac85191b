"""The series of an area of interest: farmland within its outline on every date that is mapped."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from satseg.area import area_histogram
from satseg.catalog import Catalog
from satseg.errors import RegionError
from satseg.interest import overlapping
from satseg.probability import threshold_level
from satseg.recipes import usual_threshold
from satseg.series import tidy
from satseg.workflow import observation

if TYPE_CHECKING:
    import pandas as pd


def series_within(
    catalog: Catalog,
    geometry: BaseGeometry,
    models: Collection[str] | None = None,
    *,
    threshold: float | None = None,
    region_id: str | None = None,
) -> pd.DataFrame:
    """Return the farmland area inside of a polygon for every date and model, as a tidy table.

    Only what is predicted is in it. ``valid_fraction`` is the part of the polygon that a scene
    covers with data; ``region`` is the region of the scene. See ``satseg.series.tidy``.

    Args:
        catalog: the catalog.
        geometry: polygon or multipolygon in WGS 84 (longitude, latitude).
        models: catalog ids of models and ensembles; all that have predictions without it.
        threshold: probability from which a pixel counts as farmland; each model's own without it.
        region_id: only scenes of this region.

    Raises:
        RegionError: no scene shares ground with the polygon, or there is no such region.
        ModelError: the threshold is outside of 0 to 1.
    """
    if threshold is not None:
        threshold_level(threshold)  # refuse before any area is measured
    if region_id is not None:
        catalog.region(region_id)
    scenes = {scene.id: scene for scene in overlapping(geometry, catalog.scenes(region_id))}
    if not scenes:
        raise RegionError(
            expected="an area that shares ground with a scene of the catalog",
            found="scenes elsewhere only",
            fix="Choose another area, or add a scene of this place with 'satseg scenes add'",
        )
    newest = {(found.scene_id, found.model_id): found for found in catalog.predictions()}
    chosen = [
        found
        for (scene_id, model_id), found in newest.items()
        if scene_id in scenes and (models is None or model_id in models)
    ]
    own = {name: usual_threshold(name) for name in {found.model_id for found in chosen}}
    return tidy(
        observation(
            scenes[found.scene_id],
            found,
            area_histogram(found.probability, geometry),
            own[found.model_id] if threshold is None else threshold,
        )
        for found in chosen
    )
