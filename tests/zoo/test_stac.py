import json

import pystac
from pystac.extensions.mlm import MLMExtension, TaskType

from satseg.zoo import load_card
from satseg.zoo.card import read_table, write_table
from satseg.zoo.measured import record
from satseg.zoo.stac import ITEM_FILE, item_of, write_item


def test_a_stac_reader_finds_the_model_in_the_item(tiny_model):
    card = load_card(tiny_model)
    item = pystac.Item.from_file(str(write_item(card)))
    model = MLMExtension.ext(item)
    assert item.properties["mlm:name"] == "tiny"
    assert (model.architecture, model.framework) == ("unet", "PyTorch")
    assert model.tasks == [TaskType.SEMANTIC_SEGMENTATION]
    assert model.input[0].bands == ["red", "green", "blue"]
    assert model.input[0].input.shape == [-1, 3, 64, 64]
    assert model.output[0].result.shape == [-1, 1, 64, 64]
    assert [one.name for one in model.output[0].classes] == ["farmland"]
    assert item.assets["weights"].extra_fields["file:checksum"] == "1220" + card.sha256
    assert (tiny_model / item.assets["weights"].href).is_file()


def test_every_band_of_the_input_is_described(tiny_model):
    properties = item_of(load_card(tiny_model))["properties"]
    assert [band["name"] for band in properties["bands"]] == properties["mlm:input"][0]["bands"]
    assert properties["bands"][0]["eo:center_wavelength"] == 0.66


def test_where_weights_come_from_is_said_or_null(tiny_model):
    properties = item_of(load_card(tiny_model))["properties"]
    assert properties["mlm:pretrained"] is False
    assert properties["mlm:pretrained_source"] is None
    table = read_table(tiny_model)
    table["training"] |= {"software": "satseg 0.1.0, torch 2.13.0+cpu", "pretrained": "ImageNet"}
    table["training"]["started_from"] = {"network.rgb": "other (abc…): 3 of 4 tensors taken"}
    write_table(tiny_model, table)
    properties = item_of(load_card(tiny_model))["properties"]
    assert properties["mlm:framework_version"] == "2.13.0+cpu"
    assert properties["mlm:pretrained_source"].startswith("ImageNet; network.rgb: other")


def test_measuring_a_model_writes_its_item(tiny_model):
    record(load_card(tiny_model), [], {}, tiny_model.parent)
    written = json.loads((tiny_model / ITEM_FILE).read_text(encoding="utf-8"))
    assert written == item_of(load_card(tiny_model))


def test_parameters_are_those_of_the_weights(tiny_model):
    import safetensors.torch

    state = safetensors.torch.load_file(load_card(tiny_model).weights_path)
    total = item_of(load_card(tiny_model))["properties"]["mlm:total_parameters"]
    assert total == sum(value.numel() for value in state.values())
