"""From a configuration file to trained weights and a model card."""

from __future__ import annotations

import copy
import csv
import logging
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from satseg import __version__
from satseg.training.batches import opening_pixels
from satseg.training.config import TrainingConfig, load_config
from satseg.training.loop import Report, TrainingResult, mixed_precision, train_network
from satseg.training.pictures import PictureSet, load_source
from satseg.training.tuning import Tuning, tune
from satseg.training.tuning_classes import tune_classes
from satseg.zoo import thin_resnet, vgg16
from satseg.zoo.card import ModelCard, load_card, write_table
from satseg.zoo.imagenet import PACKAGES, load_imagenet
from satseg.zoo.load import file_sha256
from satseg.zoo.networks import build
from satseg.zoo.start import Started, start_from

_LOG = logging.getLogger(__name__)
WEIGHTS_FILE = "weights.safetensors"
LOG_FILE = "training.csv"
"""The log of a training beside its weights: step, loss and IoU by source at each validation."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who wants to know: about the loading of each source, and about each training step."""

    source: Callable[[str, int, int], None] | None = None
    step: Report | None = None


def train(
    path: Path,
    *,
    data: Path | None = None,
    run: Path | None = None,
    listeners: Listeners | None = None,
    device: str | None = None,
    workers: int = 0,
) -> ModelCard:
    """Train the model of the configuration in ``path``; return its card.

    Weights (float16 safetensors), training.csv and card.toml are written beside the configuration
    when training ends; until then everything is in the run folder, from which the same call goes
    on.

    Args:
        path: the configuration, see satseg.training.config.
        data: folder of the data sets.
        run: folder of the checkpoint and the TensorBoard log; default ``runs/<id>``.
        listeners: progress.
        device: ``cpu`` or ``cuda``; default: CUDA where there is one.
        workers: processes that render landscapes and draw samples, as a GPU needs; 0 for none. The
            samples are the same.

    Raises:
        TrainingError: the configuration or the data cannot be used.
        ModelError: the architecture or its arguments are unknown.
    """
    listeners = listeners or Listeners()
    config = load_config(path)
    return train_sources(
        config,
        load_sources(config, data, listeners, workers=workers),
        run or Path("runs") / str(config.model["id"]),
        report=listeners.step,
        device=device,
        workers=workers,
    )


def train_sources(
    config: TrainingConfig,
    sources: tuple[PictureSet, ...],
    run: Path,
    *,
    report: Report | None = None,
    device: str | None = None,
    workers: int = 0,
) -> ModelCard:
    """Train the model of ``config`` on pictures that are loaded already; otherwise as ``train``."""
    torch.manual_seed(config.schedule.seed)
    network = build(
        str(config.model["architecture"]), len(config.bands), dict(config.model["arguments"])
    )
    if config.pretrained:
        _load_pretrained(network, config, sources)
    started = start_from(network, config.start)
    for part in started:
        _LOG.info("%s starts from %s: %s", part.part, part.model, _taken(part))
    share = config.schedule.start_share
    first = copy.deepcopy(network.state_dict()) if share else {}
    result = train_network(
        network, config, sources, run, report=report, device=device, workers=workers
    )
    if share:
        result = replace(result, weights=blended(result.weights, first, share))
    network.load_state_dict(result.weights)
    legend = config.legend
    tuned = tune if legend is None else partial(tune_classes, legend=legend)
    tuning = tuned(
        network.to(result.device),
        sources,
        crop_px=config.schedule.crop_px,
        gsd_m=config.gsd_m,
        device=result.device,
    )
    return write_model(config, sources, result, tuning, started)


