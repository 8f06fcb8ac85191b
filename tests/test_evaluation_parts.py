import math

import numpy as np
import pytest

from satseg.evaluation_parts import (
    Overlap,
    Part,
    border_strip,
    iou_interval,
    part_of,
)
from satseg.metrics import confusion


def _part(found, truth, place="a", counts=None, gsd_m=(1.0, 1.0)):
    counts = np.ones_like(truth) if counts is None else counts
    return part_of(
        found, truth, counts, gsd_m=gsd_m, place=place, confusion=confusion(found, truth, counts)
    )


def _left(cols, shape=(20, 40)):
    mask = np.zeros(shape, dtype=bool)
    mask[:, :cols] = True
    return mask


def test_the_strip_is_as_wide_as_stated_and_follows_borders_only():
    mask = _left(20)
    strip = border_strip(mask, np.ones_like(mask), gsd_m=(1.0, 1.0), width_m=3)
    assert (np.flatnonzero(strip[5]) == [17, 18, 19]).all()
    assert (strip == strip[5]).all()  # not along the edge of the picture


def test_the_width_is_in_metres_along_each_axis():
    mask = _left(20)
    strip = border_strip(mask, np.ones_like(mask), gsd_m=(1.0, 2.0), width_m=4)
    assert (np.flatnonzero(strip[0]) == [18, 19]).all()


def test_pixels_that_do_not_count_are_no_border():
    mask = _left(20)
    counts = np.ones_like(mask)
    counts[:, 20:] = False
    assert not border_strip(mask, counts, gsd_m=(1.0, 1.0)).any()


def test_boundary_iou_by_hand():
    # Strips of 6 m on the left of columns 20 and 22: 14..19 and 16..21.
    part = _part(_left(22), _left(20))
    assert part.boundary == Overlap(4 * 20, 8 * 20)
    assert part.boundary.iou == 0.5
    assert part.counts.iou == pytest.approx(20 / 22)


def test_without_any_border_nothing_is_stated():
    everywhere = np.ones((30, 30), dtype=bool)
    assert math.isnan(_part(everywhere, everywhere).boundary.iou)
    assert "boundary_iou" not in _part(everywhere, everywhere).row()


def test_blocks_hold_every_pixel_once():
    rng = np.random.default_rng(0)
    found, truth, counts = (rng.random((50, 301)) < 0.7 for _ in range(3))
    part = _part(found, truth, counts=counts, gsd_m=(1.0, 3.0))
    assert len(part.blocks) == 3 * 4  # three at least; 903 m in pieces of at most 256 m
    hits, false, misses = sum(part.blocks.values())
    agreed = confusion(found, truth, counts)
    assert (hits, false, misses) == (
        agreed.true_positive,
        agreed.false_positive,
        agreed.false_negative,
    )


def test_dates_of_the_same_ground_share_their_blocks():
    first = _part(_left(22), _left(20))
    assert len((first + first).blocks) == len(first.blocks)
    assert len((first + _part(_left(22), _left(20), "b")).blocks) == 2 * len(first.blocks)
    assert (first + first).images == 2
    twice = (first + first).blocks
    assert all((twice[block] == 2 * found).all() for block, found in first.blocks.items())
    # The same ground twice is no more evidence than once.
    assert iou_interval((first + first).blocks) == iou_interval(first.blocks)


def test_the_interval_is_repeatable_and_holds_the_figure():
    rng = np.random.default_rng(1)
    truth = rng.random((512, 512)) < 0.5
    found = truth ^ (rng.random((512, 512)) < np.linspace(0.0, 0.4, 512))
    part = _part(found, truth, gsd_m=(2.0, 2.0))
    interval = iou_interval(part.blocks)
    assert interval == iou_interval(dict(reversed(part.blocks.items())))
    assert interval.blocks == 16
    assert "256 m" in interval.unit
    assert interval.low < part.counts.iou < interval.high
    assert interval.high - interval.low > 0.05


def test_blocks_that_all_agree_leave_no_spread():
    part = sum((_part(_left(22), _left(20), str(place)) for place in range(9)), Part())
    interval = iou_interval(part.blocks)
    assert interval.low == interval.high == pytest.approx(20 / 22)
    assert (interval.blocks, interval.unit) == (9, "whole pictures")


def test_the_interval_covers_as_often_as_it_says():
    """200 samples of 40 blocks: about 95 of 100 intervals hold the IoU of all blocks there are."""
    rng = np.random.default_rng(2)
    share = rng.beta(8, 2, 5000)
    size = rng.integers(500, 1500, 5000)
    hits = np.rint(share * size)
    table = np.stack([hits, size - hits, np.zeros(5000)], axis=1).astype(np.int64)
    truth = hits.sum() / size.sum()
    held = 0
    for _ in range(200):
        chosen = rng.integers(5000, size=40)
        blocks = {("a", int(row), col): table[row] for col, row in enumerate(chosen)}
        interval = iou_interval(blocks)
        held += interval.low <= truth <= interval.high
    assert 0.90 <= held / 200 <= 0.99


def test_few_blocks_give_no_interval():
    blocks = {("a", 0, col): np.array([1, 0, 0]) for col in range(4)}
    assert iou_interval(blocks) is None
    assert iou_interval({}) is None
    # Blocks without farmland in either say nothing.
    empty = {("a", 1, col): np.zeros(3, dtype=np.int64) for col in range(9)}
    assert iou_interval(blocks | empty) is None
