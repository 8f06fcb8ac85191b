"""Recipes: which models make a map, with which weights, under which name.

A model is named by its id (``farmnet``), an ensemble by the id of its card (``ensemble-mean``) or
by its members' ids. ``@d4`` behind an id asks for test-time augmentation (satseg.augmentation).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from satseg.bands import positions
from satseg.catalog import default_root
from satseg.ensemble_store import ensembles_folder
from satseg.errors import ModelError
from satseg.pooling import Method, Pooling
from satseg.zoo.card import ModelCard, default_models_folder, find_card, is_ensemble_id, list_cards
from satseg.zoo.ensembles import EnsembleCard, find_ensemble, list_ensembles

ENSEMBLE_THRESHOLD = 0.5
"""Probability from which an ensemble made on the fly maps farmland; others have it in a card."""

AUGMENTED = "@d4"
"""What stands behind the id of a model that is applied to all eight flips and turns."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One model, or an ensemble of several.

    Attributes:
        cards: the models, by id.
        pooling: how an ensemble's probabilities become one; of one model, itself.
        augmented: for each model, whether it is applied to all eight flips and turns.
        card: the ensemble's own card, None for a model and for an ensemble made on the fly.
    """

    cards: tuple[ModelCard, ...]
    pooling: Pooling
    augmented: tuple[bool, ...]
    card: EnsembleCard | None = None

    @property
    def is_ensemble(self) -> bool:
        """Whether it takes more than one model."""
        return len(self.cards) > 1

    @property
    def shares(self) -> tuple[float, ...]:
        """Weight of each model; they sum to 1."""
        return self.pooling.shares

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of its models, with the mark of augmentation."""
        return tuple(
            card.id + (AUGMENTED if turned else "")
            for card, turned in zip(self.cards, self.augmented, strict=True)
        )

    @property
    def members(self) -> tuple[str, ...]:
        """Ids of an ensemble's models; empty for one model."""
        return self.names if self.is_ensemble else ()

    @property
    def model_id(self) -> str:
        """The id of the model or of the ensemble's card; else one that tells members and weights.

        That is ``ensemble-a+b`` for the plain mean, with the method before and a hash of the
        weights behind where they are not.
        """
        if not self.is_ensemble:
            return self.names[0]
        if self.card is not None:
            return self.card.id + (AUGMENTED if self.augmented[0] else "")
        method = "" if self.pooling.method == "mean" else f"{self.pooling.method}-"
        name = f"ensemble-{method}{'+'.join(self.names)}"
        equal = all(math.isclose(share, 1 / len(self.shares)) for share in self.shares)
        return name if equal else f"{name}-{_digest(self._weights_text())[:8]}"

    @property
    def weights_sha256(self) -> str:
        """Hash of what decides the map: the weights file; of an ensemble, all that makes it."""
        if not self.is_ensemble:
            (card,) = self.cards
            return _digest(f"{card.sha256} {AUGMENTED}") if self.augmented[0] else card.sha256
        hashes = " ".join(card.sha256 for card in self.cards)
        how = f"{self.pooling.method} {self.pooling.temperature:.6f}"
        if self.pooling.method == "vote":
            how += " " + " ".join(f"{cut:.6f}" for cut in self.pooling.cuts)
        return _digest(f"{how} {hashes} {self._weights_text()}")

    @property
    def threshold(self) -> float:
        """Probability from which a pixel counts as farmland, unless somebody says otherwise."""
        if self.card is not None:
            return self.card.threshold
        return ENSEMBLE_THRESHOLD if self.is_ensemble else self.cards[0].threshold

    @property
    def title(self) -> str:
        """Name that people read."""
        if self.card is not None:
            return self.card.title
        return " + ".join(card.title for card in self.cards)

    def singles(self) -> tuple[Recipe, ...]:
        """Return the recipes of its models, each alone."""
        return tuple(
            Recipe((card,), Pooling.of(1, cuts=(card.threshold,)), (turned,))
            for card, turned in zip(self.cards, self.augmented, strict=True)
        )

    def check_bands(self, bands: Sequence[str]) -> None:
        """Raise BandError unless a scene with ``bands`` has what every model needs."""
        for card in self.cards:
            positions(bands, card.bands)

    def _weights_text(self) -> str:
        return " ".join(
            f"{name}:{share:.6f}" for name, share in zip(self.names, self.shares, strict=True)
        )


