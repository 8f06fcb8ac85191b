from pathlib import Path
from typing import Any

import pytest
from shelf_models import write_model

from satseg.errors import ModelError
from satseg.zoo import default_models_folder, find_card, list_cards
from satseg.zoo.card import read_table, write_table
from satseg.zoo.ensembles import find_ensemble, list_ensembles, load_ensemble
from satseg.zoo.measured import record


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for number, name in enumerate(("a", "b")):
        write_model(tmp_path, name, seed=number)
    return tmp_path


def table(models: Path, **changes: Any) -> dict[str, Any]:
    members = [
        {"id": name, "sha256": find_card(name, models).sha256, "weight": weight}
        for name, weight in (("a", 3.0), ("b", 1.0))
    ]
    return {
        "id": "ensemble-both",
        "title": "Both",
        "summary": "For tests.",
        "method": "mean",
        "threshold": 0.4,
        "temperature": 0.8,
        "licence": "MIT",
        "members": members,
        **changes,
    }


def write(models: Path, **changes: Any) -> Path:
    folder = models / "ensemble-both"
    folder.mkdir(exist_ok=True)
    write_table(folder, table(models, **changes))
    return folder


def test_a_card_says_how_its_members_are_pooled(models: Path) -> None:
    card = load_ensemble(write(models))
    assert card.pooling().shares == (0.75, 0.25)
    assert card.pooling().temperature == 0.8
    assert [model.id for model in card.models(models)] == ["a", "b"]


def test_what_is_written_is_what_is_read(models: Path) -> None:
    card = load_ensemble(write(models, failures=["x"], metrics=[{"data": "d", "iou": 0.5}]))
    write_table(card.folder, card.table())
    assert load_ensemble(card.folder) == card


def test_ensembles_and_models_are_listed_apart(models: Path) -> None:
    write(models)
    assert [card.id for card in list_cards(models)] == ["a", "b"]
    assert [card.id for card in list_ensembles(models)] == ["ensemble-both"]
    with pytest.raises(ModelError, match="one of the models a, b in"):
        find_card("ensemble-both", models)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "sum"}, "method to be one of mean, median, vote, maximum; found 'sum'"),
        ({"threshold": 1.0}, "threshold to be between 0 and 1"),
        ({"temperature": 0.0}, "a temperature above 0"),
        ({"id": "ensemble-Ä"}, "id to be ensemble- and letters, digits, dashes"),
        ({"id": "ensemble-other"}, "the id ensemble-both of its folder"),
        ({"members": []}, "members to be two or more different models"),
        ({"members": [{"id": "a", "sha256": "0" * 64}] * 2}, "two or more different models"),
        ({"members": [{"id": "a"}, {"id": "b"}]}, "the key 'sha256' in the card"),
        (
            {"members": [{"id": "a", "sha256": "x"}, {"id": "b", "sha256": "y"}]},
            "64 hexadecimal digits",
        ),
        ({"threshold": "high"}, "values of the right type"),
    ],
)
def test_a_wrong_card_is_told_with_its_file(
    models: Path, changes: dict[str, Any], message: str
) -> None:
    folder = write(models, **changes)
    with pytest.raises(ModelError, match=message):
        load_ensemble(folder)


def test_an_ensemble_cannot_hold_itself_or_another(models: Path) -> None:
    for name in ("ensemble-both", "ensemble-other"):
        rows = [{"id": "a", "sha256": "0" * 64}, {"id": name, "sha256": "0" * 64}]
        with pytest.raises(ModelError, match=f"could hold itself; found '{name}'"):
            load_ensemble(write(models, members=rows))


def test_a_missing_member_and_other_weights_are_told(models: Path) -> None:
    card = load_ensemble(write(models))
    write_model(models, "b", seed=9)
    with pytest.raises(ModelError, match=r"b with the weights .* satseg ensemble fit a b --id"):
        card.models(models)
    (models / "b" / "card.toml").unlink()
    with pytest.raises(ModelError, match="the member b of ensemble-both .* no such model"):
        card.models(models)


def test_an_unknown_ensemble_is_told_with_those_there_are(models: Path) -> None:
    write(models)
    for name in ("ensemble-x", "../ensemble-both", "ensemble-" + "x" * 99):
        with pytest.raises(ModelError, match="one of the ensembles ensemble-both"):
            find_ensemble(name, models)


def test_an_earlier_folder_hides_a_later_one(models: Path, tmp_path: Path) -> None:
    write(models)
    later = tmp_path / "later"
    (later / "ensemble-both").mkdir(parents=True)
    write_table(later / "ensemble-both", table(models, title="Later"))
    assert [card.title for card in list_ensembles(models, later)] == ["Both"]
    assert find_ensemble("ensemble-both", later, models).title == "Later"


def test_no_model_may_be_called_like_an_ensemble(models: Path) -> None:
    folder = models / "a"
    write_table(folder, {**read_table(folder), "id": "ensemble-a"})
    with pytest.raises(ModelError, match="not to start with ensemble-"):
        find_card("a", models)


def test_measurements_are_written_into_card_page_and_comparison(models: Path) -> None:
    card = load_ensemble(write(models, training={"fitted_on": {"simulated": 6}}))
    row = {"data": "fields", "role": "held-out", "images": 2, "pixels": 9, "iou": 0.75}
    row |= {
        "auroc_entropy": 0.9,
        "reliability": {"share": [1.0], "predicted": [0.5], "observed": [0.5]},
    }
    measured = record(card, [row], {"fields": "two pictures"}, models, {"RGB set": "has no nir"})
    assert measured.metrics == (row,)
    page = (card.folder / "CARD.md").read_text(encoding="utf-8")
    assert "| fields | held-out | 2 | 9 | 0.750 | 0.900 |" in page
    assert "- RGB set: not measured, it has no nir" in page
    assert "| [a](../a/CARD.md) | 3 |" in page
    comparison = (models / "README.md").read_text(encoding="utf-8")
    assert "| [ensemble-both](ensemble-both/CARD.md) | mean of a + b | | | 0.750 |" in comparison


@pytest.mark.parametrize("card", list_ensembles(default_models_folder()), ids=lambda card: card.id)
def test_the_ensembles_of_the_zoo_fit_its_models(card: Any) -> None:
    members = card.models()
    assert len(members) >= 2
    assert card.training["fitted_on"]
    assert not set(card.training["fitted_on"]) & {"LoveDA"}
    rows = {row["data"]: row for row in card.metrics}
    assert rows["simulated regions"]["auroc_entropy"] > 0.9
    assert sum(rows["simulated regions"]["reliability"]["share"]) == pytest.approx(1, abs=0.01)


def test_the_mean_beats_its_members_where_all_can_be_measured() -> None:
    def row(card: Any) -> dict[str, Any]:
        (found,) = [row for row in card.metrics if row["data"] == "simulated regions"]
        return found

    ensemble = find_ensemble("ensemble-mean", default_models_folder())
    members = [row(card) for card in ensemble.models()]
    assert row(ensemble)["iou"] > max(member["iou"] for member in members)
    assert row(ensemble)["ece"] < min(member["ece"] for member in members)
