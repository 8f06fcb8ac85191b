"""Planning a sample of a map: strata, what to expect of them, and how many points."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import numpy as np

from satseg.accuracy import Plan, Stratum, plan
from satseg.area import AreaHistogram
from satseg.catalog_records import PredictionRecord, SceneRecord
from satseg.errors import AccuracyError
from satseg.identifiers import composed
from satseg.probability import SCALE
from satseg.regions import Region
from satseg.sampling.draw import code_ranges, count_pixels, draw_points
from satseg.sampling.points import CodeStratum, Sample

LEAST_DOUBT = 0.05
"""A model that says 0 or 1 is taken to be wrong at so many of its pixels: networks are surer than
they are right. Our choice; it only decides how many points are planned."""

MARGIN = 0.25
"""Probability by which a pixel differs from the threshold where a map counts as certain."""

_DOUBT = (LEAST_DOUBT, 1 - LEAST_DOUBT)


@dataclass(frozen=True, slots=True)
class SampleDesign:
    """A planned sample.

    Attributes:
        names: of the strata.
        ranges: first and last probability code of each.
        areas_m2: their geodesic areas.
        expected: their expected shares of farmland, 0 to 1.
        plan: points by stratum and the standard error to expect, as a share of ``total_m2``.
    """

    names: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...]
    areas_m2: tuple[float, ...]
    expected: tuple[float, ...]
    plan: Plan

    @property
    def total_m2(self) -> float:
        """Area of all strata: the part of the region that has data."""
        return sum(self.areas_m2)

    @property
    def standard_error_m2(self) -> float:
        """Forecast standard error of the farmland area."""
        return self.plan.standard_error * self.total_m2


def design_sample(
    histogram: AreaHistogram,
    threshold: float,
    *,
    margin: float | None = None,
    standard_error: float | None = None,
    points: int | None = None,
    minimum: int = 10,
) -> SampleDesign:
    """Return the sample that reaches a standard error, or the best one of so many points.

    The expected share of farmland in a stratum is the mean of the map's own probabilities there,
    but at least ``LEAST_DOUBT`` away from certainty.

    Args:
        histogram: the map's areas by probability in the region.
        threshold: probability from which the map says farmland.
        margin: divides the strata by certainty, see ``code_ranges``.
        standard_error: wanted standard error of the farmland area, as a share of the area with
            data; or else
        points: number of points.
        minimum: least number of points in a stratum.

    Raises:
        AccuracyError: the region has no data, or the wish cannot be met.
    """
    parts = [
        (name, low, high, float(histogram.m2[low : high + 1].sum()))
        for name, low, high in code_ranges(threshold, margin)
    ]
    parts = [part for part in parts if part[3] > 0]
    if not parts:
        raise AccuracyError(
            expected="a map with data in the region",
            found="none",
            fix="Choose another date",
        )
    codes = np.arange(SCALE + 1) / SCALE
    expected = tuple(
        float(np.clip(histogram.m2[low : high + 1] @ codes[low : high + 1] / area, *_DOUBT))
        for _, low, high, area in parts
    )
    return SampleDesign(
        names=tuple(part[0] for part in parts),
        ranges=tuple((part[1], part[2]) for part in parts),
        areas_m2=tuple(part[3] for part in parts),
        expected=expected,
        plan=plan(
            [Stratum(name, area) for name, _, _, area in parts],
            expected,
            standard_error=standard_error,
            points=points,
            minimum=minimum,
        ),
    )


def draw_sample(
    design: SampleDesign,
    region: Region,
    scene: SceneRecord,
    prediction: PredictionRecord,
    histogram: AreaHistogram,
    *,
    threshold: float,
    seed: int | None = None,
) -> Sample:
    """Return a new sample of a prediction, drawn as designed.

    Strata with fewer pixels than two are left out; a stratum gets no more points than it has
    pixels. Without a seed, one is chosen; it is kept with the sample, which can be drawn again
    from it.

    Raises:
        AccuracyError: no stratum is left.
        SceneError: the prediction cannot be read.
    """
    pixels = count_pixels(prediction.probability, region.geometry, design.ranges)
    rows = [
        (CodeStratum(name, *codes, area, int(count)), min(wanted, int(count)))
        for name, codes, area, wanted, count in zip(
            design.names, design.ranges, design.areas_m2, design.plan.counts, pixels, strict=True
        )
        if count >= 2
    ]
    if not rows:
        raise AccuracyError(
            expected="a stratum with two pixels or more",
            found=f"{int(pixels.sum())} pixels in all",
            fix="Choose a larger region",
        )
    chosen = int(np.random.default_rng().integers(2**31)) if seed is None else seed
    strata = tuple(stratum for stratum, _ in rows)
    farmland = histogram.area_m2(threshold)
    points = draw_points(
        prediction.probability,
        region.geometry,
        [(stratum.low, stratum.high) for stratum in strata],
        [wanted for _, wanted in rows],
        seed=chosen,
    )
    return Sample(
        id=composed(prediction.id, uuid.uuid4().hex),
        region_id=region.id,
        scene_id=scene.id,
        model_id=prediction.model_id,
        prediction_id=prediction.id,
        date=scene.date,
        threshold=threshold,
        seed=chosen,
        created=dt.datetime.now(dt.UTC),
        valid_fraction=histogram.valid_fraction,
        simulated=scene.simulated,
        mapped_m2=(farmland, histogram.valid_m2 - farmland),
        strata=strata,
        points=tuple(points),
    )
