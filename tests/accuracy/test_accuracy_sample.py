import numpy as np
import pytest
from accuracy_samples import CLASSES, by_map, simple

from satseg.accuracy import LabelledSample, Stratum, check_coverage
from satseg.errors import AccuracyError

REGION = (Stratum("region", 100.0),)
ZEROS = np.zeros(3, dtype=np.int64)


def sample(**changes: object) -> LabelledSample:
    fields = {"stratum": ZEROS, "mapped": ZEROS, "reference": ZEROS, "design": "simple"}
    return LabelledSample(**{"strata": REGION, "classes": CLASSES, **fields, **changes})


@pytest.mark.parametrize("area", [0.0, -1.0, float("nan"), float("inf")])
def test_a_stratum_has_an_area(area):
    with pytest.raises(AccuracyError, match="area above 0 m2; found .* for 'field'"):
        Stratum("field", area)


def test_a_stratum_has_two_units():
    with pytest.raises(AccuracyError, match="at least 2 units in a stratum; found 1 in 'field'"):
        Stratum("field", 1.0, units=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strata": ()}, "at least 1 stratum name, each once; found none"),
        ({"strata": (*REGION, *REGION)}, "found region, region. Name each stratum once"),
        ({"classes": ("farmland",)}, "at least 2 class names, each once; found farmland"),
        ({"design": "purposive"}, "a probability sample: stratified, simple, systematic; found 'p"),
        ({"mapped": ZEROS[:2]}, "found 3 of stratum, 2 of mapped, 3 of reference"),
        ({"mapped": np.array([0, -1, 2])}, "mapped from 0 to 1 at every point; found -1 and 1 mo"),
        ({"reference": np.array([0.0, np.nan, 1.0])}, "whole numbers in one dimension; found flo"),
        ({"stratum": np.array([0, 0, 1])}, "stratum from 0 to 0 at every point; found 1"),
        ({"strata": (*REGION, Stratum("b", 1.0))}, "2 labelled points in each stratum; found 0 i"),
        ({"strata": (Stratum("region", 1.0, 2),)}, "at most 2 points in 'region'; found 3"),
    ],
)
def test_a_sample_that_says_nothing_is_refused(changes, message):
    with pytest.raises(AccuracyError, match=message):
        sample(**changes)


def test_one_point_in_a_stratum_is_refused():
    with pytest.raises(AccuracyError, match="found 1 in 'other'. Label more"):
        by_map([[2, 1], [0, 1]], [10, 90])


def test_the_arrays_are_copies_that_cannot_be_written():
    labels = np.array([0, 1, 1])
    found = sample(reference=labels)
    labels[0] = 1
    assert found.reference.tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        found.reference[0] = 1


def test_smaller_integers_are_taken():
    assert sample(mapped=np.array([0, 1, 1], dtype=np.uint8)).mapped.dtype == np.int64


def test_each_point_stands_for_its_share_of_the_stratum():
    found = by_map([[2, 0], [1, 3]], [10, 80])
    assert found.weights_m2.tolist() == [5, 5, 20, 20, 20, 20]
    assert found.points.tolist() == [2, 4]
    assert found.total_m2 == 90


def test_a_region_with_data_everywhere_is_covered():
    check_coverage(simple([0, 1], [0, 1], 99.95).strata, 100.0)


def test_a_region_with_a_part_without_data_is_refused():
    with pytest.raises(AccuracyError, match="cover the region's 100 m2; found 80 m2, 80.0% of it"):
        check_coverage(simple([0, 1], [0, 1], 80.0).strata, 100.0)
