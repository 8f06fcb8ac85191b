"""A reference sample: points drawn by strata of a map, and what interpreters saw there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from satseg.accuracy import LabelledSample, Stratum
from satseg.errors import AccuracyError
from satseg.probability import threshold_level

Label = Literal["farmland", "other", "unsure"]
Interpreter = Literal["first", "second"]

LABELS: tuple[Label, ...] = get_args(Label)
INTERPRETERS: tuple[Interpreter, ...] = get_args(Interpreter)
CLASSES = ("farmland", "other")
"""Classes of map and reference; an unsure label is neither."""

CHANGES = ("stable farmland", "gain", "loss", "stable other")
"""Classes of change between two dates."""

_TOLD = 5e-4
_NO_LABELS: Mapping[Interpreter, Label] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CodeStratum:
    """A part of a map: all pixels of a region whose probability code lies in a range.

    Attributes:
        name: name to show.
        low, high: first and last code (0 to 254) of the range.
        area_m2: geodesic area of the part.
        pixels: number of pixels from which its points are drawn.
    """

    name: str
    low: int
    high: int
    area_m2: float
    pixels: int


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a sample.

    Attributes:
        number: place in the order of labelling, from 0.
        lon, lat: centre of its pixel, degrees on WGS 84.
        stratum: index of its stratum.
        code: probability code of its pixel, 0 to 254.
        labels: what each interpreter saw.
    """

    number: int
    lon: float
    lat: float
    stratum: int
    code: int
    labels: Mapping[Interpreter, Label] = field(default_factory=lambda: _NO_LABELS)


@dataclass(frozen=True, slots=True)
class Sample:
    """A stratified random sample of the pixels of one map in one region.

    Attributes:
        id: identifier.
        region_id, scene_id, model_id, prediction_id: what was sampled.
        date: day of the scene.
        threshold: probability from which the map says farmland.
        seed: of the random numbers that drew the points.
        created: when it was drawn, UTC.
        valid_fraction: share of the region that has data; the sample says nothing of the rest.
        simulated: whether the scene is simulated.
        mapped_m2: geodesic areas of farmland and of the rest on the map, where there is data.
        strata: the parts of the map from which the points were drawn.
        points: in the order of labelling.
        first_id: the sample whose points are visited again at this date; empty where the points
            were drawn from this map.
    """

    id: str
    region_id: str
    scene_id: str
    model_id: str
    prediction_id: str
    date: dt.date
    threshold: float
    seed: int
    created: dt.datetime
    valid_fraction: float
    simulated: bool
    mapped_m2: tuple[float, float]
    strata: tuple[CodeStratum, ...]
    points: tuple[Point, ...]
    first_id: str = ""

    @property
    def unseen_share(self) -> float:
        """Share of the region without data; 0 where it would round to 0.0 %."""
        share = 1 - self.valid_fraction
        return share if share >= _TOLD else 0.0

    def labelled(self, number: int, interpreter: Interpreter, label: Label | None) -> Sample:
        """Return the sample with a point's label set, or taken away where it is None."""
        point = self.points[number]
        labels = {name: value for name, value in point.labels.items() if name != interpreter}
        if label is not None:
            labels[interpreter] = label
        changed = replace(point, labels=MappingProxyType(labels))
        return replace(
            self, points=tuple(changed if old.number == number else old for old in self.points)
        )

    def unlabelled(self, interpreter: Interpreter) -> list[Point]:
        """Return the points that an interpreter has not seen yet, in order."""
        return [point for point in self.points if interpreter not in point.labels]

    def done(self, interpreter: Interpreter) -> int:
        """Return how many points an interpreter has labelled."""
        return sum(interpreter in point.labels for point in self.points)

    def sure(self, interpreter: Interpreter) -> list[Point]:
        """Return the points that an interpreter has labelled farmland or other."""
        return [point for point in self.points if point.labels.get(interpreter) in CLASSES]

    def unsure(self, interpreter: Interpreter) -> int:
        """Return how many of them with unsure."""
        return sum(point.labels.get(interpreter) == "unsure" for point in self.points)

    def flat_strata(self, interpreter: Interpreter) -> list[tuple[str, int]]:
        """Return name and number of points of the strata in which all sure labels are the same."""
        found = []
        for number, part in enumerate(self.strata):
            labels = [p.labels.get(interpreter) for p in self.points if p.stratum == number]
            sure = [label for label in labels if label in CLASSES]
            if sure and len(set(sure)) == 1:
                found.append((part.name, len(sure)))
        return found

    def pairs(self) -> tuple[list[Label], list[Label]]:
        """Return both interpreters' labels of the points that both have labelled."""
        both = [point.labels for point in self.points if len(point.labels) == len(INTERPRETERS)]
        return [labels["first"] for labels in both], [labels["second"] for labels in both]


