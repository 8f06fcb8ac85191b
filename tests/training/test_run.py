import csv
import dataclasses
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch

from satseg.errors import ModelError, TrainingError
from satseg.training import batches, loop
from satseg.training.config import Schedule, load_config
from satseg.training.run import Listeners, load_sources, train
from satseg.zoo import load_card
from satseg.zoo.load import load_model
from satseg.zoo.networks import build


def _train(toy, run, **changes):
    return train(
        toy / "models" / "toy" / "train.toml", data=toy / "data", run=run, device="cpu", **changes
    )


def _weights(card):
    return safetensors.torch.load_file(card.weights_path)


def test_training_writes_a_model_that_loads_and_says_what_it_was_trained_on(toy):
    seen = []
    card = _train(toy, toy / "run", listeners=Listeners(step=seen.append))
    assert [state.step for state in seen] == list(range(1, 9))
    assert load_model(card) is not None
    training = load_card(card.folder).training
    assert training["steps"] == training["kept_step"] == 8
    assert training["data"][0]["pictures"] == 2
    assert 0 <= training["validation_iou"]["toy fields"] <= 1
    assert list((toy / "run").glob("events*"))
    with (card.folder / "training.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [4, 8]
    assert float(rows[-1]["loss"]) > 0
    found = training["validation_iou"]["toy fields"]
    assert float(rows[-1]["toy fields"]) == pytest.approx(found, abs=1e-4)


def test_a_cpu_computes_in_bfloat16_where_that_is_asked_for(toy):
    plain = _train(toy, toy / "plain")
    assert plain.training["precision"] == "float32"
    weights = _weights(plain)
    path = toy / "models" / "toy" / "train.toml"
    path.write_text(path.read_text().replace("steps = 8", "steps = 8\nbfloat16 = true"))
    with pytest.raises(TrainingError, match="another configuration"):
        _train(toy, toy / "plain")
    mixed = _train(toy, toy / "mixed")
    assert mixed.training["precision"] == "bfloat16 and float32"
    others = _weights(mixed)
    assert any(not torch.equal(weights[key], others[key]) for key in weights)


def test_it_learns_that_bright_is_farmland(toy):
    path = toy / "models" / "toy" / "train.toml"
    path.write_text(
        path.read_text().replace("steps = 8", "steps = 150").replace("= 4\n[[", "= 150\n[[")
    )
    card = _train(toy, toy / "run")
    assert card.training["validation_iou"]["toy fields"] > 0.75


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(toy, monkeypatch):
    whole = _weights(_train(toy, toy / "whole"))

    class Stopped(Exception):
        pass

    def stop(state):
        if state.step == 4:
            raise Stopped

    with pytest.raises(Stopped):
        _train(toy, toy / "parts", listeners=Listeners(step=stop))
    resumed = []
    card = _train(toy, toy / "parts", listeners=Listeners(step=resumed.append))
    assert resumed[0].step == 5
    parts = _weights(card)
    log = toy / "models" / "toy" / "training.csv"
    assert log.read_text().count("\n") == 3  # the head and both validations
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


def test_a_run_can_be_given_more_steps_and_says_so(toy):
    short = _train(toy, toy / "run")
    assert "extended_at" not in short.training
    path = toy / "models" / "toy" / "train.toml"
    path.write_text(path.read_text().replace("steps = 8", "steps = 12"))
    seen = []
    longer = _train(toy, toy / "run", listeners=Listeners(step=seen.append))
    assert [state.step for state in seen] == [9, 10, 11, 12]
    assert longer.training["steps"] == 12
    assert longer.training["extended_at"] == [8]
    assert longer.sha256 != short.sha256
    path.write_text(path.read_text().replace("steps = 12", "steps = 8"))
    with pytest.raises(TrainingError, match="another configuration"):
        _train(toy, toy / "run")


def test_a_checkpoint_of_another_configuration_is_refused(toy):
    _train(toy, toy / "run")
    path = toy / "models" / "toy" / "train.toml"
    path.write_text(path.read_text().replace("batch = 2", "batch = 3"))
    with pytest.raises(TrainingError, match="another configuration"):
        _train(toy, toy / "run")


def test_an_exploding_loss_stops_training(toy, monkeypatch):
    monkeypatch.setattr(loop, "loss_of", lambda logits, *rest: logits.sum() * float("nan"))
    with pytest.raises(TrainingError, match="finite loss"):
        _train(toy, toy / "run")
    assert not (toy / "models" / "toy" / "card.toml").exists()


def test_trouble_in_the_sampling_thread_reaches_the_caller(toy, monkeypatch):
    def broken(self, rng):
        raise TrainingError(expected="a", found="b", fix="c")

    monkeypatch.setattr(batches.Sampler, "draw", broken)
    with pytest.raises(TrainingError, match="Expected a"):
        _train(toy, toy / "run")


def test_waiting_for_samples_counts_as_time_of_training(toy, monkeypatch):
    config = load_config(toy / "models" / "toy" / "train.toml")
    sources = load_sources(config, toy / "data", Listeners())
    states = []

    def slow(*_, **__):
        for _ in range(8):
            time.sleep(0.05)
            yield torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 32, 32)

    monkeypatch.setattr(loop, "batches_of", slow)
    network = build(config.model["architecture"], 3, config.model["arguments"])
    loop.train_network(network, config, sources, toy / "run", report=states.append)
    assert states[-1].step == 8
    assert states[-1].seconds >= 0.3


