"""Every card against the zoo: what must hold of each model and ensemble that is shipped."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import safetensors
import torch
from torch import nn

from satseg.bands import WORLDVIEW3
from satseg.evaluation_sets import has_bands, load_sets
from satseg.zoo import default_models_folder, list_cards
from satseg.zoo.card import CARD_FILE
from satseg.zoo.ensembles import list_ensembles
from satseg.zoo.load import load_model, verified_int8
from satseg.zoo.networks import ARCHITECTURES
from satseg.zoo.stac import ITEM_FILE, item_of

MODELS = default_models_folder()
SETS = load_sets(MODELS / "evaluation.toml")
MAX_FILE_BYTES = 90_000_000
MAX_ZOO_BYTES = 220_000_000
SUFFIXES = {".toml", ".md", ".csv", ".safetensors", ".xml", ".bin", ".json"}
PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How files begin that torch.save or pickle wrote."""

CARDS = list_cards()
EVERY = [*CARDS, *list_ensembles(MODELS)]


def files() -> Iterator[Path]:
    return (path for path in sorted(MODELS.rglob("*")) if path.is_file())


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_bands_hash_and_outputs_agree_with_the_network(card):
    assert card.architecture in ARCHITECTURES
    assert set(card.bands) <= set(WORLDVIEW3)
    assert len(set(card.bands)) == len(card.bands)
    network = load_model(card)  # refuses another hash and weights that do not fit
    first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
    assert first.in_channels in (len(card.bands), 3)
    with torch.inference_mode():
        logits = network(torch.rand(1, len(card.bands), 32, 64))
    classes = len(card.legend) if card.legend else 1
    assert logits.shape == (1, classes, 32, 64)
    assert torch.isfinite(logits).all()
    if card.int8 is not None:
        assert verified_int8(card).is_file()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_weights_are_safetensors_of_sixteen_bits(card):
    with safetensors.safe_open(card.weights_path, "pt") as tensors:
        kinds = {tensors.get_slice(name).get_dtype() for name in tensors.keys()}  # noqa: SIM118
    assert kinds <= {"F16", "I64"}


@pytest.mark.parametrize("card", EVERY, ids=lambda card: card.id)
def test_it_is_measured_on_every_set_that_has_its_bands(card):
    models = [card] if card in CARDS else card.models(MODELS)  # checks the members' hashes
    bands = {band for model in models for band in model.bands}
    wanted = {item.name for item in SETS if has_bands(item, tuple(bands))}
    rows = {row["data"]: row for row in card.metrics}
    assert wanted <= set(rows), f"run satseg evaluate {card.id}"
    for row in rows.values():
        assert row["images"] >= 1
        assert row["pixels"] >= 1000
        assert 0 <= row["iou"] <= 1
        assert 0 <= row["ece"] <= 1
        if "iou_low" in row:
            assert 0 <= row["iou_low"] <= row["iou_high"] <= 1
            assert row["blocks"] >= 5
    assert card.licence
    assert card.failures, "say where it fails"
    assert card.folder.name == card.id


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_its_stac_item_is_that_of_its_card(card):
    written = json.loads((card.folder / ITEM_FILE).read_text(encoding="utf-8"))
    assert written == item_of(card), f"run satseg evaluate {card.id}"
    assets = {asset["href"].removeprefix("./") for asset in written["assets"].values()}
    kept = {path.name for path in card.folder.iterdir() if path.suffix not in {".md", ".json"}}
    assert kept - {"train.toml", "ablation.toml", "training.csv"} == assets


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_card_says_what_was_run_on_what_and_for_how_long(card):
    training = card.training
    assert {"finished", "software", "device", "hours", "steps", "seed", "split"} <= set(training)
    assert all(row["terms"] and row["pictures"] > 0 for row in training["data"])
    config = tomllib.loads((card.folder / "train.toml").read_text(encoding="utf-8"))
    assert config["model"]["id"] == card.id
    assert [row["name"] for row in training["data"]] == [one["name"] for one in config["sources"]]


def test_every_ensemble_has_members_of_the_zoo():
    for ensemble in list_ensembles(MODELS):
        assert {member.id for member in ensemble.members} <= {card.id for card in CARDS}


def test_there_is_no_pickle_anywhere():
    for path in files():
        assert path.suffix in SUFFIXES, path
        start = path.read_bytes()[:8]
        assert not start.startswith(PICKLED), path


def test_the_zoo_fits_into_a_repository():
    sizes = {path: path.stat().st_size for path in files()}
    assert max(sizes.values()) <= MAX_FILE_BYTES
    assert sum(sizes.values()) <= MAX_ZOO_BYTES


def test_a_configuration_without_a_card_is_no_model_yet(tiny_model):
    (tiny_model.parent / "untrained").mkdir()
    (tiny_model.parent / "untrained" / "train.toml").write_text("", encoding="utf-8")
    assert [card.id for card in list_cards(tiny_model.parent)] == ["tiny"]
    assert list_ensembles(tiny_model.parent) == []
    waiting = {path.parent for path in MODELS.glob("*/train.toml")}
    assert {card.folder for card in CARDS} <= waiting
    assert all((card.folder / CARD_FILE).is_file() for card in EVERY)
