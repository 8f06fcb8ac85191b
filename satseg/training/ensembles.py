"""Weights, temperature and threshold of an ensemble, from validation pictures alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from satseg import __version__
from satseg.bands import RGB, WORLDVIEW3
from satseg.errors import TrainingError
from satseg.evaluation import place_picture, read_probability
from satseg.pooling import Method, Pooling, mean
from satseg.predict import predict_scene
from satseg.training.config import SourceConfig, load_config
from satseg.training.pictures import IGNORED, Picture, load_source
from satseg.training.tuning import best_temperature, best_threshold, logit_histogram
from satseg.zoo.card import ENSEMBLE, ModelCard, default_models_folder, find_card, write_table
from satseg.zoo.ensembles import EnsembleCard, Member, load_ensemble

if TYPE_CHECKING:
    from satseg.engine.flow import Predictor

Progress = Callable[[int, int], None]

PIXELS = 250_000
"""Pixels of a picture that are looked at, evenly spread: memory depends on no picture's size."""

LEAST = 0.01
"""Smallest weight that is fitted: a member that counts for nothing is better left out."""

_ROUNDS = 1000
_STILL = 1e-7
_FLOOR = 1e-3  # of a probability: codes of rasters are 1/254 apart, so 0 is not impossible


@dataclass(frozen=True, slots=True)
class Wish:
    """What ensemble is wanted.

    Attributes:
        members: ids of its models.
        id: its id; made from the members' without it.
        title: its name; the members' without it.
        method: how probabilities become one; weights and temperature are of the mean alone.
        equal: whether the weights stay equal.
    """

    members: tuple[str, ...]
    id: str | None = None
    title: str | None = None
    method: Method = "mean"
    equal: bool = False


@dataclass(frozen=True, slots=True)
class Samples:
    """Pixels of one source: probabilities float32 (members, n), truth bool (n,), and pictures."""

    name: str
    values: NDArray[np.float32]
    truth: NDArray[np.bool_]
    pictures: int


def fit_ensemble(
    wish: Wish,
    *,
    data: Path | None = None,
    models: Path | None = None,
    progress: Progress | None = None,
) -> tuple[EnsembleCard, dict[str, str]]:
    """Write an ensemble's card beside the models; return it, and why which sources were left out.

    Only pictures count that every member held out for validation or never knew.

    Args:
        wish: what is wanted.
        data: folder of the data sets; sources of pictures are left out without it.
        models: folder of the models.
        progress: called with (pictures done, pictures in all).

    Raises:
        ModelError: a member is missing, an ensemble itself, or stands twice.
        TrainingError: a member has no train.toml, or nothing is left to fit on.
    """
    folder = models or default_models_folder()
    cards = tuple(find_card(name, folder) for name in sorted(wish.members))
    sources, skipped = shared_sources(cards, data)
    pictures = {source.name: _held_out(source, cards, data) for source in sources}
    total = sum(len(held) for held in pictures.values())
    done = 0
    samples = []
    predictors = [_predictor(card) for card in cards]
    for name, held in pictures.items():
        parts = []
        for picture in held:
            parts.append(_looked_at(picture, _bands(cards), predictors))
            done += 1
            if progress is not None:
                progress(done, total)
        values, truth = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
        samples.append(Samples(name, values, truth, len(held)))
    card = _card(wish, cards, samples, skipped, folder)
    card.folder.mkdir(parents=True, exist_ok=True)
    write_table(card.folder, card.table())
    return load_ensemble(card.folder), skipped


def shared_sources(
    cards: Sequence[ModelCard], data: Path | None
) -> tuple[list[SourceConfig], dict[str, str]]:
    """Return the sources with what all members hold out of them, and why others are left out."""
    found: dict[tuple[str, ...], list[SourceConfig]] = {}
    for card in cards:
        path = card.folder / "train.toml"
        if not path.is_file():
            raise TrainingError(
                expected=f"the validation pictures of {card.id} in {path}",
                found="no such file",
                fix="Put the ensemble together by hand instead: satseg ensemble add",
            )
        for source in load_config(path).sources:
            found.setdefault((source.kind, source.images), []).append(source)
    shared, skipped = [], {}
    for (kind, _), same in found.items():
        name = same[0].name
        held = _common(same)
        if kind == "scene-labels" or not (held.holdout or held.holdout_seeds[1]):
            skipped[name] = "holds out no pictures that all members share"
        elif kind == "masks" and not set(_bands(cards)) <= set(RGB):
            skipped[name] = "has red, green and blue only"
        elif kind == "masks" and (data is None or not (data / held.images).is_dir()):
            skipped[name] = "is not there; give its folder with --data"
        else:
            shared.append(held)
    if not shared:
        raise TrainingError(
            expected="validation pictures that every member can map and held out",
            found="; ".join(f"{name} {reason}" for name, reason in skipped.items()) or "none",
            fix="Give the data folder with --data, or put it together by hand: satseg ensemble add",
        )
    return shared, skipped


def fit_weights(samples: Sequence[Samples]) -> tuple[float, ...]:
    """Return the weights of the mean with the least cross-entropy; they sum to 1.

    Every source counts alike, whatever its size. The cross-entropy of a mean is convex in its
    weights, and each round of expectation-maximisation lowers it.

    Source: Dempster, Laird and Rubin (1977), section 4.3 (finite mixtures, fixed components).
    """
    likelihood = np.concatenate(
        [np.where(one.truth, one.values, 1 - one.values) for one in samples], axis=1
    ).clip(_FLOOR, 1 - _FLOOR)
    count = np.concatenate([np.full(one.truth.size, 1 / one.truth.size) for one in samples])
    count /= count.sum()
    weights = np.full(len(likelihood), 1 / len(likelihood))
    for _ in range(_ROUNDS):
        joint = weights[:, None] * likelihood
        new = (joint / joint.sum(axis=0)) @ count
        if np.abs(new - weights).max() < _STILL:
            break
        weights = new
    weights = np.maximum(weights, LEAST)
    return tuple(float(weight) for weight in weights / weights.sum())


