"""Samples on disk: one GeoPackage each, below the catalog."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from satseg.errors import AccuracyError, StorageError
from satseg.identifiers import is_identifier
from satseg.probability import SCALE
from satseg.sampling.points import (
    INTERPRETERS,
    LABELS,
    CodeStratum,
    Interpreter,
    Label,
    Point,
    Sample,
)

if TYPE_CHECKING:
    import geopandas as gpd

POINTS = "points"
DESIGN = "design"
SUFFIX = ".gpkg"
MAX_POINTS = 100_000
_LOCK_TIMEOUT_S = 20.0
_SQLITE = b"SQLite format 3\0"
"""First bytes of a GeoPackage. Source: SQLite's file format, section 1.3.1."""


class SampleStore:
    """The samples of a catalog, ``<root>/reference/<id>.gpkg``.

    A file holds the layer ``points`` (stratum, probability code, both interpreters' labels), which
    any GIS opens, and the table ``design`` with what made the sample. Each change replaces the
    file whole, under a lock, so that two interpreters may label at the same time.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / "reference"

    def ids(self) -> list[str]:
        """Return the ids of all samples, sorted."""
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return []
        ids = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
        return [name for name in ids if is_identifier(name)]

    def version(self, sample_id: str) -> int:
        """Return a number that changes whenever the sample's file does; 0 where there is none."""
        try:
            return self.path(sample_id).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def path(self, sample_id: str) -> Path:
        """Return the GeoPackage of a sample, which need not exist.

        Raises:
            AccuracyError: the id cannot be one.
        """
        if not is_identifier(sample_id):
            raise self._unknown(sample_id)
        return self._folder / f"{sample_id}{SUFFIX}"

    def sample(self, sample_id: str) -> Sample:
        """Return one sample.

        Raises:
            AccuracyError: there is none of that id, or its file was not written by satseg.
        """
        path = self.path(sample_id)
        if not path.is_file():
            raise self._unknown(sample_id)
        return read_sample(path)

    def add(self, sample: Sample) -> None:
        """Store a new sample.

        Raises:
            AccuracyError: there is one of that id.
            StorageError: the file cannot be written; nothing is left behind.
        """
        with self._locked(sample.id):
            path = self.path(sample.id)
            if path.exists():
                raise AccuracyError(
                    expected="an id that no sample has",
                    found=repr(sample.id),
                    fix="Choose another id",
                )
            write_sample(sample, path)

    def change(self, sample_id: str, change: Callable[[Sample], Sample]) -> Sample:
        """Replace a sample by what ``change`` makes of it, and return that.

        Raises:
            AccuracyError: there is none of that id.
            StorageError: the file cannot be written; the sample is as before then.
        """
        with self._locked(sample_id):
            changed = change(self.sample(sample_id))
            write_sample(changed, self.path(sample_id))
        return changed

    def label(
        self, sample_id: str, number: int, interpreter: Interpreter, label: Label | None
    ) -> Sample:
        """Set or take away the label of one point, and return the sample."""
        return self.change(sample_id, lambda sample: sample.labelled(number, interpreter, label))

    def take_in(self, sample: Sample) -> Sample:
        """Add a sample from elsewhere, or its labels where the catalog has the sample already.

        Labels of the given sample replace those here; points that it leaves open stay as they are.

        Raises:
            AccuracyError: the catalog has another sample of that id.
            StorageError: the file cannot be written.
        """
        if self.path(sample.id).is_file():
            return self.change(sample.id, lambda old: merged(old, sample))
        self.add(sample)
        return sample

    def remove(self, sample_id: str) -> None:
        """Remove a sample with its labels."""
        with self._locked(sample_id):
            self.path(sample_id).unlink(missing_ok=True)

    @contextmanager
    def _locked(self, sample_id: str) -> Iterator[None]:
        self.path(sample_id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f".{sample_id}.lock", timeout=_LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise StorageError(
                expected=f"the lock of the sample {sample_id} within {_LOCK_TIMEOUT_S:.0f} s",
                found="another process that keeps it",
                fix="Try again",
            ) from error

    def _unknown(self, sample_id: str) -> AccuracyError:
        known = ", ".join(self.ids()[:8]) or "(there is none)"
        return AccuracyError(
            expected=f"one of the samples {known}",
            found=repr(sample_id[:200]),
            fix="Draw a sample first, or choose one of them",
        )


def merged(
    sample: Sample, other: Sample, interpreters: Collection[Interpreter] = INTERPRETERS
) -> Sample:
    """Return the sample with the interpreters' labels of another copy, where that has any.

    Raises:
        AccuracyError: the points differ.
    """
    places = [
        [(p.number, p.lon, p.lat, p.stratum, p.code) for p in one.points] for one in (sample, other)
    ]
    if places[0] != places[1]:
        raise AccuracyError(
            expected=f"the points of the sample {sample.id}",
            found=f"other points in {other.id}",
            fix="Give the labels of this sample",
        )
    for point in other.points:
        for name, label in point.labels.items():
            if name in interpreters:
                sample = sample.labelled(point.number, name, label)
    return sample


def write_sample(sample: Sample, path: Path) -> None:
    """Write a sample as a GeoPackage that replaces ``path`` whole.

    Raises:
        StorageError: the file cannot be written; what was there stays.
    """
    import pandas as pd
    import pyogrio

    temporary = path.with_name(f".{uuid.uuid4().hex}{SUFFIX}")
    design = pd.DataFrame([{"key": k, "value": json.dumps(v)} for k, v in _design(sample).items()])
    try:
        pyogrio.write_dataframe(points_frame(sample), temporary, layer=POINTS, driver="GPKG")
        pyogrio.write_dataframe(design, temporary, layer=DESIGN, driver="GPKG", append=True)
        os.replace(temporary, path)
    except (OSError, RuntimeError, ValueError) as error:
        raise StorageError(
            expected=f"to write the sample {sample.id}",
            found=f"{type(error).__name__}: {error}",
            fix="Free space on the disk, check that the folder may be written, and try again",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def points_frame(sample: Sample) -> gpd.GeoDataFrame:
    """Return the points as a table in WGS 84, one row each in the order of labelling."""
    import geopandas as gpd

    points = sample.points
    columns: dict[str, list[Any]] = {
        "number": [p.number for p in points],
        "stratum": [sample.strata[p.stratum].name for p in points],
        "code": [p.code for p in points],
    }
    for name in INTERPRETERS:
        columns[name] = [p.labels.get(name) for p in points]
    place = gpd.points_from_xy([p.lon for p in points], [p.lat for p in points])
    frame = gpd.GeoDataFrame(columns, geometry=place, crs="EPSG:4326")
    return frame.astype(dict.fromkeys(INTERPRETERS, "object"))


def read_sample(path: Path) -> Sample:
    """Return the sample in a GeoPackage that ``write_sample`` wrote.

    Raises:
        AccuracyError: the file holds none.
    """
    import pyogrio

    check_database(path)
    try:
        table = pyogrio.read_dataframe(path, layer=DESIGN, read_geometry=False, max_features=100)
        design = {
            key: json.loads(value) for key, value in zip(table["key"], table["value"], strict=True)
        }
        points = pyogrio.read_dataframe(path, layer=POINTS, max_features=MAX_POINTS)
        return _sample(design, points)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise AccuracyError(
            expected=f"a sample that satseg wrote in {path.name}",
            found=f"{type(error).__name__}: {str(error)[:200]}",
            fix="Give the GeoPackage as it was exported",
        ) from error


def check_database(path: Path) -> None:
    """Refuse what is no SQLite file before any driver guesses what it may be.

    Raises:
        AccuracyError: the file is missing or something else.
    """
    try:
        with path.open("rb") as file:
            found = file.read(len(_SQLITE))
    except OSError as error:
        raise AccuracyError(
            expected="a GeoPackage", found=f"{type(error).__name__}: {error}", fix="Check the name"
        ) from error
    if found != _SQLITE or not _has_tables(path):
        raise AccuracyError(
            expected=f"a sample that satseg wrote in {path.name}",
            found="no GeoPackage with its tables",
            fix="Give the GeoPackage as it was exported",
        )


def _has_tables(path: Path) -> bool:
    """Return whether points and design are tables; a view could make a reader run for ever."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN (?, ?)"
            return len(database.execute(asked, (POINTS, DESIGN)).fetchall()) == 2
    except sqlite3.Error:
        return False


def _design(sample: Sample) -> dict[str, Any]:
    strata = [
        {"name": s.name, "low": s.low, "high": s.high, "area_m2": s.area_m2, "pixels": s.pixels}
        for s in sample.strata
    ]
    return {
        "id": sample.id,
        "region_id": sample.region_id,
        "scene_id": sample.scene_id,
        "model_id": sample.model_id,
        "prediction_id": sample.prediction_id,
        "date": sample.date.isoformat(),
        "threshold": sample.threshold,
        "seed": sample.seed,
        "created": sample.created.isoformat(),
        "valid_fraction": sample.valid_fraction,
        "simulated": sample.simulated,
        "mapped_m2": list(sample.mapped_m2),
        "first_id": sample.first_id,
        "strata": strata,
    }


def _sample(design: Mapping[str, Any], points: gpd.GeoDataFrame) -> Sample:
    strata = tuple(CodeStratum(**row) for row in design["strata"])
    names = [part.name for part in strata]
    rows = sorted(points.itertuples(), key=lambda row: int(row.number))
    if [int(row.number) for row in rows] != list(range(len(rows))):
        raise ValueError("points are missing")
    return Sample(
        **{key: design[key] for key in ("id", "region_id", "scene_id", "model_id")},
        prediction_id=design["prediction_id"],
        date=dt.date.fromisoformat(design["date"]),
        threshold=float(design["threshold"]),
        seed=int(design["seed"]),
        created=dt.datetime.fromisoformat(design["created"]),
        valid_fraction=float(design["valid_fraction"]),
        simulated=bool(design["simulated"]),
        mapped_m2=(float(design["mapped_m2"][0]), float(design["mapped_m2"][1])),
        first_id=str(design["first_id"]),
        strata=strata,
        points=tuple(
            Point(
                int(row.number),
                float(row.geometry.x),
                float(row.geometry.y),
                names.index(row.stratum),
                _code(row.code),
                _labels(row),
            )
            for row in rows
        ),
    )


def _code(value: Any) -> int:
    code = int(value)
    if not 0 <= code <= SCALE:
        raise ValueError(f"the probability code {code}")
    return code


def _labels(row: Any) -> Mapping[Interpreter, Label]:
    found: dict[Interpreter, Label] = {}
    for name in INTERPRETERS:
        text = getattr(row, name)
        if isinstance(text, str):
            found[name] = LABELS[LABELS.index(text)]
    return MappingProxyType(found)
