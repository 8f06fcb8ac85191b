"""A map of farmland on the left and other land on the right, and a sample of it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from rasterio.transform import from_origin

from satseg.area import area_histogram
from satseg.probability_raster import open_probability
from satseg.sampling import CodeStratum, Sample
from satseg.sampling.draw import code_ranges, count_pixels, draw_points

SIDE = 60
THRESHOLD = 0.5


@pytest.fixture
def probability(geotiff: Callable[..., Path]) -> Path:
    """60 x 60 pixels of 10 m: codes 230 on the left third, 20 elsewhere, a corner without data."""
    codes = np.full((SIDE, SIDE), 20, dtype=np.uint8)
    codes[:, :20] = 230
    codes[:6, 50:] = 255
    place = from_origin(350_000, 3_450_000, 10, 10)
    return geotiff(codes[None], "map.tif", nodata=255, crs="EPSG:32651", transform=place)


@pytest.fixture
def region(probability: Path) -> shapely.Polygon:
    """All of the map but its lowest ten rows."""
    grid = open_probability(probability).grid
    corners = [(0, 0), (SIDE, 0), (SIDE, SIDE - 10), (0, SIDE - 10)]
    lon, lat = grid.lonlat(corners)
    return shapely.Polygon(zip(lon, lat, strict=True))


@pytest.fixture
def sample(probability: Path, region: shapely.Polygon) -> Sample:
    """Eight points in farmland and twelve elsewhere."""
    parts = code_ranges(THRESHOLD)
    ranges = [(low, high) for _, low, high in parts]
    histogram = area_histogram(probability, region)
    pixels = count_pixels(probability, region, ranges)
    strata = tuple(
        CodeStratum(name, low, high, float(histogram.m2[low : high + 1].sum()), int(count))
        for (name, low, high), count in zip(parts, pixels, strict=True)
    )
    return Sample(
        id="chongming-1",
        region_id="chongming",
        scene_id="scene-1",
        model_id="farmnet",
        prediction_id="prediction-1",
        date=dt.date(2019, 5, 4),
        threshold=THRESHOLD,
        seed=7,
        created=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        valid_fraction=histogram.valid_fraction,
        simulated=True,
        mapped_m2=(strata[0].area_m2, strata[1].area_m2),
        strata=strata,
        points=tuple(draw_points(probability, region, ranges, (8, 12), seed=7)),
    )
