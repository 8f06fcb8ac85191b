"""Error-adjusted areas from labelled samples: of one sample, and of each date's best one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

from satseg.accuracy import Estimate, assess
from satseg.errors import AccuracyError
from satseg.sampling.points import CLASSES, Sample, labelled_sample


def adjusted_area(sample: Sample) -> Estimate | None:
    """Return the error-adjusted farmland area of a sample by its first interpreter, in m².

    It is None while there are too few labels.
    """
    try:
        areas = assess(labelled_sample(sample)).area_m2
    except AccuracyError:
        return None
    return areas[CLASSES.index("farmland")]


def adjusted_by_date(
    samples: Iterable[Sample], area: Callable[[Sample], Estimate | None] = adjusted_area
) -> dict[dt.date, Estimate]:
    """Return the error-adjusted farmland area of each date that has enough labels.

    Of several samples of a date the one with the most labels of its first interpreter counts, the
    newest of equal ones. ``area`` returns the area of a sample, or None.
    """
    found: dict[dt.date, Estimate] = {}
    for sample in sorted(samples, key=lambda s: (len(s.sure("first")), s.created, s.id)):
        estimate = area(sample)
        if estimate is not None:
            found[sample.date] = estimate
    return found