def test_patience_ends_a_run_that_no_longer_improves(toy, monkeypatch):
    monkeypatch.setattr(loop, "farmland_iou", lambda *a: 0.5 / len(counts.append(1) or counts))
    counts: list[int] = []
    path = toy / "models" / "toy" / "train.toml"
    path.write_text(
        path.read_text()
        .replace("validate_every = 4", "validate_every = 1\npatience = 2")
        .replace("steps = 8", "steps = 30")
    )
    card = _train(toy, toy / "run")
    assert card.training["steps"] == 3
    assert card.training["kept_step"] == 1


def test_the_learning_rate_warms_up_and_falls_to_zero():
    schedule = Schedule(steps=100, batch=1, crop_px=32, warmup=10)
    factors = [loop.learning_factor(step, schedule) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == pytest.approx(1.0)
    assert factors[9:] == sorted(factors[9:], reverse=True)
    assert factors[-1] < 0.001


def test_pretrained_layers_learn_more_slowly():
    config = load_config(Path(__file__).parents[2] / "models" / "farmnet" / "train.toml")
    config = dataclasses.replace(config, pretrained=True, start={})
    network = torch.nn.ModuleDict(
        {
            "network": torch.nn.ModuleDict(
                {"encoder": torch.nn.Conv2d(1, 1, 1), "decoder": torch.nn.Conv2d(1, 1, 1)}
            )
        }
    )
    peaks = {group["peak"] for group in loop._optimiser(network, config).param_groups}
    rate = config.schedule.learning_rate
    assert peaks == {rate, rate * config.schedule.encoder_rate}
    plain = dataclasses.replace(config, pretrained=False)
    assert {g["peak"] for g in loop._optimiser(network, plain).param_groups} == {rate}


def test_frozen_modules_stay_as_they_were(toy):
    path = toy / "models" / "toy" / "train.toml"
    _train(toy, toy / "free")
    trained = _weights(load_card(path.parent))
    path.write_text('frozen = ["network.down.0"]\n' + path.read_text())
    _train(toy, toy / "run")
    half = _weights(load_card(path.parent))
    torch.manual_seed(load_config(path).schedule.seed)
    first = build("unet", 3, {"widths": [4, 8]}).state_dict()
    kept = [key for key in first if key.startswith("network.down.0.")]
    assert any("running_mean" in key for key in kept)
    for key in kept:
        assert torch.equal(
            half[key], first[key].half() if first[key].is_floating_point() else first[key]
        )
        assert not torch.equal(trained[key], half[key])
    assert any(not torch.equal(half[key], first[key].half()) for key in set(first) - set(kept))


def test_an_unknown_frozen_module_is_named(toy):
    path = toy / "models" / "toy" / "train.toml"
    path.write_text('frozen = ["encoder.nothing"]\n' + path.read_text())
    with pytest.raises(TrainingError, match=r"encoder\.nothing"):
        _train(toy, toy / "run")


def test_a_run_can_start_from_another_model_and_the_card_says_so(toy, monkeypatch, caplog):
    monkeypatch.setenv("SATSEG_MODELS", str(toy / "models"))
    path = toy / "models" / "toy" / "train.toml"
    first = _train(toy, toy / "first")
    path.write_text('start = { "network.down" = "toy" }\n' + path.read_text())
    with pytest.raises(ModelError, match=r"network\.down"):
        _train(toy, toy / "nothing fits")
    path.write_text(path.read_text().replace("network.down", "network"))
    with caplog.at_level("INFO"):
        card = _train(toy, toy / "second")
    (said,) = card.training["started_from"].values()
    assert said.startswith(f"toy ({first.sha256[:12]}")
    assert "tensors taken" in said
    assert "starts from toy" in caplog.text


def test_a_share_of_the_first_weights_is_kept(toy, monkeypatch):
    monkeypatch.setenv("SATSEG_MODELS", str(toy / "models"))
    first = _weights(_train(toy, toy / "one"))
    path = toy / "models" / "toy" / "train.toml"
    kept = {name: value.clone() for name, value in first.items()}
    path.write_text('start = "toy"\n' + path.read_text())
    weights = path.with_name("weights.safetensors").read_bytes()
    card = path.with_name("card.toml").read_bytes()
    learnt = {name: value.clone() for name, value in _weights(_train(toy, toy / "two")).items()}
    path.with_name("weights.safetensors").write_bytes(weights)
    path.with_name("card.toml").write_bytes(card)
    path.write_text(path.read_text().replace("warmup = 2", "warmup = 2\nstart_share = 0.25"))
    card = _train(toy, toy / "two")  # all steps are done: what was learnt is blended
    assert card.training["start_share"] == 0.25
    assert "validation_iou" not in card.training  # it was of the weights before
    assert set(card.training["tuned_iou"]) == {"toy fields"}
    found, moved = _weights(card), 0
    for name, value in found.items():
        if value.is_floating_point():
            between = 0.25 * kept[name].float() + 0.75 * learnt[name].float()
            torch.testing.assert_close(value.float(), between, atol=2e-3, rtol=2e-3)
            moved += int(not torch.equal(kept[name], learnt[name]))
    assert moved > 5


def test_the_card_says_which_loss_and_which_split(toy):
    path = toy / "models" / "toy" / "train.toml"
    card = _train(toy, toy / "first")
    assert card.training["loss"] == "bce-dice"
    text = path.read_text() + "blocks = { side_m = 20, margin_m = 2 }\n"
    path.write_text('loss = { kind = "focal-dice" }\n' + text)
    card = _train(toy, toy / "second")
    assert "focal-dice" in card.training["loss"]
    assert "toy fields by squares of 20 m with a margin of 2 m" in card.training["split"]


def test_started_parts_learn_more_slowly():
    config = load_config(Path(__file__).parents[2] / "models" / "metisnet" / "train.toml")
    network = torch.nn.ModuleDict(
        {
            "network": torch.nn.ModuleDict(
                {"rgb": torch.nn.Conv2d(1, 1, 1), "decoder": torch.nn.Conv2d(1, 1, 1)}
            )
        }
    )
    peaks = {group["peak"] for group in loop._optimiser(network, config).param_groups}
    rate = config.schedule.learning_rate
    assert peaks == {rate, rate * config.schedule.encoder_rate}
