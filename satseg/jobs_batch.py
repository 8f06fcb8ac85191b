"""Many predictions at once: which are to be computed, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from satseg.catalog import Catalog
from satseg.catalog_records import SceneRecord
from satseg.jobs import ACTIVE, Jobs
from satseg.recipes import recipe

Reason = Literal["done", "under_way", "lacks_bands"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What running models on scenes comes to.

    Attributes:
        model_ids: one model, or the models of an ensemble.
        scenes: those to be computed.
        skipped: the others, each with the reason: there is a prediction by the models' present
            weights, one is queued or running, or the scene lacks a band.
    """

    model_ids: tuple[str, ...]
    scenes: tuple[SceneRecord, ...]
    skipped: tuple[tuple[SceneRecord, Reason], ...]

    def count(self, reason: Reason) -> int:
        """Return how many scenes are skipped for a reason."""
        return sum(why == reason for _, why in self.skipped)


def plan_batch(
    catalog: Catalog,
    jobs: Jobs,
    scenes: Iterable[SceneRecord],
    model_ids: Sequence[str],
    *,
    models: Path | None = None,
) -> Batch:
    """Return which scenes a model, an ensemble, or the mean of several models is to be run on.

    Raises:
        ModelError: a model is unknown or stands twice, or an ensemble is one of several.
    """
    wanted = recipe(model_ids, models=models, catalog=catalog.root)
    needed = {band for card in wanted.cards for band in card.bands}
    done = {
        found.scene_id
        for found in catalog.predictions(model_id=wanted.model_id)
        if found.weights_sha256 == wanted.weights_sha256
    }
    task = tuple(sorted(model_ids))
    under_way = {
        job.scene_id
        for job in jobs.list()
        if job.state in ACTIVE
        and job.weights is None
        and job.method == "mean"
        and tuple(sorted(job.model_ids)) == task
    }
    chosen: list[SceneRecord] = []
    skipped: list[tuple[SceneRecord, Reason]] = []
    for scene in scenes:
        if scene.id in done:
            skipped.append((scene, "done"))
        elif scene.id in under_way:
            skipped.append((scene, "under_way"))
        elif not needed <= set(scene.bands):
            skipped.append((scene, "lacks_bands"))
        else:
            chosen.append(scene)
    return Batch(task, tuple(chosen), tuple(skipped))


def submit_batch(jobs: Jobs, batch: Batch, *, models: Path | None = None) -> list[str]:
    """Queue a batch and return the ids of its jobs."""
    return [jobs.submit(scene.id, batch.model_ids, models=models) for scene in batch.scenes]
