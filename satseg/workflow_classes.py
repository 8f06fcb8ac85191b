"""The series of classes: the area of every class on every date that is mapped with classes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from satseg.area_classes import ClassAreas
from satseg.catalog import Catalog
from satseg.catalog_records import PredictionRecord, SceneRecord
from satseg.class_raster import no_legend
from satseg.errors import CatalogError
from satseg.legend import CLASS_LAYER
from satseg.series import M2_PER_HA

if TYPE_CHECKING:
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

COLUMNS = (
    "region",
    "date",
    "scene_id",
    "model",
    "class",
    "area_m2",
    "area_ha",
    "share",
    "valid_fraction",
    "simulated",
)


def areas_in_region(catalog: Catalog, prediction: PredictionRecord, region_id: str) -> ClassAreas:
    """Return the areas of a prediction's classes in a region; computed once.

    Raises:
        ModelError: the prediction's model tells no classes apart.
        RegionError: the region lies outside of the prediction.
    """
    if prediction.legend is None:
        raise no_legend()
    found = catalog.area(prediction.id, region_id, kind=CLASS_LAYER)
    return ClassAreas.of(found, prediction.legend)


def class_series(
    catalog: Catalog,
    models: Collection[str] | None = None,
    *,
    region_id: str | None = None,
    within: BaseGeometry | None = None,
) -> pd.DataFrame:
    """Return the area of every class, region, date and model as a tidy table.

    Only what is predicted by a model with classes is in it. Rows are ordered by region, model and
    date, and then as the model's classes are.

    Args:
        catalog: the catalog.
        models: catalog ids of models; all that have such predictions without it.
        region_id: one region; all without it.
        within: polygon or multipolygon in WGS 84 to measure in, instead of the scene's region.

    Raises:
        CatalogError: there is no prediction with classes.
        RegionError: the catalog has no such region, or no scene shares ground with ``within``.
    """
    import pandas as pd

    if region_id is not None:
        catalog.region(region_id)
    scenes = {scene.id: scene for scene in _seen(catalog.scenes(region_id), within)}
    newest = {(one.scene_id, one.model_id): one for one in catalog.predictions()}
    chosen = [
        (scenes[scene_id], one)
        for (scene_id, model_id), one in newest.items()
        if scene_id in scenes and one.classes is not None and (not models or model_id in models)
    ]
    if not chosen:
        raise CatalogError(
            expected="at least one prediction by a model with classes",
            found=f"none by {', '.join(models)}" if models else "none",
            fix="Map the land first, with 'satseg predict --model landcover'",
        )
    chosen.sort(key=lambda pair: (pair[0].region_id, pair[1].model_id, pair[0].date))
    measured = _measured(catalog, within)
    rows = [row for pair in chosen for row in _rows(*pair, measured(*pair))]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["date"] = pd.to_datetime(frame["date"])
    return frame


def _measured(
    catalog: Catalog, within: BaseGeometry | None
) -> Callable[[SceneRecord, PredictionRecord], ClassAreas]:
    def measure(scene: SceneRecord, prediction: PredictionRecord) -> ClassAreas:
        if within is None or prediction.classes is None:
            return areas_in_region(catalog, prediction, scene.region_id)
        from satseg.area_classes import class_areas

        return class_areas(prediction.classes, within)

    return measure


def _seen(scenes: list[SceneRecord], within: BaseGeometry | None) -> list[SceneRecord]:
    if within is None:
        return scenes
    from satseg.interest import overlapping

    return overlapping(within, scenes)


def _rows(
    scene: SceneRecord, prediction: PredictionRecord, areas: ClassAreas
) -> list[tuple[object, ...]]:
    return [
        (
            scene.region_id,
            scene.date,
            scene.id,
            prediction.model_id,
            key,
            m2,
            m2 / M2_PER_HA,
            areas.share(key),
            areas.valid_fraction,
            scene.simulated,
        )
        for key, m2 in areas.m2.items()
    ]
