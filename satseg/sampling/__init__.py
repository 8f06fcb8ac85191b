"""Reference samples: drawing points from a map, labelling them, and keeping what was seen."""

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
    "labelled_change",
    "labelled_sample",
]
