"""The training loop: reproducible from its seed, resumable from its checkpoint."""

from __future__ import annotations

import copy
import math
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from satseg.errors import TrainingError
from satseg.training.batches import ahead, batches_of
from satseg.training.classwise import agreement, cross_entropy_dice
from satseg.training.config import WHOLE, Schedule, TrainingConfig
from satseg.training.losses import loss_of
from satseg.training.pictures import PictureSet
from satseg.training.samples import Crop, counted, fixed_crops, stack

CHECKPOINT = "checkpoint.pt"
VALIDATION_CROPS = 32


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Where a run stands.

    Attributes:
        step: optimiser steps done.
        steps: steps in all.
        loss: mean loss of the last steps.
        validation: IoU of farmland by source at the last validation; mean IoU of the classes for
            a network that tells several apart.
        seconds: time spent training so far, over all resumptions.
    """

    step: int
    steps: int
    loss: float
    validation: dict[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The weights that a run keeps and how they came about.

    ``extended`` holds the steps at which the run was given more of them than planned before,
    ``history`` a row for each validation: step, loss as in TrainingState, and what was measured.
    """

    weights: dict[str, Tensor]
    best_step: int
    state: TrainingState
    device: str
    extended: tuple[int, ...] = ()
    history: tuple[Mapping[str, float], ...] = ()


Report = Callable[[TrainingState], None]


def train_network(
    network: nn.Module,
    config: TrainingConfig,
    sources: tuple[PictureSet, ...],
    run: Path,
    *,
    report: Report | None = None,
    device: str | None = None,
    workers: int = 0,
) -> TrainingResult:
    """Train ``network`` and return its averaged weights.

    They are those of the last step, where the learning rate has come down to zero; with patience,
    those of the validation with the best mean IoU.

    The run folder keeps a checkpoint; calling again with the same configuration goes on from it,
    also where it asks for more steps by now: the learning rate then follows the longer schedule.
    A batch depends only on the seed and the number of its step, so that a resumed run sees what an
    uninterrupted one would have seen; ``workers`` processes draw its samples.

    Raises:
        TrainingError: the checkpoint belongs to another configuration, or the loss is not finite.
    """
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    trainer = _Trainer(network, config, run, chosen)
    trainer.resume()
    validation = {
        source.config.name: fixed_crops(
            source, config.schedule.crop_px, config.gsd_m, VALIDATION_CROPS
        )
        for source in sources
        if source.validation
    }
    batches = ahead(batches_of(config, sources, trainer.step, device=chosen, workers=workers))
    trainer.since = time.monotonic()
    for pixels, masks in batches:
        trainer.update(pixels, masks)
        schedule = config.schedule
        if trainer.step % schedule.validate_every == 0 or trainer.step == schedule.steps:
            trainer.validate(validation)
            trainer.save()
        if report is not None:
            report(trainer.state())
        if schedule.patience and trainer.stale >= schedule.patience:
            break
    if not config.schedule.patience:
        trainer.keep()
    return TrainingResult(
        trainer.best,
        trainer.best_step,
        trainer.state(),
        chosen,
        tuple(trainer.extended),
        tuple(trainer.history),
    )


