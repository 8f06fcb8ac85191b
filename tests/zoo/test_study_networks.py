"""The networks of the study of 2017, faithful in topology."""

import pytest
import torch
from torch import nn

from satseg.errors import ModelError
from satseg.zoo.fcn import AddedScores, bilinear_kernel
from satseg.zoo.fcn_vgg19 import FcnVgg19
from satseg.zoo.metisnet import WIDTHS, MetisNet
from satseg.zoo.networks import build

STUDY = [("fcn-vgg19", 3, {"head": 32}), ("fcn-resnet50", 3, {}), ("metisnet", 8, {})]


@pytest.mark.parametrize(("name", "bands", "arguments"), STUDY)
def test_logits_have_the_size_of_the_input(name, bands, arguments):
    network = build(name, bands, arguments).eval()
    with torch.inference_mode():
        logits = network(torch.rand(1, bands, 64, 96))
    assert logits.shape == (1, 1, 64, 96)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(("name", "bands", "arguments"), STUDY)
def test_sixteen_bit_weights_stay_below_ninety_megabytes(name, bands, arguments):
    with torch.device("meta"):
        network = build(name, bands, {} if name == "fcn-vgg19" else arguments)
    assert sum(value.numel() for value in network.state_dict().values()) * 2 < 90e6


def test_vgg19_has_sixteen_convolutions_in_five_pooled_stages_and_a_head_of_two():
    network = FcnVgg19(3, 1, 8)
    sides = [
        [layer.kernel_size for layer in stage if isinstance(layer, nn.Conv2d)]
        for stage in network.encoder
    ]
    assert [len(stage) for stage in sides] == [2, 2, 4, 4, 4]
    assert {side for stage in sides for side in stage} == {(3, 3)}
    assert all(isinstance(stage[-1], nn.MaxPool2d) for stage in network.encoder)
    head = [layer.kernel_size for layer in network.head if isinstance(layer, nn.Conv2d)]
    assert head == [(7, 7), (1, 1)]
    assert [layer.in_channels for layer in network.scores] == [256, 512, 8]


def test_resnet50_gives_scores_of_its_stages_three_to_five():
    network = build("fcn-resnet50", 3, {}).get_submodule("network")
    blocks = [len(network.get_submodule(f"encoder.layer{stage}")) for stage in (1, 2, 3, 4)]
    assert blocks == [3, 4, 6, 3]
    assert [layer.in_channels for layer in network.get_submodule("scores")] == [512, 1024, 2048]


def test_scores_are_added_on_a_way_up_of_two_two_and_eight():
    decoder = AddedScores(1)
    layers = (decoder.to16, decoder.to8, decoder.to1)
    assert [layer.stride for layer in layers] == [(2, 2), (2, 2), (8, 8)]
    fine, middle, coarse = (torch.zeros(1, 1, side, side) for side in (8, 4, 2))
    with torch.inference_mode():
        assert not decoder((fine, middle, coarse)).any()
        for scores in ((fine + 1, middle, coarse), (fine, middle + 1, coarse)):
            assert decoder(scores)[0, 0, 32, 32] == pytest.approx(1.0)
        all_three = decoder((fine + 1, middle + 1, coarse + 1))
    assert all_three[0, 0, 32, 32] == pytest.approx(3.0)


def test_the_way_up_starts_as_bilinear_interpolation():
    kernel = bilinear_kernel(2)
    assert kernel.sum() == pytest.approx(4.0)
    ramp = torch.arange(16, dtype=torch.float32).expand(1, 1, 16, 16).contiguous()
    decoder = AddedScores(2)
    with torch.inference_mode():
        found = decoder.to8(torch.cat([ramp, 0 * ramp], dim=1))
    expected = nn.functional.interpolate(ramp, scale_factor=2, mode="bilinear")
    assert torch.allclose(found[0, 0, 2:-2, 2:-2], expected[0, 0, 2:-2, 2:-2], atol=1e-5)
    assert not found[0, 1].any()


def test_metisnet_adds_the_scores_of_both_branches_at_each_stride():
    torch.manual_seed(0)
    network = MetisNet(8, 1).eval()
    assert [block[0].out_channels for block in network.spectral.down] == list(WIDTHS)
    x = torch.rand(1, 8, 64, 64)
    with torch.inference_mode():
        rgb, spectral = network.rgb(x[:, [4, 2, 1]]), network.spectral(x)
        assert [score.shape[-1] for score in rgb] == [8, 4, 2]
        assert [score.shape[-1] for score in spectral] == [8, 4, 2]
        added = network.decoder(tuple(a + b for a, b in zip(rgb, spectral, strict=True)))
        assert torch.allclose(network(x), added)


@pytest.mark.parametrize(
    ("bands", "arguments", "message"),
    [
        (3, {}, "three positions among 3 bands"),
        (8, {"rgb": [1, 1, 2]}, "three positions"),
        (8, {"widths": [8, 16]}, "five levels"),
    ],
)
def test_metisnet_refuses_what_does_not_fit(bands, arguments, message):
    with pytest.raises(ModelError, match=message):
        build("metisnet", bands, arguments)
