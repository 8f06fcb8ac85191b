"""Networks with their trained weights, checked against the card."""

from __future__ import annotations

import hashlib
from pathlib import Path

import safetensors
import safetensors.torch
from torch import nn

from satseg.errors import ModelError
from satseg.zoo.card import ModelCard
from satseg.zoo.networks import build


def load_model(card: ModelCard) -> nn.Module:
    """Return the card's network in evaluation mode with its weights as float32.

    The module maps float32 (n, bands, h, w), scaled to 0..1 and in the card's order of bands, to
    logits (n, 1, h, w); h and w are multiples of 32. The logistic function of the logits divided by
    the card's temperature is the probability of farmland. For a card with a legend logits are
    (n, classes, h, w), and the softmax function gives the probabilities of its classes.

    Raises:
        ModelError: the weights are missing, differ from the card's hash, or do not fit.
    """
    verify_weights(card)
    network = build(card.architecture, len(card.bands), card.arguments)
    try:
        state = safetensors.torch.load_file(card.weights_path)
        network.load_state_dict(state)
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise ModelError(
            expected=f"weights that fit {card.architecture}",
            found=f"{str(error).splitlines()[0]} in {card.weights_path}",
            fix="Restore the file, or train the model anew with satseg train",
        ) from error
    return network.float().eval()


def verify_weights(card: ModelCard) -> None:
    """Check the weights file against the card's hash.

    Raises:
        ModelError: the file is missing or has another hash.
    """
    _verify(card, card.weights_path, card.sha256, "train the model anew with satseg train")


def verified_int8(card: ModelCard) -> Path:
    """Return the path of the card's int8 network, checked against the card's hashes.

    Raises:
        ModelError: the card has none or one of other weights, or a file is missing or changed.
    """
    remedy = f"make it anew with satseg quantise {card.id}"
    if card.int8 is None or card.int8.made_from != card.sha256:
        found = "none" if card.int8 is None else f"one of {card.int8.made_from[:12]}…"
        raise ModelError(
            expected=f"an int8 network of {card.id}'s weights {card.sha256[:12]}…",
            found=found,
            fix=remedy[0].upper() + remedy[1:],
        )
    _verify(card, card.int8_path, card.int8.xml_sha256, remedy)
    _verify(card, card.int8_path.with_suffix(".bin"), card.int8.bin_sha256, remedy)
    return card.int8_path


def _verify(card: ModelCard, path: Path, sha256: str, remedy: str) -> None:
    if not path.is_file():
        raise ModelError(
            expected=f"the weights of {card.id} in {path}",
            found="no such file",
            fix=f"Restore the file, or {remedy}",
        )
    found = file_sha256(path)
    if found != sha256:
        raise ModelError(
            expected=f"weights with sha256 {sha256[:12]}… as in the card of {card.id}",
            found=f"{found[:12]}… in {path}",
            fix="Restore the file that belongs to the card; do not use weights of unknown origin",
        )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
