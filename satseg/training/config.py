"""The training configuration: a TOML file, read and checked."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from satseg.bands import canonical
from satseg.errors import TrainingError
from satseg.legend import Legend, code_of, legend_of
from satseg.training.mixing import Mixing

SourceKind = Literal["masks", "scene-labels", "simulated"]
LossKind = Literal["bce-dice", "focal-dice", "focal"]
LOSSES: tuple[LossKind, ...] = ("bce-dice", "focal-dice", "focal")
WHOLE = "network"
"""The module that is a whole network, without the scaling of its input (satseg.zoo.networks)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loss:
    """What training minimises.

    Attributes:
        kind: cross-entropy plus Dice, focal loss plus Dice, or focal loss alone.
        gamma: how much focal loss turns away from pixels that are right already; 0 is
            cross-entropy.
    """

    kind: LossKind = "bce-dice"
    gamma: float = 2.0


@dataclass(frozen=True, slots=True)
class Blocks:
    """Squares of ground to hold out of each picture of a source.

    Attributes:
        side_m: about how long a side is, in metres.
        share: about how much of a picture is held out.
        margin_m: width of the strip around a square that counts neither way.
        seed: of the draw.
    """

    side_m: float
    share: float = 0.2
    margin_m: float = 32.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One data set that training draws from.

    Attributes:
        name: name in logs and tables.
        kind: ``masks`` (pictures with class masks), ``scene-labels`` (folders of pictures that show
            one class each), ``simulated`` (rendered from seeds).
        weight: share of the samples, relative to the other sources.
        gsd_m: ground sample distance of the pictures in metres; an assumption where unknown.
        gsd_range: least and greatest GSD in metres at which samples are drawn.
        terms: terms of use, for the card.
        images, masks: folders below the data folder (``masks``), or the folder of class folders
            (``scene-labels``); masks that come with the project begin with ``.`` and lie below the
            folder of the configuration.
        pictures: stems of the pictures to take; all where empty.
        folder: where the configuration lies.
        positive: mask values, or folder names, that are farmland.
        ignore: mask values that count neither way.
        shares: share of the draws by class folder (``scene-labels``), relative to each other;
            empty: by farmland share, see ``PictureSet.chances``.
        holdout: stems of pictures that are kept for validation, never trained on.
        blocks: squares to hold out of the other pictures (``masks``), see Blocks; for sources of
            few large pictures.
        seeds: first seed and number of simulated landscapes (``simulated``).
        holdout_seeds: first seed and number of those for validation.
        size_px: side of a simulated landscape.
        classes: class of satseg.classes of each mask value, for models with classes; a value that
            is not there is ignored, and ``other`` is anything but farmland. Without it
            ``positive`` says what is farmland, and the rest is anything but that.
        mix: weights of kinds of land that are added to each simulated landscape.
    """

    name: str
    kind: SourceKind
    weight: float
    gsd_m: float
    gsd_range: tuple[float, float]
    terms: str
    images: str = ""
    masks: str = ""
    positive: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    holdout: tuple[str, ...] = ()
    seeds: tuple[int, int] = (0, 0)
    holdout_seeds: tuple[int, int] = (0, 0)
    size_px: int = 1024
    blocks: Blocks | None = field(default=None, repr=False)
    classes: Mapping[str, str] = field(default_factory=dict, repr=False)
    mix: Mapping[str, float] = field(default_factory=dict, repr=False)
    pictures: tuple[str, ...] = field(default=(), repr=False)
    folder: Path = field(default=Path(), repr=False)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        steps: optimiser steps.
        batch: samples a step.
        crop_px: side of a sample, a multiple of 32.
        learning_rate: peak rate of the decoder; a cosine takes it to zero.
        encoder_rate: factor on it for pretrained layers.
        warmup: steps of linear warm-up.
        weight_decay: of AdamW.
        ema: decay of the exponential moving average of the weights, which are the ones kept.
        validate_every: steps between validations and checkpoints.
        patience: validations without improvement after which training stops and the best weights
            are kept; 0: never, and the last weights are kept.
        seed: of everything random.
        start_share: how much of the weights that the network started from is in those that are
            kept at the end, see ``satseg.training.run.blended``; 0 for none.
        ease: steps over which samples come to be changed in tone and mixed as much as planned: a
            network that starts from nothing learns sooner from unchanged ones.
        bfloat16: whether a CPU computes in bfloat16 where precision allows, as CUDA always does.
            With AVX-512 BF16 that nearly halves the time of plain 3 x 3 convolutions, and makes
            depthwise ones slower.
    """

    steps: int
    batch: int
    crop_px: int
    learning_rate: float = 1e-3
    encoder_rate: float = 0.3
    warmup: int = 50
    weight_decay: float = 1e-2
    ema: float = 0.995
    validate_every: int = 200
    patience: int = 0
    seed: int = 1
    start_share: float = field(default=0.0, repr=False)
    ease: int = field(default=0, repr=False)
    bfloat16: bool = field(default=False, repr=False)


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """A whole training run.

    Attributes:
        model: the card's fields that do not depend on the run (id, title, bands, gsd_m, ...).
        pretrained: start the encoder from ImageNet weights.
        frozen: names of modules that keep their first weights and batch statistics.
        start: ids of models by the name of a module that starts from their weights, see
            satseg.zoo.start; one id alone is for the whole network. Such a module learns at
            ``encoder_rate`` too, of a whole network only the encoder.
        loss: see Loss.
        schedule: see Schedule.
        mixing: see satseg.training.augment.Mixing.
        sources: see SourceConfig.
        folder: where the configuration lies and the weights and the card go.
    """

    model: Mapping[str, Any]
    pretrained: bool
    frozen: tuple[str, ...]
    schedule: Schedule
    mixing: Mixing
    sources: tuple[SourceConfig, ...]
    folder: Path
    start: Mapping[str, str] = field(default_factory=dict)
    loss: Loss = Loss()

    @property
    def identity(self) -> str:
        """Everything that decides the weights, as text: what a checkpoint must agree with."""
        model = [self.model[key] for key in ("architecture", "arguments", "bands", "gsd_m")]
        parts = (model, self.pretrained, self.frozen, self.schedule, self.mixing, self.sources)
        # Left out where not used, so that older checkpoints stay good.
        blocks = {source.name: source.blocks for source in self.sources if source.blocks}
        loss = None if self.loss == Loss() else self.loss
        added = [(source.classes, source.mix) for source in self.sources]
        classes = (self.model.get("classes"), added) if self.legend or any(map(any, added)) else ()
        precision = "bfloat16" if self.schedule.bfloat16 else ""
        chosen = {source.name: source.pictures for source in self.sources if source.pictures}
        ease, looks = self.schedule.ease, (self.mixing.reversed, self.mixing.dark)
        mixed = looks if any(looks) else ()
        later = (dict(self.start), loss, blocks, classes, ease, precision, mixed, chosen)
        return json.dumps([str(part) for part in (*parts, *filter(None, later))])

    @property
    def legend(self) -> Legend | None:
        """Classes of the model; None for one that knows farmland only."""
        return legend_of(self.model.get("classes", ()))

    @property
    def bands(self) -> tuple[str, ...]:
        """Canonical band names of the model's input."""
        return tuple(canonical(name) for name in self.model["bands"])

    @property
    def gsd_m(self) -> float:
        """Ground sample distance of the model in metres."""
        return float(self.model["gsd_m"])


