import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from satseg.training.config import load_config
from satseg.training.pictures import load_source
from satseg.training.tuning import UNTUNED, best_temperature, histogram, iou_by_threshold, tune


class Brightness(nn.Module):
    """Logits that rise with brightness: 0 at ``middle``."""

    def __init__(self, middle: float = 0.5, slope: float = 8.0) -> None:
        super().__init__()
        self.middle, self.slope = middle, slope

    def forward(self, x):
        return (x.mean(dim=1, keepdim=True) - self.middle) * self.slope


@pytest.fixture
def source(toy):
    config = load_config(toy / "models" / "toy" / "train.toml")
    return load_source(config.sources[0], toy / "data", ("red", "green", "blue"))


def _binned(logits, labels):
    counts = np.zeros((2, 560))
    for logit, label in zip(logits, labels, strict=True):
        counts[label, min(max(int((logit + 14) / 0.05), 0), 559)] += 1
    return counts


def test_pixels_are_counted_once_without_those_ignored(source):
    counts = histogram(Brightness(), source, 32, 0.5, "cpu")
    mask = source.validation[0].mask
    assert counts.sum() == np.isin(mask[:96, :128], (0, 1)).sum()
    assert counts[1].sum() == (mask == 1).sum()


def test_the_threshold_makes_up_for_a_wrong_middle(source):
    options = {"crop_px": 32, "gsd_m": 0.5}
    right = tune(Brightness(), [source], **options)
    shifted = tune(Brightness(middle=0.75), [source], **options)
    assert right.iou["toy fields"] > 0.95
    assert shifted.iou["toy fields"] == pytest.approx(right.iou["toy fields"], abs=0.02)
    assert shifted.threshold < right.threshold


def test_too_sure_logits_are_divided_by_the_temperature_that_calibrates():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, 40_000)
    labels = (rng.random(logits.size) < 1 / (1 + np.exp(-logits))).astype(int)
    assert best_temperature([_binned(logits, labels)]) == pytest.approx(1, abs=0.05)
    assert best_temperature([_binned(logits * 3, labels)]) == pytest.approx(3, abs=0.15)


def test_iou_by_hand():
    counts = _binned([-1, -1, 1, 1, 1], [0, 1, 0, 1, 1])
    found = iou_by_threshold(counts, 1.0)
    assert found[45] == pytest.approx(2 / 4)
    assert found[0] == pytest.approx(3 / 5)
    assert found[-1] == 0
    warm = iou_by_threshold(counts, 4.0)
    cold = 1 / (1 + math.exp(-1 / 4))
    assert warm[round(cold * 100) - 5 - 3] == pytest.approx(2 / 4)
    assert warm[round(cold * 100) - 5 + 3] == 0


def test_without_validation_pictures_nothing_is_tuned(source):
    assert tune(Brightness(), [replace(source, validation=())], crop_px=32, gsd_m=0.5) == UNTUNED
    assert torch.is_inference_mode_enabled() is False
