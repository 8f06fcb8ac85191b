import numpy as np
import pytest

from satseg.accuracy import assess
from satseg.errors import AccuracyError
from satseg.sampling import Sample, labelled_sample


def _answered(sample: Sample, *, wrong: int = 0) -> Sample:
    """All points as the map has them, but the first ``wrong`` of the farmland stratum."""
    left = wrong
    for point in sample.points:
        farmland = point.stratum == 0
        if farmland and left:
            farmland, left = False, left - 1
        sample = sample.labelled(point.number, "first", "farmland" if farmland else "other")
    return sample


def test_labels_are_set_changed_and_taken_away(sample: Sample) -> None:
    changed = sample.labelled(3, "first", "farmland").labelled(3, "second", "unsure")
    assert dict(changed.points[3].labels) == {"first": "farmland", "second": "unsure"}
    assert (changed.done("first"), changed.unsure("second")) == (1, 1)
    assert sample.done("first") == 0
    assert changed.labelled(3, "first", None).points[3].labels == {"second": "unsure"}
    assert [p.number for p in changed.unlabelled("first")][:4] == [0, 1, 2, 4]


def test_an_adjusted_area_by_hand(sample: Sample) -> None:
    found = assess(labelled_sample(_answered(sample, wrong=2)))
    farmland, other = sample.mapped_m2
    assert found.area_m2[0].value == pytest.approx(farmland * 6 / 8)
    assert found.area_m2[0].standard_error == pytest.approx(
        farmland * np.sqrt((1 - 8 / 1000) * 6 / 8 * 2 / 8 / (8 - 1))
    )
    assert found.mapped_m2 == pytest.approx((farmland, other))
    assert found.counts.tolist() == [[6, 2], [0, 12]]


def test_unsure_and_unseen_points_are_left_out(sample: Sample) -> None:
    answered = _answered(sample).labelled(0, "first", "unsure").labelled(1, "first", None)
    assert labelled_sample(answered).stratum.size == 18


def test_too_few_labels_name_the_stratum(sample: Sample) -> None:
    few = sample
    for point in [p for p in sample.points if p.stratum == 1][:5]:
        few = few.labelled(point.number, "first", "other")
    with pytest.raises(AccuracyError, match="fewer in farmland"):
        labelled_sample(few)


def test_pairs_are_the_points_that_both_have_seen(sample: Sample) -> None:
    both = sample.labelled(0, "first", "farmland").labelled(0, "second", "other")
    assert both.labelled(1, "first", "other").pairs() == (["farmland"], ["other"])


def test_strata_with_one_label_only_are_told(sample: Sample) -> None:
    answered = _answered(sample, wrong=1)
    assert answered.flat_strata("first") == [("other", 12)]
    assert _answered(sample).labelled(0, "first", "unsure").flat_strata("first")[0][1] in (7, 8)
    assert sample.flat_strata("first") == []
