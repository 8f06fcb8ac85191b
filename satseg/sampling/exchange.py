"""Samples as tables of text, for labelling elsewhere and for keeping."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from satseg.errors import AccuracyError
from satseg.probability import SCALE
from satseg.sampling.points import INTERPRETERS, Interpreter, Label, Sample
from satseg.sampling.store import read_sample

WORDS: Mapping[str, Label] = MappingProxyType(
    {
        "farmland": "farmland",
        "cropland": "farmland",
        "耕地": "farmland",
        "other": "other",
        "not farmland": "other",
        "非耕地": "other",
        "unsure": "unsure",
        "不确定": "unsure",
    }
)
"""Answers that are understood, in small letters."""

MAX_BYTES = 5_000_000

_DIGITS = 10
_IDS = ("plotid", "plot_id", "pl_plotid", "number")
_PLACE = (("lon", "lat"), ("center_lon", "center_lat"))
_SAME_PLACE_DEG = 2e-5


def to_csv(sample: Sample) -> str:
    """Return all that is known of each point as CSV."""
    rows = [
        {
            "plotid": p.number + 1,
            "lon": f"{p.lon:.8f}",
            "lat": f"{p.lat:.8f}",
            "date": sample.date.isoformat(),
            "stratum": sample.strata[p.stratum].name,
            "stratum_area_m2": f"{sample.strata[p.stratum].area_m2:.2f}",
            "probability": f"{p.code / SCALE:.4f}",
            **{name: p.labels.get(name, "") for name in INTERPRETERS},
        }
        for p in sample.points
    ]
    return _written(rows)


def to_plots(sample: Sample) -> str:
    """Return the places alone as the CSV of plots that Collect Earth Online takes.

    Neither stratum nor probability is in it: who labels must not know what the map says.
    Source of the columns: Collect Earth Online's manual, plots from a CSV file.
    """
    rows = [
        {"LON": f"{p.lon:.8f}", "LAT": f"{p.lat:.8f}", "PLOTID": p.number + 1}
        for p in sample.points
    ]
    return _written(rows)


def with_labels(sample: Sample, text: str, interpreter: Interpreter) -> Sample:
    """Return the sample with the labels of a CSV: ours, or what Collect Earth Online exports.

    Rows name their point in a column ``plotid``; where they have ``lon`` and ``lat`` too, these
    must be the point's. The labels are in the column whose answers are all known words (see
    ``WORDS``); rows without an answer change nothing.

    Raises:
        AccuracyError: a column is missing, or a row does not belong to the sample. The message
            names the row; nothing of the file is taken then.
    """
    rows = _rows(text)
    identifier = next((name for name in _IDS if name in rows[0]), None)
    column = _answers(rows, interpreter)
    if identifier is None or column is None:
        raise AccuracyError(
            expected=f"a column plotid and a column of answers out of {', '.join(WORDS)}",
            found=f"the columns {', '.join(rows[0])}",
            fix="Export the samples with their plot ids, with farmland and other as answers",
        )
    taken: dict[int, Label] = {}
    for line, row in enumerate(rows, start=2):
        answer = WORDS.get(row[column].strip().lower())
        if answer is None:
            continue
        number = _number(sample, row, identifier, line)
        if taken.setdefault(number, answer) != answer:
            raise AccuracyError(
                expected="one answer a point",
                found=f"{taken[number]} and {answer} for plot {number + 1} in line {line}",
                fix="Export the labels of one interpreter, with one sample a plot",
            )
    for number, answer in taken.items():
        sample = sample.labelled(number, interpreter, answer)
    return sample


def read_csv(source: Path | bytes) -> str:
    """Return the text of a CSV file, or of what a visitor uploaded.

    Raises:
        AccuracyError: it is missing, larger than ``MAX_BYTES``, or not in UTF-8.
    """
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
        if len(data) <= MAX_BYTES:
            return data.decode("utf-8-sig")
        found = f"{len(data) / 1e6:.1f} MB"
    except OSError as error:
        found = f"{type(error).__name__}: {error}"
    except UnicodeDecodeError as error:
        found = f"bytes that are no UTF-8 at position {error.start}"
    raise AccuracyError(
        expected=f"a CSV file in UTF-8 of at most {MAX_BYTES // 1_000_000} MB",
        found=found,
        fix="Give the file of this sample alone, saved as UTF-8",
    )


def sample_from_bytes(data: bytes) -> Sample:
    """Return the sample in an uploaded GeoPackage.

    Raises:
        AccuracyError: it is larger than ``MAX_BYTES``, or holds no sample.
    """
    if len(data) > MAX_BYTES:
        raise AccuracyError(
            expected=f"a GeoPackage of at most {MAX_BYTES // 1_000_000} MB",
            found=f"{len(data) / 1e6:.1f} MB",
            fix="Give the GeoPackage as it was exported",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.gpkg"
        path.write_bytes(data)
        return read_sample(path)


def _rows(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=None))
    try:
        rows = [
            {str(key).strip().lower(): value or "" for key, value in row.items() if key is not None}
            for row in reader
        ]
    except csv.Error:
        rows = []
    if not rows:
        raise AccuracyError(
            expected="a CSV file with a line of names and a line for each point",
            found="no such lines",
            fix="Give the file as it was exported",
        )
    return rows


def _answers(rows: Sequence[Mapping[str, str]], interpreter: Interpreter) -> str | None:
    """Return the column of answers: the interpreter's own of ours, or the first that fits."""
    own_file = set(INTERPRETERS) <= set(rows[0])
    for name in (interpreter,) if own_file else tuple(rows[0]):
        given = {row[name].strip().lower() for row in rows} - {""}
        if given and given <= set(WORDS):
            return name
    return None


def _number(sample: Sample, row: Mapping[str, str], identifier: str, line: int) -> int:
    text = row[identifier].strip()
    number = int(text) - 1 if text.isdecimal() and len(text) < _DIGITS else -1
    if not 0 <= number < len(sample.points):
        raise AccuracyError(
            expected=f"plot ids from 1 to {len(sample.points)}",
            found=f"{text[:40]!r} in line {line}",
            fix="Give the labels of this sample",
        )
    point = sample.points[number]
    for lon, lat in _PLACE:
        if row.get(lon, "").strip() and row.get(lat, "").strip():
            there = (_degrees(row[lon], line), _degrees(row[lat], line))
            apart = max(abs(there[0] - point.lon), abs(there[1] - point.lat))
            if not apart <= _SAME_PLACE_DEG:
                raise AccuracyError(
                    expected=f"the point {text} at {point.lon:.6f} {point.lat:.6f}",
                    found=f"{there[0]:.6f} {there[1]:.6f} in line {line}",
                    fix="Give the labels of this sample, not of another one",
                )
    return number


def _degrees(text: str, line: int) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise AccuracyError(
            expected="degrees as a number",
            found=f"{text!r} in line {line}",
            fix="Give the file as it was exported",
        ) from error


def _written(rows: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["plotid"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
