"""What the pages ask of satseg, with small bounded caches. No Streamlit in here."""

from __future__ import annotations

import datetime as dt
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satseg.catalog import Catalog, default_root
from satseg.errors import RegionError
from satseg.interest import Interest, InterestStore
from satseg.series import Observation, tidy
from satseg.tiles import TileSource

if TYPE_CHECKING:
    from satseg.area import AreaHistogram
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.intake import Desk
    from satseg.jobs import Jobs
    from satseg.pooling import Method
    from satseg.recipes import Recipe
    from satseg.regions import Region
    from satseg.zoo.card import ModelCard
    from satseg.zoo.ensembles import EnsembleCard

_opening = threading.Lock()
Predictions = Mapping[tuple[str, str, str], "PredictionRecord"]


@dataclass(frozen=True, slots=True)
class Selection:
    """One model or ensemble, or several models taken together.

    Attributes:
        model_ids: ids of the models, sorted, or the id of the one ensemble; with the mark of
            test-time augmentation behind where it is wanted.
        recipe: the cards of the models and what the catalog calls their result.
        weights: how much each model counts; None where all count alike.
        method: how the probabilities of several models become one.
    """

    model_ids: tuple[str, ...]
    recipe: Recipe = field(compare=False)
    weights: tuple[float, ...] | None = None
    method: Method = "mean"

    @classmethod
    def of(
        cls,
        model_ids: Iterable[str],
        *,
        weights: Mapping[str, float] | None = None,
        method: Method = "mean",
        augmented: bool = False,
    ) -> Selection:
        """Return the selection of some models of the zoo, or of one ensemble.

        Args:
            model_ids: the models, or the ensemble.
            weights: how much each model counts; 1 where nothing is said.
            method: how several become one; one model is itself.
            augmented: whether each is applied to all eight flips and turns.
        """
        from satseg.pooling import WEIGHTED
        from satseg.recipes import AUGMENTED, recipe

        ids = sorted(model_ids)
        names = tuple(name + AUGMENTED * augmented for name in ids)
        given = tuple((weights or {}).get(name, 1.0) for name in ids)
        plain = len(names) < 2 or method not in WEIGHTED or len(set(given)) == 1
        how: Method = method if len(names) > 1 else "mean"
        numbers = None if plain else given
        return cls(names, recipe(names, weights=numbers, method=how), numbers, how)

    @property
    def token(self) -> str:
        """Short text that tells it from every other selection."""
        return token_of(self.model_ids, self.weights, self.method)

    @property
    def options(self) -> dict[str, Any]:
        """What a job needs to know beside the models; nothing for their plain mean."""
        options: dict[str, Any] = {} if self.weights is None else {"weights": self.weights}
        return options if self.method == "mean" else {**options, "method": self.method}

    @property
    def is_ensemble(self) -> bool:
        """Whether it is more than one model."""
        return self.recipe.is_ensemble

    @property
    def title(self) -> str:
        """Its name, or the names of its models."""
        return self.recipe.title

    @property
    def bands(self) -> tuple[str, ...]:
        """Every band that a scene must have."""
        return tuple(dict.fromkeys(band for card in self.recipe.cards for band in card.bands))

    @property
    def threshold(self) -> float:
        """Probability from which a pixel counts as farmland, unless the visitor says otherwise."""
        return self.recipe.threshold

    def prediction(self, scene_id: str, predictions: Predictions) -> PredictionRecord | None:
        """Return its prediction of a scene with the weights of today, or None."""
        return predictions.get((scene_id, self.recipe.model_id, self.recipe.weights_sha256))

    def lacking(self, bands: Sequence[str]) -> tuple[str, ...]:
        """Return the bands that it needs and ``bands`` lacks."""
        return tuple(band for band in self.bands if band not in bands)


def token_of(
    model_ids: Iterable[str], weights: Sequence[float] | None = None, method: str = "mean"
) -> str:
    """Return the token of models; the plain mean of several is told by their ids alone."""
    names = list(model_ids)
    numbers = [1.0] * len(names) if weights is None else list(weights)
    pairs = sorted(zip(names, numbers, strict=True))
    told = "+".join(name for name, _ in pairs)
    if len({number for _, number in pairs}) > 1:
        told += ":" + ",".join(f"{number:g}" for _, number in pairs)
    return told if method == "mean" else f"{told}:{method}"


@dataclass(frozen=True, slots=True)
class Measured:
    """One date of a series; everything is None while there is no prediction.

    ``change_m2`` compares with the latest earlier date that is predicted, ``since``. It is None at
    the first date, and where the two dates do not show the same ground.
    """

    date: dt.date
    scene: SceneRecord
    prediction: PredictionRecord | None = None
    area_m2: float | None = None
    share: float | None = None
    valid_fraction: float | None = None
    change_m2: float | None = None
    since: dt.date | None = None


