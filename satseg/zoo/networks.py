"""The architectures that a model card can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from satseg.errors import ModelError
from satseg.torchvision_shim import prepare_torchvision
from satseg.zoo.fcn_resnet50 import FcnResNet50
from satseg.zoo.fcn_vgg19 import FcnVgg19
from satseg.zoo.metisnet import RGB_OF_WORLDVIEW3, WIDTHS, MetisNet
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


def _fcn_vgg19(bands: int, *, head: int = 512, classes: int = 1) -> nn.Module:
    return Normalised(FcnVgg19(bands, classes, head), CENTRE, SPREAD)


def _fcn_resnet50(bands: int, *, classes: int = 1) -> nn.Module:
    return Normalised(FcnResNet50(bands, classes), CENTRE, SPREAD)


def _metisnet(
    bands: int,
    *,
    widths: Sequence[int] = WIDTHS,
    rgb: Sequence[int] = RGB_OF_WORLDVIEW3,
    classes: int = 1,
) -> nn.Module:
    return Normalised(MetisNet(bands, classes, widths, rgb), CENTRE, SPREAD)


ARCHITECTURES: Mapping[str, Callable[..., nn.Module]] = {
    "fcn-resnet50": _fcn_resnet50,
    "fcn-vgg19": _fcn_vgg19,
    "metisnet": _metisnet,
    "unet": _unet,
    "unet-efficientnet-lite": _unet_efficientnet_lite,
}
