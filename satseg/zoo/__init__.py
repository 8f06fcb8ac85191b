"""Trained networks and the cards that describe them."""

from satseg.zoo.card import ModelCard, default_models_folder, find_card, list_cards, load_card
from satseg.zoo.load import load_model

__all__ = [
    "ModelCard",
    "default_models_folder",
    "find_card",
    "list_cards",
    "load_card",
    "load_model",
]