def cross_entropy(probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the mean cross-entropy in bits of probabilities (n,) and truths (n,)."""
    right = np.where(truth, probability, 1 - probability).clip(_FLOOR, 1 - _FLOOR)
    return float(-np.log2(right).mean())


def _common(same: Sequence[SourceConfig]) -> SourceConfig:
    """Return a source with what all who train on it hold out: pictures, or a range of seeds."""
    held = set.intersection(*(set(one.holdout) for one in same))
    first = max(one.holdout_seeds[0] for one in same)
    stop = min(sum(one.holdout_seeds) for one in same)
    seeds = (first, max(0, stop - first))
    trained = any(one.seeds[0] < sum(seeds) and first < sum(one.seeds) for one in same)
    return replace(
        same[0],
        holdout=tuple(sorted(held)),
        holdout_seeds=(0, 0) if trained else seeds,
        seeds=(0, 0),
        blocks=None,  # squares of pictures on which others may have been trained whole
    )


def _bands(cards: Sequence[ModelCard]) -> tuple[str, ...]:
    needed = {band for card in cards for band in card.bands}
    return tuple(band for band in WORLDVIEW3 if band in needed)


def _held_out(
    source: SourceConfig, cards: Sequence[ModelCard], data: Path | None
) -> tuple[Picture, ...]:
    bands = RGB if source.kind == "masks" else _bands(cards)
    return load_source(source, data, bands).validation


def _predictor(card: ModelCard) -> Predictor:
    from satseg.runtime import load_predictor

    return load_predictor(card)


def _looked_at(
    picture: Picture, bands: tuple[str, ...], predictors: Sequence[Predictor]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the members' probabilities (members, n) and the truth (n,) at pixels of a picture."""
    named = RGB if len(picture.pixels) == len(RGB) else bands
    step = max(1, int(np.ceil(np.sqrt(picture.mask.size / PIXELS))))
    some = (slice(step // 2, None, step), slice(step // 2, None, step))
    truth = picture.mask[some]
    counts = truth != IGNORED
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        scene = place_picture(picture.pixels, picture.gsd_m, Path(folder) / "s.tif", bands=named)
        for predictor in predictors:
            output = Path(folder) / "probability.tif"
            predict_scene(scene, predictor, output)
            probability, valid = read_probability(output, picture.mask.shape)
            counts &= valid[some]
            rows.append(probability[some])
    return np.stack([row[counts] for row in rows]), truth[counts] == 1


def _card(
    wish: Wish,
    cards: tuple[ModelCard, ...],
    samples: Sequence[Samples],
    skipped: Mapping[str, str],
    models: Path,
) -> EnsembleCard:
    cuts = [card.threshold for card in cards]
    fitted = wish.method == "mean" and not wish.equal
    weights = [round(weight, 4) for weight in fit_weights(samples)] if fitted else None
    pooling = Pooling.of(len(cards), method=wish.method, weights=weights, cuts=cuts)
    pooled = [pooling.pooled(one.values[:, None])[0] for one in samples]
    counts = [logit_histogram(p, s.truth) for p, s in zip(pooled, samples, strict=True)]
    temperature = round(best_temperature(counts), 3) if wish.method == "mean" else 1.0
    threshold, ious = best_threshold(counts, temperature)
    ensemble_id = wish.id or ENSEMBLE + "-".join(card.id for card in cards)
    parts = (*(["weights"] if fitted else []), *(["temperature"] if wish.method == "mean" else []))
    entropies = {
        card.id: _rounded(cross_entropy(s.values[number], s.truth) for s in samples)
        for number, card in enumerate(cards)
    }
    plain = (cross_entropy(mean(s.values, pooling.shares), s.truth) for s in samples)
    return EnsembleCard(
        id=ensemble_id,
        title=wish.title or " + ".join(card.title for card in cards),
        summary=f"{wish.method.capitalize()} of {' and '.join(card.title for card in cards)}.",
        method=wish.method,
        members=tuple(
            Member(card.id, card.sha256, round(share, 4))
            for card, share in zip(cards, pooling.shares, strict=True)
        ),
        threshold=threshold,
        temperature=temperature,
        licence=" AND ".join(sorted({card.licence for card in cards})),
        training={
            "finished": datetime.now(UTC).date().isoformat(),
            "software": f"satseg {__version__}",
            "fitted": ", ".join((*parts, "threshold")),
            "fitted_on": {one.name: one.pictures for one in samples},
            "not_fitted_on": dict(skipped),
            "cross_entropy_bit": entropies | {"ensemble before temperature": _rounded(plain)},
            "tuned_iou": {one.name: round(iou, 4) for one, iou in zip(samples, ious, strict=True)},
        },
        metrics=(),
        failures=_kept_failures(models / ensemble_id),
        folder=models / ensemble_id,
    )


def _kept_failures(folder: Path) -> tuple[str, ...]:
    """Return the known failures of an older card: people wrote them."""
    return load_ensemble(folder).failures if (folder / "card.toml").is_file() else ()


def _rounded(values: Iterator[float]) -> float:
    return round(float(np.mean(list(values))), 4)
