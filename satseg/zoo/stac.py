"""A model's card as a STAC item, in the words of the machine learning model extension (MLM).

What the extension has no word for stays in card.toml, which is an asset of the item.

Source: https://github.com/stac-extensions/mlm, version 1.4.0.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open

from satseg.bands import CENTRE_NM
from satseg.classes import FARMLAND
from satseg.zoo.card import CARD_FILE, ModelCard

ITEM_FILE = "item.json"
EXTENSIONS = (
    "https://stac-extensions.github.io/mlm/v1.4.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
)
TASK = "semantic-segmentation"
_SHA256 = "1220"
"""What a multihash of SHA-256 begins with: its code, and its length of 32 bytes."""

_TORCH = re.compile(r"torch (\d+\.\d+\.\d+(?:\+[0-9a-zA-Z.]+)?)")


def write_item(card: ModelCard) -> Path:
    """Write the item beside the card, whole or not at all, and return its path."""
    path = card.folder / ITEM_FILE
    temporary = path.with_suffix(".tmp")
    text = json.dumps(item_of(card), indent=2, ensure_ascii=False) + "\n"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
    return path


def item_of(card: ModelCard) -> dict[str, Any]:
    """Return the card as a STAC item.

    A model has no place on the ground, so there is no geometry. Its time is the day on which
    training ended; STAC wants one, so it is 1970 where the card does not say.
    """
    training = card.training
    finished = str(training.get("finished", ""))
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(EXTENSIONS),
        "id": card.id,
        "geometry": None,
        "properties": {
            "title": card.title,
            "description": card.summary,
            "license": card.licence,
            "gsd": card.gsd_m,
            "datetime": f"{finished or '1970-01-01'}T00:00:00Z",
            "mlm:name": card.id,
            "mlm:architecture": card.architecture,
            "mlm:tasks": [TASK],
            "mlm:framework": "PyTorch",
            **_framework(training),
            "mlm:total_parameters": _parameters(card.weights_path),
            **_pretrained(training),
            "mlm:accelerator": None,
            "mlm:accelerator_constrained": False,
            "mlm:input": [_input(card)],
            "mlm:output": [_output(card)],
            **_hyperparameters(training),
            "bands": [
                {"name": band, "eo:center_wavelength": round(CENTRE_NM[band] / 1000, 3)}
                for band in card.bands
            ],
        },
        "links": [],
        "assets": _assets(card),
    }


def _input(card: ModelCard) -> dict[str, Any]:
    return {
        "name": "scene",
        "description": f"A window at {card.gsd_m:g} m, each band stretched to 0 to 1 between the "
        "scene's percentiles 1 and 99.",
        "bands": list(card.bands),
        "input": _structure(len(card.bands), card.patch_px, "bands"),
        "value_scaling": [{"type": "clip", "minimum": 0.0, "maximum": 1.0}],
        "pre_processing_function": {
            "format": "python",
            "expression": "satseg.scaling:percentile_stretch",
        },
    }


def _output(card: ModelCard) -> dict[str, Any]:
    if card.legend is None:
        classes = [
            {"value": FARMLAND, "name": "farmland", "description": "Farmland, from the threshold"}
        ]
        activation = "torch.special:expit"
    else:
        classes = [
            {
                "value": entry.land.code,
                "name": entry.key,
                "description": entry.land.name_en,
                "color_hint": entry.colour[1:].upper(),
            }
            for entry in card.legend.entries
        ]
        activation = "torch:softmax"
    return {
        "name": "logits",
        "description": f"Logits; divided by the temperature {card.temperature:g} they become "
        f"probabilities, farmland from {card.threshold:g}.",
        "tasks": [TASK],
        "result": _structure(len(classes), card.patch_px, "class"),
        "classification:classes": classes,
        "post_processing_function": {"format": "python", "expression": activation},
    }


def _structure(channels: int, side: int, name: str) -> dict[str, Any]:
    return {
        "shape": [-1, channels, side, side],
        "dim_order": ["batch", name, "height", "width"],
        "data_type": "float32",
    }


def _framework(training: Mapping[str, Any]) -> dict[str, str]:
    found = _TORCH.search(str(training.get("software", "")))
    return {"mlm:framework_version": found[1]} if found else {}


def _pretrained(training: Mapping[str, Any]) -> dict[str, Any]:
    started = training.get("started_from", {})
    imagenet = str(training.get("pretrained", "no"))
    sources = [] if imagenet == "no" else [imagenet]
    sources += [f"{part}: {said}" for part, said in started.items()]
    return {
        "mlm:pretrained": bool(sources),
        "mlm:pretrained_source": "; ".join(sources) or None,
    }


def _hyperparameters(training: Mapping[str, Any]) -> dict[str, Any]:
    names = ("steps", "samples", "crop_px", "seed", "loss", "hours", "device")
    found = {name: training[name] for name in names if name in training}
    return {"mlm:hyperparameters": found} if found else {}


def _parameters(weights: Path) -> int:
    """Return the number of values in the weights file, without reading them."""
    total = 0
    with safe_open(weights, "pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 -- it is no mapping
            count = 1
            for size in tensors.get_slice(name).get_shape():
                count *= size
            total += count
    return total


def _assets(card: ModelCard) -> dict[str, Any]:
    assets = {
        "weights": {
            "href": f"./{card.weights}",
            "title": "Weights, float16",
            "type": "application/octet-stream",
            "roles": ["mlm:model", "weights"],
            "mlm:artifact_type": "safetensors.torch.save_file",
            "file:size": card.weights_path.stat().st_size,
            "file:checksum": _SHA256 + card.sha256,
        },
        "card": {
            "href": f"./{CARD_FILE}",
            "title": "Card: training data with terms, measurements, failures",
            "type": "application/toml",
            "roles": ["metadata"],
        },
    }
    if card.int8 is not None:
        assets["int8-graph"] = {
            "href": f"./{card.int8_path.name}",
            "title": "Network in int8 for OpenVINO; its numbers lie beside it",
            "type": "application/xml",
            "roles": ["metadata"],
            "file:checksum": _SHA256 + card.int8.xml_sha256,
        }
        assets["int8"] = {
            "href": f"./{card.int8_path.with_suffix('.bin').name}",
            "title": "Numbers of the network in int8 for OpenVINO",
            "type": "application/octet-stream",
            "roles": ["weights"],
            "file:checksum": _SHA256 + card.int8.bin_sha256,
        }
    return assets
