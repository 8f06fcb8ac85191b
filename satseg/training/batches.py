"""The batches of a training: drawn from its sources, changed, and drawn ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from satseg.training.augment import Augmentation
from satseg.training.config import TrainingConfig
from satseg.training.pictures import PictureSet
from satseg.training.samples import Sampler, stack

OPENING = 6
"""Batches on which a network without batch normalisation is given one, see satseg.zoo.vgg16."""

_AHEAD = 4
"""Batches that each process draws ahead."""

_Drawn = tuple[Tensor, Tensor, int, bool]


class _Steps(Dataset[_Drawn]):
    """What is drawn for each step from ``first`` on.

    Pixels (n, bands, h, w) in 0..1, masks (n, 1, h, w), the seed of their augmentation and whether
    they are only turned and mirrored.
    """

    def __init__(self, config: TrainingConfig, sources: tuple[PictureSet, ...], first: int) -> None:
        self._schedule = config.schedule
        self._first = first
        weights = np.array([source.config.weight for source in sources])
        self._chances = weights / weights.sum()
        self._samplers = [Sampler(source, config.schedule.crop_px) for source in sources]

    def __len__(self) -> int:
        return max(0, self._schedule.steps - self._first)

    def __getitem__(self, index: int) -> _Drawn:
        step, schedule = self._first + index, self._schedule
        rng = np.random.default_rng([schedule.seed, step])
        chosen = rng.choice(len(self._chances), size=schedule.batch, p=self._chances)
        pixels, masks = stack([self._samplers[number].draw(rng) for number in chosen])
        seed = int(rng.integers(2**31))
        plain = step < schedule.ease and rng.random() >= step / schedule.ease
        return pixels, masks, seed, plain


def batches_of(
    config: TrainingConfig,
    sources: tuple[PictureSet, ...],
    first: int,
    *,
    device: str = "cpu",
    workers: int = 0,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pixels (n, bands, h, w) and masks of each step from ``first`` on, alike for each run.

    Over the first ``ease`` steps of the schedule the share of batches that are changed in tone and
    mixed grows from none to all; the others are turned and mirrored alone.

    Args:
        config: the training.
        sources: its pictures.
        first: steps done already.
        device: where batches are augmented and lie.
        workers: processes that draw samples, which make no difference to them; 0 for none.
    """
    augmentation = Augmentation(len(config.bands), config.mixing)
    for *drawn, seed, plain in _drawn(_Steps(config, sources, first), workers, device):
        pixels, masks = (tensor.to(device, non_blocking=True) for tensor in drawn)
        yield (augmentation.turned if plain else augmentation)(pixels, masks, seed=seed)


def _drawn(steps: _Steps, workers: int, device: str) -> Iterator[_Drawn]:
    if not workers:
        return (steps[index] for index in range(len(steps)))
    loader: Any = DataLoader(
        steps,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=_AHEAD,
        pin_memory=device == "cuda",
    )
    return iter(loader)


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
