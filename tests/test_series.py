import datetime as dt

import pandas as pd
import pytest

from satseg.errors import RegionError
from satseg.series import COLUMNS, Observation, tidy


def seen(day: str, area_m2: float, **changes: object) -> Observation:
    values = {
        "region": "here",
        "date": dt.date.fromisoformat(day),
        "scene_id": f"s-{day}",
        "model": "farmnet",
        "threshold": 0.5,
        "area_m2": area_m2,
        "share": 0.5,
        "valid_fraction": 1.0,
    }
    return Observation(**{**values, **changes})


def test_rows_come_by_date_with_the_change_since_the_last() -> None:
    frame = tidy([seen("2020-01-01", 30_000.0), seen("2015-01-01", 50_000.0)])
    assert list(frame["scene_id"]) == ["s-2015-01-01", "s-2020-01-01"]
    assert list(frame["area_ha"]) == [5.0, 3.0]
    assert pd.isna(frame["change_m2"][0])
    assert frame["change_m2"][1] == -20_000.0


@pytest.mark.parametrize("key", ["region", "model", "threshold"])
def test_changes_stay_within_region_model_and_threshold(key: str) -> None:
    other = {"region": "there", "model": "unet8", "threshold": 0.7}[key]
    frame = tidy([seen("2015-01-01", 1.0), seen("2020-01-01", 2.0, **{key: other})])
    assert frame["change_m2"].isna().all()


def test_dates_that_saw_different_ground_are_not_compared() -> None:
    rows = [
        seen("2015-01-01", 100.0),
        seen("2016-01-01", 50.0, valid_fraction=0.5),
        seen("2017-01-01", 52.0, valid_fraction=0.54),
    ]
    changes = tidy(rows)["change_m2"]
    assert pd.isna(changes[1])
    assert changes[2] == 2.0


def test_an_empty_series_has_all_columns() -> None:
    frame = tidy([])
    assert frame.empty
    assert tuple(frame.columns[: len(COLUMNS)]) == COLUMNS
    assert frame["area_m2"].dtype == "float64"


@pytest.mark.parametrize("changes", [{"area_m2": -1.0}, {"valid_fraction": 1.5}])
def test_impossible_observations_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(RegionError):
        seen("2015-01-01", **{"area_m2": 1.0, **changes})
