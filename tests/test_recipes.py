from pathlib import Path

import pytest
from shelf_models import write_model

from satseg.errors import BandError, ModelError
from satseg.recipes import recipe


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
