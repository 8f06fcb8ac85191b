from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from shelf_models import write_model

from satseg.errors import ModelError, TrainingError
from satseg.training.ensembles import (
    LEAST,
    Samples,
    Wish,
    cross_entropy,
    fit_ensemble,
    fit_weights,
    shared_sources,
)
from satseg.zoo.card import find_card

TRAIN = """
pretrained = false
[model]
id = "{name}"
title = "{name}"
summary = "For tests."
architecture = "unet"
arguments = {{ widths = [4, 8] }}
bands = {bands}
gsd_m = 0.6
patch_px = 32
overlap_px = 8
licence = "MIT"
[schedule]
steps = 1
batch = 1
crop_px = 32
"""
SIMULATED = """
[[sources]]
name = "simulated"
kind = "simulated"
weight = 1.0
gsd_m = 0.6
gsd_range = [0.6, 0.6]
seeds = [{seeds}]
holdout_seeds = [{held}]
size_px = 96
terms = "MIT"
"""
FIELDS = """
[[sources]]
name = "fields"
kind = "masks"
weight = 1.0
gsd_m = 0.6
gsd_range = [0.6, 0.6]
images = "images"
masks = "masks"
positive = ["1"]
holdout = [{held}]
terms = "MIT"
"""
RGB = ("red", "green", "blue")


def model(folder: Path, name: str, *sources: str, bands: tuple[str, ...] = RGB) -> None:
    home = write_model(folder, name, bands=bands, seed=len(name))
    text = TRAIN.format(name=name, bands=list(bands)) + "".join(sources)
    (home / "train.toml").write_text(text, encoding="utf-8")


def simulated(seeds: str, held: str) -> str:
    return SIMULATED.format(seeds=seeds, held=held)


def samples(values: list[list[float]], truth: list[bool]) -> Samples:
    return Samples("s", np.array(values, dtype=np.float32), np.array(truth), 1)


def test_the_better_member_counts_more() -> None:
    truth = [True, False] * 20
    good = [0.8, 0.2] * 20
    coin = [0.5, 0.5] * 20
    weights = fit_weights([samples([good, coin], truth)])
    assert weights[0] == pytest.approx(1 - LEAST, abs=0.01)
    assert sum(weights) == pytest.approx(1)


def test_members_that_know_different_things_share() -> None:
    # Each member is sure and right in its half, undecided in the other one.
    first = [0.9, 0.1, 0.5, 0.5]
    second = [0.5, 0.5, 0.9, 0.1]
    assert fit_weights([samples([first, second], [True, False] * 2)]) == pytest.approx((0.5, 0.5))


@given(st.lists(st.tuples(*[st.floats(0.01, 0.99)] * 2, st.booleans()), min_size=2, max_size=30))
def test_fitted_weights_are_no_worse_than_equal_ones(rows: list[tuple[float, float, bool]]) -> None:
    one = samples([[row[0] for row in rows], [row[1] for row in rows]], [row[2] for row in rows])
    weights = np.array(fit_weights([one]))
    values = one.values.astype(np.float64)
    fitted = cross_entropy(weights @ values, one.truth)
    # Weights below LEAST are lifted to it, which costs a little.
    assert fitted <= cross_entropy(values.mean(axis=0), one.truth) + 0.03


def test_each_source_counts_alike_whatever_its_size() -> None:
    right, wrong = [0.9, 0.1], [0.1, 0.9]
    small = samples([right, wrong], [True, False])
    large = samples([wrong * 50, right * 50], [True, False] * 50)
    assert fit_weights([small, large]) == pytest.approx((0.5, 0.5), abs=0.01)


def test_only_what_all_members_held_out_is_used(tmp_path: Path) -> None:
    model(tmp_path, "a", simulated("1, 2", "10, 6"), FIELDS.format(held='"x", "y"'))
    model(tmp_path, "bb", simulated("3, 2", "12, 6"), FIELDS.format(held='"y", "z"'))
    (tmp_path / "images").mkdir()
    found, skipped = shared_sources([find_card(n, tmp_path) for n in ("a", "bb")], tmp_path)
    assert [(one.holdout_seeds, one.holdout, one.seeds) for one in found] == [
        ((12, 4), (), (0, 0)),
        ((0, 0), ("y",), (0, 0)),
    ]
    assert skipped == {}


def test_squares_of_pictures_are_never_used(tmp_path: Path) -> None:
    fields = FIELDS.format(held='"y"')
    blocks = "blocks = { side_m = 20, share = 0.5, margin_m = 0 }"
    model(tmp_path, "a", fields + blocks)
    model(tmp_path, "bb", fields)
    (tmp_path / "images").mkdir()
    (found,), _ = shared_sources([find_card(n, tmp_path) for n in ("a", "bb")], tmp_path)
    assert (found.holdout, found.blocks) == (("y",), None)


def test_pictures_that_one_member_was_trained_on_are_never_used(tmp_path: Path) -> None:
    model(tmp_path, "a", simulated("1, 2", "10, 6"))
    model(tmp_path, "bb", simulated("11, 2", "10, 6"))
    with pytest.raises(TrainingError, match="simulated holds out no pictures that all members"):
        shared_sources([find_card(n, tmp_path) for n in ("a", "bb")], None)


def test_sources_without_the_bands_or_the_data_are_left_out_with_the_reason(
    tmp_path: Path,
) -> None:
    fields = FIELDS.format(held='"x"')
    model(tmp_path, "a", simulated("1, 2", "10, 2"), fields)
    model(tmp_path, "nir", simulated("1, 2", "10, 2"), bands=("red", "nir1"))
    both = [find_card(name, tmp_path) for name in ("a", "nir")]
    assert shared_sources(both, tmp_path)[1] == {"fields": "has red, green and blue only"}
    assert "--data" in shared_sources(both[:1], None)[1]["fields"]
    (tmp_path / "a" / "train.toml").unlink()
    with pytest.raises(TrainingError, match="satseg ensemble add"):
        shared_sources(both, None)


def test_a_card_is_written_beside_the_models(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(
        tmp_path / "images" / "x.png"
    )
    Image.fromarray(rng.integers(0, 2, (64, 64), dtype=np.uint8)).save(tmp_path / "masks" / "x.png")
    for name in ("a", "bb"):
        model(tmp_path, name, simulated("1, 2", "10, 1"), FIELDS.format(held='"x"'))
    calls: list[tuple[int, int]] = []
    card, skipped = fit_ensemble(
        Wish(("bb", "a"), "ensemble-test", "Test"),
        data=tmp_path,
        models=tmp_path,
        progress=lambda *call: calls.append(call),
    )
    assert skipped == {}
    assert calls == [(1, 2), (2, 2)]
    assert [member.id for member in card.members] == ["a", "bb"]
    assert sum(member.weight for member in card.members) == pytest.approx(1, abs=1e-3)
    assert dict(card.training["fitted_on"]) == {"simulated": 1, "fields": 1}
    assert card.training["fitted"] == "weights, temperature, threshold"
    assert set(card.training["tuned_iou"]) == {"simulated", "fields"}
    assert card.metrics == ()
    assert [one.id for one in card.models(tmp_path)] == ["a", "bb"]
    equal, _ = fit_ensemble(Wish(("a", "bb"), method="vote"), data=tmp_path, models=tmp_path)
    assert equal.id == "ensemble-a-bb"
    assert [member.weight for member in equal.members] == [0.5, 0.5]
    assert (equal.temperature, equal.training["fitted"]) == (1, "threshold")


def test_a_missing_member_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="found 'a'"):
        fit_ensemble(Wish(("a", "b")), models=tmp_path)
