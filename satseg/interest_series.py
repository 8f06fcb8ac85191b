"""The series of an area of interest: farmland within its outline on every date that is mapped."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from satseg.area import area_histogram
from satseg.catalog import Catalog
from satseg.catalog_records import SceneRecord
from satseg.errors import RegionError
from satseg.interest import overlapping
from satseg.workflow import measured_series

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

    def sharing_ground(scenes: list[SceneRecord]) -> list[SceneRecord]:
        found = overlapping(geometry, scenes)
        if not found:
            raise RegionError(
                expected="an area that shares ground with a scene of the catalog",
                found="scenes elsewhere only",
                fix="Choose another area, or add a scene of this place with 'satseg scenes add'",
            )
        return found

    return measured_series(
        catalog,
        lambda _, found: area_histogram(found.probability, geometry),
        models,
        threshold=threshold,
        region_id=region_id,
        among=sharing_ground,
    )
