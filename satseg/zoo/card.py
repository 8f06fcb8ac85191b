"""Model cards: what a network needs, what it was trained on and how well it does."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from satseg.bands import canonical
from satseg.errors import ModelError
from satseg.legend import Legend, legend_of
from satseg.remembered import Remembered

CARD_FILE = "card.toml"
MODELS_VARIABLE = "SATSEG_MODELS"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
ENSEMBLE = "ensemble-"
"""What ids of ensembles start with, and no model's (satseg.zoo.ensembles)."""

INT8_TOLERANCE = 0.005
"""Largest difference of the intersection over union with which int8 stands in for float32."""

INT8_LENGTH = 2
"""How many times longer than high windows of int8 networks are.

Longer windows overlap less: 4.7 % of the pixels of a scene of 8,192 pixels a side are computed
twice instead of 6.4 %, for an eighth more memory."""

STRIDE = 32
"""Sides of windows are multiples of this, the deepest stride of any network of the zoo."""


@dataclass(frozen=True, slots=True)
class Int8:
    """A model's network in int8 for OpenVINO: ``int8.xml`` and ``int8.bin`` beside the card.

    Attributes:
        made_from: hash of the weights that it was made from.
        xml_sha256, bin_sha256: hashes of the two files.
        software: what made it.
        windows: calibration windows, by data set.
    """

    made_from: str
    xml_sha256: str
    bin_sha256: str
    software: str
    windows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model of the zoo.

    Attributes:
        id: name of its folder and on the command line; lower case letters, digits, dashes.
        title: name that people read.
        summary: one sentence on what it is good for.
        architecture: key of ``satseg.zoo.networks``.
        arguments: options of the architecture.
        bands: canonical band names in the order of the input's channels.
        gsd_m: ground sample distance in metres at which it was trained and is applied.
        patch_px, overlap_px: side and overlap of its windows in pixels.
        threshold: probability from which a pixel counts as farmland.
        temperature: divisor of the logits, fitted on validation data; 1 where not fitted.
        weights: file name of the safetensors file in ``folder``.
        sha256: hash of that file.
        int8: hashes of the OpenVINO network in int8, with how it was made, or None.
        licence: SPDX id of the weights' licence.
        training: facts of the training run as written by it (data, terms, split, steps, seconds).
        metrics: one table a data set, as written by ``satseg evaluate``.
        failures: known failures, as sentences.
        ablation: what one of its data sets is worth, as written by ``satseg ablate``; may be empty.
        folder: where the card lies.
        legend: the classes that it tells apart; None for a model that knows farmland only.
    """

    id: str
    title: str
    summary: str
    architecture: str
    arguments: Mapping[str, Any]
    bands: tuple[str, ...]
    gsd_m: float
    patch_px: int
    overlap_px: int
    threshold: float
    temperature: float
    weights: str
    sha256: str
    int8: Int8 | None
    licence: str
    training: Mapping[str, Any]
    metrics: tuple[Mapping[str, Any], ...]
    failures: tuple[str, ...]
    ablation: Mapping[str, Any]
    folder: Path = field(compare=False)
    legend: Legend | None = None

    def __post_init__(self) -> None:
        problems = [
            (
                bool(_ID.fullmatch(self.id)) and not is_ensemble_id(self.id),
                "id",
                self.id,
                f"lower case letters, digits and dashes, and not to start with {ENSEMBLE}",
            ),
            (self.gsd_m > 0, "gsd_m", self.gsd_m, "a number of metres above 0"),
            (
                self.patch_px > 0 and self.patch_px % STRIDE == 0,
                "patch_px",
                self.patch_px,
                f"a multiple of {STRIDE}",
            ),
            (
                0 <= self.overlap_px <= self.patch_px // 2,
                "overlap_px",
                self.overlap_px,
                "between 0 and half of patch_px",
            ),
            (0 < self.threshold < 1, "threshold", self.threshold, "between 0 and 1"),
            (self.temperature > 0, "temperature", self.temperature, "above 0"),
            (
                self.arguments.get("classes", 1) == (len(self.legend) if self.legend else 1),
                "classes in arguments",
                self.arguments.get("classes", 1),
                f"the number of classes, {len(self.legend) if self.legend else 'absent: 1'}",
            ),
            (
                bool(_SHA256.fullmatch(self.sha256)),
                "sha256",
                self.sha256,
                "64 hexadecimal digits, written by satseg train",
            ),
            (
                Path(self.weights).name == self.weights and self.weights.endswith(".safetensors"),
                "weights",
                self.weights,
                "the name of a .safetensors file beside the card",
            ),
        ]
        for fine, key, value, expected in problems:
            if not fine:
                raise ModelError(
                    expected=f"{key} to be {expected}",
                    found=f"{value!r} in {self.folder / CARD_FILE}",
                    fix="Correct the card",
                )

    @property
    def int8_is_faithful(self) -> bool:
        """Whether the int8 network was measured and is as good as float32 on every data set.

        That is an intersection over union within INT8_TOLERANCE.
        """
        pairs = [(row.get("iou_int8"), row["iou"]) for row in self.metrics]
        return bool(
            self.int8 is not None
            and pairs
            and all(a is not None and abs(a - b) <= INT8_TOLERANCE for a, b in pairs)
        )

    @property
    def int8_path(self) -> Path:
        """Path of the int8 network's description; its numbers are in a .bin beside it."""
        return self.folder / "int8.xml"

    @property
    def weights_path(self) -> Path:
        """Path of the weights file."""
        return self.folder / self.weights


