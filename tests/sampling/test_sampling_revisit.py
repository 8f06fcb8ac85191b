import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from rasterio.transform import from_origin

from satseg.accuracy import assess
from satseg.area import area_histogram
from satseg.errors import AccuracyError
from satseg.sampling import CHANGES, Sample, labelled_change
from satseg.sampling.revisit import revisited


def _later(geotiff: Callable[..., Path], codes: np.ndarray) -> Path:
    codes[:6, 50:] = 255
    place = from_origin(350_000, 3_450_000, 10, 10)
    return geotiff(codes[None], "later.tif", nodata=255, crs="EPSG:32651", transform=place)


def _again(sample: Sample, path: Path, region: shapely.Polygon, **changes: object) -> Sample:
    given = {
        "scene_id": "scene-2",
        "date": dt.date(2022, 5, 4),
        "prediction_id": "prediction-2",
        "model_id": "farmnet",
        "threshold": 0.4,
        **changes,
    }
    histogram = area_histogram(path, region)
    return revisited(sample, probability=path, histogram=histogram, **given)


def test_points_and_strata_stay_and_the_map_is_the_other_one(
    sample: Sample, region: shapely.Polygon, geotiff: Callable[..., Path]
) -> None:
    codes = np.full((60, 60), 20, dtype=np.uint8)
    codes[:, :10] = 240
    found = _again(sample.labelled(0, "first", "farmland"), _later(geotiff, codes), region)
    assert found.strata == sample.strata
    assert [(p.lon, p.lat, p.stratum) for p in found.points] == [
        (p.lon, p.lat, p.stratum) for p in sample.points
    ]
    assert found.first_id == sample.id != found.id
    assert found.done("first") == 0
    assert found.mapped_m2[0] == pytest.approx(sample.mapped_m2[0] / 2, rel=1e-3)
    assert {p.code for p in found.points if p.stratum == 1} == {20}
    third = _again(found, _later(geotiff, codes), region, prediction_id="prediction-3")
    assert third.first_id == sample.id


def test_dates_that_show_other_ground_are_refused(
    sample: Sample, region: shapely.Polygon, geotiff: Callable[..., Path]
) -> None:
    codes = np.full((60, 60), 20, dtype=np.uint8)
    codes[:25] = 255
    with pytest.raises(AccuracyError, match="points without data"):
        _again(sample, _later(geotiff, codes), region)


def test_the_same_map_and_one_without_data_are_refused(
    sample: Sample, region: shapely.Polygon, geotiff: Callable[..., Path]
) -> None:
    empty = np.full((60, 60), 255, dtype=np.uint8)
    empty[55:] = 20
    codes = np.full((60, 60), 20, dtype=np.uint8)
    path = _later(geotiff, codes)
    with pytest.raises(AccuracyError, match="map of another date"):
        _again(sample, path, region, prediction_id="prediction-1")
    kept = {"histogram": area_histogram(path, region), "probability": _later(geotiff, empty)}
    other = {"scene_id": "s", "prediction_id": "p", "model_id": "m", "threshold": 0.5}
    with pytest.raises(AccuracyError, match="20 points without data"):
        revisited(sample, date=dt.date(2022, 5, 4), **kept, **other)


def test_change_by_hand(
    sample: Sample, region: shapely.Polygon, geotiff: Callable[..., Path]
) -> None:
    codes = np.full((60, 60), 20, dtype=np.uint8)
    codes[:, :10] = 240
    later = _again(sample, _later(geotiff, codes), region)
    farmland = [p.number for p in sample.points if p.stratum == 0]
    other = [p.number for p in sample.points if p.stratum == 1]
    for number in (*farmland, *other):
        sample = sample.labelled(number, "first", "farmland" if number in farmland else "other")
        stays = number in farmland[2:] or number == other[0]
        later = later.labelled(number, "first", "farmland" if stays else "other")
    found = assess(labelled_change(sample, later))
    farmland_m2, other_m2 = (part.area_m2 for part in sample.strata)
    areas = dict(zip(CHANGES, (area.value for area in found.area_m2), strict=True))
    assert areas == pytest.approx(
        {
            "stable farmland": farmland_m2 * 6 / 8,
            "gain": other_m2 / 12,
            "loss": farmland_m2 * 2 / 8,
            "stable other": other_m2 * 11 / 12,
        }
    )
    assert found.counts.sum(axis=0).tolist() == [6, 1, 2, 11]
    with pytest.raises(AccuracyError, match="the same points"):
        labelled_change(sample, replace(later, first_id="another"))
    unsure = later.labelled(other[0], "first", "unsure")
    assert labelled_change(sample, unsure).stratum.size == 19
