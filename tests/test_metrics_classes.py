import math

import numpy as np
import pytest
from landcover_models import legend

from satseg.classes import BARE, FARMLAND, GRASS, POND, TREE, WATER
from satseg.metrics_classes import ClassCounts

LEGEND = legend(("farmland", "water", "bare"))


def counted(mapped, truth):
    return ClassCounts.of(np.array(mapped, np.uint8), np.array(truth, np.uint8), LEGEND)


def test_iou_by_class_can_be_counted_by_hand():
    found = counted(
        [FARMLAND, FARMLAND, WATER, BARE, WATER], [FARMLAND, WATER, WATER, BARE, FARMLAND]
    )
    assert found.iou() == {"farmland": 1 / 3, "water": 1 / 3, "bare": 1.0}
    assert found.mean_iou == pytest.approx(5 / 9)


def test_a_class_that_the_truth_does_not_show_has_no_iou():
    assert set(counted([FARMLAND, BARE], [FARMLAND, FARMLAND]).iou()) == {"farmland"}


def test_a_pond_is_water_and_grass_is_only_no_farmland():
    assert counted([WATER, WATER], [POND, WATER]).iou() == {"water": 1.0}
    found = counted([BARE, FARMLAND, FARMLAND, BARE], [GRASS, TREE, FARMLAND, BARE])
    assert found.iou() == {"farmland": 0.5, "bare": 1.0}


def test_ignored_truth_and_unmapped_pixels_do_not_count():
    assert counted([FARMLAND, BARE, 255], [FARMLAND, 255, FARMLAND]).pixels[0].tolist() == [1, 0, 0]


def test_counts_of_two_maps_add_up():
    first, second = counted([FARMLAND], [FARMLAND]), counted([WATER], [FARMLAND])
    assert (first + second).iou() == {"farmland": 0.5}


def test_nothing_counted_is_nothing_stated():
    found = ClassCounts.empty(LEGEND)
    assert math.isnan(found.mean_iou)
    assert found.row() == {}
    assert counted([FARMLAND], [FARMLAND]).row() == {"mean_iou": 1.0, "class_iou": {"farmland": 1}}
