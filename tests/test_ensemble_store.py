from pathlib import Path

import pytest
from shelf_models import write_model

from satseg.ensemble_store import MAX_KEPT, EnsembleStore
from satseg.errors import CatalogError, ModelError
from satseg.pooling import Pooling
from satseg.zoo.card import ModelCard, find_card


@pytest.fixture
def members(tmp_path: Path) -> tuple[ModelCard, ...]:
    for number, name in enumerate(("a", "b")):
        write_model(tmp_path / "models", name, seed=number)
    return tuple(find_card(name, tmp_path / "models") for name in ("a", "b"))


@pytest.fixture
def store(tmp_path: Path) -> EnsembleStore:
    return EnsembleStore(tmp_path / "catalog")


def test_an_ensemble_is_kept_and_removed(
    store: EnsembleStore, members: tuple[ModelCard, ...], tmp_path: Path
) -> None:
    assert store.ensembles() == []
    card = store.add(" Both,  careful ", members, Pooling.of(2, weights=[3, 1]), threshold=0.6)
    assert (card.id, card.title) == ("ensemble-both-careful", "Both, careful")
    assert store.ensembles() == [card]
    assert card.models(tmp_path / "models") == members
    assert [member.weight for member in card.members] == [0.75, 0.25]
    assert store.remove(card.id) == card
    assert store.ensembles() == []
    assert [path.name for path in store.folder.iterdir()] == [".lock"]
    with pytest.raises(ModelError, match=r"one of the ensembles \(none\)"):
        store.remove(card.id)


def test_names_in_chinese_have_ids_of_their_own(
    store: EnsembleStore, members: tuple[ModelCard, ...]
) -> None:
    names = ("两者兼顾", "两者", "A_B.c")
    ids = [store.add(name, members, Pooling.of(2)).id for name in names]
    assert len(set(ids)) == 3
    assert ids[2] == "ensemble-a-b-c"
    assert {card.title for card in store.ensembles()} == set(names)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "a name of 1 to 40 characters; found ''"),
        ("x" * 41, "a name of 1 to 40 characters"),
        ("both", "a name that no ensemble of this catalog has; found 'both'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    store: EnsembleStore, members: tuple[ModelCard, ...], name: str, message: str
) -> None:
    store.add("Both", members, Pooling.of(2))
    with pytest.raises(CatalogError, match=message):
        store.add(name, members, Pooling.of(2))
    assert len(store.ensembles()) == 1


def test_one_model_is_no_ensemble(store: EnsembleStore, members: tuple[ModelCard, ...]) -> None:
    with pytest.raises(ModelError, match="two or more different models"):
        store.add("One", members[:1], Pooling.of(1))
    assert not store.folder.exists()


def test_there_is_an_end_to_how_many_are_kept(
    store: EnsembleStore, members: tuple[ModelCard, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_KEPT == 50
    monkeypatch.setattr("satseg.ensemble_store.MAX_KEPT", 1)
    store.add("One", members, Pooling.of(2))
    with pytest.raises(CatalogError, match="at most 1 ensembles; found 1"):
        store.add("Two", members, Pooling.of(2))