class _Trainer:
    """Network, optimiser, averages and their checkpoint."""

    def __init__(self, network: nn.Module, config: TrainingConfig, run: Path, device: str) -> None:
        self.schedule = config.schedule
        self.identity = config.identity
        self.kind = config.loss
        self.legend = config.legend
        self.run = run
        self.device = device
        self.mixed = mixed_precision(self.schedule, device)
        self.network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.frozen = [_module(network, name) for name in config.frozen]
        for module in self.frozen:
            module.requires_grad_(False)
        self.average = copy.deepcopy(self.network).eval()
        self.optimiser = _optimiser(self.network, config)
        self.step = 0
        self.loss = math.nan
        self.seconds = 0.0
        self.since = time.monotonic()
        self.validation: dict[str, float] = {}
        self.best: dict[str, Tensor] = {}
        self.best_score = -1.0
        self.best_step = 0
        self.stale = 0
        self.extended: list[int] = []
        self.history: list[Mapping[str, float]] = []
        self.log = _log(run)

    def update(self, pixels: Tensor, masks: Tensor) -> None:
        """Take one optimiser step."""
        self.network.train()
        for module in self.frozen:
            module.eval()
        factor = learning_factor(self.step, self.schedule)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        pixels = pixels.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            logits = self.network(pixels)
        masks = masks.to(self.device)
        if self.legend is None:
            loss = loss_of(logits.float(), masks, self.kind)
        else:
            loss = cross_entropy_dice(logits.float(), masks, self.legend)
        if not torch.isfinite(loss):
            raise TrainingError(
                expected="a finite loss",
                found=f"{loss.item()} in step {self.step + 1}",
                fix="Lower learning_rate, or look for broken pictures in the sources",
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        value = float(loss.detach())
        self.loss = value if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * value
        self._count()
        self.log.add_scalar("loss", value, self.step)

    def validate(self, crops: dict[str, list[Crop]]) -> None:
        """Measure the averaged network and keep it when it is the best so far."""
        self.validation = {
            name: farmland_iou(self.average, found, self.device)
            if self.legend is None
            else agreement(self.average, found, self.legend, self.device).mean_iou
            for name, found in crops.items()
        }
        score = float(np.mean(list(self.validation.values()))) if self.validation else self.step
        self.stale += 1
        if score >= self.best_score:
            self.best_score, self.stale = score, 0
            self.keep()
        self.history.append({"step": self.step, "loss": self.loss, **self.validation})
        for name, value in self.validation.items():
            self.log.add_scalar(f"iou/{name}", value, self.step)
        self._count()

    def _count(self) -> None:
        """Add the time since ``since`` to that of training, waiting for samples included."""
        now = time.monotonic()
        self.seconds += now - self.since
        self.since = now

    def keep(self) -> None:
        """Keep the averaged weights as they are now."""
        self.best_step = self.step
        state = self.average.state_dict()
        self.best = {key: value.detach().cpu().clone() for key, value in state.items()}

    def state(self) -> TrainingState:
        """Return where the run stands."""
        return TrainingState(
            self.step, self.schedule.steps, self.loss, dict(self.validation), self.seconds
        )

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        self.run.mkdir(parents=True, exist_ok=True)
        temporary = self.run / f"{CHECKPOINT}.tmp"
        torch.save(
            {
                "identity": self.identity,
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "best": self.best,
                "numbers": {
                    "step": self.step,
                    "loss": self.loss,
                    "seconds": self.seconds,
                    "best_score": self.best_score,
                    "best_step": self.best_step,
                    "stale": self.stale,
                },
                "validation": self.validation,
                "extended": self.extended,
                "history": self.history,
            },
            temporary,
        )
        os.replace(temporary, self.run / CHECKPOINT)

    def resume(self) -> None:
        """Go on from the run's checkpoint where there is one."""
        path = self.run / CHECKPOINT
        if not path.is_file():
            return
        saved: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        alike = _but_for_steps(saved["identity"]) == _but_for_steps(self.identity)
        if not alike or saved["numbers"]["step"] > self.schedule.steps:
            raise TrainingError(
                expected=f"the checkpoint of this configuration in {self.run}",
                found="one of another configuration",
                fix="Remove the folder to start anew, or give another one with --run",
            )
        self.network.load_state_dict(saved["network"])
        self.average.load_state_dict(saved["average"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.best = saved["best"]
        self.validation = saved["validation"]
        for key, value in saved["numbers"].items():
            setattr(self, key, value)
        self.extended = saved.get("extended", [])
        self.history = saved.get("history", [])
        if saved["identity"] != self.identity:
            self.extended.append(self.step)

    def _follow(self) -> None:
        """Let the averaged weights follow; early on faster, so that they forget the start."""
        decay = min(self.schedule.ema, (1 + self.step) / (10 + self.step))
        pairs = zip(
            self.average.state_dict().values(), self.network.state_dict().values(), strict=True
        )
        for mean, value in pairs:
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


def mixed_precision(schedule: Schedule, device: str) -> bool:
    """Return whether ``device`` computes a training's steps in bfloat16 where precision allows."""
    return schedule.bfloat16 or device == "cuda"


def _but_for_steps(identity: str) -> str:
    return re.sub(r"\bsteps=\d+", "steps=", identity)


def learning_factor(step: int, schedule: Schedule) -> float:
    """Return the factor on the peak rate: linear warm-up, then half a cosine to zero."""
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    done = (step - schedule.warmup) / max(1, schedule.steps - schedule.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def farmland_iou(network: nn.Module, crops: list[Crop], device: str) -> float:
    """Return the intersection over union of farmland at probability 0.5 over all crops."""
    overlap = union = 0.0
    network.eval()
    with torch.inference_mode():
        for crop in crops:
            pixels, mask = stack([crop])
            found = network(pixels.to(device, memory_format=torch.channels_last)).cpu() > 0
            counts = counted(mask) > 0
            true = (mask == 1) & counts
            overlap += float((found & true).sum())
            union += float(((found & counts) | true).sum())
    return overlap / union if union else math.nan


def _module(network: nn.Module, name: str) -> nn.Module:
    try:
        return network.get_submodule(name)
    except AttributeError as error:
        raise TrainingError(
            expected="names of the network's modules in frozen",
            found=repr(name),
            fix="Correct frozen in the training configuration",
        ) from error


def _optimiser(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    rate = config.schedule.learning_rate
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        pretrained = config.pretrained and ".encoder." in f".{name}"
        pretrained |= any(
            name.startswith(f"{part}.") and (part != WHOLE or ".encoder." in name)
            for part in config.start
        )
        peak = rate * (config.schedule.encoder_rate if pretrained else 1.0)
        decay = config.schedule.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((peak, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": peak, "peak": peak, "weight_decay": decay}
            for (peak, decay), parameters in groups.items()
        ]
    )


def _log(run: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(run))
