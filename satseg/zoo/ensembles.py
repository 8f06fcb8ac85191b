"""Ensemble cards: which models are pooled, how, and how well that does.

An ensemble's card lies in a folder of its own like a model's, below the models or, where a visitor
made it, below a catalog. It has no weights file: its members are models of the zoo, told apart by
the hashes of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from satseg.errors import ModelError
from satseg.pooling import METHODS, Method, Pooling
from satseg.remembered import Remembered
from satseg.zoo.card import (
    CARD_FILE,
    ENSEMBLE,
    ModelCard,
    complete,
    default_models_folder,
    find_card,
    is_ensemble_id,
    read_table,
)

_ID = re.compile(ENSEMBLE + r"[a-z0-9][a-z0-9-]{0,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Member:
    """One model of an ensemble: its id, the hash of its weights, and how much it counts."""

    id: str
    sha256: str
    weight: float


@dataclass(frozen=True, slots=True)
class EnsembleCard:
    """An ensemble of models of the zoo.

    Attributes:
        id: name of its folder and on the command line; starts with ``ensemble-``.
        title: name that people read.
        summary: one sentence on what it is good for.
        method: how probabilities are pooled, see ``satseg.pooling``.
        members: two or more models; an ensemble is no member of another one.
        threshold: probability from which a pixel counts as farmland.
        temperature: divisor of the pooled mean's logit, fitted on validation data; 1 without.
        licence: SPDX id; that of the members.
        training: what weights, temperature and threshold were fitted on, as written by
            ``satseg ensemble fit``; empty for an ensemble put together by hand.
        metrics: one table a data set, as written by ``satseg evaluate``.
        failures: known failures, as sentences.
        folder: where the card lies.
    """

    id: str
    title: str
    summary: str
    method: Method
    members: tuple[Member, ...]
    threshold: float
    temperature: float
    licence: str
    training: Mapping[str, Any]
    metrics: tuple[Mapping[str, Any], ...]
    failures: tuple[str, ...]
    folder: Path = field(compare=False)

    def __post_init__(self) -> None:
        names = [member.id for member in self.members]
        nested = [name for name in names if is_ensemble_id(name)]
        hashes = all(_SHA256.fullmatch(member.sha256) for member in self.members)
        problems = [
            (
                bool(_ID.fullmatch(self.id)),
                "id",
                self.id,
                f"{ENSEMBLE} and letters, digits, dashes",
            ),
            (self.method in METHODS, "method", self.method, f"one of {', '.join(METHODS)}"),
            (
                not nested,
                "members",
                ", ".join(nested),
                "single models: an ensemble in an ensemble could hold itself",
            ),
            (
                len(names) > 1 and len(set(names)) == len(names),
                "members",
                ", ".join(names),
                "two or more different models",
            ),
            (hashes, "sha256 of each member", names, "64 hexadecimal digits"),
            (0 < self.threshold < 1, "threshold", self.threshold, "between 0 and 1"),
        ]
        for fine, key, value, expected in problems:
            if not fine:
                raise ModelError(
                    expected=f"{key} to be {expected}",
                    found=f"{value!r} in {self.folder / CARD_FILE}",
                    fix="Correct the card",
                )
        self.pooling()

    def pooling(self, cuts: Sequence[float] | None = None) -> Pooling:
        """Return how its members are pooled; ``cuts`` are their own thresholds."""
        return Pooling.of(
            len(self.members),
            method=self.method,
            weights=[member.weight for member in self.members],
            cuts=cuts,
            temperature=self.temperature,
        )

    def models(self, models: Path | None = None) -> tuple[ModelCard, ...]:
        """Return the cards of its members, in its order.

        Raises:
            ModelError: a member is missing, or has other weights than those it was made with.
        """
        found = []
        for member in self.members:
            try:
                card = find_card(member.id, models)
            except ModelError as error:
                raise ModelError(
                    expected=f"the member {member.id} of {self.id} in "
                    f"{models or default_models_folder()}",
                    found="no such model",
                    fix=f"Put the model there, or remove the ensemble {self.folder}",
                ) from error
            if card.sha256 != member.sha256:
                raise ModelError(
                    expected=f"{member.id} with the weights {member.sha256[:12]}…, of which "
                    f"{self.id} was made",
                    found=f"{card.sha256[:12]}…",
                    fix="Fit it anew with satseg ensemble fit "
                    f"{' '.join(one.id for one in self.members)} --id {self.id}",
                )
            found.append(card)
        return tuple(found)

    def table(self) -> dict[str, Any]:
        """Return the card as a TOML table."""
        return {
            "id": self.id,
            "title": self.title,
            "summary": self.summary,
            "method": self.method,
            "threshold": self.threshold,
            "temperature": self.temperature,
            "licence": self.licence,
            "failures": list(self.failures),
            "members": [
                {"id": member.id, "weight": member.weight, "sha256": member.sha256}
                for member in self.members
            ],
            "training": dict(self.training),
            "metrics": [dict(row) for row in self.metrics],
        }


def load_ensemble(folder: Path) -> EnsembleCard:
    """Return the ensemble's card in ``folder``; an unchanged one is the same as before.

    Raises:
        ModelError: there is no card, it is no TOML, or a value is missing or out of range.
    """
    return _ensembles(folder)


def _load_ensemble(folder: Path) -> EnsembleCard:
    table = read_table(folder)
    with complete(folder, "make the ensemble anew with satseg ensemble fit"):
        card = EnsembleCard(
            id=str(table["id"]),
            title=str(table["title"]),
            summary=str(table["summary"]),
            method=table["method"],
            members=tuple(
                Member(str(row["id"]), str(row["sha256"]), float(row.get("weight", 1.0)))
                for row in table["members"]
            ),
            threshold=float(table["threshold"]),
            temperature=float(table.get("temperature", 1.0)),
            licence=str(table["licence"]),
            training=dict(table.get("training", {})),
            metrics=tuple(dict(row) for row in table.get("metrics", ())),
            failures=tuple(str(text) for text in table.get("failures", ())),
            folder=folder,
        )
    if card.id != folder.name:
        raise ModelError(
            expected=f"the id {folder.name} of its folder in the ensemble's card",
            found=f"{card.id!r} in {folder / CARD_FILE}",
            fix="Name both alike",
        )
    return card


_ensembles = Remembered(_load_ensemble, lambda folder: folder / CARD_FILE)


def list_ensembles(*folders: Path) -> list[EnsembleCard]:
    """Return the ensembles below each folder, by id; one of an earlier folder hides a later one."""
    found: dict[str, EnsembleCard] = {}
    for folder in folders:
        for path in sorted(folder.glob(f"{ENSEMBLE}*/{CARD_FILE}")):
            if path.parent.name not in found:
                found[path.parent.name] = load_ensemble(path.parent)
    return [found[name] for name in sorted(found)]


def find_ensemble(ensemble_id: str, *folders: Path) -> EnsembleCard:
    """Return an ensemble by its id; see ``list_ensembles``.

    Raises:
        ModelError: there is no such ensemble.
    """
    if _ID.fullmatch(ensemble_id):
        for folder in folders:
            if (folder / ensemble_id / CARD_FILE).is_file():
                return load_ensemble(folder / ensemble_id)
    known = sorted(
        {path.parent.name for folder in folders for path in folder.glob(f"{ENSEMBLE}*/{CARD_FILE}")}
    )
    raise ModelError(
        expected=f"one of the ensembles {', '.join(known) or '(none)'}",
        found=repr(ensemble_id[:80]),
        fix="Choose one of them, or make one with satseg ensemble",
    )
