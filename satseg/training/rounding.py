"""Rounding of convolutions' weights to eight bits that keeps what the convolutions answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 127
"""Largest magnitude of a rounded weight."""

_TOGETHER = 4
"""Neighbouring input channels that processors without VNNI multiply and add together."""

_LARGEST_PAIR = 128
"""Largest sum of two such weights of one sign: 255 times it is the largest that they can hold."""

_DAMPING = 0.01
"""Share of the mean second moment that is added to each, so that none is zero."""

_BLOCK = 128
"""Weights whose errors are handed on to the weights beyond them in one go."""

# Source of the rounding: Frantar et al.: GPTQ, accurate post-training quantization for generative
# pre-trained transformers (ICLR 2023): weights are rounded one after the other, and the error of
# each is made good by those that are still to come, as far as their inputs go with its own.


def rounded(
    weights: NDArray[np.float64], moments: NDArray[np.float64] | None, *, depthwise: bool
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return a convolution's weights as whole numbers, and the step of each output channel.

    Processors without VNNI add the products of two neighbouring input channels in 16 bits, where
    large ones are cut off. Steps are therefore so large that no two weights of one sign among four
    neighbours come to more than 128: most channels keep more than the seven bits that are usual
    there. Depthwise convolutions add no neighbours.

    Args:
        weights: (outputs, inputs, taps), inputs = 1 for depthwise convolutions.
        moments: sums of products of inputs, (inputs * taps, inputs * taps), or (outputs, taps,
            taps) for depthwise convolutions; weights are rounded to the nearest without them.
        depthwise: whether each output channel sees its own input channel only.

    Returns:
        int8 as ``weights``, and (outputs,) what to multiply them with.
    """
    steps = np.abs(weights).max(axis=(1, 2)) / LARGEST
    if not depthwise:
        steps = np.maximum(steps, _pairs(weights) / (_LARGEST_PAIR - 2))
    steps = np.maximum(steps, np.finfo(np.float32).tiny)
    while True:
        found = _on_grid(weights, moments, steps)
        large = _pairs(found) > _LARGEST_PAIR
        if depthwise or not large.any():
            return found.astype(np.int8), steps
        steps = np.where(large, 1.04 * steps, steps)


def _pairs(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest sum of two weights of one sign in any four neighbours, (outputs,)."""
    outputs, inputs, taps = weights.shape
    padded = np.pad(weights, ((0, 0), (0, -inputs % _TOGETHER), (0, 0)))
    groups = padded.reshape(outputs, -1, _TOGETHER, taps)
    sums = [
        np.sort(np.maximum(sign * groups, 0), axis=2)[:, :, -2:].sum(axis=2).max(axis=(1, 2))
        for sign in (1, -1)
    ]
    return np.asarray(np.maximum(*sums), dtype=np.float64)


def _on_grid(
    weights: NDArray[np.float64], moments: NDArray[np.float64] | None, steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return multiples of ``steps``, as ``weights``."""
    if moments is None:
        return _nearest(weights, steps[:, None, None])
    if moments.ndim == 3:
        found = _compensated(weights, moments, steps[:, None])
    else:
        flat = weights.reshape(1, len(weights), -1)
        found = _compensated(flat, moments[None], steps[None])
    return found.reshape(weights.shape)


def _compensated(
    weights: NDArray[np.float64], moments: NDArray[np.float64], steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return multiples of ``steps`` (n, outputs), as ``weights`` (n, outputs, inputs).

    Args:
        weights: of n convolutions that have nothing to do with each other.
        moments: (n, inputs, inputs).
        steps: (n, outputs).
    """
    size = moments.shape[-1]
    power = np.diagonal(moments, axis1=1, axis2=2)
    order = np.argsort(-power, axis=1, kind="stable")
    sorted_moments = np.take_along_axis(moments, order[:, :, None], axis=1)
    sorted_moments = np.take_along_axis(sorted_moments, order[:, None, :], axis=2)
    damping = _DAMPING * power.mean(axis=1) + 1e-9
    sorted_moments += damping[:, None, None] * np.eye(size)
    factor = np.linalg.cholesky(np.linalg.inv(sorted_moments)).transpose(0, 2, 1)
    left = np.take_along_axis(weights, order[:, None, :], axis=2)
    found = np.empty_like(left)
    for start in range(0, size, _BLOCK):
        stop = min(size, start + _BLOCK)
        errors = np.empty((*left.shape[:2], stop - start))
        for at in range(start, stop):
            found[..., at] = _nearest(left[..., at], steps)
            error = (left[..., at] - found[..., at] * steps) / factor[:, None, at, at]
            left[..., at:stop] -= error[..., None] * factor[:, None, at, at:stop]
            errors[..., at - start] = error
        left[..., stop:] -= errors @ factor[:, start:stop, stop:]
    back = np.argsort(order, axis=1)
    return np.take_along_axis(found, back[:, None, :], axis=2)


def _nearest(weights: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.rint(weights / steps), -LARGEST, LARGEST)
