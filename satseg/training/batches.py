"""The batches of a training: drawn from its sources, changed, and drawn ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from satseg.training.augment import Augmentation
from satseg.training.config import TrainingConfig
from satseg.training.pictures import PictureSet
from satseg.training.samples import Sampler, stack

OPENING = 6
"""Batches on which a network without batch normalisation is given one, see satseg.zoo.vgg16."""


def batches_of(
    config: TrainingConfig, sources: tuple[PictureSet, ...], first: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pixels (n, bands, h, w) and masks of each step from ``first`` on, alike for each run.

    Over the first ``ease`` steps of the schedule the share of batches that are changed in tone and
    mixed grows from none to all; the others are turned and mirrored alone.
    """
    schedule = config.schedule
    weights = np.array([source.config.weight for source in sources])
    augmentation = Augmentation(len(config.bands), config.mixing)
    samplers = [Sampler(source, schedule.crop_px) for source in sources]
    for step in range(first, schedule.steps):
        rng = np.random.default_rng([schedule.seed, step])
        chosen = rng.choice(len(sources), size=schedule.batch, p=weights / weights.sum())
        pixels, masks = stack([samplers[index].draw(rng) for index in chosen])
        seed = int(rng.integers(2**31))
        plain = step < schedule.ease and rng.random() >= step / schedule.ease
        yield (augmentation.turned if plain else augmentation)(pixels, masks, seed=seed)


def opening_pixels(config: TrainingConfig, sources: tuple[PictureSet, ...]) -> Tensor:
    """Return the pixels (n, bands, h, w) of a run's first OPENING batches."""
    batches = islice(batches_of(config, sources, 0), OPENING)
    return torch.cat([pixels for pixels, _ in batches])


def ahead(batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Draw batches in a second thread; what goes wrong there is raised here."""
    waiting: queue.Queue[tuple[Tensor, Tensor] | BaseException | None] = queue.Queue(maxsize=3)
    stop = threading.Event()

    def put(item: tuple[Tensor, Tensor] | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def draw() -> None:
        try:
            for batch in batches:
                if not put(batch):
                    return
            put(None)
        except BaseException as error:  # handed over, not swallowed
            put(error)

    thread = threading.Thread(target=draw, daemon=True, name="training-samples")
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
