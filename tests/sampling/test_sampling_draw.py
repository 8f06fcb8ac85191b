from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from satseg.errors import AccuracyError, ModelError
from satseg.sampling import Sample, draw
from satseg.sampling.draw import code_ranges, count_pixels, draw_points
from satseg.sampling.revisit import codes_at

RANGES = [(127, 254), (0, 126)]


def test_map_classes_are_the_strata() -> None:
    assert code_ranges(0.5) == [("farmland", 127, 254), ("other", 0, 126)]
    assert code_ranges(0.0) == [("farmland", 0, 254)]


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("margin", [None, 0.05, 0.25, 1.0])
def test_ranges_hold_each_code_once(threshold: float, margin: float | None) -> None:
    parts = code_ranges(threshold, margin)
    codes = sorted(code for _, low, high in parts for code in range(low, high + 1))
    assert codes == list(range(255))


def test_certainty_divides_both_classes() -> None:
    names = [name for name, _, _ in code_ranges(0.5, 0.25)]
    assert names == [
        "farmland, certain",
        "farmland, uncertain",
        "other, uncertain",
        "other, certain",
    ]
    assert code_ranges(0.5, 0.25)[1][1:] == (127, 190)


def test_a_margin_of_nothing_and_a_wrong_threshold_are_refused() -> None:
    with pytest.raises(AccuracyError, match="margin"):
        code_ranges(0.5, 0.0)
    with pytest.raises(ModelError):
        code_ranges(1.5)


def test_pixels_are_counted_inside_of_the_region_without_nodata(
    probability: Path, region: shapely.Polygon
) -> None:
    assert count_pixels(probability, region, RANGES).tolist() == [20 * 50, 40 * 50 - 60]


def test_points_lie_on_pixel_centres_of_their_stratum(
    sample: Sample, probability: Path, region: shapely.Polygon
) -> None:
    forward = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32651", always_xy=True)
    places = set()
    for point in sample.points:
        x, y = forward.transform(point.lon, point.lat)
        col, row = (x - 350_000) / 10, (3_450_000 - y) / 10
        assert (col % 1, row % 1) == pytest.approx((0.5, 0.5), abs=1e-3)
        assert (point.code == 230) == (point.stratum == 0) == (col < 20)
        assert row < 50
        places.add((int(row), int(col)))
    assert len(places) == 20
    assert [p.stratum for p in sample.points].count(0) == 8
    assert codes_at(probability, [(p.lon, p.lat) for p in sample.points]) == [
        p.code for p in sample.points
    ]


def test_the_seed_alone_decides(probability: Path, region: shapely.Polygon) -> None:
    first = draw_points(probability, region, RANGES, (5, 5), seed=1)
    assert first == draw_points(probability, region, RANGES, (5, 5), seed=1)
    assert first != draw_points(probability, region, RANGES, (5, 5), seed=2)


def test_strata_are_mixed_in_the_order_of_labelling(sample: Sample) -> None:
    strata = [p.stratum for p in sample.points]
    assert strata not in ([0] * 8 + [1] * 12, [1] * 12 + [0] * 8)
    assert [p.number for p in sample.points] == list(range(20))


def test_every_pixel_is_as_likely_as_any_other(probability: Path, region: shapely.Polygon) -> None:
    counts = np.zeros(20)
    for seed in range(400):
        for point in draw_points(probability, region, RANGES, (5, 0), seed=seed):
            x, _ = pyproj.Transformer.from_crs(4326, 32651, always_xy=True).transform(
                point.lon, point.lat
            )
            counts[int((x - 350_000) // 10)] += 1
    expected = 400 * 5 / 20
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert chi_squared < 43.8  # 0.999 quantile with 19 degrees of freedom


def test_all_pixels_can_be_drawn_and_no_more(probability: Path, region: shapely.Polygon) -> None:
    assert len(draw_points(probability, region, RANGES, (1000, 0), seed=1)) == 1000
    with pytest.raises(AccuracyError, match="at least 1001 pixels"):
        draw_points(probability, region, RANGES, (1001, 0), seed=1)


def test_places_outside_of_the_map_have_no_data(probability: Path) -> None:
    assert codes_at(probability, [(100.0, 10.0)]) == [255]


def test_points_do_not_depend_on_the_strips(
    probability: Path, region: shapely.Polygon, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = draw_points(probability, region, RANGES, (9, 15), seed=4)
    monkeypatch.setattr(draw, "_STRIP_ROWS", 7)
    assert draw_points(probability, region, RANGES, (9, 15), seed=4) == whole
    assert count_pixels(probability, region, RANGES).tolist() == [1000, 1940]
