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
    the card's temperature is the probability of farmland.

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
    path = card.weights_path
    if not path.is_file():
        raise ModelError(
            expected=f"the weights of {card.id} in {path}",
            found="no such file",
            fix="Restore the file, or train the model anew with satseg train",
        )
    found = file_sha256(path)
    if found != card.sha256:
        raise ModelError(
            expected=f"weights with sha256 {card.sha256[:12]}… as in the card of {card.id}",
            found=f"{found[:12]}… in {path}",
            fix="Restore the file that belongs to the card; do not use weights of unknown origin",
        )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
