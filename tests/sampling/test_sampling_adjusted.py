import datetime as dt
from dataclasses import replace

from satseg.accuracy import Estimate
from satseg.sampling import Sample, adjusted_area, adjusted_by_date


def labelled(sample: Sample, count: int, **changes: object) -> Sample:
    """Return the sample with its first ``count`` points labelled as they are mapped."""
    for point in sample.points[:count]:
        label = "farmland" if point.code >= 127 else "other"
        sample = sample.labelled(point.number, "first", label)
    return replace(sample, **changes)


def test_a_right_map_needs_no_adjustment(sample: Sample) -> None:
    found = adjusted_area(labelled(sample, len(sample.points)))
    assert found is not None
    assert abs(found.value - sample.mapped_m2[0]) < 1e-6 * sample.mapped_m2[0]


def test_without_labels_there_is_no_adjusted_area(sample: Sample) -> None:
    assert adjusted_area(sample) is None
    assert adjusted_by_date([sample]) == {}


def test_most_labels_count_then_the_newest_sample(sample: Sample) -> None:
    day = dt.timedelta(days=1)
    few = labelled(sample, 2, id="few", created=sample.created + 2 * day)
    old = labelled(sample, 3, id="old")
    new = labelled(sample, 3, id="new", created=sample.created + day)
    none = labelled(sample, 4, id="none")
    other = labelled(sample, 1, id="other", date=sample.date + day)
    areas = {"few": 1.0, "old": 2.0, "new": 3.0, "other": 4.0}

    def area(one: Sample) -> Estimate | None:
        return Estimate(areas[one.id], 0.1) if one.id in areas else None

    found = adjusted_by_date([new, none, few, old, other], area)
    assert {date: estimate.value for date, estimate in found.items()} == {
        sample.date: 3.0,
        sample.date + day: 4.0,
    }
