"""An OpenVINO network before and after NNCF: branches of like size, weights rounded well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satseg.training.rounding import rounded

Windows = Sequence[NDArray[np.float32]]
"""Calibration windows, each (1, bands, side, side)."""

_PLACES = 128
"""Places of each calibration window at which the inputs of a convolution are looked at."""

NEAR = 1.0
"""Logits closer than this to the threshold's are those that decide the map."""

_MOST_INPUTS = 5000
"""Inputs of a convolution (channels times taps) above which weights go to the nearest number."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """Weights of a convolution: int8 in its layout, and (outputs,) what to multiply them with."""

    numbers: NDArray[np.int8]
    steps: NDArray[np.float32]


def even_out(model: Any, windows: Windows) -> list[float]:
    """Bring both branches that meet in a concatenation closer in size; answers stay the same.

    In int8 they share one range there. Where a skip connection reaches to 50 and the decoder to 3,
    the decoder would be left with a dozen of the 256 numbers. What is resized before it is
    concatenated is therefore multiplied by the root of the ratio of the ranges, in the convolution
    that makes it, and the weights that take it in are divided by the same.

    Args:
        model: float32, batch normalisation folded; changed.
        windows: show the ranges.

    Returns:
        The factors, in the order of the network.
    """
    joints = [joint for node in model.get_ordered_ops() for joint in _joints(node)]
    peaks = [np.zeros(joint.concat.get_output_partial_shape(0)[1].get_length()) for joint in joints]
    for found in _outputs(model, [joint.concat for joint in joints], windows):
        peaks = [
            np.maximum(p, np.abs(a).max(axis=(0, 2, 3))) for p, a in zip(peaks, found, strict=True)
        ]
    factors = []
    for joint, peak in zip(joints, peaks, strict=True):
        small = np.zeros(len(peak), dtype=bool)
        small[joint.channels] = True
        if not peak[small].any() or not peak[~small].any():
            continue
        factor = float(np.sqrt(peak[~small].max() / peak[small].max()))
        _set(joint.before, 1, _constant(joint.before, 1) * factor)
        _set(joint.bias, 1, _constant(joint.bias, 1) * factor)
        for node in joint.after:
            _set(node, 1, _constant(node, 1) / np.where(small, factor, 1)[None, :, None, None])
        factors.append(factor)
    return factors


def round_weights(model: Any, windows: Windows, *, seed: int) -> dict[str, Rounded]:
    """Round the weights of the convolutions in ``model``; return them by the name of the node.

    Args:
        model: float32, batch normalisation folded; its weights become the rounded ones.
        windows: show what inputs the convolutions get.
        seed: decides at which places of the windows.
    """
    nodes = [node for node in model.get_ordered_ops() if _is_convolution(node)]
    moments = _moments(model, nodes, windows, seed)
    found = {}
    for node in nodes:
        weights, depthwise = _constant(node, 1), _is_depthwise(node)
        flat = weights.reshape(weights.shape[0], -1, weights.shape[-2] * weights.shape[-1])
        numbers, steps = rounded(
            flat.astype(np.float64), moments.pop(node.get_friendly_name()), depthwise=depthwise
        )
        one = Rounded(numbers.reshape(weights.shape), steps.astype(np.float32))
        _set(node, 1, one.numbers * _along(one.steps, weights.ndim))
        found[node.get_friendly_name()] = one
    return found


def store_weights(model: Any, weights: Mapping[str, Rounded]) -> None:
    """Put rounded weights in the place of those that NNCF has rounded itself."""
    from openvino import opset13

    for node in model.get_ordered_ops():
        one = weights.get(node.get_friendly_name())
        if one is None or node.input_value(1).get_node().get_type_name() == "Constant":
            continue  # which NNCF has left in float32
        whole = opset13.convert(opset13.constant(one.numbers), "f32")
        steps = opset13.constant(_along(one.steps, one.numbers.ndim))
        node.input(1).replace_source_output(opset13.multiply(whole, steps).output(0))


def centre(model: Any, exact: Any, windows: Windows, cut: float) -> float:
    """Shift the logits of an int8 network so that those near ``cut`` are right on average.

    What rounding leaves adds up to a small shift of all logits, which moves the borders of what is
    mapped one way; noise about nothing does not.

    Args:
        model: the int8 network with one class; changed.
        exact: the float32 one.
        windows: calibration windows.
        cut: logit from which a pixel counts as farmland.

    Returns:
        What was added; 0 where no logit of the windows is within NEAR of the cut.
    """
    from openvino import opset13

    result = model.get_results()[0]
    last = [one.get_results()[0].input_value(0).get_node() for one in (exact, model)]
    total, count = 0.0, 0
    pairs = zip(_outputs(exact, last[:1], windows), _outputs(model, last[1:], windows), strict=True)
    for (right,), (found,) in pairs:
        near = np.abs(right - cut) < NEAR
        total += float((right - found)[near].sum(dtype=np.float64))
        count += int(near.sum())
    shift = total / count if count else 0.0
    added = opset13.add(result.input_value(0), opset13.constant(np.full((1, 1, 1, 1), shift, "f4")))
    result.input(0).replace_source_output(added.output(0))
    return shift


@dataclass(frozen=True, slots=True)
class _Joint:
    """A concatenation with a resized branch that one convolution makes.

    Attributes:
        concat: the node.
        channels: those of the branch.
        before: the convolution that makes it.
        bias: what is added to it.
        after: the convolutions that take in the concatenation.
    """

    concat: Any
    channels: slice
    before: Any
    bias: Any
    after: tuple[Any, ...]


def _joints(concat: Any) -> Iterator[_Joint]:
    after = tuple(_consumers(concat))
    if concat.get_type_name() != "Concat" or not all(map(_is_dense, after)):
        return
    start = 0
    for place in range(concat.get_input_size()):
        length = concat.get_input_partial_shape(place)[1]
        channels = slice(start, start + length.get_length())
        start = channels.stop
        chain = _chain(concat.input_value(place).get_node())
        if chain is not None and concat.get_input_size() > 1:
            yield _Joint(concat, channels, *chain, after)


def _chain(node: Any) -> tuple[Any, Any] | None:
    """Return convolution and bias of what is resized in ``node`` if nothing else uses them."""
    if node.get_type_name() != "Interpolate" or len(_consumers(node)) != 1:
        return None
    bias = node.input_value(0).get_node()
    if bias.get_type_name() == "Relu" and len(_consumers(bias)) == 1:
        bias = bias.input_value(0).get_node()
    if bias.get_type_name() != "Add" or len(_consumers(bias)) != 1:
        return None
    before = bias.input_value(0).get_node()
    constant = bias.input_value(1).get_node().get_type_name() == "Constant"
    return (before, bias) if constant and _is_dense(before) else None


def _consumers(node: Any) -> list[Any]:
    """Return the nodes that use the values of ``node``, not only its shape."""
    users = [user.get_node() for output in node.outputs() for user in output.get_target_inputs()]
    return [user for user in users if user.get_type_name() != "ShapeOf"]


def _is_dense(node: Any) -> bool:
    """Return whether ``node`` is a convolution in which all outputs see all inputs."""
    return str(node.get_type_name()) == "Convolution" and _has_weights(node)


def _is_depthwise(node: Any) -> bool:
    grouped = str(node.get_type_name()) == "GroupConvolution" and _has_weights(node)
    return grouped and _constant(node, 1).shape[1:3] == (1, 1)


def _has_weights(node: Any) -> bool:
    return str(node.input_value(1).get_node().get_type_name()) == "Constant"


def _is_convolution(node: Any) -> bool:
    return _is_dense(node) or _is_depthwise(node)


def _moments(
    model: Any, nodes: Sequence[Any], windows: Windows, seed: int
) -> dict[str, NDArray[np.float64] | None]:
    """Return the sums of products of inputs of convolutions, as ``rounded`` takes them."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {node.get_friendly_name(): None for node in nodes}
    looked_at = [node for node in nodes if np.prod(_constant(node, 1).shape[1:]) <= _MOST_INPUTS]
    sources = [node.input_value(0).get_node() for node in looked_at]
    for values in _outputs(model, sources, windows):
        for node, value in zip(looked_at, values, strict=True):
            seen = _patches(value[0], node, rng)
            if _is_depthwise(node):
                sums = np.matmul(seen.transpose(0, 2, 1), seen)
            else:
                flat = seen.transpose(1, 0, 2).reshape(seen.shape[1], -1)
                sums = flat.T @ flat
            before = found[node.get_friendly_name()]
            sums = sums.astype(np.float64)
            found[node.get_friendly_name()] = sums if before is None else before + sums
    return found