def blended(
    weights: Mapping[str, Tensor], first: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """Return trained weights with a share of those that the training began with.

    What a network learns anew costs it some of what it knew before; between both sets of weights
    there is often a point that is nearly as good as either at what it is good at.

    Source: Wortsman et al., Robust fine-tuning of zero-shot models (CVPR 2022).
    """
    return {
        name: torch.lerp(value, first[name].to(value), share)
        if value.is_floating_point()
        else value
        for name, value in weights.items()
    }


def write_model(
    config: TrainingConfig,
    sources: tuple[PictureSet, ...],
    result: TrainingResult,
    tuning: Tuning,
    started: tuple[Started, ...] = (),
) -> ModelCard:
    """Write weights, log and card beside the configuration; return the card.

    Metrics and failures of an older card are dropped: they belong to other weights.
    """
    path = config.folder / WEIGHTS_FILE
    _save_half(result.weights, path)
    _save_log(result.history, config.folder / LOG_FILE)
    table: dict[str, Any] = dict(config.model)
    table["threshold"], table["temperature"] = tuning.threshold, tuning.temperature
    table["weights"] = {"file": WEIGHTS_FILE, "sha256": file_sha256(path)}
    table["training"] = (
        _facts(config, sources, result)
        | _starts(started)
        | {
            "tuned_on": "the validation pictures: threshold and temperature",
            "tuned_iou": tuning.iou,
        }
    )
    if config.legend is not None:
        table["classes"] = config.legend.table()
        table["training"]["validation_class_iou"] = tuning.classes
    write_table(config.folder, table)
    return load_card(config.folder)


def load_sources(
    config: TrainingConfig, data: Path | None, listeners: Listeners, *, workers: int = 0
) -> tuple[PictureSet, ...]:
    """Return the pictures of all sources of ``config``; see ``train`` for ``workers``."""
    found = []
    for source in config.sources:
        progress = None if listeners.source is None else partial(listeners.source, source.name)
        classes = config.legend is not None
        found.append(
            load_source(
                source, data, config.bands, classes=classes, progress=progress, workers=workers
            )
        )
    return tuple(found)


def _processor(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {torch.get_num_threads()} threads"


def _encoder(config: TrainingConfig) -> str:
    return str(config.model["arguments"].get("encoder", ""))


_ORIGINS = {"fcn-vgg19": vgg16.ORIGIN, "fcn-resnet50": thin_resnet.ORIGIN}


def _load_pretrained(
    network: nn.Module, config: TrainingConfig, sources: tuple[PictureSet, ...]
) -> None:
    match config.model["architecture"]:
        case "fcn-vgg19":
            vgg16.load_vgg16(network, opening_pixels(config, sources))
        case "fcn-resnet50":
            thin_resnet.load_thin_resnet(network, opening_pixels(config, sources))
        case _:
            load_imagenet(network, _encoder(config))


def _pretraining(config: TrainingConfig) -> str:
    if not config.pretrained:
        return "no"
    if (origin := _ORIGINS.get(str(config.model["architecture"]))) is not None:
        return origin
    return f"ImageNet ({PACKAGES[_encoder(config)]})"


def _save_half(weights: dict[str, Tensor], path: Path) -> None:
    half = {
        key: (value.half() if value.dtype == torch.float32 else value).contiguous()
        for key, value in weights.items()
    }
    temporary = path.with_suffix(".tmp")
    safetensors.torch.save_file(half, temporary)
    os.replace(temporary, path)


def _save_log(history: Sequence[Mapping[str, float]], path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(history[-1]) if history else ["step"], restval="")
        table.writeheader()
        for row in history:
            table.writerow(
                {key: value if key == "step" else f"{value:.4f}" for key, value in row.items()}
            )
    os.replace(temporary, path)


def _loss(config: TrainingConfig) -> str:
    if config.legend is not None:
        return "cross-entropy and Dice of the classes"
    kind = config.loss.kind
    return kind if kind == "bce-dice" else f"{kind}, gamma {config.loss.gamma:g}"


def _split(config: TrainingConfig) -> str:
    squares = [
        f"; {source.name} by squares of {source.blocks.side_m:g} m with a margin of "
        f"{source.blocks.margin_m:g} m"
        for source in config.sources
        if source.blocks is not None
    ]
    return "by whole pictures and whole simulated landscapes" + "".join(squares)


def _starts(started: tuple[Started, ...]) -> dict[str, Any]:
    if not started:
        return {}
    return {
        "started_from": {
            part.part: f"{part.model} ({part.sha256[:12]}…): {_taken(part)}" for part in started
        }
    }


def _taken(part: Started) -> str:
    widened = f", {part.widened} of them widened" if part.widened else ""
    return f"{part.tensors} of {part.whole} tensors taken{widened}"


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def _facts(
    config: TrainingConfig, sources: tuple[PictureSet, ...], result: TrainingResult
) -> dict[str, Any]:
    schedule = config.schedule
    mixed = mixed_precision(schedule, result.device)
    return {
        "finished": datetime.now(UTC).date().isoformat(),
        "software": f"satseg {__version__}, torch {torch.__version__}",
        "device": f"{result.device} ({_processor(result.device)})",
        "precision": "bfloat16 and float32" if mixed else "float32",
        "hours": round(result.state.seconds / 3600, 2),
        "steps": result.state.step,
        **({"extended_at": list(result.extended)} if result.extended else {}),
        "kept_step": result.best_step,
        **({"start_share": schedule.start_share} if schedule.start_share else {}),
        "samples": result.state.step * schedule.batch,
        "crop_px": schedule.crop_px,
        "seed": schedule.seed,
        "pretrained": _pretraining(config),
        "loss": _loss(config),
        "split": _split(config),
        # with a share of the first weights, other weights than those that are written
        **({} if schedule.start_share else {"validation_iou": _rounded(result.state.validation)}),
        "data": [
            {
                "name": source.config.name,
                "share": round(
                    source.config.weight / sum(other.config.weight for other in sources), 3
                ),
                "pictures": len(source.train),
                "validation_pictures": len(source.validation),
                "terms": source.config.terms,
            }
            for source in sources
        ],
    }
