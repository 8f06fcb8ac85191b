"""The whole walk: from a scene of the catalog to a prediction, and from predictions to a series."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satseg.allocation import return_freed_memory
from satseg.catalog import Catalog
from satseg.catalog_records import PredictionRecord, SceneRecord
from satseg.errors import RegionError, StorageError
from satseg.legend import CLASS_LAYER
from satseg.pooling import Method
from satseg.probability import threshold_level
from satseg.recipes import Recipe, recipe, usual_threshold
from satseg.series import Observation, tidy
from satseg.uncertainty import UNCERTAINTIES
from satseg.zoo.card import load_card

if TYPE_CHECKING:
    import pandas as pd

    from satseg.area import AreaHistogram
    from satseg.engine.flow import Predictor
    from satseg.predict import Engine
    from satseg.runtime import Runtime

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]
Measure = Callable[[SceneRecord, PredictionRecord], "AreaHistogram"]
DEFAULT_MODEL = "farmnet"
SCHEDULER_VARIABLE = "SATSEG_SCHEDULER"

_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Computing:
    """Where and how predictions are computed.

    Attributes:
        scheduler: None for this process, ``local`` for a Dask cluster of this machine, or the
            address of a Dask scheduler.
        runtime: as in ``satseg.runtime.load_predictor``.
    """

    scheduler: str | None = None
    runtime: Runtime = "auto"


def usual_computing() -> Computing:
    """Return where predictions are computed unless somebody says otherwise.

    That is this process, or the Dask scheduler in the environment variable SATSEG_SCHEDULER.
    """
    return Computing(os.environ.get(SCHEDULER_VARIABLE) or None)


def predict_to_catalog(  # noqa: PLR0913 -- all but three have defaults
    catalog: Catalog,
    scene_id: str,
    model_ids: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    method: Method = "mean",
    models: Path | None = None,
    computing: Computing | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> PredictionRecord:
    """Return the prediction of a scene by a model or an ensemble, computed where it is missing.

    The members of an ensemble are predictions of their own: those that exist with the models'
    present weights are taken, the others are computed first. With the ensemble come rasters of its
    uncertainty (satseg.uncertainty).

    Args:
        catalog: the catalog.
        scene_id: the scene.
        model_ids: one model or ensemble, or several models for an ensemble; see satseg.recipes.
        weights: how much each model counts, in the same order; equal without it.
        method: how the probabilities of several models become one.
        models: folder of the models.
        computing: where and how; ``usual_computing()`` without it.
        progress: called with (steps done, steps in all).
        cancelled: asked often; once it answers true, ``Cancelled`` is raised.

    Raises:
        SatsegError: the scene or a model cannot be used, or the disk is full. Nothing of an
            unfinished prediction is in the catalog then; its finished blocks are kept beside it,
            and the same call goes on from them.
        Cancelled: the caller asked to stop.
    """
    scene = catalog.scene(scene_id)
    wanted = recipe(model_ids, weights=weights, method=method, models=models, catalog=catalog.root)
    wanted.check_bands(scene.bands)
    found = catalog.find_prediction(scene_id, wanted.model_id, wanted.weights_sha256)
    if found is not None:
        return found
    how = computing or usual_computing()
    if not wanted.is_ensemble:
        return _predict(catalog, scene, wanted, how, progress, cancelled)
    members = []
    parts = len(wanted.cards) + 1
    for index, single in enumerate(wanted.singles()):
        part = _part(progress, index, parts)
        members.append(_member(catalog, scene, single, how, part, cancelled))
    last = _part(progress, parts - 1, parts)
    return _combine(catalog, scene, wanted, members, last)


def is_predicted(
    catalog: Catalog,
    scene_id: str,
    model_ids: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    method: Method = "mean",
    models: Path | None = None,
) -> bool:
    """Return whether the catalog has the prediction by the models' present weights."""
    wanted = recipe(model_ids, weights=weights, method=method, models=models, catalog=catalog.root)
    found = catalog.find_prediction(scene_id, wanted.model_id, wanted.weights_sha256)
    return found is not None


