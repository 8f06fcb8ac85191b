"""Tiny untrained models with classes for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from shelf_models import write_model

from satseg.legend import Legend, legend_of
from satseg.zoo.card import read_table, write_table
from satseg.zoo.load import file_sha256
from satseg.zoo.networks import build

KEYS = ("farmland", "water", "built", "road", "tree", "bare", "greenhouse")


def legend(keys: Sequence[str] = KEYS) -> Legend:
    found = legend_of(keys)
    assert found is not None
    return found


def write_class_model(
    models: Path, model_id: str = "landcover", *, keys: Sequence[str] = KEYS, seed: int = 0
) -> Path:
    """Write a U-Net of a few hundred weights that tells classes apart and return its folder."""
    folder = write_model(models, model_id, seed=seed)
    table = read_table(folder)
    torch.manual_seed(seed)
    table["arguments"]["classes"] = len(keys)
    network = build("unet", 3, table["arguments"])
    with torch.no_grad():
        network.network.head.weight.normal_(0, 8)  # so that every class wins somewhere
        network.network.head.weight -= network.network.head.weight.mean(1, keepdim=True)
    weights = folder / "weights.safetensors"
    safetensors.torch.save_file(network.state_dict(), weights)
    table["weights"]["sha256"] = file_sha256(weights)
    table["classes"] = legend(keys).table()
    write_table(folder, table)
    return folder