def default_models_folder() -> Path:
    """Return the folder of the zoo: ``SATSEG_MODELS`` or ``models/`` beside the package."""
    configured = os.environ.get(MODELS_VARIABLE)
    return Path(configured) if configured else Path(__file__).resolve().parents[2] / "models"


@contextmanager
def complete(folder: Path, remedy: str) -> Iterator[None]:
    """Raise ModelError where what is read inside lacks a key of the card or has another type.

    Args:
        folder: of the card.
        remedy: what helps beside adding the key.
    """
    try:
        yield
    except KeyError as error:
        raise ModelError(
            expected=f"the key {error} in the card",
            found=f"no such key in {folder / CARD_FILE}",
            fix=f"Add it, or {remedy}",
        ) from error
    except (TypeError, ValueError) as error:
        raise ModelError(
            expected="values of the right type in the card",
            found=f"{error} in {folder / CARD_FILE}",
            fix="Correct the card",
        ) from error


def load_card(folder: Path) -> ModelCard:
    """Return the card in ``folder``; one that was read before and has not changed is the same.

    Raises:
        ModelError: there is no card, it is no TOML, or a value is missing or out of range.
    """
    return _cards(folder)


def _load_card(folder: Path) -> ModelCard:
    table = read_table(folder)
    weights = _table(table, "weights", folder)
    with complete(folder, "train the model anew with satseg train"):
        return ModelCard(
            id=str(table["id"]),
            title=str(table["title"]),
            summary=str(table["summary"]),
            architecture=str(table["architecture"]),
            arguments=dict(_table(table, "arguments", folder)),
            bands=tuple(canonical(name) for name in table["bands"]),
            gsd_m=float(table["gsd_m"]),
            patch_px=int(table["patch_px"]),
            overlap_px=int(table["overlap_px"]),
            threshold=float(table["threshold"]),
            temperature=float(table.get("temperature", 1.0)),
            weights=str(weights["file"]),
            sha256=str(weights["sha256"]),
            int8=_int8(_table(table, "int8", folder)),
            licence=str(table["licence"]),
            training=dict(_table(table, "training", folder)),
            metrics=tuple(dict(row) for row in table.get("metrics", ())),
            failures=tuple(str(text) for text in table.get("failures", ())),
            ablation=dict(_table(table, "ablation", folder)),
            folder=folder,
            legend=legend_of(table.get("classes", ())),
        )


_cards = Remembered(_load_card, lambda folder: folder / CARD_FILE)


def read_table(folder: Path) -> dict[str, Any]:
    """Return the card's TOML table as it stands in the file.

    Raises:
        ModelError: there is no card or it is no TOML.
    """
    path = folder / CARD_FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            expected=f"a model card {path}",
            found="no such file",
            fix="See satseg models for the models there are, or train one with satseg train",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            expected=f"TOML in {path}", found=str(error), fix="Correct the file"
        ) from error


def write_table(folder: Path, table: Mapping[str, Any]) -> None:
    """Write the card's TOML table whole or not at all."""
    path = folder / CARD_FILE
    temporary = path.with_suffix(".toml.tmp")
    temporary.write_text(tomli_w.dumps(dict(table), multiline_strings=True), encoding="utf-8")
    os.replace(temporary, path)


def is_ensemble_id(name: str) -> bool:
    """Return whether a name is that of an ensemble, not of a model."""
    return name.startswith(ENSEMBLE)


def list_cards(models: Path | None = None) -> list[ModelCard]:
    """Return the cards of all models below ``models`` in the order of their ids, no ensembles."""
    return [load_card(path) for path in _model_folders(models)]


def find_card(model_id: str, models: Path | None = None) -> ModelCard:
    """Return the card of one model by its id.

    Raises:
        ModelError: there is no such model.
    """
    folder = default_models_folder() if models is None else models
    is_model = bool(_ID.fullmatch(model_id)) and not is_ensemble_id(model_id)
    if is_model and (folder / model_id / CARD_FILE).is_file():
        return load_card(folder / model_id)
    known = [path.name for path in _model_folders(folder)]
    raise ModelError(
        expected=f"one of the models {', '.join(known) or '(none)'} in {folder}",
        found=repr(model_id),
        fix="Choose one of them, or train a new one with satseg train",
    )


def _model_folders(models: Path | None) -> list[Path]:
    folder = default_models_folder() if models is None else models
    found = (path.parent for path in sorted(folder.glob(f"*/{CARD_FILE}")))
    return [path for path in found if not is_ensemble_id(path.name)]


def _int8(table: Mapping[str, Any]) -> Int8 | None:
    if not table:
        return None
    names = ("made_from", "xml_sha256", "bin_sha256", "software")
    made_from, xml, binary, software = (str(table[name]) for name in names)
    windows = {str(name): int(count) for name, count in table.get("windows", {}).items()}
    return Int8(made_from, xml, binary, software, windows)


def _table(table: Mapping[str, Any], key: str, folder: Path) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ModelError(
            expected=f"a table [{key}]",
            found=f"{value!r} in {folder / CARD_FILE}",
            fix="Correct the card",
        )
    return value
