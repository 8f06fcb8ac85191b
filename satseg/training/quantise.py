"""A model's network in int8 for OpenVINO, made with NNCF from windows of its training data."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satseg.runtime import openvino_model
from satseg.training.int8_graph import centre, even_out, round_weights, store_weights
from satseg.training.pictures import PictureSet
from satseg.training.samples import Sampler
from satseg.zoo.card import ModelCard, load_card, read_table, write_table
from satseg.zoo.load import file_sha256, load_model

SIDE = 512
"""Side of the calibration windows in pixels."""

_SOME = 4
"""One in so many calibration windows shows how large the branches of a network get."""


def quantise(
    card: ModelCard,
    sources: Sequence[PictureSet],
    *,
    windows: int = 96,
    seed: int = 1,
) -> ModelCard:
    """Write ``int8.xml`` and ``int8.bin`` beside the card, with their hashes in it; return it.

    Weights become int8 channel by channel, rounded so that the convolutions' answers to calibration
    windows stay the same as far as possible (``satseg.training.rounding``); NNCF finds the ranges
    of activations on the same windows, on which the logits are then centred. They are drawn from
    the training pictures, as training draws them but without augmentation. Numbers are kept small
    enough for processors without VNNI.

    Measures of an older int8 network are dropped from the card: `satseg evaluate` measures this
    one, and it is used where it is as good as float32.

    Args:
        card: the model.
        sources: its training data.
        windows: how many calibration windows.
        seed: decides which, and at which of their places weights are fitted.

    Raises:
        ModelError: the weights are unusable.
    """
    import openvino
    from openvino._offline_transformations import apply_moc_transformations

    chosen, counts = _calibration(card, sources, windows, seed)
    model = openvino_model(load_model(card), len(card.bands), SIDE)
    model.reshape([1, len(card.bands), SIDE, SIDE])
    apply_moc_transformations(model, cf=False)  # or ranges are taken before batch normalisation
    even_out(model, chosen[::_SOME])
    weights = round_weights(model, chosen, seed=seed)
    small, software = _quantised(model, chosen)
    store_weights(small, weights)
    if card.legend is None:
        cut = card.temperature * math.log(card.threshold / (1 - card.threshold))
        exact = openvino_model(load_model(card), len(card.bands), SIDE)
        centre(small, exact, chosen, cut)
    small.reshape([1, len(card.bands), -1, -1])
    target = card.int8_path
    with TemporaryDirectory(dir=card.folder, prefix=".int8-") as folder:
        path = Path(folder) / target.name
        openvino.save_model(small, path, compress_to_fp16=False)
        hashes = {
            "xml_sha256": file_sha256(path),
            "bin_sha256": file_sha256(path.with_suffix(".bin")),
        }
        os.replace(path.with_suffix(".bin"), target.with_suffix(".bin"))
        os.replace(path, target)
    table = read_table(card.folder)
    table["int8"] = {"made_from": card.sha256, **hashes, "software": software, "windows": counts}
    for row in table.get("metrics", ()):
        row.pop("iou_int8", None)
    write_table(card.folder, table)
    return load_card(card.folder)


def _calibration(
    card: ModelCard, sources: Sequence[PictureSet], windows: int, seed: int
) -> tuple[list[NDArray[np.float32]], dict[str, int]]:
    """Return calibration windows (1, bands, side, side) and how many there are of each source."""
    samplers = [Sampler(source, SIDE) for source in sources]
    weights = np.array([source.config.weight for source in sources])
    counts = np.maximum(1, np.rint(windows * weights / weights.sum())).astype(int)
    rng = np.random.default_rng(seed)
    found = [
        sampler.draw(rng).pixels.numpy()[None].astype(np.float32)
        for sampler, count in zip(samplers, counts, strict=True)
        for _ in range(count)
    ]
    names = [source.config.name for source in sources]
    return found, dict(zip(names, counts.tolist(), strict=True))


def _quantised(model: Any, windows: Sequence[NDArray[np.float32]]) -> tuple[Any, str]:
    """Return the int8 model and what made it.

    NNCF rounds weights to seven bits, which is safe without VNNI, and leaves the biases alone, as
    those would fit its own rounding: that of convolutions is replaced afterwards.
    """
    os.environ.setdefault("NNCF_CI", "1")  # or it reports its use over the network
    import nncf
    import openvino
    from nncf.quantization.advanced_parameters import OverflowFix

    nncf.set_log_level(logging.ERROR)
    small = nncf.quantize(
        model,
        nncf.Dataset(windows),
        subset_size=len(windows),
        preset=nncf.QuantizationPreset.MIXED,
        target_device=nncf.TargetDevice.CPU,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=OverflowFix.ENABLE, disable_bias_correction=True
        ),
    )
    version = openvino.get_version().split("-")[0]
    return small, f"nncf {nncf.__version__}, openvino {version}"
