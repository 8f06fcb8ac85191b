import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from export_maps import DAYS, half, subject

from satseg.accuracy import Estimate
from satseg.area import area_histogram
from satseg.catalog import Catalog
from satseg.errors import StorageError
from satseg.export import series
from satseg.export.choosing import all_maps
from satseg.export.series import SeriesTable, adjusted_areas, area_table, write_series
from satseg.sampling import CodeStratum, Sample, SampleStore
from satseg.sampling.points import Point
from satseg.workflow import series as workflow_series


@pytest.fixture
def table(mapped: Catalog) -> SeriesTable:
    return area_table(mapped, all_maps(mapped, threshold=0.5))


def sampled(labels: str, *, created: int = 1) -> Sample:
    """A sample of two strata; ``labels`` are f and o, in turn for the one and the other."""
    points = tuple(
        Point(number, 121.0, 31.0, number % 2, 200, {"first": word})
        for number, word in enumerate({"f": "farmland", "o": "other"}[label] for label in labels)
    )
    strata = (
        CodeStratum("farmland", 127, 254, 700.0, 70),
        CodeStratum("other", 0, 126, 300.0, 30),
    )
    return Sample(
        id=f"sample-{created}",
        region_id="s0",
        scene_id="s0",
        model_id="farmnet",
        prediction_id="p",
        date=DAYS[0],
        threshold=0.5,
        seed=1,
        created=dt.datetime(2026, 1, created, tzinfo=dt.UTC),
        valid_fraction=1.0,
        simulated=False,
        mapped_m2=(700.0, 300.0),
        strata=strata,
        points=points,
    )


def test_the_table_has_the_librarys_areas(mapped: Catalog, table: SeriesTable) -> None:
    usual = workflow_series(mapped, threshold=0.5)
    shared = list(usual.columns)
    pd.testing.assert_frame_equal(table.frame[shared], usual)
    assert list(table.frame["model"]) == ["farmnet", "farmnet", "unet8"]


def test_each_row_says_what_it_is_made_of(table: SeriesTable) -> None:
    assert list(table.frame["weights_sha256"].str[:2]) == ["ab", "ab", "cd"]
    assert set(table.frame["clipped_to"]) == {"s0"}
    assert [s.prediction.id for s in table.subjects] == list(table.frame["prediction_id"])
    assert table.frame["adjusted_m2"].isna().all()


def test_an_area_of_interest_is_measured_instead_of_the_region(mapped: Catalog) -> None:
    west = half(mapped.regions()[0].geometry)
    found = area_table(mapped, [subject(mapped, clip=west, clip_name="west")]).frame
    wanted = area_histogram(subject(mapped).prediction.probability, west)
    assert found["region"].tolist() == ["west"]
    assert found["area_m2"].tolist() == [wanted.area_m2(0.5)]
    assert found["valid_fraction"].tolist() == [wanted.valid_fraction]


def test_intervals_stand_at_the_date_of_their_sample(
    mapped: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {DAYS[1]: Estimate(700.0, 10.0)}
    monkeypatch.setattr(series, "adjusted_areas", lambda root, region: known)
    frame = area_table(mapped, all_maps(mapped, models=["farmnet"], threshold=0.5)).frame
    rows = frame[["adjusted_m2", "adjusted_low_m2", "adjusted_high_m2"]].to_numpy()
    assert np.isnan(rows[0]).all()
    assert rows[1] == pytest.approx([700.0, 680.4, 719.6], abs=0.01)


def test_of_several_samples_the_one_with_most_labels_counts(tmp_path: Path) -> None:
    store = SampleStore(tmp_path)
    store.add(sampled("fofofofo", created=1))
    store.add(sampled("fofo", created=2))
    (tmp_path / "reference" / "broken.gpkg").write_bytes(b"no sample")
    found = adjusted_areas(tmp_path, "s0")
    assert list(found) == [DAYS[0]]
    assert found[DAYS[0]].value == pytest.approx(700)
    few = found[DAYS[0]].interval()
    store.remove("sample-1")
    more = adjusted_areas(tmp_path, "s0")[DAYS[0]].interval()
    assert more[1] - more[0] > few[1] - few[0]
    assert adjusted_areas(tmp_path, "elsewhere") == {}


def test_csv_holds_the_header_and_the_rows_only(table: SeriesTable, tmp_path: Path) -> None:
    write_series(table, tmp_path / "s.csv")
    lines = (tmp_path / "s.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("region,date,scene_id,model,threshold,area_m2")
    assert lines[1].startswith("s0,2016-05-03,s0,farmnet,0.5,")
    found = pd.read_csv(tmp_path / "s.csv", parse_dates=["date"])
    assert found["area_m2"].tolist() == table.frame["area_m2"].tolist()


def test_parquet_holds_each_maps_whole_provenance(table: SeriesTable, tmp_path: Path) -> None:
    write_series(table, tmp_path / "s.parquet")
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "s.parquet"), table.frame, check_dtype=False
    )
    metadata = pq.read_schema(tmp_path / "s.parquet").metadata
    origin = json.loads(metadata[b"satseg:provenance"])
    assert [each["parameters"] for each in origin["maps"]] == [{"gsd_m": 0.6}] * 3


def test_another_ending_is_refused(table: SeriesTable, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="ends in .csv or .parquet; found s.xlsx"):
        write_series(table, tmp_path / "s.xlsx")
