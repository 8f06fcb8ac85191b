import numpy as np
import pytest
import torch

from satseg.training.augment import Augmentation, air
from satseg.training.config import SourceConfig
from satseg.training.losses import bce_dice
from satseg.training.pictures import Picture, PictureSet
from satseg.training.samples import Sampler, fixed_crops, stack


def _source(kind="masks", count=1, gsd_range=(0.5, 0.5)):
    pictures = []
    for number in range(count):
        pixels = np.zeros((3, 80, 120), dtype=np.uint16)
        pixels[:] = np.arange(120) * 10 + 50
        mask = (np.arange(120) >= 60).astype(np.uint8) * np.ones((80, 1), dtype=np.uint8)
        pictures.append(Picture(str(number), pixels, mask, 0.5))
    return PictureSet(
        SourceConfig("s", kind, 1, 0.5, gsd_range, ""), tuple(pictures), tuple(pictures)
    )


def test_the_state_of_chance_alone_decides_a_crop():
    sampler = Sampler(_source(gsd_range=(0.3, 1.0)), 32)
    first = sampler.draw(np.random.default_rng(3))
    second = sampler.draw(np.random.default_rng(3))
    assert torch.equal(first.pixels, second.pixels)
    assert torch.equal(first.mask, second.mask)


@pytest.mark.parametrize("seed", range(12))
def test_pixels_and_mask_stay_together_whatever_the_crop(seed):
    crop = Sampler(_source(gsd_range=(0.3, 0.6)), 32).draw(np.random.default_rng(seed))
    assert crop.pixels.shape == (3, 32, 32)
    bright, dark = crop.pixels[0][crop.mask == 1], crop.pixels[0][crop.mask == 0]
    if len(bright) and len(dark):
        assert bright.min() >= dark.max() - 0.15


def test_a_picture_smaller_than_a_crop_keeps_its_resolution_and_goes_on_as_its_mirror_image():
    rows, cols = np.mgrid[:40, :60] * 10 + 50
    picture = Picture("p", np.stack([rows, cols]).astype(np.uint16), rows > 250, 1.0)
    config = SourceConfig("s", "masks", 1, 1.0, (1.0, 1.0), "")
    straight = 0
    for seed in range(20):
        crop = Sampler(PictureSet(config, (picture,), ()), 64).draw(np.random.default_rng(seed))
        assert crop.pixels.shape == (2, 64, 64)
        rows_seen, cols_seen = crop.pixels[0].numpy(), crop.pixels[1].numpy()
        if np.ptp(rows_seen, axis=1).max() > 0:  # turned
            continue
        straight += 1
        for line in (rows_seen[:, 0], cols_seen[0]):
            steps = np.diff(line)
            assert len(np.unique(line)) <= 40  # stretched to 64 pixels there were more
            assert (steps > 0).any()
            assert (steps < 0).any()
        bright, dark = rows_seen[crop.mask == 1], rows_seen[crop.mask == 0]
        assert bright.min() >= dark.max()
    assert straight > 8


def test_scene_labels_are_joined_into_mosaics():
    source = _source("scene-labels")
    picture = source.train[0]
    one = Picture("1", picture.pixels, np.ones_like(picture.mask), 0.5)
    other = Picture("0", picture.pixels, np.zeros_like(picture.mask), 0.5)
    sampler = Sampler(PictureSet(source.config, (one, other), ()), 32)
    shares = [float(sampler.draw(np.random.default_rng(seed)).mask.mean()) for seed in range(20)]
    assert sum(0 < share < 1 for share in shares) > 5


def test_validation_crops_are_unaugmented_and_cover_the_picture():
    crops = fixed_crops(_source(), 32, 0.5, limit=99)
    assert len(crops) == (80 // 32) * (120 // 32)
    assert len(fixed_crops(_source(), 32, 0.5, limit=2)) == 2


def test_validation_crops_keep_the_resolution_of_a_picture_that_is_smaller():
    crops = fixed_crops(_source(), 64, 1.0, limit=99)  # 40 x 60 pixels at 1 m
    assert [tuple(crop.mask.shape) for crop in crops] == [(32, 32)]


def test_farmland_is_drawn_more_often():
    source = _source(count=2)
    empty = Picture("e", source.train[0].pixels, np.zeros((80, 120), dtype=np.uint8), 0.5)
    chances = PictureSet(source.config, (source.train[0], empty), ()).chances()
    assert chances.sum() == pytest.approx(1)
    assert chances[0] > 2 * chances[1] > 0


@pytest.mark.parametrize("bands", [3, 8])
def test_augmentation_keeps_range_and_moves_the_mask_with_the_pixels(bands):
    pixels = torch.zeros(4, bands, 32, 32)
    pixels[..., :8] = 0.9
    masks = (pixels[:, :1] > 0.5).float()
    augment = Augmentation(bands)
    for seed in range(6):
        out, moved = augment(pixels, masks, seed)
        assert out.min() >= 0
        assert out.max() <= 1
        assert set(moved.unique().tolist()) <= {0.0, 1.0}
        for image, mask in zip(out, moved, strict=True):
            assert image[:, mask[0] == 1].mean() > image[:, mask[0] == 0].mean()
    again, _ = augment(pixels, masks, 5)
    assert torch.equal(out, again)


def test_ignored_pixels_survive_augmentation():
    masks = torch.full((2, 1, 32, 32), 255.0)
    assert (Augmentation(3)(torch.rand(2, 3, 32, 32), masks, 1)[1] == 255).all()


def test_haze_lifts_and_flattens():
    pixels = torch.rand(64, 3, 4, 4)
    hazy = air(pixels, np.random.default_rng(0))
    assert not torch.equal(hazy, pixels)
    assert (hazy.amin(dim=(1, 2, 3)) > pixels.amin(dim=(1, 2, 3))).any()


def test_the_loss_is_near_zero_for_the_truth_and_large_for_its_opposite():
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., :4] = 1
    logits = (masks * 2 - 1) * 20
    assert bce_dice(logits, masks) < 0.02
    assert bce_dice(-logits, masks) > 10


def test_ignored_pixels_do_not_change_the_loss():
    masks = torch.tensor([[[[1.0, 0.0, 255.0]]]])
    one = bce_dice(torch.tensor([[[[2.0, -1.0, 9.0]]]]), masks)
    two = bce_dice(torch.tensor([[[[2.0, -1.0, -9.0]]]]), masks)
    assert torch.isclose(one, two)
    assert torch.isfinite(bce_dice(torch.zeros(1, 1, 1, 1), torch.full((1, 1, 1, 1), 255.0)))


def test_stack_gives_masks_a_channel():
    pixels, masks = stack(fixed_crops(_source(), 32, 0.5, limit=2))
    assert (pixels.shape, masks.shape) == ((2, 3, 32, 32), (2, 1, 32, 32))
