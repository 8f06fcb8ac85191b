"""What one data set is worth: trainings with it, without it and on it alone."""

from __future__ import annotations

import dataclasses

import pytest

from satseg.errors import TrainingError
from satseg.training.ablation import Ablation, load_ablation, run_trial, summary, trials
from satseg.training.config import load_config
from satseg.training.run import Listeners, load_sources
from satseg.zoo import load_card
from satseg.zoo.measured import record_ablation
from satseg.zoo.page import card_page

ROWS = {"with": 0.6, "without": 0.5, "alone": 0.4}


@pytest.fixture
def config(toy):
    """The toy with a second source, which shows the same pictures."""
    found = load_config(toy / "models" / "toy" / "train.toml")
    other = dataclasses.replace(found.sources[0], name="more fields")
    return dataclasses.replace(found, sources=(*found.sources, other))


ABLATION = Ablation("more fields", (1, 2), {"steps": 2, "validate_every": 2})


def test_each_seed_has_a_training_of_each_arm(config):
    found = [
        (trial.name, [s.name for s in trial.config.sources]) for trial in trials(config, ABLATION)
    ]
    assert found == [
        ("with-1", ["toy fields", "more fields"]),
        ("without-1", ["toy fields"]),
        ("alone-1", ["more fields"]),
        ("with-2", ["toy fields", "more fields"]),
        ("without-2", ["toy fields"]),
        ("alone-2", ["more fields"]),
    ]
    assert {trial.config.schedule.steps for trial in trials(config, ABLATION)} == {2}


def test_none_starts_from_weights_that_may_have_seen_the_source(config):
    schedule = dataclasses.replace(config.schedule, start_share=0.5)
    going_on = dataclasses.replace(config, start={"network": "farmnet"}, schedule=schedule)
    for trial in trials(going_on, ABLATION):
        assert (trial.config.start, trial.config.schedule.start_share) == ({}, 0)
        assert not trial.config.pretrained  # the toy has no encoder
    parts = dataclasses.replace(config, start={"network.down": "farmnet"})
    assert all(trial.config.start == parts.start for trial in trials(parts, ABLATION))


@pytest.mark.parametrize(
    ("changes", "found"),
    [({"source": "clouds"}, "clouds"), ({"schedule": {"pace": 3}}, "pace")],
)
def test_a_source_or_a_key_that_is_not_there_is_refused(config, changes, found):
    with pytest.raises(TrainingError, match=found):
        trials(config, dataclasses.replace(ABLATION, **changes))


@pytest.mark.parametrize(
    "text",
    [
        'source = "a"\nseeds = [1]',
        'source = "a"\nseeds = [1, 1]',
        'source = "a"\nseeds = [1, 2]\narms = ["half"]',
        'source = "a"\nseeds = [1, 2]\npace = 3',
        "seeds = [",
    ],
)
def test_a_broken_file_is_refused(tmp_path, text):
    path = tmp_path / "ablation.toml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=r"models/farmnet/ablation\.toml"):
        load_ablation(path)


def test_the_ablation_of_farmnet_fits_its_configuration():
    from satseg.zoo import default_models_folder

    folder = default_models_folder() / "farmnet"
    config = load_config(folder / "train.toml")
    assert len(trials(config, load_ablation(folder / "ablation.toml"))) == 6


def test_a_finished_training_is_not_repeated_and_a_changed_one_is(config, toy):
    sources = load_sources(config, toy / "data", Listeners())
    trial = trials(config, ABLATION)[1]
    steps = []
    first = run_trial(trial, sources, toy / "runs", report=lambda state: steps.append(state.step))
    again = run_trial(trial, sources, toy / "runs", report=lambda state: steps.append(state.step))
    assert steps == [1, 2]
    assert first == again
    assert [row["name"] for row in first.training["data"]] == ["toy fields"]


def test_the_card_tells_mean_and_spread_over_the_seeds(config, toy):
    found = {
        (trial.arm, seed): [{"data": "LoveDA", "iou": ROWS[trial.arm] + seed / 10}]
        for trial in trials(config, ABLATION)
        for seed in ABLATION.seeds
    }
    result = summary(ABLATION, found)
    assert [(row["arm"], row["mean"], row["spread"]) for row in result["rows"]] == [
        ("with", 0.75, 0.0707),
        ("without", 0.65, 0.0707),
        ("alone", 0.55, 0.0707),
    ]
    sources = load_sources(config, toy / "data", Listeners())
    card = run_trial(trials(config, ABLATION)[0], sources, toy / "runs")
    record_ablation(card, result)
    page = card_page(load_card(card.folder), {})
    assert "| LoveDA | without more fields | 0.650 ± 0.071 | 0.600, 0.700 |" in page
