from pathlib import Path

import pytest
from shelf_models import write_model

from satseg.ensemble_store import EnsembleStore
from satseg.errors import BandError, ModelError
from satseg.pooling import METHODS, Method, Pooling
from satseg.recipes import recipe, usual_threshold
from satseg.zoo.card import read_table, write_table


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder, "a", seed=1)
    write_model(folder, "b", seed=2, bands=("red", "nir1"))
    return folder


def test_one_model_is_itself(models: Path) -> None:
    one = recipe(["a"], models=models)
    assert (one.model_id, one.members, one.is_ensemble) == ("a", (), False)
    assert one.weights_sha256 == one.cards[0].sha256


def test_an_ensemble_does_not_depend_on_the_order(models: Path) -> None:
    one = recipe(["b", "a"], weights=[3, 1], models=models)
    other = recipe(["a", "b"], weights=[1, 3], models=models)
    assert one == other
    assert one.shares == (0.25, 0.75)
    assert one.weights_sha256 == other.weights_sha256


def test_equal_weights_need_no_mention(models: Path) -> None:
    plain = recipe(["a", "b"], models=models)
    assert plain.model_id == "ensemble-a+b"
    assert recipe(["a", "b"], weights=[2, 2], models=models) == plain
    weighted = recipe(["a", "b"], weights=[1, 2], models=models)
    assert weighted.model_id.startswith("ensemble-a+b-")
    assert weighted.weights_sha256 != plain.weights_sha256


def test_new_weights_of_a_member_make_another_ensemble(models: Path, tmp_path: Path) -> None:
    write_model(tmp_path, "a", seed=9)
    write_model(tmp_path, "b", seed=2, bands=("red", "nir1"))
    before = recipe(["a", "b"], models=models)
    after = recipe(["a", "b"], models=tmp_path)
    assert before.model_id == after.model_id
    assert before.weights_sha256 != after.weights_sha256


@pytest.mark.parametrize(
    ("ids", "weights", "found"),
    [
        ([], None, "none"),
        (["a", "a"], None, "a, a"),
        (["a", "b"], [1.0], "1"),
        (["a", "b"], [1.0, 0.0], "1, 0"),
        (["a", "b"], [1.0, float("nan")], "1, nan"),
        (["zzz"], None, "'zzz'"),
        (["../a"], None, r"'\.\./a'"),
    ],
)
def test_what_makes_no_map_is_refused(
    models: Path, ids: list[str], weights: list[float] | None, found: str
) -> None:
    with pytest.raises(ModelError, match=f"found {found}"):
        recipe(ids, weights=weights, models=models)


def test_every_member_needs_its_bands(models: Path) -> None:
    with pytest.raises(BandError, match="missing: nir1"):
        recipe(["a", "b"], models=models).check_bands(("red", "green", "blue"))


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_another_ensemble(models: Path, method: Method) -> None:
    plain = recipe(["a", "b"], models=models)
    other = recipe(["a", "b"], method=method, models=models)
    assert (other.weights_sha256 == plain.weights_sha256) == (method == "mean")
    assert other.model_id == ("ensemble-a+b" if method == "mean" else f"ensemble-{method}-a+b")
    assert recipe(["a"], method=method, models=models) == recipe(["a"], models=models)


def test_votes_are_told_apart_by_the_thresholds_of_the_members(
    models: Path, tmp_path: Path
) -> None:
    found = recipe(["a", "b"], method="vote", models=models)
    assert found.pooling.cuts == (0.5, 0.5)
    for name, bands in (("a", ("red", "green", "blue")), ("b", ("red", "nir1"))):
        folder = write_model(tmp_path, name, seed=1 if name == "a" else 2, bands=bands)
        write_table(folder, {**read_table(folder), "threshold": 0.3})
    again = recipe(["a", "b"], method="vote", models=tmp_path)
    assert again.pooling.cuts == (0.3, 0.3)
    assert again.weights_sha256 != found.weights_sha256


def test_augmentation_is_told_by_id_and_hash(models: Path) -> None:
    plain, turned = recipe(["a"], models=models), recipe(["a@d4"], models=models)
    assert (turned.model_id, turned.augmented) == ("a@d4", (True,))
    assert turned.weights_sha256 != plain.weights_sha256
    assert turned.threshold == plain.threshold
    mixed = recipe(["b", "a@d4"], models=models)
    assert mixed.model_id == "ensemble-a@d4+b"
    assert mixed.members == ("a@d4", "b")
    assert [single.model_id for single in mixed.singles()] == ["a@d4", "b"]
    assert mixed.weights_sha256 != recipe(["a", "b"], models=models).weights_sha256
    with pytest.raises(ModelError, match="found a, a@d4"):
        recipe(["a", "a@d4"], models=models)


def test_an_ensemble_of_a_catalog_is_named_by_its_id(models: Path, tmp_path: Path) -> None:
    cards = recipe(["a", "b"], models=models).cards
    pooling = Pooling.of(2, weights=[1, 3], temperature=0.5)
    EnsembleStore(tmp_path).add("Both", cards, pooling, threshold=0.7)
    found = recipe(["ensemble-both"], models=models, catalog=tmp_path)
    assert (found.model_id, found.title, found.threshold) == ("ensemble-both", "Both", 0.7)
    assert found.shares == (0.25, 0.75)
    assert found.pooling.temperature == 0.5
    turned = recipe(["ensemble-both@d4"], models=models, catalog=tmp_path)
    assert (turned.model_id, turned.members) == ("ensemble-both@d4", ("a@d4", "b@d4"))
    assert turned.weights_sha256 != found.weights_sha256
    for name in ("ensemble-both", "ensemble-both@d4"):
        assert usual_threshold(name, models, tmp_path) == 0.7
    assert usual_threshold("a@d4", models, tmp_path) == 0.5


def test_an_ensemble_takes_neither_company_nor_other_weights(models: Path, tmp_path: Path) -> None:
    EnsembleStore(tmp_path).add("Both", recipe(["a", "b"], models=models).cards, Pooling.of(2))
    with pytest.raises(ModelError, match="could hold itself; found ensemble-both"):
        recipe(["ensemble-both", "a"], models=models, catalog=tmp_path)
    with pytest.raises(ModelError, match="the weights and the method in the card"):
        recipe(["ensemble-both"], weights=[1.0], models=models, catalog=tmp_path)
    with pytest.raises(ModelError, match="the weights and the method in the card"):
        recipe(["ensemble-both"], method="vote", models=models, catalog=tmp_path)
    with pytest.raises(ModelError, match="one of the ensembles ensemble-both; found 'ensemble-x'"):
        recipe(["ensemble-x"], models=models, catalog=tmp_path)
