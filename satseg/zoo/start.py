"""Networks that start from the weights of other models of the zoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from satseg.errors import ModelError
from satseg.zoo.card import find_card
from satseg.zoo.load import load_model

NOISE = 0.05
"""Spread of what is added to repeated channels, in standard deviations of their tensor; without it
the copies of a channel would learn the same for ever."""

Convolution = tuple[Tensor, Tensor]
"""Weights (out, in, h, w) and bias (out,)."""

_ROOT = "network."
"""What the names of all tensors of a model start with (satseg.zoo.networks.Normalised)."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a part of a network took from a model.

    Attributes:
        part: name of the module that was filled.
        model, sha256: the model and the hash of its weights.
        tensors: tensors taken.
        widened: those of them whose channels were repeated.
        whole: tensors of the part.
    """

    part: str
    model: str
    sha256: str
    tensors: int
    widened: int
    whole: int


def start_from(
    network: nn.Module, parts: Mapping[str, str], models: Path | None = None
) -> tuple[Started, ...]:
    """Fill parts of ``network`` with weights of trained models; return what each took.

    Tensor ``network.NAME`` of the model goes to ``PART.NAME`` where there is one and its shape is
    the same, or has a whole multiple of its channels: then channels are repeated and the weights
    behind them divided, so that the part answers as the narrower one did, up to a little noise.
    A single channel is never repeated: several classes do not start as one.

    Args:
        network: an untrained network of satseg.zoo.networks.
        parts: ids of models by the name of the module, for example
            ``{"network.spectral": "unet8"}``.
        models: folder of the zoo.

    Raises:
        ModelError: there is no such module or model, or none of its tensors fits.

    Source of the widening: Chen, Goodfellow, Shlens: Net2Net (ICLR 2016), 2.3.
    """
    return tuple(_fill(network, part, name, models) for part, name in parts.items())


def _fill(network: nn.Module, part: str, model: str, models: Path | None) -> Started:
    try:
        module = network.get_submodule(part)
    except AttributeError as error:
        raise ModelError(
            expected="the name of one of the network's modules in start",
            found=repr(part),
            fix="Correct start in the training configuration",
        ) from error
    card = find_card(model, models)
    source = {
        name.removeprefix(_ROOT): value for name, value in load_model(card).state_dict().items()
    }
    target = module.state_dict()
    inner = _inner_axes(module)
    taken: dict[str, Tensor] = {}
    count = 0
    for name in (name for name in target if name in source):
        value = source[name]
        if value.shape != target[name].shape:
            repeated = widened(value, target[name].shape, inner.get(name))
            if repeated is None:
                continue
            value, count = repeated, count + 1
        taken[name] = value
    if not taken:
        raise ModelError(
            expected=f"a model with tensors that fit {part}, such as {_some(target)}",
            found=f"{_some(source)} in {model}",
            fix="Correct start in the training configuration",
        )
    module.load_state_dict(taken, strict=False)
    return Started(part, model, card.sha256, len(taken), count, len(target))


def seen_in_0_to_1(
    first: Convolution, means: Sequence[float], centre: float, spread: float
) -> Convolution:
    """Return a first convolution that took 255 x - ``means``, for (x - centre) / spread instead.

    Args:
        first: weights (out, in, h, w) and bias (out,).
        means: what was taken off each incoming channel, 0 to 255.
        centre, spread: as in satseg.zoo.networks.Normalised.
    """
    weight, bias = first
    offset = 255.0 * centre - torch.tensor(means)
    return weight * (255.0 * spread), bias + (weight.sum(dim=(2, 3)) * offset).sum(dim=1)


def _inner_axes(module: nn.Module) -> dict[str, int]:
    """Return the axis of the incoming channels of each convolution's weights."""
    found = {}
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            found[f"{name}.weight".removeprefix(".")] = int(isinstance(layer, nn.Conv2d))
    return found


def widened(value: Tensor, shape: torch.Size, inner: int | None) -> Tensor | None:
    """Return ``value`` with channels repeated up to ``shape``; None where that does not fit.

    Args:
        value: a layer's tensor.
        shape: of the wider layer's tensor.
        inner: axis of the incoming channels of a convolution's weights, which are divided and get
            a little noise; None for other tensors.
    """
    if value.ndim != len(shape) or value.shape[2:] != shape[2:]:
        return None
    pairs = zip(value.shape, shape, strict=True)
    if any(after % before or before == 1 < after for before, after in pairs):
        return None
    for axis, after in enumerate(shape[:2]):
        times = after // value.shape[axis]
        value = value.repeat_interleave(times, dim=axis)
        value = value / times if axis == inner else value
    if inner is not None:
        value = value + NOISE * value.std(correction=0) * torch.randn_like(value)
    return value


def _some(tensors: Mapping[str, Tensor]) -> str:
    first = list(tensors.items())[:2]
    return ", ".join(f"{name} {tuple(value.shape)}" for name, value in first)
