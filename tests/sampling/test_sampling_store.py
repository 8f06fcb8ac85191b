import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest

from satseg.errors import AccuracyError, StorageError
from satseg.sampling import Sample, SampleStore
from satseg.sampling import store as store_module
from satseg.sampling.exchange import sample_from_bytes
from satseg.sampling.store import merged


@pytest.fixture
def store(tmp_path: Path) -> SampleStore:
    return SampleStore(tmp_path / "catalog")


def test_a_sample_comes_back_as_it_was(store: SampleStore, sample: Sample) -> None:
    labelled = sample.labelled(2, "first", "farmland").labelled(4, "second", "unsure")
    store.add(labelled)
    assert store.sample(sample.id) == labelled
    assert store.ids() == [sample.id]


def test_any_gis_opens_the_points(store: SampleStore, sample: Sample) -> None:
    store.add(sample.labelled(2, "first", "farmland"))
    frame = gpd.read_file(store.path(sample.id), layer="points")
    assert frame.crs.to_epsg() == 4326
    assert len(frame) == 20
    assert frame["first"][2] == "farmland"
    assert set(frame["stratum"]) == {"farmland", "other"}


def test_a_label_is_kept_at_once(store: SampleStore, sample: Sample) -> None:
    store.add(sample)
    before = store.version(sample.id)
    store.label(sample.id, 5, "second", "other")
    assert store.sample(sample.id).points[5].labels == {"second": "other"}
    assert store.version(sample.id) > before
    store.label(sample.id, 5, "second", None)
    assert store.sample(sample.id) == sample


def test_a_sample_is_added_once_and_removed(store: SampleStore, sample: Sample) -> None:
    store.add(sample)
    with pytest.raises(AccuracyError, match="no sample has"):
        store.add(sample)
    store.remove(sample.id)
    assert store.ids() == []
    assert store.version(sample.id) == 0
    with pytest.raises(AccuracyError, match="one of the samples"):
        store.sample(sample.id)


@pytest.mark.parametrize("name", ["../outside", "a/b", "", "UPPER", "x" * 300])
def test_no_id_leaves_the_folder(store: SampleStore, name: str) -> None:
    with pytest.raises(AccuracyError):
        store.path(name)


def test_a_failed_write_leaves_the_sample_as_it_was(
    store: SampleStore, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(sample)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module.os, "replace", full)
    with pytest.raises(StorageError, match="No space left"):
        store.label(sample.id, 0, "first", "farmland")
    monkeypatch.undo()
    assert store.sample(sample.id) == sample
    left = [path.name for path in store.path(sample.id).parent.glob("*.gpkg*")]
    assert left == [f"{sample.id}.gpkg"]


def test_foreign_and_changed_files_are_refused(store: SampleStore, sample: Sample) -> None:
    store.add(sample)
    path = store.path(sample.id)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE design SET value = '\"x\"' WHERE key = 'threshold'")
    with pytest.raises(AccuracyError, match="that satseg wrote"):
        store.sample(sample.id)
    path.write_bytes(b"no database")
    with pytest.raises(AccuracyError, match="that satseg wrote"):
        store.sample(sample.id)


def test_a_copy_brings_its_labels(store: SampleStore, sample: Sample) -> None:
    here = sample.labelled(0, "first", "farmland").labelled(1, "first", "other")
    there = sample.labelled(1, "first", "unsure").labelled(2, "second", "farmland")
    store.take_in(here)
    found = store.take_in(there)
    assert found == store.sample(sample.id)
    assert [dict(p.labels) for p in found.points[:3]] == [
        {"first": "farmland"},
        {"first": "unsure"},
        {"second": "farmland"},
    ]


def test_views_and_damaged_tables_are_refused(store: SampleStore, sample: Sample) -> None:
    store.add(sample)
    path = store.path(sample.id)
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE points DROP COLUMN second")
        database.commit()
    with pytest.raises(AccuracyError, match="that satseg wrote"):
        store.sample(sample.id)
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE design RENAME TO other")
        database.execute("CREATE VIEW design AS SELECT * FROM other")
        database.commit()
    with pytest.raises(AccuracyError, match="no GeoPackage with its tables"):
        store.sample(sample.id)


def test_only_the_wanted_interpreter_is_merged(sample: Sample) -> None:
    other = sample.labelled(0, "first", "farmland").labelled(0, "second", "other")
    assert merged(sample, other, ("second",)).points[0].labels == {"second": "other"}


def test_a_copy_with_other_points_is_refused(store: SampleStore, sample: Sample) -> None:
    store.add(sample)
    with pytest.raises(AccuracyError, match="other points"):
        store.take_in(replace(sample, points=sample.points[:-1]))
    assert store.sample(sample.id) == sample


def test_an_upload_is_read_and_what_is_none_refused(store: SampleStore, sample: Sample) -> None:
    store.add(sample)
    assert sample_from_bytes(store.path(sample.id).read_bytes()) == sample
    with pytest.raises(AccuracyError, match="no GeoPackage with"):
        sample_from_bytes(b"<OGRVRTDataSource></OGRVRTDataSource>")
    with pytest.raises(AccuracyError, match="at most 5 MB"):
        sample_from_bytes(b"x" * 5_000_001)
