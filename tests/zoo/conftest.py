"""A tiny model with real weights."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from satseg.zoo.card import write_table
from satseg.zoo.load import file_sha256
from satseg.zoo.networks import build


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    network = build("unet", 3, {"widths": [4, 8]})
    weights = folder / "weights.safetensors"
    safetensors.torch.save_file(network.state_dict(), weights)
    write_table(
        folder,
        {
            "id": "tiny",
            "title": "Tiny",
            "summary": "For tests.",
            "architecture": "unet",
            "arguments": {"widths": [4, 8]},
            "bands": ["red", "green", "blue"],
            "gsd_m": 0.6,
            "patch_px": 64,
            "overlap_px": 16,
            "threshold": 0.5,
            "licence": "MIT",
            "weights": {"file": weights.name, "sha256": file_sha256(weights)},
            "training": {
                "steps": 0,
                "data": [
                    {
                        "name": "none",
                        "share": 1.0,
                        "pictures": 1,
                        "validation_pictures": 0,
                        "terms": "MIT",
                    }
                ],
            },
        },
    )
    return folder
