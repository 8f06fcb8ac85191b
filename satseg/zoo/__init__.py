"""Trained networks and the cards that describe them; ``satseg.zoo.load`` loads the networks."""

from satseg.zoo.card import ModelCard, default_models_folder, find_card, list_cards, load_card

__all__ = ["ModelCard", "default_models_folder", "find_card", "list_cards", "load_card"]