def series(
    catalog: Catalog,
    region_id: str | None = None,
    groups: Iterable[Sequence[str]] | None = None,
    *,
    threshold: float | None = None,
) -> pd.DataFrame:
    """Return the farmland area of every region, date and model as a tidy table.

    Only what is predicted is in it; see ``satseg.series.tidy`` for the columns.

    Args:
        catalog: the catalog.
        region_id: one region; all without it.
        groups: models and ensembles, each as its model ids; all that have predictions without it.
            A catalog id of an ensemble may stand for its models.
        threshold: probability from which a pixel counts as farmland; each model's own without it.

    Raises:
        RegionError: the catalog has no such region.
        ModelError: the threshold is outside of 0 to 1.
    """
    return measured_series(
        catalog,
        lambda scene, found: catalog.area(found.id, scene.region_id),
        None if groups is None else {_name(group) for group in groups},
        threshold=threshold,
        region_id=region_id,
    )


def measured_series(
    catalog: Catalog,
    measured: Measure,
    models: Collection[str] | None = None,
    *,
    threshold: float | None = None,
    region_id: str | None = None,
    among: Callable[[list[SceneRecord]], list[SceneRecord]] = list,
) -> pd.DataFrame:
    """Return the newest prediction of every scene and model, measured, as a tidy table.

    Args:
        catalog: the catalog.
        measured: returns the area of a scene's prediction by probability.
        models: catalog ids of models and ensembles; all that have predictions without it.
        threshold: probability from which a pixel counts as farmland; each model's own without it.
        region_id: one region; all without it.
        among: returns those of the scenes that are to be measured.

    Raises:
        RegionError: the catalog has no such region.
        ModelError: the threshold is outside of 0 to 1.
    """
    if threshold is not None:
        threshold_level(threshold)  # refuse before any area is measured
    if region_id is not None:
        catalog.region(region_id)
    scenes = {scene.id: scene for scene in among(catalog.scenes(region_id))}
    newest = {(found.scene_id, found.model_id): found for found in catalog.predictions()}
    chosen = [
        found
        for (scene_id, model_id), found in newest.items()
        if scene_id in scenes and (models is None or model_id in models)
    ]
    own = {
        name: usual_threshold(name, catalog=catalog.root)
        for name in {found.model_id for found in chosen}
    }
    return tidy(
        observation(
            scenes[found.scene_id],
            found,
            measured(scenes[found.scene_id], found),
            own[found.model_id] if threshold is None else threshold,
        )
        for found in chosen
    )


def _name(group: Sequence[str]) -> str:
    """Return the catalog's name of an ensemble of equal weights, or of a single model."""
    return group[0] if len(group) == 1 else "ensemble-" + "+".join(sorted(group))


def observation(
    scene: SceneRecord, prediction: PredictionRecord, area: AreaHistogram, threshold: float
) -> Observation:
    """Return one row of a series: ``prediction`` of ``scene``, with its area in the region."""
    return Observation(
        region=scene.region_id,
        date=scene.date,
        scene_id=scene.id,
        model=prediction.model_id,
        threshold=threshold,
        area_m2=area.area_m2(threshold),
        share=area.share(threshold),
        valid_fraction=area.valid_fraction,
        simulated=scene.simulated,
    )


