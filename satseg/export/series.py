"""The farmland areas of a place over time, with intervals and provenance, as table and file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satseg.errors import AccuracyError, StorageError
from satseg.export.subject import Subject, stamp
from satseg.sampling import SampleStore, adjusted_by_date
from satseg.series import Observation, tidy
from satseg.storage import storing

if TYPE_CHECKING:
    import pandas as pd

    from satseg.accuracy import Estimate
    from satseg.area import AreaHistogram
    from satseg.catalog import Catalog

Progress = Callable[[int, int], None]
Adjusted = Mapping[dt.date, "Estimate"]

PROVENANCE = "satseg:provenance"
ENDINGS = (".csv", ".parquet")

ADJUSTED_COLUMNS = ("adjusted_m2", "adjusted_low_m2", "adjusted_high_m2")
PROVENANCE_COLUMNS = ("prediction_id", "weights_sha256", "scene_sha256", "clipped_to", "software")


@dataclass(frozen=True, slots=True, eq=False)
class SeriesTable:
    """Areas of farmland, one row a date and model.

    Attributes:
        frame: the columns of ``satseg.series.COLUMNS`` and ``simulated``; then ``adjusted_m2``,
            ``adjusted_low_m2`` and ``adjusted_high_m2`` (error-adjusted area and its 95 %
            interval, missing where nobody labelled a sample); then each row's provenance
            (``PROVENANCE_COLUMNS``), so that a row says itself what it is made of.
        subjects: the maps, in the order of the rows.
    """

    frame: pd.DataFrame
    subjects: tuple[Subject, ...]


def area_table(
    catalog: Catalog, subjects: Iterable[Subject], *, progress: Progress | None = None
) -> SeriesTable:
    """Return the farmland area of some maps, measured in the region or in the area of interest.

    Adjusted areas are those of the region's labelled samples; an area of interest has none.

    Raises:
        RegionError: an area of interest lies outside of a map.
        SceneError: a prediction cannot be read.
    """
    ordered = sorted(subjects, key=_order)
    observed = []
    for number, subject in enumerate(ordered, start=1):
        observed.append(_observation(subject, measured(catalog, subject)))
        if progress is not None:
            progress(number, len(ordered))
    frame = tidy(observed)
    places = {subject.region.id for subject in ordered if not subject.clip_name}
    adjusted = {place: adjusted_areas(catalog.root, place) for place in places}
    estimates = [None if s.clip_name else adjusted[s.region.id].get(s.scene.date) for s in ordered]
    for name, values in zip(ADJUSTED_COLUMNS, _limits(estimates), strict=True):
        frame[name] = values
    rows = [subject.provenance() for subject in ordered]
    for name in PROVENANCE_COLUMNS:
        frame[name] = [row[name] for row in rows]
    return SeriesTable(frame, tuple(ordered))


def measured(catalog: Catalog, subject: Subject) -> AreaHistogram:
    """Return a map's area by probability in the region, or in the area of interest."""
    if subject.clip is None or not subject.clip_name:
        return catalog.area(subject.prediction.id, subject.region.id)
    from satseg.area import area_histogram

    return area_histogram(subject.prediction.probability, subject.clip)


def adjusted_areas(root: Path, region_id: str) -> dict[dt.date, Estimate]:
    """Return the error-adjusted farmland area of each date of a region that has enough labels.

    See ``satseg.sampling.adjusted_by_date``; files that hold no sample are left out.
    """
    store = SampleStore(root)
    samples = []
    for name in store.ids():
        try:
            samples.append(store.sample(name))
        except AccuracyError:
            continue
    return adjusted_by_date(sample for sample in samples if sample.region_id == region_id)


def write_series(table: SeriesTable, path: Path) -> None:
    """Write a table of areas as ``.csv`` or ``.parquet``.

    The CSV holds nothing but the header and the rows (UTF-8, dates YYYY-MM-DD); provenance is in
    columns, so that it survives joining and splitting files. The Parquet file has the same columns
    and each map's whole provenance as JSON under ``satseg:provenance`` in its metadata.

    Raises:
        StorageError: the ending is another one, or the file cannot be written; nothing is left
            behind then, and what was there is kept.
    """
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        raise StorageError(
            expected=f"a file that ends in {' or '.join(ENDINGS)}",
            found=path.name,
            fix="Name the file with one of these endings",
        )
    with storing(path) as whole:
        if kind == ".csv":
            table.frame.to_csv(whole, index=False, date_format="%Y-%m-%d")
        else:
            _write_parquet(table, whole)


def _write_parquet(table: SeriesTable, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.Table.from_pandas(table.frame, preserve_index=False)
    maps = [subject.provenance() for subject in table.subjects]
    text = json.dumps({**stamp(), "maps": maps}, ensure_ascii=False)
    metadata = {**(content.schema.metadata or {}), PROVENANCE.encode(): text.encode()}
    pq.write_table(content.replace_schema_metadata(metadata), path)


def _order(subject: Subject) -> tuple[str, str, float, dt.date, str]:
    """Return the key of the order in which ``satseg.series.tidy`` puts the rows."""
    scene = subject.scene
    model = subject.prediction.model_id
    return subject.place_id, model, subject.threshold, scene.date, scene.id


def _observation(subject: Subject, area: AreaHistogram) -> Observation:
    return Observation(
        region=subject.place_id,
        date=subject.scene.date,
        scene_id=subject.scene.id,
        model=subject.prediction.model_id,
        threshold=subject.threshold,
        area_m2=area.area_m2(subject.threshold),
        share=area.share(subject.threshold),
        valid_fraction=area.valid_fraction,
        simulated=subject.scene.simulated,
    )


def _limits(estimates: Sequence[Estimate | None]) -> list[list[float]]:
    """Return values, lower and upper limits; NaN where there is no estimate."""
    nothing = float("nan")
    rows = [
        (nothing, nothing, nothing) if each is None else (each.value, *each.interval())
        for each in estimates
    ]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []]
