"""Recipes: which models make a map, with which weights, under which name."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from satseg.bands import positions
from satseg.errors import ModelError
from satseg.zoo.card import ModelCard, find_card, list_cards

ENSEMBLE_THRESHOLD = 0.5
"""Probability from which an ensemble's pixel counts as farmland; a model's is in its card."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One model, or an ensemble of several.

    Attributes:
        cards: the models, by id.
        shares: weight of each model in the mean of probabilities; they sum to 1.
    """

    cards: tuple[ModelCard, ...]
    shares: tuple[float, ...]

    @property
    def is_ensemble(self) -> bool:
        """Whether it takes more than one model."""
        return len(self.cards) > 1

    @property
    def members(self) -> tuple[str, ...]:
        """Ids of an ensemble's models; empty for one model."""
        return tuple(card.id for card in self.cards) if self.is_ensemble else ()

    @property
    def model_id(self) -> str:
        """The model's id, or ``ensemble-a+b``, with a hash of the weights unless all are equal."""
        if not self.is_ensemble:
            return self.cards[0].id
        name = "ensemble-" + "+".join(self.members)
        equal = all(math.isclose(share, 1 / len(self.shares)) for share in self.shares)
        return name if equal else f"{name}-{_digest(self._weights_text())[:8]}"

    @property
    def weights_sha256(self) -> str:
        """Hash of the model's weights file; for an ensemble, of its members' hashes and shares."""
        if not self.is_ensemble:
            return self.cards[0].sha256
        hashes = " ".join(card.sha256 for card in self.cards)
        return _digest(f"{hashes} {self._weights_text()}")

    @property
    def threshold(self) -> float:
        """Probability from which a pixel counts as farmland, unless somebody says otherwise."""
        return ENSEMBLE_THRESHOLD if self.is_ensemble else self.cards[0].threshold

    def single(self, card: ModelCard) -> Recipe:
        """Return the recipe of one of its models alone."""
        return Recipe((card,), (1.0,))

    def check_bands(self, bands: Sequence[str]) -> None:
        """Raise BandError unless a scene with ``bands`` has what every model needs."""
        for card in self.cards:
            positions(bands, card.bands)

    def _weights_text(self) -> str:
        return " ".join(
            f"{card.id}:{share:.6f}" for card, share in zip(self.cards, self.shares, strict=True)
        )


def recipe(
    model_ids: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    models: Path | None = None,
) -> Recipe:
    """Return the recipe of one model, or of an ensemble of several in any order.

    Args:
        model_ids: ids of the models.
        weights: how much each model counts, in the same order; equal without it.
        models: folder of the models; see ``zoo.card.default_models_folder``.

    Raises:
        ModelError: no model, an unknown one, one that stands twice, or weights that do not fit.
    """
    if not model_ids or len(set(model_ids)) != len(model_ids):
        raise ModelError(
            expected="one model, or several different ones for an ensemble",
            found=", ".join(model_ids) or "none",
            fix="Name each model once, for example -m farmnet -m unet8",
        )
    numbers = [1.0] * len(model_ids) if weights is None else list(weights)
    positive = all(math.isfinite(number) and number > 0 for number in numbers)
    if len(numbers) != len(model_ids) or not positive:
        raise ModelError(
            expected=f"{len(model_ids)} weights above 0, one for each of {', '.join(model_ids)}",
            found=", ".join(f"{number:g}" for number in numbers) or "none",
            fix="Give the weights in the order of the models, for example 0.5,0.5",
        )
    chosen = sorted(zip(model_ids, numbers, strict=True))
    cards = tuple(find_card(model_id, models) for model_id, _ in chosen)
    return Recipe(cards, tuple(number / sum(numbers) for _, number in chosen))


def usual_threshold(model_id: str, models: Path | None = None) -> float:
    """Return the threshold of a model by its id in the catalog.

    It is the card's for a model of the zoo, and that of ensembles for what the zoo does not have.
    """
    known = {card.id: card.threshold for card in list_cards(models)}
    return known.get(model_id, ENSEMBLE_THRESHOLD)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
