import dataclasses

import pytest

from satseg.errors import ModelError
from satseg.zoo import find_card, list_cards, load_card
from satseg.zoo.card import read_table, write_table


def test_a_written_card_reads_back(tiny_model):
    card = load_card(tiny_model)
    assert card.id == "tiny"
    assert card.bands == ("red", "green", "blue")
    assert card.folder == tiny_model


def test_cards_are_listed_and_found_by_id(tiny_model):
    assert [card.id for card in list_cards(tiny_model.parent)] == ["tiny"]
    assert find_card("tiny", tiny_model.parent).id == "tiny"


@pytest.mark.parametrize("name", ["nosuch", "../tiny", "tiny/../tiny", "", "TINY"])
def test_an_unknown_model_is_refused_with_the_known_ones(tiny_model, name):
    with pytest.raises(ModelError, match="one of the models tiny"):
        find_card(name, tiny_model.parent)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("gsd_m", -1.0, "gsd_m"),
        ("patch_px", 100, "multiple of 32"),
        ("overlap_px", 60, "half of patch_px"),
        ("threshold", 1.0, "between 0 and 1"),
        ("temperature", 0.0, "above 0"),
        ("bands", ["red", "infra"], "'infra'"),
        ("gsd_m", "fine", "right type"),
    ],
)
def test_values_out_of_range_are_refused(tiny_model, key, value, message):
    table = read_table(tiny_model)
    table[key] = value
    write_table(tiny_model, table)
    with pytest.raises(Exception, match=message):
        load_card(tiny_model)


def test_a_missing_key_is_named(tiny_model):
    table = read_table(tiny_model)
    del table["gsd_m"]
    write_table(tiny_model, table)
    with pytest.raises(ModelError, match="'gsd_m'"):
        load_card(tiny_model)


def test_a_path_as_weights_is_refused(tiny_model):
    with pytest.raises(ModelError, match="beside the card"):
        dataclasses.replace(load_card(tiny_model), weights="../other.safetensors")


def test_no_card_and_broken_toml_are_told_apart(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        load_card(tmp_path)
    (tmp_path / "card.toml").write_text("id = ")
    with pytest.raises(ModelError, match="TOML"):
        load_card(tmp_path)
