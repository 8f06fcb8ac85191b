import re
from pathlib import Path

import numpy as np
import pytest
import torch

from satseg.errors import TrainingError
from satseg.training.augment import Augmentation
from satseg.training.config import load_config
from satseg.training.mixing import Mixing, darken, exchange_tones, grey, mix, reverse

MODELS = Path(__file__).parents[2] / "models"


def _batch(bands=3, side=32):
    generator = torch.Generator().manual_seed(1)
    level = torch.linspace(0.2, 0.6, 4)[:, None, None, None]
    pixels = level + 0.1 * torch.rand((4, bands, side, side), generator=generator)
    masks = torch.arange(4.0)[:, None, None, None].expand(4, 1, side, side).clone()
    return pixels, masks


def test_a_mixed_sample_has_the_truth_of_the_ground_it_shows():
    pixels, masks = _batch()
    mixed, truth = mix(pixels, masks, 1.0, np.random.default_rng(2))
    assert (truth != masks).any(dim=(1, 2, 3)).sum() >= 2
    level = torch.linspace(0.2, 0.6, 4)
    shown = (mixed.mean(1, keepdim=True)[..., None] - level - 0.05).abs().argmin(-1)
    assert torch.equal(shown.float(), truth)
    assert not torch.equal(mixed, pixels)


def test_tones_are_those_of_another_sample_and_texture_stays():
    pixels, _ = _batch()
    taken = exchange_tones(pixels, 1.0, np.random.default_rng(5))
    before, after = pixels.mean((1, 2, 3)), taken.mean((1, 2, 3))
    assert sorted(after.tolist()) == pytest.approx(sorted(before.tolist()), abs=5e-3)
    assert (after - before).abs().max() > 0.1
    for old, new in zip(pixels[:, 0], taken[:, 0], strict=True):
        assert np.corrcoef(old.ravel(), new.ravel())[0, 1] > 0.99


def test_grey_brings_the_bands_together_and_keeps_their_mean():
    pixels, _ = _batch()
    pale = grey(pixels, 1.0, np.random.default_rng(0))
    torch.testing.assert_close(pale.mean(1), pixels.mean(1))
    assert (pale.std(1) < pixels.std(1)).float().mean() > 0.99


def test_reversed_samples_hold_the_same_bands_from_last_to_first():
    pixels, _ = _batch()
    pixels = pixels.repeat(50, 1, 1, 1)
    found = reverse(pixels, 0.3, np.random.default_rng(0))
    turned = (found != pixels).flatten(1).any(1)
    assert torch.equal(found[turned], pixels[turned].flip(1))
    assert 0.2 < turned.float().mean() < 0.4


def test_dark_samples_lose_light_and_keep_the_order_of_their_tones():
    pixels = _batch()[0].repeat(50, 1, 1, 1)
    found = darken(pixels, 0.4, np.random.default_rng(0))
    changed = (found != pixels).flatten(1).any(1)
    assert 0.3 < changed.float().mean() < 0.5
    assert found[changed].mean() < 0.8 * pixels[changed].mean()
    assert (found[changed].amax((1, 2, 3)) <= 1).all()
    one, dark = pixels[changed][0].flatten(), found[changed][0].flatten()
    assert torch.equal(one.argsort(stable=True), dark.argsort(stable=True))


def test_a_share_of_zero_changes_nothing():
    pixels, masks = _batch(8)
    rng = np.random.default_rng(0)
    assert torch.equal(reverse(pixels, 0, rng), pixels)
    assert torch.equal(darken(pixels, 0, rng), pixels)
    assert torch.equal(exchange_tones(pixels, 0, rng), pixels)
    assert torch.equal(mix(pixels, masks, 0, rng)[0], pixels)
    assert torch.equal(grey(pixels, 0, rng), pixels)


def test_a_mixed_batch_depends_on_the_seed_alone():
    pixels, masks = _batch()
    augment = Augmentation(3, Mixing(0.5, 0.5, 0.5, 0.5, 0.5))
    first, second = augment(pixels, masks, 4), augment(pixels, masks, 4)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], augment(pixels, masks, 5)[0])


def test_shares_beyond_one_are_refused(tmp_path):
    path = tmp_path / "train.toml"
    text = (MODELS / "farmnet" / "train.toml").read_text()
    path.write_text(re.sub(r"grey = [\d.]+", "grey = 2.0", text))
    with pytest.raises(TrainingError, match="mixing"):
        load_config(path)