def _patches(
    values: NDArray[np.float32], node: Any, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return what a convolution looks at in some places, (inputs, places, taps)."""
    options = node.get_attributes()
    before, after = options["pads_begin"], options["pads_end"]
    padded = np.pad(values, ((0, 0), (before[0], after[0]), (before[1], after[1])))
    (down, right), (apart_y, apart_x) = options["strides"], options["dilations"]
    rows, columns = _constant(node, 1).shape[-2:]
    height = (padded.shape[1] - 1 - apart_y * (rows - 1)) // down + 1
    width = (padded.shape[2] - 1 - apart_x * (columns - 1)) // right + 1
    chosen = rng.choice(height * width, size=min(_PLACES, height * width), replace=False)
    y, x = chosen // width * down, chosen % width * right
    taps = [
        padded[:, y + apart_y * row, x + apart_x * column]
        for row in range(rows)
        for column in range(columns)
    ]
    return np.stack(taps, axis=-1)


def _outputs(
    model: Any, nodes: Sequence[Any], windows: Windows
) -> Iterator[list[NDArray[np.float32]]]:
    """Yield what ``nodes`` of ``model`` answer to each window."""
    import openvino
    from openvino import opset13

    if not nodes:
        return
    copy = model.clone()
    named = {node.get_friendly_name(): node for node in copy.get_ordered_ops()}
    results = [opset13.result(named[node.get_friendly_name()].output(0)) for node in nodes]
    inner = openvino.Model(results, copy.get_parameters())
    compiled = openvino.Core().compile_model(inner, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    for window in windows:
        answer = request.infer([window])
        yield [answer[place] for place in range(len(nodes))]


def _constant(node: Any, place: int) -> NDArray[np.float32]:
    found: NDArray[np.float32] = node.input_value(place).get_node().get_data()
    return found


def _set(node: Any, place: int, values: NDArray[np.floating[Any]]) -> None:
    from openvino import opset13

    fresh = opset13.constant(np.ascontiguousarray(values, dtype=np.float32))
    node.input(place).replace_source_output(fresh.output(0))


def _along(steps: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """Return ``steps`` (outputs,) so that it multiplies weights of so many dimensions."""
    return steps.reshape(-1, *(1 for _ in range(dimensions - 1)))
