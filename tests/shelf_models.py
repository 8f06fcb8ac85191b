"""Tiny untrained models for the tests of what stands on the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch

from satseg.zoo.card import write_table
from satseg.zoo.load import file_sha256
from satseg.zoo.networks import build


def write_model(
    models: Path, model_id: str, *, bands: Sequence[str] = ("red", "green", "blue"), seed: int = 0
) -> Path:
    """Write a U-Net of a few hundred weights at 0.6 m and return its folder."""
    folder = models / model_id
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    arguments = {"widths": [4, 8]}
    network = build("unet", len(bands), arguments)
    safetensors.torch.save_file(network.state_dict(), folder / "weights.safetensors")
    table = {
        "id": model_id,
        "title": model_id.title(),
        "summary": "An untrained network for tests.",
        "architecture": "unet",
        "arguments": arguments,
        "bands": list(bands),
        "gsd_m": 0.6,
        "patch_px": 32,
        "overlap_px": 8,
        "threshold": 0.5,
        "licence": "MIT",
        "weights": {
            "file": "weights.safetensors",
            "sha256": file_sha256(folder / "weights.safetensors"),
        },
        "training": {},
    }
    write_table(folder, table)
    return folder
