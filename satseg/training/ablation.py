"""What one data set is worth: the same short training with it, without it and on it alone."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from satseg.errors import TrainingError
from satseg.training.config import WHOLE, Schedule, TrainingConfig
from satseg.training.pictures import PictureSet
from satseg.training.run import train_sources
from satseg.zoo.card import ModelCard, load_card, read_table, write_table

ABLATION_FILE = "ablation.toml"

Arm = Literal["with", "without", "alone"]
ARMS: tuple[Arm, ...] = ("with", "without", "alone")


@dataclass(frozen=True, slots=True)
class Ablation:
    """A comparison of trainings that differ in one source.

    Attributes:
        source: name of the source that is left out (arm ``without``) or kept alone (``alone``).
        seeds: one training of each arm for each.
        schedule: keys of Schedule that replace those of the model's own configuration; such
            trainings are short, and their figures compare with each other only.
        arms: which of the three are trained.
    """

    source: str
    seeds: tuple[int, ...]
    schedule: Mapping[str, Any] = field(default_factory=dict)
    arms: tuple[Arm, ...] = ARMS


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of an ablation: its arm and the whole configuration, seed included."""

    arm: Arm
    config: TrainingConfig

    @property
    def name(self) -> str:
        """Folder of the run, unique in its ablation."""
        return f"{self.arm}-{self.config.schedule.seed}"


def load_ablation(path: Path) -> Ablation:
    """Return the ablation in ``path``.

    Raises:
        TrainingError: the file is missing, no TOML, or names no source or fewer than two seeds.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        values: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list) else v for key, v in table.items()
        }
        found = Ablation(**values)
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}") from error
    if len(set(found.seeds)) < 2 or len(set(found.seeds)) < len(found.seeds):
        raise _broken(path, f"seeds {list(found.seeds)}")
    unknown = sorted(set(found.arms) - set(ARMS))
    if unknown or not found.arms:
        raise _broken(path, f"arms {list(found.arms)}")
    return found


def trials(config: TrainingConfig, ablation: Ablation) -> tuple[Trial, ...]:
    """Return the trainings, seed by seed, so that an interrupted ablation compares whole seeds.

    None starts from the weights of a whole model, which may have seen the source that it is to do
    without: an encoder then starts from ImageNet's weights, all else from nothing.

    Raises:
        TrainingError: the source is not one of the configuration's, or is its only one, or the
            schedule has an unknown key.
    """
    names = [source.name for source in config.sources]
    if ablation.source not in names or len(names) < 2:
        raise TrainingError(
            expected=f"one of several sources: {', '.join(names)}",
            found=repr(ablation.source),
            fix=f"Correct source in {config.folder / ABLATION_FILE}",
        )
    config = _from_the_beginning(config)
    sources = {
        "with": config.sources,
        "without": tuple(s for s in config.sources if s.name != ablation.source),
        "alone": tuple(s for s in config.sources if s.name == ablation.source),
    }
    return tuple(
        Trial(
            arm, replace(config, sources=sources[arm], schedule=_schedule(config, ablation, seed))
        )
        for seed in ablation.seeds
        for arm in ablation.arms
    )


def _from_the_beginning(config: TrainingConfig) -> TrainingConfig:
    if WHOLE not in config.start:
        return config
    schedule = replace(config.schedule, start_share=0.0)
    pretrained = "encoder" in config.model["arguments"]
    return replace(config, start={}, pretrained=pretrained, schedule=schedule)


def run_trial(
    trial: Trial,
    sources: Sequence[PictureSet],
    folder: Path,
    *,
    report: Callable[[Any], None] | None = None,
    device: str | None = None,
) -> ModelCard:
    """Train one trial, or go on where it stopped; return the card of its weights.

    Args:
        trial: what to train.
        sources: pictures of all sources of the model's configuration.
        folder: of the ablation; checkpoint, weights and card go into a folder of their own in it.
        report: called after each step, see satseg.training.loop.
        device: as in satseg.training.run.
    """
    place = folder / trial.name
    place.mkdir(parents=True, exist_ok=True)
    done = place / "card.toml"
    if done.is_file() and read_table(place)["training"].get("identity") == trial.config.identity:
        return load_card(place)
    chosen = {source.name for source in trial.config.sources}
    used = tuple(source for source in sources if source.config.name in chosen)
    config = replace(trial.config, folder=place)
    train_sources(config, used, place, report=report, device=device)
    table = read_table(place)
    table["training"]["identity"] = trial.config.identity
    write_table(place, table)
    return load_card(place)


def summary(
    ablation: Ablation, found: Mapping[tuple[Arm, int], Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    """Return what goes into the card under ``ablation``.

    Args:
        ablation: the comparison.
        found: the evaluation's rows (``data``, ``iou``) by arm and seed.

    Returns:
        ``source``, ``seeds``, ``schedule`` and one row a data set and arm with the IoU of each
        seed, their ``mean`` and sample standard deviation ``spread``.
    """
    return {
        "source": ablation.source,
        "seeds": list(ablation.seeds),
        "schedule": dict(ablation.schedule),
        "rows": list(_rows(ablation, found)),
    }


def _rows(
    ablation: Ablation, found: Mapping[tuple[Arm, int], Sequence[Mapping[str, Any]]]
) -> Iterator[dict[str, Any]]:
    names = dict.fromkeys(str(row["data"]) for rows in found.values() for row in rows)
    for name in names:
        for arm in ablation.arms:
            ious = [
                float(row["iou"])
                for seed in ablation.seeds
                for row in found[arm, seed]
                if row["data"] == name
            ]
            yield {
                "data": name,
                "arm": arm,
                "iou": ious,
                "mean": round(float(np.mean(ious)), 4),
                "spread": round(float(np.std(ious, ddof=1)), 4),
            }


def _schedule(config: TrainingConfig, ablation: Ablation, seed: int) -> Schedule:
    try:
        return replace(config.schedule, **ablation.schedule, seed=seed)
    except TypeError as error:
        raise _broken(config.folder / ABLATION_FILE, str(error)) from error


def _broken(path: Path, found: str) -> TrainingError:
    return TrainingError(
        expected=f"an ablation in {path}: source, two or more different seeds, [schedule], arms "
        f"out of {', '.join(ARMS)}",
        found=found,
        fix="Compare it with models/farmnet/ablation.toml",
    )
