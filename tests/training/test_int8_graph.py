from typing import Any

import numpy as np
import openvino
import pytest
import torch
from openvino._offline_transformations import apply_moc_transformations
from torch import nn

from satseg.runtime import openvino_model
from satseg.training.int8_graph import centre, even_out, round_weights, store_weights

SIDE = 32


class Small(nn.Module):
    """A network with all that matters: a stem, a depthwise convolution, a joint of branches."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.depth = nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6)
        self.deep = nn.Conv2d(6, 5, 3, padding=2, dilation=2)
        self.joined = nn.Conv2d(11, 4, 3, padding=1)
        self.head = nn.Conv2d(4, 1, 1)
        with torch.no_grad():
            self.deep.weight *= 0.05  # the decoder is much smaller than the skip connection
            self.stem.weight *= 20

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = self.stem(x)
        deep = torch.relu(self.deep(torch.relu(self.depth(skip))))
        deep = nn.functional.interpolate(deep, scale_factor=2.0, mode="nearest")
        return self.head(torch.relu(self.joined(torch.cat([deep, skip], dim=1))))


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    found = openvino_model(Small(), 3, SIDE)
    found.reshape([1, 3, SIDE, SIDE])
    apply_moc_transformations(found, cf=False)
    return found


@pytest.fixture(scope="module")
def windows() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [
        (rng.random((1, 3, 1, 1)) + 0.2 * rng.random((1, 3, SIDE, SIDE))).astype(np.float32)
        for _ in range(12)
    ]


def answers(model: Any, windows: list[np.ndarray]) -> np.ndarray:
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    return np.stack([request.infer([window])[0].copy() for window in windows])


def branches(model: Any, windows: list[np.ndarray]) -> tuple[float, float]:
    """Return how large the resized and the other branch of the concatenation get."""
    concat = next(node for node in model.get_ordered_ops() if node.get_type_name() == "Concat")
    inner = openvino.Model([concat.output(0)], model.get_parameters())
    found = np.abs(answers(inner, windows))
    return float(found[:, :, :5].max()), float(found[:, :, 5:].max())


def test_branches_come_closer_and_answers_stay(model: Any, windows: list[np.ndarray]) -> None:
    before, (small, large) = answers(model, windows), branches(model.clone(), windows)
    (factor,) = even_out(model, windows)
    after, (grown, same) = answers(model, windows), branches(model.clone(), windows)
    assert factor == pytest.approx((large / small) ** 0.5, rel=1e-3)
    assert factor > 2
    assert grown == pytest.approx(small * factor, rel=1e-3)
    assert same == pytest.approx(large, rel=1e-3)
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-3 * np.abs(before).max())


class Shared(Small):
    """The same, but the branch is used once more: it must stay as it is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = self.stem(x)
        deep = torch.relu(self.deep(torch.relu(self.depth(skip))))
        wide = nn.functional.interpolate(deep, scale_factor=2.0, mode="nearest")
        joined = self.joined(torch.cat([wide, skip], dim=1))
        return self.head(joined) + wide.mean() + deep.mean()


def test_a_branch_with_other_uses_is_left_alone(windows: list[np.ndarray]) -> None:
    torch.manual_seed(0)
    found = openvino_model(Shared(), 3, SIDE)
    found.reshape([1, 3, SIDE, SIDE])
    assert even_out(found, windows) == []


def test_every_convolution_is_rounded_and_answers_hardly_change(
    model: Any, windows: list[np.ndarray]
) -> None:
    before = answers(model, windows)
    found = round_weights(model, windows, seed=1)
    shapes = sorted(one.numbers.shape for one in found.values())
    assert shapes == sorted(
        [(6, 3, 3, 3), (6, 1, 1, 3, 3), (5, 6, 3, 3), (4, 11, 3, 3), (1, 4, 1, 1)]
    )
    assert all(one.numbers.dtype == np.int8 for one in found.values())
    after = answers(model, windows)
    assert np.abs(after - before).max() > 0
    assert np.abs(after - before).max() < 0.01 * np.ptp(before)


def test_weights_take_the_place_of_those_of_nncf(model: Any, windows: list[np.ndarray]) -> None:
    from openvino import opset13

    exact = answers(model, windows)
    before = round_weights(model.clone(), windows, seed=1)
    float_left = next(iter(before))
    for node in model.get_ordered_ops():  # as nncf stores weights that it has rounded
        if node.get_friendly_name() in before and node.get_friendly_name() != float_left:
            zeros = np.zeros(node.input_value(1).get_shape(), dtype=np.int8)
            whole = opset13.convert(opset13.constant(zeros), "f32")
            other = opset13.multiply(whole, opset13.constant(np.float32(1)))
            node.input(1).replace_source_output(other.output(0))
    store_weights(model, before)
    kinds = {}
    for node in model.get_ordered_ops():
        if node.get_friendly_name() in before:
            kinds[node.get_friendly_name()] = node.input_value(1).get_node().get_type_name()
    assert kinds.pop(float_left) == "Constant"
    assert set(kinds.values()) == {"Multiply"}
    assert 0 < np.abs(answers(model, windows) - exact).max() < 0.01 * np.ptp(exact)


def test_logits_near_the_threshold_are_right_on_average(model, windows):
    shifted = model.clone()
    last = shifted.get_results()[0]
    moved = openvino.opset13.add(last.input_value(0), openvino.opset13.constant(np.float32(0.25)))
    last.input(0).replace_source_output(moved.output(0))
    exact = answers(model, windows)
    cut = float(np.median(exact))
    assert centre(shifted, model, windows, cut) == pytest.approx(-0.25, abs=1e-3)
    np.testing.assert_allclose(answers(shifted, windows), exact, atol=1e-3)
    assert centre(shifted, model, windows, cut + 1e6) == 0.0