_MODEL_KEYS = (
    "id",
    "title",
    "summary",
    "architecture",
    "arguments",
    "bands",
    "gsd_m",
    "patch_px",
    "overlap_px",
    "licence",
)


def load_config(path: Path) -> TrainingConfig:
    """Return the training configuration in ``path``.

    Raises:
        TrainingError: the file is missing, no TOML, or has a missing or unknown key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(
            expected=f"a training configuration {path}",
            found="no such file",
            fix="Give the path of a train.toml, for example models/farmnet/train.toml",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(
            expected=f"TOML in {path}", found=str(error), fix="Correct the file"
        ) from error
    model = table.get("model", {})
    missing = [key for key in _MODEL_KEYS if key not in model]
    if missing:
        raise _broken(path, f"[model] without {', '.join(missing)}")
    schedule = _build(Schedule, table.get("schedule", {}), "schedule", path)
    if schedule.crop_px % 32 or min(schedule.steps, schedule.batch, schedule.crop_px) < 1:
        raise _broken(path, "[schedule] with steps or batch below 1 or crop_px no multiple of 32")
    if not 0 <= schedule.start_share < 1:
        raise _broken(path, "[schedule] with start_share outside of 0 to below 1")
    mixing = _build(Mixing, table.get("mixing", {}), "mixing", path)
    if not all(0 <= share <= 1 for share in mixing.shares):
        raise _broken(path, "[mixing] with shares outside 0 to 1")
    sources = tuple(_source(row, path) for row in table.get("sources", ()))
    if not sources:
        raise _broken(path, "no [[sources]]")
    pretrained = bool(table.get("pretrained", False))
    frozen = tuple(str(name) for name in table.get("frozen", ()))
    loss = _build(Loss, table.get("loss", {}), "loss", path)
    if loss.kind not in LOSSES or loss.gamma < 0:
        raise _broken(path, f"[loss] with {loss}; kinds are {', '.join(LOSSES)}, gamma 0 or more")
    start = _start(table.get("start", {}), path)
    config = TrainingConfig(
        model, pretrained, frozen, schedule, mixing, sources, path.parent, start, loss
    )
    if schedule.start_share and set(start) != {WHOLE}:
        raise _broken(path, "[schedule] with start_share, and start for less than a whole network")
    _check_classes(config, path)
    return config


def _start(value: object, path: Path) -> Mapping[str, str]:
    found = {WHOLE: value} if isinstance(value, str) else value
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found.values()):
        raise _broken(path, f"start = {value!r} instead of a model, or models by names of modules")
    return dict(found)


def _source(row: Mapping[str, Any], path: Path) -> SourceConfig:
    if "folder" in row:
        raise _broken(path, "unknown keys folder in [sources]")
    row = {**row, "folder": path.parent}
    blocks = row.get("blocks")
    if blocks is None:
        return _build(SourceConfig, row, "sources", path)
    found = _build(Blocks, blocks, "sources.blocks", path)
    source = _build(SourceConfig, {**row, "blocks": found}, "sources", path)
    if source.kind != "masks" or not 0 < found.share < 1 or found.side_m <= 0 or found.margin_m < 0:
        raise _broken(path, f"blocks of {source.name} with {found}, or for other than masks")
    return source


def _check_classes(config: TrainingConfig, path: Path) -> None:
    legend = config.legend
    outputs, wanted = config.model["arguments"].get("classes", 1), len(legend) if legend else 1
    if outputs != wanted:
        raise _broken(path, f"{outputs} classes in [model] arguments for {wanted} in classes")
    if legend is not None and config.loss != Loss():
        raise _broken(
            path, f"[loss] with {config.loss} for classes, which have a loss of their own"
        )
    for source in config.sources:
        if source.classes and legend is None:
            raise _broken(path, f"classes in the source {source.name} without classes in [model]")
        for key in source.classes.values():
            code_of(key)


def _build(kind: type[T], table: Mapping[str, Any], name: str, path: Path) -> T:
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise _broken(path, f"unknown keys {', '.join(unknown)} in [{name}]")
    needed = [
        key
        for key, item in known.items()
        if item.default is MISSING and item.default_factory is MISSING and key not in table
    ]
    if needed:
        raise _broken(path, f"[{name}] without {', '.join(needed)}")
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    return kind(**values)


def _broken(path: Path, found: str) -> TrainingError:
    return TrainingError(
        expected=f"a complete training configuration in {path}",
        found=found,
        fix="Compare it with models/farmnet/train.toml",
    )