def _member(  # noqa: PLR0917 -- one caller, everything of it
    catalog: Catalog,
    scene: SceneRecord,
    wanted: Recipe,
    how: Computing,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> PredictionRecord:
    found = catalog.find_prediction(scene.id, wanted.model_id, wanted.weights_sha256)
    if found is None:
        return _predict(catalog, scene, wanted, how, progress, cancelled)
    if progress is not None:
        progress(1, 1)
    return found


def _predict(  # noqa: PLR0917 -- one caller, everything of it
    catalog: Catalog,
    scene: SceneRecord,
    wanted: Recipe,
    how: Computing,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> PredictionRecord:
    from satseg.predict import predict_scene
    from satseg.scene import open_scene

    (card,) = wanted.cards
    predictor = _predictor(card.folder, card.sha256, how.runtime, wanted.augmented[0])
    key = f"{scene.id} {wanted.model_id} {card.sha256} {_runtime(predictor)}"
    with catalog.workspace(hashlib.sha256(key.encode()).hexdigest()[:24], cancelled) as work:
        found = catalog.find_prediction(scene.id, wanted.model_id, wanted.weights_sha256)
        if found is not None:  # another process computed it while this one waited
            return found
        image = open_scene(scene.image, bands=scene.bands, date=scene.date, only=predictor.bands)
        with catalog.staging() as folder:
            probability = folder / "probability.tif"
            classes = None if card.legend is None else folder / f"{CLASS_LAYER}.tif"
            predict_scene(
                image,
                predictor,
                probability,
                engine=_engine(wanted, how),
                work=work,
                key=key,
                tags=_tags(scene, wanted),
                classes=classes,
                progress=progress,
                cancelled=cancelled,
            )
            return_freed_memory()
            layers = {} if classes is None else {CLASS_LAYER: classes}
            return _register(catalog, scene, wanted, probability, _runtime(predictor), layers)


def _engine(wanted: Recipe, how: Computing) -> Engine | None:
    if how.scheduler is None:
        return None
    from satseg.engine.cluster import DaskEngine
    from satseg.runtime import ZooSource

    (card,) = wanted.cards
    source = ZooSource(card.folder, card.sha256, how.runtime, wanted.augmented[0])
    return DaskEngine(source, how.scheduler)


def _combine(
    catalog: Catalog,
    scene: SceneRecord,
    wanted: Recipe,
    members: Sequence[PredictionRecord],
    progress: Progress | None,
) -> PredictionRecord:
    from satseg.ensemble import combine

    with catalog.staging() as folder:
        probability = folder / "probability.tif"
        layers = {kind: folder / f"{kind}.tif" for kind in UNCERTAINTIES}
        combine(
            [member.probability for member in members],
            probability,
            pooling=wanted.pooling,
            uncertainties=layers,
            tags=_tags(scene, wanted),
            progress=progress,
        )
        runtime = "; ".join(sorted({member.runtime for member in members}))
        return _register(catalog, scene, wanted, probability, runtime, layers)


def _register(  # noqa: PLR0917 -- two callers, everything of them
    catalog: Catalog,
    scene: SceneRecord,
    wanted: Recipe,
    probability: Path,
    runtime: str,
    layers: Mapping[Any, Path],
) -> PredictionRecord:
    found = catalog.add_prediction(
        scene.id,
        wanted.model_id,
        weights_sha256=wanted.weights_sha256,
        probability=probability,
        runtime=runtime,
        members=wanted.members,
        parameters=_parameters(wanted),
        layers={str(kind): path for kind, path in layers.items()},
    )
    with suppress(RegionError, StorageError):  # no map is lost for want of its area
        catalog.area(found.id, scene.region_id)  # or the first visitor waits for it
    return found


def _parameters(wanted: Recipe) -> dict[str, Any]:
    if wanted.is_ensemble:
        weights = dict(zip(wanted.members, wanted.shares, strict=True))
        pooling = wanted.pooling
        return {"method": pooling.method, "weights": weights, "temperature": pooling.temperature}
    (card,) = wanted.cards
    legend = {} if card.legend is None else {CLASS_LAYER: card.legend.table()}
    return legend | {
        "augment": "d4" if wanted.augmented[0] else "none",
        "bands": list(card.bands),
        "gsd_m": card.gsd_m,
        "patch_px": card.patch_px,
        "overlap_px": card.overlap_px,
        "temperature": card.temperature,
    }


def _tags(scene: SceneRecord, wanted: Recipe) -> dict[str, str]:
    augment = {"SATSEG_AUGMENT": "d4"} if any(wanted.augmented) else {}
    return augment | {
        "SATSEG_SCENE_ID": scene.id,
        "SATSEG_MODEL": wanted.model_id,
        "SATSEG_WEIGHTS_SHA256": wanted.weights_sha256,
    }


@lru_cache(maxsize=4)
def _predictor(folder: Path, sha256: str, runtime: Runtime, augmented: bool) -> Predictor:
    """Return the model of a folder ready to run; the hash tells new weights from remembered."""
    from satseg.runtime import load_predictor

    del sha256
    predictor = load_predictor(load_card(folder), runtime=runtime)
    if not augmented:
        return predictor
    from satseg.augmentation import Augmented

    return Augmented(predictor)


def _runtime(predictor: Predictor) -> str:
    return str(getattr(predictor, "runtime", type(predictor).__name__))


def _part(progress: Progress | None, index: int, parts: int) -> Progress | None:
    """Return a callback that maps (done, total) of part ``index`` to steps of all parts."""
    if progress is None:
        return None

    def step(done: int, total: int) -> None:
        progress(index * _STEPS + _STEPS * done // max(1, total), parts * _STEPS)

    return step
