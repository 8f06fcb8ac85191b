import pytest
import torch

from satseg.errors import ModelError
from satseg.zoo import load_card, start
from satseg.zoo.load import load_model
from satseg.zoo.networks import build
from satseg.zoo.start import start_from


def test_tensors_of_the_same_name_and_shape_are_taken(tiny_model):
    network = build("unet", 3, {"widths": [4, 8]})
    (found,) = start_from(network, {"network": "tiny"}, tiny_model.parent)
    source = load_model(load_card(tiny_model)).state_dict()
    assert found.tensors == found.whole == len(source)
    assert found.widened == 0
    assert found.sha256 == load_card(tiny_model).sha256
    assert all(torch.equal(value, source[key]) for key, value in network.state_dict().items())


def test_a_part_of_a_network_can_start_alone(tiny_model):
    network = build("metisnet", 3, {"widths": [4, 8, 8, 8, 8], "rgb": [0, 1, 2]})
    before = {key: value.clone() for key, value in network.state_dict().items()}
    (found,) = start_from(network, {"network.spectral": "tiny"}, tiny_model.parent)
    after = network.state_dict()
    changed = {key for key in after if not torch.equal(before[key], after[key])}
    assert changed
    assert all(
        key.startswith(("network.spectral.down.0", "network.spectral.down.1")) for key in changed
    )
    assert 0 < found.tensors < found.whole


def test_a_wider_network_answers_as_the_narrower_one_did(tiny_model, monkeypatch):
    monkeypatch.setattr(start, "NOISE", 0.0)
    network = build("unet", 3, {"widths": [8, 24]}).eval()
    (found,) = start_from(network, {"network": "tiny"}, tiny_model.parent)
    assert found.tensors == found.whole
    assert found.widened > 0
    x = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        narrow = load_model(load_card(tiny_model))(x)
        assert torch.allclose(network(x), narrow, atol=1e-5)


def test_copies_of_a_channel_differ_a_little(tiny_model):
    network = build("unet", 3, {"widths": [8, 16]})
    start_from(network, {"network": "tiny"}, tiny_model.parent)
    weight = network.state_dict()["network.down.0.0.weight"]
    assert not torch.equal(weight[0], weight[1])
    assert torch.allclose(weight[0], weight[1], atol=0.5 * float(weight.std()))


def test_a_start_from_which_nothing_fits_is_refused(tiny_model):
    network = build("unet", 3, {"widths": [4, 8]})
    with pytest.raises(ModelError, match=r"fit network\.head"):
        start_from(network, {"network.head": "tiny"}, tiny_model.parent)


def test_an_unknown_part_and_an_unknown_model_are_named(tiny_model):
    network = build("unet", 3, {"widths": [4, 8]})
    with pytest.raises(ModelError, match=r"network\.rgb"):
        start_from(network, {"network.rgb": "tiny"}, tiny_model.parent)
    with pytest.raises(ModelError, match="one of the models tiny"):
        start_from(network, {"network": "nosuch"}, tiny_model.parent)


def test_several_classes_do_not_start_as_one(tiny_model):
    network = build("metisnet", 3, {"widths": [4, 8, 8, 8, 8], "rgb": [0, 1, 2], "classes": 3})
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 3, 32, 32)
    single = torch.zeros(1, 4, 1, 1)
    assert start.widened(single, torch.Size((3, 4, 1, 1)), 1) is None
    assert start.widened(single, torch.Size((1, 8, 1, 1)), 1).shape == (1, 8, 1, 1)


def test_a_first_convolution_answers_alike_to_scaled_input():
    torch.manual_seed(0)
    weight, bias, x = torch.randn(4, 3, 3, 3), torch.randn(4), torch.rand(2, 3, 9, 9)
    means = (100.0, 110.0, 120.0)
    numbers = 255 * x - torch.tensor(means)[:, None, None]
    expected = torch.nn.functional.conv2d(numbers, weight, bias)
    scaled = start.seen_in_0_to_1((weight, bias), means, 0.5, 0.25)
    found = torch.nn.functional.conv2d((x - 0.5) / 0.25, *scaled)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-2)