def recipe(
    model_ids: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    method: Method = "mean",
    models: Path | None = None,
    catalog: Path | None = None,
) -> Recipe:
    """Return the recipe of one model or ensemble, or of an ensemble of several models.

    Args:
        model_ids: ids of the models, in any order; or the id of one ensemble.
        weights: how much each model counts, in the same order; equal without it.
        method: how the probabilities of several models become one.
        models: folder of the models; see ``zoo.card.default_models_folder``.
        catalog: folder of the catalog whose ensembles are known too; the default one without it.

    Raises:
        ModelError: no model, an unknown one, one that stands twice, an ensemble among several, or
            weights or a method that do not fit.
    """
    plain = [name.removesuffix(AUGMENTED) for name in model_ids]
    if not plain or len(set(plain)) != len(plain):
        raise ModelError(
            expected="one model, or several different ones for an ensemble",
            found=", ".join(model_ids) or "none",
            fix="Name each model once, for example -m farmnet -m unet8",
        )
    ensembles = [name for name in plain if is_ensemble_id(name)]
    if ensembles and len(plain) > 1:
        raise ModelError(
            expected="single models as members: an ensemble in an ensemble could hold itself",
            found=", ".join(ensembles),
            fix="Name the ensemble alone, or its members",
        )
    turned = [name.endswith(AUGMENTED) for name in model_ids]
    if ensembles:
        folders = ensemble_folders(models, catalog)
        return _of_card(find_ensemble(plain[0], *folders), weights, method, models, turned[0])
    numbers = _numbers(model_ids, weights)
    chosen = sorted(zip(plain, numbers, turned, strict=True))
    cards = tuple(find_card(name, models) for name, _, _ in chosen)
    pooling = Pooling.of(
        len(cards),
        method=method if len(cards) > 1 else "mean",
        weights=[number for _, number, _ in chosen],
        cuts=[card.threshold for card in cards],
    )
    return Recipe(cards, pooling, tuple(each for _, _, each in chosen))


def ensemble_folders(models: Path | None = None, catalog: Path | None = None) -> tuple[Path, Path]:
    """Return where ensembles are looked for: the models' folder, then the catalog's own."""
    return models or default_models_folder(), ensembles_folder(catalog or default_root())


def usual_threshold(
    model_id: str, models: Path | None = None, catalog: Path | None = None
) -> float:
    """Return the threshold of a model or an ensemble by its id in the catalog.

    It is the card's where there is one, and that of ensembles made on the fly for all others.
    """
    known = {card.id: card.threshold for card in list_cards(models)}
    found = list_ensembles(*ensemble_folders(models, catalog))
    known |= {card.id: card.threshold for card in found}
    return known.get(model_id.removesuffix(AUGMENTED), ENSEMBLE_THRESHOLD)


def _of_card(
    card: EnsembleCard,
    weights: Sequence[float] | None,
    method: Method,
    models: Path | None,
    turned: bool,
) -> Recipe:
    if weights is not None or method != "mean":
        raise ModelError(
            expected=f"the weights and the method in the card of {card.id}",
            found=f"weights {weights or '(none)'}, method {method}",
            fix="Leave them out, or name its members instead of the ensemble",
        )
    cards = card.models(models)
    pooling = card.pooling([member.threshold for member in cards])
    return Recipe(cards, pooling, (turned,) * len(cards), card)


def _numbers(model_ids: Sequence[str], weights: Sequence[float] | None) -> list[float]:
    numbers = [1.0] * len(model_ids) if weights is None else list(weights)
    positive = all(math.isfinite(number) and number > 0 for number in numbers)
    if len(numbers) != len(model_ids) or not positive:
        raise ModelError(
            expected=f"{len(model_ids)} weights above 0, one for each of {', '.join(model_ids)}",
            found=", ".join(f"{number:g}" for number in numbers) or "none",
            fix="Give the weights in the order of the models, for example 0.5,0.5",
        )
    return numbers


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
