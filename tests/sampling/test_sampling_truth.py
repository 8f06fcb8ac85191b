from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rasterio.transform import from_origin

from satseg import classes
from satseg.errors import AccuracyError
from satseg.sampling import Sample
from satseg.sampling.truth import labelled_from_truth


@pytest.fixture
def truth(geotiff: Callable[..., Path]) -> Path:
    codes = np.full((60, 60), classes.WATER, dtype=np.uint8)
    codes[:, :25] = classes.FARMLAND
    codes[:30, 40:] = classes.UNLABELLED
    place = from_origin(350_000, 3_450_000, 10, 10)
    return geotiff(codes[None], "truth.tif", nodata=0, crs="EPSG:32651", transform=place)


def test_labels_are_the_classes_on_the_ground(sample: Sample, truth: Path) -> None:
    found = labelled_from_truth(sample, truth, "first")
    assert all(p.labels["first"] == "farmland" for p in found.points if p.stratum == 0)
    kept = labelled_from_truth(sample.labelled(0, "first", "unsure"), truth, "first")
    assert kept.points[0].labels == {"first": "unsure"}
    elsewhere = {p.labels["first"] for p in found.points if p.stratum == 1}
    assert elsewhere == {"farmland", "other", "unsure"}


def test_points_outside_of_the_truth_are_unsure(
    sample: Sample, geotiff: Callable[..., Path]
) -> None:
    far = geotiff(
        np.ones((1, 5, 5), dtype=np.uint8), "far.tif", transform=from_origin(0, 100, 10, 10)
    )
    found = labelled_from_truth(sample, far, "second")
    assert {p.labels["second"] for p in found.points} == {"unsure"}


def test_a_real_scene_has_no_truth(sample: Sample) -> None:
    with pytest.raises(AccuracyError, match="none with the scene scene-1"):
        labelled_from_truth(sample, None, "first")
