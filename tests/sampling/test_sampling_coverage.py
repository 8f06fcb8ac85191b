"""Points drawn from a simulated scene: intervals hold its true area 93 to 97 % of the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyproj
import pytest
import scipy.ndimage
from numpy.typing import NDArray
from rasterio.transform import from_origin
from shapely.geometry import Polygon

from satseg.accuracy import LabelledSample, Stratum, assess, estimate_domain
from satseg.classes import FARMLAND_CODES
from satseg.probability_raster import open_probability
from satseg.sampling.draw import code_ranges, draw_points
from satseg.simulate import render_scene
from satseg.simulate.definition import random_definition

SIZE = 256
DRAWS = 2000
SIZES = (60, 40, 40, 60)


@pytest.fixture(scope="module")
def scene() -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Truth of a simulated landscape, and the codes of a map that errs at borders and inside."""
    definition = random_definition(1002, size_px=SIZE, gsd_m=1.2)
    truth = np.isin(
        render_scene(definition, definition.dates[0], bands=("red",)).classes, FARMLAND_CODES
    )
    rng = np.random.default_rng(0)
    patches = scipy.ndimage.gaussian_filter(rng.normal(size=truth.shape), 6) * 12
    blurred = scipy.ndimage.gaussian_filter(truth.astype(float), 2.5)
    codes = np.clip((blurred + 0.22 * patches) * 254, 0, 254).astype(np.uint8)
    assert 0.15 < truth.mean() < 0.85
    return truth, codes


def test_intervals_hold_the_truth_of_a_simulated_scene(
    scene: tuple[NDArray[np.bool_], NDArray[np.uint8]],
) -> None:
    truth, codes = scene
    parts = code_ranges(0.5, 0.25)
    stratum = np.select([(codes >= low) & (codes <= high) for _, low, high in parts], range(4))
    strata = tuple(Stratum(p[0], float((stratum == k).sum())) for k, p in enumerate(parts))
    mapped, domain = codes >= 127, np.zeros(truth.shape, dtype=bool)
    domain[:, : SIZE // 2] = True
    pools = [np.flatnonzero(stratum.ravel() == k) for k in range(4)]
    rng = np.random.default_rng(1)
    hits = np.zeros(3)
    for _ in range(DRAWS):
        drawn = np.concatenate(
            [pool[rng.integers(pool.size, size=n)] for pool, n in zip(pools, SIZES, strict=True)]
        )
        sample = LabelledSample(
            strata,
            ("farmland", "other"),
            stratum.ravel()[drawn].astype(np.int64),
            1 - mapped.ravel()[drawn].astype(np.int64),
            1 - truth.ravel()[drawn].astype(np.int64),
        )
        found = assess(sample)
        inside = estimate_domain(sample, domain.ravel()[drawn])
        told = (found.area_m2[0], found.overall, inside.area_m2[0])
        facts = (truth.sum(), (truth == mapped).mean(), (truth & domain).sum())
        limits = [estimate.interval() for estimate in told]
        hits += [low <= fact <= high for (low, high), fact in zip(limits, facts, strict=True)]
    assert ((hits / DRAWS > 0.93) & (hits / DRAWS < 0.97)).all(), hits / DRAWS


def test_drawn_points_estimate_the_area_without_bias(
    scene: tuple[NDArray[np.bool_], NDArray[np.uint8]], geotiff: Callable[..., Path]
) -> None:
    truth, codes = scene
    place = from_origin(350_000, 3_450_000, 1.2, 1.2)
    path = geotiff(codes[None], "map.tif", nodata=255, crs="EPSG:32651", transform=place)
    grid = open_probability(path).grid
    lon, lat = grid.lonlat([(0, 0), (SIZE, 0), (SIZE, SIZE), (0, SIZE)])
    region = Polygon(zip(lon, lat, strict=True))
    ranges = [(low, high) for _, low, high in code_ranges(0.5)]
    pixels = [int(((codes >= low) & (codes <= high)).sum()) for low, high in ranges]
    errors = []
    for seed in range(60):
        points = draw_points(path, region, ranges, (50, 50), seed=seed)
        cols, rows = _pixels(path, [(p.lon, p.lat) for p in points])
        seen = truth[rows, cols]
        stratum = np.array([p.stratum for p in points])
        shares = [seen[stratum == k].mean() for k in range(2)]
        errors.append(np.dot(shares, pixels) - truth.sum())
    mean, spread = np.mean(errors), np.std(errors) / np.sqrt(len(errors))
    assert abs(mean) < 3.5 * spread


def _pixels(path: Path, places: list[tuple[float, float]]) -> tuple[NDArray[np.int64], ...]:
    grid = open_probability(path).grid
    xs, ys = pyproj.Transformer.from_crs(4326, 32651, always_xy=True).transform(
        *zip(*places, strict=True)
    )
    cols, rows = ~grid.affine @ (np.array(xs), np.array(ys))
    return np.floor(cols).astype(np.int64), np.floor(rows).astype(np.int64)
