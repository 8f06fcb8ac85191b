"""The zoo's weights on ground that no training has seen: small, but the real thing."""

import pytest

from satseg.evaluation import measure
from satseg.evaluation_sets import EvaluationSet
from satseg.runtime import load_predictor
from satseg.simulate.definition import random_definition
from satseg.simulate.samples import write_scene
from satseg.zoo import find_card, list_cards

UNSEEN = 9100
"""Seed of a landscape outside of those for training and validation (models/*/train.toml)."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    definition = random_definition(UNSEEN, size_px=900)
    sample = write_scene(definition, definition.dates[0], tmp_path_factory.mktemp("scene"))
    return sample.scene_path, sample.truth_path


PROMISED = [
    ("farmnet", "simulated regions", 0.90),
    ("unet8", "simulated regions", 0.90),
    ("metisnet", "simulated regions", 0.90),
    ("fcn-resnet50", "simulated regions", 0.85),
    ("fcn-resnet50", "LoveDA", 0.50),
    ("fcn-resnet50", "DeepGlobe", 0.60),
    ("fcn-vgg19", "LoveDA", 0.50),
]
"""Least IoU of farmland that users may count on, by model and data set."""


@pytest.mark.parametrize(("model", "data", "least"), PROMISED)
def test_cards_hold_what_is_promised(model, data, least):
    (row,) = [row for row in find_card(model).metrics if row["data"] == data]
    assert row["iou"] >= least
    assert row["images"] >= 3
    assert row["pixels"] > 1_000_000


@pytest.mark.parametrize("model", [card.id for card in list_cards()])
def test_a_model_maps_unseen_ground(model, scene):
    data = EvaluationSet("unseen", "simulated", "held-out", "")
    card = find_card(model)
    found = measure(
        load_predictor(card), data, folder=None, simulated=[scene], threshold=card.threshold
    ).counts
    (row,) = [row for row in card.metrics if row["data"] == "simulated regions"]
    assert row["iou"] > 0.65, "too weak to be of use"
    assert found.iou > row["iou_low"] - 0.1, "not as good as the card says"
    assert abs(found.area_bias) < abs(row["area_bias"]) + 0.15
