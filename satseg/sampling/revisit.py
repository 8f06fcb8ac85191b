"""The points of one date looked at again on another, so that change is seen point by point."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj

from satseg.area import AreaHistogram
from satseg.errors import AccuracyError
from satseg.identifiers import composed
from satseg.probability import NODATA
from satseg.probability_raster import codes, open_probability
from satseg.sampling.points import Point, Sample
from satseg.windows import Window

_SAME_GROUND = 0.005
"""Valid fractions that differ by less than this count as the same ground."""


def revisited(
    sample: Sample,
    *,
    scene_id: str,
    date: dt.date,
    prediction_id: str,
    model_id: str,
    threshold: float,
    probability: Path,
    histogram: AreaHistogram,
) -> Sample:
    """Return a sample with the same points and strata, of another date's map, without labels.

    The strata stay those of the first map: they are no classes of the second (Stehman 2014), which
    the estimators know how to handle.

    Args:
        sample: the sample whose points are visited again.
        scene_id, date, prediction_id, model_id, threshold: of the other map.
        probability: its probability raster.
        histogram: its areas by probability in the sample's region.

    Raises:
        AccuracyError: it is the same map, or does not show the same ground: a point has no data,
            or another part of the region has.
        SceneError: the raster cannot be read.
    """
    if prediction_id == sample.prediction_id:
        raise AccuracyError(
            expected="the map of another date",
            found=f"the map of {sample.date} from which the sample was drawn",
            fix="Choose another date",
        )
    found = codes_at(probability, [(p.lon, p.lat) for p in sample.points])
    unseen = found.count(NODATA)
    if unseen or abs(histogram.valid_fraction - sample.valid_fraction) > _SAME_GROUND:
        raise AccuracyError(
            expected=f"a map of {date} that shows the ground of {sample.date}"
            f" ({sample.valid_fraction:.1%} of the region)",
            found=f"{histogram.valid_fraction:.1%}, and {unseen} points without data",
            fix="Choose another date, or draw a sample of its own there",
        )
    points = tuple(
        Point(p.number, p.lon, p.lat, p.stratum, code)
        for p, code in zip(sample.points, found, strict=True)
    )
    farmland = histogram.area_m2(threshold)
    return replace(
        sample,
        id=composed(sample.first_id or sample.id, prediction_id),
        scene_id=scene_id,
        model_id=model_id,
        prediction_id=prediction_id,
        date=date,
        threshold=threshold,
        created=dt.datetime.now(dt.UTC),
        valid_fraction=histogram.valid_fraction,
        mapped_m2=(farmland, histogram.valid_m2 - farmland),
        points=points,
        first_id=sample.first_id or sample.id,
    )


def codes_at(probability: Path, places: list[tuple[float, float]]) -> list[int]:
    """Return the probability codes at places (longitude, latitude); 255 outside of the raster.

    Raises:
        SceneError: the raster cannot be read.
    """
    raster = open_probability(probability)
    forward = pyproj.Transformer.from_crs("EPSG:4326", raster.grid.crs, always_xy=True)
    inverse = ~raster.grid.affine
    found = []
    with raster.reader() as pixels:
        for lon, lat in places:
            col, row = inverse @ forward.transform(lon, lat)
            window = Window(int(np.floor(row)), int(np.floor(col)), 1, 1)
            inside = 0 <= window.row < raster.grid.height and 0 <= window.col < raster.grid.width
            found.append(int(codes(pixels, window)[0, 0]) if inside else NODATA)
    return found
