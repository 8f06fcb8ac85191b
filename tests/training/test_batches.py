"""Batches of a training."""

import pytest
import torch

from satseg.training.augment import Augmentation
from satseg.training.batches import OPENING, ahead, batches_of, opening_pixels
from satseg.training.config import load_config
from satseg.training.run import Listeners, load_sources
from tests.toy_training import MODEL, SOURCE, write_config, write_pictures

SCHEDULE = "\n[schedule]\nsteps = 12\nbatch = 2\ncrop_px = 32\n"


@pytest.fixture
def toy(tmp_path):
    write_pictures(tmp_path)

    def made(extra=""):
        models = tmp_path / ("eased" if extra else "plain")
        config = load_config(write_config(models, MODEL + SCHEDULE + extra + SOURCE))
        return config, load_sources(config, tmp_path, Listeners())

    return made


def test_a_batch_depends_on_its_step_alone(toy):
    config, sources = toy()
    whole = list(batches_of(config, sources, 0))
    late = list(batches_of(config, sources, 7))
    assert len(whole) == 12
    for (pixels, masks), (again, truth) in zip(whole[7:], late, strict=True):
        assert torch.equal(pixels, again)
        assert torch.equal(masks, truth)


def test_processes_that_draw_samples_make_no_difference_to_them(toy):
    config, sources = toy("ease = 12\n")
    alone = list(batches_of(config, sources, 2))
    # in a thread, as training draws them: from the main one torch handles SIGCHLD for good
    shared = list(ahead(batches_of(config, sources, 2, workers=2)))
    assert len(shared) == 10
    for (pixels, masks), (again, truth) in zip(alone, shared, strict=True):
        assert torch.equal(pixels, again)
        assert torch.equal(masks, truth)


def test_samples_are_changed_more_and_more_while_it_is_eased(toy, monkeypatch):
    changed, plain = [], []
    real, turned = Augmentation.__call__, Augmentation.turned
    monkeypatch.setattr(
        Augmentation, "__call__", lambda *a, **k: changed.append(1) or real(*a, **k)
    )
    monkeypatch.setattr(Augmentation, "turned", lambda *a, **k: plain.append(1) or turned(*a, **k))
    list(batches_of(*toy(), 0))
    assert (len(changed), len(plain)) == (12, 0)
    eased = toy("ease = 12\n")
    opening = next(batches_of(*eased, 0))
    assert len(plain) == 1
    assert opening[0].shape == (2, 3, 32, 32)
    changed.clear()
    plain.clear()
    list(batches_of(*eased, 0))
    assert 0 < len(changed) < 12
    assert len(changed) + len(plain) == 12


def test_easing_belongs_to_a_checkpoints_identity(toy):
    assert toy()[0].identity != toy("ease = 12\n")[0].identity


def test_opening_pixels_are_those_of_the_first_batches(toy):
    config, sources = toy()
    first = [pixels for pixels, _ in batches_of(config, sources, 0)][:OPENING]
    assert torch.equal(opening_pixels(config, sources), torch.cat(first))