class Shelf:
    """Scenes, predictions, areas and tiles of one catalog."""

    def __init__(self, root: Path) -> None:
        self.catalog = Catalog.open(root)
        self.tiles = TileSource(self.catalog)
        self.interests = InterestStore(self.catalog.root)
        self._area = lru_cache(maxsize=4096)(self._measured)
        self._within = lru_cache(maxsize=4096)(self._measured_within)
        self._kept = lru_cache(maxsize=1)(self._kept_areas)

    def regions(self) -> list[Region]:
        """Return the regions in the catalog's order."""
        return self.catalog.regions()

    def scenes(self) -> dict[str, list[SceneRecord]]:
        """Return the scenes of each region that has some, by date."""
        grouped: dict[str, list[SceneRecord]] = {}
        for scene in self.catalog.scenes():
            grouped.setdefault(scene.region_id, []).append(scene)
        return grouped

    def predictions(self) -> Predictions:
        """Return the newest prediction of each scene by each model with each set of weights."""
        return {(p.scene_id, p.model_id, p.weights_sha256): p for p in self.catalog.predictions()}

    def interests_at(self, scenes: Sequence[SceneRecord]) -> list[Interest]:
        """Return the areas of interest that share ground with a scene, by name."""
        return [one for one in self._kept(self.interests.version()) if one.overlaps(scenes)]

    def series(
        self,
        scenes: Sequence[SceneRecord],
        selection: Selection,
        threshold: float,
        predictions: Predictions,
        *,
        interest: Interest | None = None,
    ) -> list[Measured]:
        """Return the mapped farmland of the scenes of one region, a row for each scene.

        With an area of interest it is the farmland inside of that.
        """
        found = {
            s.id: p for s in scenes if (p := selection.prediction(s.id, predictions)) is not None
        }
        observed = {
            s.id: seen
            for s in scenes
            if s.id in found
            and (seen := self._observed(s, found[s.id], threshold, interest)) is not None
        }
        changes = tidy(observed.values()).set_index("scene_id")["change_m2"]
        rows: list[Measured] = []
        since: dt.date | None = None
        for scene in scenes:
            seen = observed.get(scene.id)
            if seen is None:
                rows.append(Measured(scene.date, scene, found.get(scene.id)))
                continue
            change = float(changes[scene.id])
            rows.append(
                Measured(
                    date=scene.date,
                    scene=scene,
                    prediction=found[scene.id],
                    area_m2=seen.area_m2,
                    share=seen.share,
                    valid_fraction=seen.valid_fraction,
                    change_m2=None if math.isnan(change) else change,
                    since=since,
                )
            )
            since = scene.date
        return rows

    def _observed(
        self,
        scene: SceneRecord,
        prediction: PredictionRecord,
        threshold: float,
        interest: Interest | None,
    ) -> Observation | None:
        """Return what is seen; None where the scene lies beside the area of interest."""
        from satseg.workflow import observation

        if interest is None:
            area = self._area(prediction.id, scene.region_id, prediction.created)
        elif interest.overlaps([scene]):
            try:
                area = self._within(prediction.id, interest, prediction.created)
            except RegionError:  # on the scene's outline, where the map has no pixel
                return None
        else:
            return None
        return observation(scene, prediction, area, threshold)

    def _measured(self, prediction_id: str, region_id: str, made: dt.datetime) -> AreaHistogram:
        """Return an area; a prediction made anew keeps its id but not the time."""
        return self.catalog.area(prediction_id, region_id)

    def _measured_within(
        self, prediction_id: str, interest: Interest, made: dt.datetime
    ) -> AreaHistogram:
        from satseg.area import area_histogram

        return area_histogram(self.catalog.prediction(prediction_id).probability, interest.geometry)

    def _kept_areas(self, version: int) -> list[Interest]:
        """Return all areas of interest; ``version`` changes when they do."""
        return self.interests.interests()


@lru_cache(maxsize=1)
def shelf() -> Shelf:
    """Return the shelf of this server's catalog (SATSEG_CATALOG, or ./catalog)."""
    return Shelf(default_root())


@lru_cache(maxsize=1)
def jobs() -> Jobs:
    """Return the jobs of this server's catalog."""
    from satseg.jobs import Jobs

    return Jobs(default_root())


@lru_cache(maxsize=1)
def _desk() -> Desk:
    from satseg.intake import Desk

    return Desk(default_root())


def desk() -> Desk:
    """Return the desk at which new scenes arrive; there is one, whoever asks first."""
    with _opening:
        return _desk()


def models_folder() -> Path:
    """Return where the models are looked for."""
    from satseg.zoo.card import default_models_folder

    return default_models_folder()


def cards() -> list[ModelCard]:
    """Return the models of the zoo, the default one first; none where there is no folder."""
    from satseg.zoo.card import list_cards

    folder = models_folder()
    if not folder.is_dir():
        return []
    return sorted(list_cards(folder), key=lambda card: (card.id != "farmnet", card.id))


def ensembles() -> list[EnsembleCard]:
    """Return the ensembles that can be used, of the zoo and of the catalog, by id.

    An ensemble whose members are gone or have other weights now is left out here; the page Models
    says what is wrong with it.
    """
    from satseg.errors import ModelError

    usable = []
    for card in every_ensemble():
        try:
            card.models()
        except ModelError:
            continue
        usable.append(card)
    return usable


def every_ensemble() -> list[EnsembleCard]:
    """Return all ensembles of the zoo and of the catalog, whatever became of their members."""
    from satseg.recipes import ensemble_folders
    from satseg.zoo.ensembles import list_ensembles

    return list_ensembles(*ensemble_folders(catalog=shelf().catalog.root))