def labelled_sample(
    sample: Sample, interpreter: Interpreter = "first", *, only: Collection[int] | None = None
) -> LabelledSample:
    """Return what one interpreter labelled as input of the estimators.

    Points labelled unsure and points not seen yet are left out: that is right where they do not
    differ from the others of their stratum. Points come in random order, so that those seen first
    are a sample of their own. ``only`` restricts them further, to points of these numbers.

    Raises:
        AccuracyError: a stratum has fewer than two labelled points.
    """
    sure = [p for p in sample.sure(interpreter) if only is None or p.number in only]
    level = threshold_level(sample.threshold)
    _refuse_poor(sample, [p.stratum for p in sure])
    return LabelledSample(
        strata=_strata(sample),
        classes=CLASSES,
        stratum=_integers([p.stratum for p in sure]),
        mapped=_integers([0 if p.code >= level else 1 for p in sure]),
        reference=_integers([CLASSES.index(p.labels[interpreter]) for p in sure]),
    )


def labelled_change(
    first: Sample, second: Sample, interpreter: Interpreter = "first"
) -> LabelledSample:
    """Return change between two dates as input of the estimators: ``CHANGES`` are the classes.

    The points are those that both samples share and that the interpreter was sure of on both
    dates; strata are those of the map from which the points were drawn (Stehman 2014).

    Raises:
        AccuracyError: the samples do not share their points, or a stratum has fewer than two
            points labelled on both dates.
    """
    if (first.first_id or first.id) != (second.first_id or second.id):
        raise AccuracyError(
            expected="two dates with the same points",
            found=f"the samples {first.id} and {second.id}",
            fix="See the points of one sample again on the other date",
        )
    pairs = [
        (before, after)
        for before, after in zip(first.points, second.points, strict=True)
        if all(point.labels.get(interpreter) in CLASSES for point in (before, after))
    ]
    _refuse_poor(first, [before.stratum for before, _ in pairs])
    levels = threshold_level(first.threshold), threshold_level(second.threshold)
    return LabelledSample(
        strata=_strata(first),
        classes=CHANGES,
        stratum=_integers([before.stratum for before, _ in pairs]),
        mapped=_integers(
            [_change(before.code >= levels[0], after.code >= levels[1]) for before, after in pairs]
        ),
        reference=_integers(
            [
                _change(*(point.labels[interpreter] == "farmland" for point in pair))
                for pair in pairs
            ]
        ),
    )


def _change(before: bool, after: bool) -> int:
    """Return the index into ``CHANGES``."""
    return (0 if after else 2) if before else (1 if after else 3)


def _strata(sample: Sample) -> tuple[Stratum, ...]:
    return tuple(Stratum(part.name, part.area_m2, max(2, part.pixels)) for part in sample.strata)


def _refuse_poor(sample: Sample, strata: list[int]) -> None:
    counts = np.bincount(strata, minlength=len(sample.strata))
    poor = [part.name for part, n in zip(sample.strata, counts, strict=True) if n < 2]
    if poor:
        raise AccuracyError(
            expected="at least two labelled points in each stratum",
            found=f"fewer in {', '.join(poor)}",
            fix="Label more points",
        )


def _integers(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
