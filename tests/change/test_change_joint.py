from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from satseg.change import joint_histogram, transitions, write_change
from satseg.errors import ModelError, RegionError
from satseg.probability_raster import open_probability

Factory = Callable[..., Path]


def test_two_by_two_pixels_by_hand(probability: Factory) -> None:
    before = probability(np.array([[254, 0], [254, 255]]), "a.tif")
    after = probability(np.array([[254, 254], [0, 254]]), "b.tif")
    found = joint_histogram(before, after)
    pixel = found.region_m2 / 4
    seen = found.transitions(0.5, 0.5)
    assert (seen.stable_farmland_m2, seen.gain_m2, seen.loss_m2) == pytest.approx((pixel,) * 3)
    assert (seen.stable_other_m2, seen.valid_fraction) == pytest.approx((0, 0.75))


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.93])
def test_areas_at_any_threshold_are_those_of_the_change_map(
    probability: Factory, tmp_path: Path, threshold: float
) -> None:
    rng = np.random.default_rng(1)
    maps = [probability(rng.integers(0, 256, (150, 40)), f"{k}.tif") for k in range(2)]
    lon, lat = open_probability(maps[0]).grid.lonlat(
        [(3.3, 8.1), (31.7, 8.1), (31.7, 140.2), (3.3, 90)]
    )
    region = shapely.Polygon(np.column_stack([lon, lat]))
    write_change(*maps, tmp_path / "change.tif", thresholds=threshold)
    for part in (None, region):
        found = joint_histogram(*maps, part).transitions(threshold, threshold)
        wanted = transitions(tmp_path / "change.tif", part)
        for name in ("stable_other_m2", "stable_farmland_m2", "gain_m2", "loss_m2", "region_m2"):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=1e-9), name


def test_each_date_has_its_own_threshold(probability: Factory) -> None:
    before = probability(np.full((2, 2), 100), "a.tif")
    after = probability(np.full((2, 2), 150), "b.tif")
    found = joint_histogram(before, after)
    assert found.transitions(0.3, 0.5).stable_farmland_m2 == pytest.approx(found.region_m2)
    assert found.transitions(0.5, 0.5).gain_m2 == pytest.approx(found.region_m2)
    with pytest.raises(ModelError):
        found.transitions(0.5, 1.5)


def test_a_region_elsewhere_is_refused(probability: Factory) -> None:
    maps = [probability(np.full((2, 2), 100), name) for name in ("a.tif", "b.tif")]
    with pytest.raises(RegionError, match="outside"):
        joint_histogram(*maps, shapely.box(0, 0, 1, 1))
