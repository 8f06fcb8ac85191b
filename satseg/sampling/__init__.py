"""Reference samples: drawing points from a map, labelling them, and keeping what was seen."""

from satseg.sampling.adjusted import adjusted_area, adjusted_by_date
from satseg.sampling.points import (
    CHANGES,
    CLASSES,
    INTERPRETERS,
    LABELS,
    CodeStratum,
    Interpreter,
    Label,
    Point,
    Sample,
    labelled_change,
    labelled_sample,
)
from satseg.sampling.store import SampleStore

__all__ = [
    "CHANGES",
    "CLASSES",
    "INTERPRETERS",
    "LABELS",
    "CodeStratum",
    "Interpreter",
    "Label",
    "Point",
    "Sample",
    "SampleStore",
    "adjusted_area",
    "adjusted_by_date",
    "labelled_change",
    "labelled_sample",
]
