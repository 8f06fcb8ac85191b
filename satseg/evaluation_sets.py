"""What models are measured on: labelled data, as models/evaluation.toml lists it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from satseg.bands import RGB
from satseg.errors import TrainingError
from satseg.training.pictures import masks_folder


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Labelled data to measure on.

    Attributes:
        name: name in tables.
        kind: ``pictures`` (folders of RGB pictures and class masks) or ``simulated`` (the sample
            scenes).
        role: ``external`` (never trained or tuned on), ``held-out`` (of a training source).
        note: one clause on what it is.
        images, masks: folders below the data folder; masks that come with the project begin with
            ``.`` and lie below the folder of the evaluation file.
        gsd_m: ground sample distance of the pictures in metres.
        positive, ignore: mask values, as in satseg.training.config.
        pictures: stems to use; all where empty.
        folder: where the evaluation file lies.
    """

    name: str
    kind: str
    role: str
    note: str
    images: str = ""
    masks: str = ""
    gsd_m: float = 0.0
    positive: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    folder: Path = Path()


def load_sets(path: Path) -> list[EvaluationSet]:
    """Return the data sets of an evaluation file (TOML with [[sets]]).

    Raises:
        TrainingError: the file is missing or wrong.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["sets"]
        return [_evaluation_set(row, path.parent) for row in rows]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise TrainingError(
            expected=f"evaluation sets in {path}",
            found=f"{type(error).__name__}: {error}",
            fix="Compare the file with models/evaluation.toml",
        ) from error


def _evaluation_set(row: dict[str, Any], folder: Path) -> EvaluationSet:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return EvaluationSet(**values, folder=folder)


def has_bands(data: EvaluationSet, bands: Sequence[str]) -> bool:
    """Return whether a data set has the bands of a model; pictures are red, green and blue."""
    return data.kind == "simulated" or set(bands) <= set(RGB)


def usable(data: EvaluationSet, bands: Sequence[str], folder: Path | None) -> str:
    """Return why a model on ``bands`` cannot be measured on ``data``; empty where it can."""
    if data.kind == "simulated":
        return ""
    if not has_bands(data, bands):
        return "has red, green and blue only"
    if folder is None or not (folder / data.images).is_dir():
        return "is not there; give its folder with --data"
    if not (masks := masks_folder(data, folder)).is_dir():
        return f"has no masks in {masks}"
    return ""
