import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from satseg.area import AreaHistogram, area_histogram
from satseg.errors import AccuracyError
from satseg.sampling.design import LEAST_DOUBT, design_sample, draw_sample


@pytest.fixture
def histogram() -> AreaHistogram:
    """A million m²: 400,000 at 0.9, 100,000 each at 0.6 and 0.4, 400,000 at 0."""
    m2 = np.zeros(256)
    m2[[229, 152, 102, 0]] = 400_000, 100_000, 100_000, 400_000
    return AreaHistogram(m2, 1_000_000)


def test_strata_have_the_areas_and_probabilities_of_the_map(histogram: AreaHistogram) -> None:
    found = design_sample(histogram, 0.5, standard_error=0.02)
    assert found.names == ("farmland", "other")
    assert found.areas_m2 == (500_000, 500_000)
    assert found.expected[0] == pytest.approx((4 * 229 + 152) / 5 / 254)
    assert found.expected[1] == pytest.approx(102 / 5 / 254)
    assert found.total_m2 == 1_000_000


def test_nobody_is_quite_certain(histogram: AreaHistogram) -> None:
    found = design_sample(histogram, 0.5, margin=0.25, standard_error=0.02)
    assert found.names[-1] == "other, certain"
    assert found.expected[-1] == LEAST_DOUBT


def test_the_plan_reaches_the_wanted_error(histogram: AreaHistogram) -> None:
    found = design_sample(histogram, 0.5, standard_error=0.02, minimum=2)
    assert found.plan.standard_error <= 0.02
    fewer = design_sample(histogram, 0.5, points=found.plan.points - 2, minimum=2)
    assert fewer.plan.standard_error > 0.02 - 1e-4
    assert found.standard_error_m2 == pytest.approx(found.plan.standard_error * 1e6)


def test_strata_by_certainty_need_fewer_points(histogram: AreaHistogram) -> None:
    plain = design_sample(histogram, 0.5, standard_error=0.02)
    fine = design_sample(histogram, 0.5, margin=0.25, standard_error=0.02)
    assert fine.plan.points < plain.plan.points


def test_empty_strata_are_left_out_and_an_empty_map_is_refused(histogram: AreaHistogram) -> None:
    assert design_sample(histogram, 0.95, points=50).names == ("other",)
    with pytest.raises(AccuracyError, match="map with data"):
        design_sample(AreaHistogram(np.zeros(256), 10.0), 0.5, points=50)


class _Record:
    """What draw_sample reads of a catalog's records."""

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


def test_a_sample_is_drawn_as_designed(probability: Path, region: shapely.Polygon) -> None:
    histogram = area_histogram(probability, region)
    design = design_sample(histogram, 0.5, points=40)
    scene = _Record(id="scene-1", date=dt.date(2019, 5, 4), simulated=False)
    prediction = _Record(id="p-1", model_id="farmnet", probability=probability)
    place = _Record(id="chongming", geometry=region)
    sample = draw_sample(design, place, scene, prediction, histogram, threshold=0.5, seed=3)
    again = draw_sample(design, place, scene, prediction, histogram, threshold=0.5, seed=3)
    assert again.id != sample.id
    assert replace(again, id=sample.id, created=sample.created) == sample
    assert len(sample.points) == 40
    assert [part.pixels for part in sample.strata] == [1000, 1940]
    assert sum(sample.mapped_m2) == pytest.approx(histogram.valid_m2)
    assert (
        draw_sample(design, place, scene, prediction, histogram, threshold=0.5).points
        != sample.points
    )


def test_a_stratum_gives_no_more_points_than_it_has(
    probability: Path, region: shapely.Polygon
) -> None:
    histogram = area_histogram(probability, region)
    design = design_sample(histogram, 0.5, points=9_000)
    scene = _Record(id="scene-1", date=dt.date(2019, 5, 4), simulated=False)
    prediction = _Record(id="p-1", model_id="farmnet", probability=probability)
    place = _Record(id="chongming", geometry=region)
    sample = draw_sample(design, place, scene, prediction, histogram, threshold=0.5, seed=3)
    assert len(sample.points) == 2940
