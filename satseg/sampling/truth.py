"""Labels from the exact classes of a simulated scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyproj
import rasterio

from satseg.classes import FARMLAND_CODES, UNLABELLED
from satseg.errors import AccuracyError
from satseg.reading import raster_environment, reading
from satseg.sampling.points import Interpreter, Label, Sample


def labelled_from_truth(sample: Sample, truth: Path | None, interpreter: Interpreter) -> Sample:
    """Return the sample with every open point labelled from a raster of classes.

    Labels that are there stay. Points outside of the raster or on unlabelled ground become unsure.

    Raises:
        AccuracyError: the scene has no truth.
        SceneError: the raster cannot be read.
    """
    if truth is None:
        raise AccuracyError(
            expected="a scene with exact classes, as simulated scenes have",
            found=f"none with the scene {sample.scene_id}",
            fix="Label the points by eye",
        )
    with raster_environment(), reading(truth), rasterio.open(truth) as dataset:
        place = pyproj.Transformer.from_crs("EPSG:4326", dataset.crs, always_xy=True)
        xs, ys = place.transform([p.lon for p in sample.points], [p.lat for p in sample.points])
        values = dataset.sample(zip(xs, ys, strict=True), indexes=1, masked=True)
        codes = [UNLABELLED if np.ma.is_masked(value) else int(value[0]) for value in values]
    points = tuple(
        replace(p, labels=MappingProxyType({interpreter: _label(code), **p.labels}))
        for p, code in zip(sample.points, codes, strict=True)
    )
    return replace(sample, points=points)


def _label(code: int) -> Label:
    if code == UNLABELLED:
        return "unsure"
    return "farmland" if code in FARMLAND_CODES else "other"
