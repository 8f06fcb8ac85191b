import csv
import io

import pytest

from satseg.errors import AccuracyError
from satseg.sampling import Sample
from satseg.sampling.exchange import to_csv, to_plots, with_labels


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_tells_all_and_comes_back(sample: Sample) -> None:
    labelled = sample.labelled(0, "first", "farmland").labelled(7, "first", "unsure")
    text = to_csv(labelled)
    rows = _rows(text)
    assert rows[0]["plotid"] == "1"
    assert rows[0]["first"] == "farmland"
    assert {row["stratum"] for row in rows} == {"farmland", "other"}
    assert with_labels(sample, text, "first") == labelled


def test_plots_for_labelling_elsewhere_do_not_tell_what_the_map_says(sample: Sample) -> None:
    rows = _rows(to_plots(sample))
    assert len(rows) == 20
    assert list(rows[0]) == ["LON", "LAT", "PLOTID"]


def test_answers_of_collect_earth_online_are_taken_over(sample: Sample) -> None:
    point = sample.points[4]
    text = (
        "plotid,sampleid,lon,lat,email,flagged,analysis_duration,Land use\n"
        f"5,1,{point.lon},{point.lat},a@example.org,false,3.2 secs,Farmland\n"
        "7,1,,,a@example.org,false,1.0 secs,Not farmland\n"
        "8,1,,,a@example.org,false,1.0 secs,\n"
    )
    found = with_labels(sample, text, "second")
    assert found.points[4].labels == {"second": "farmland"}
    assert found.points[6].labels == {"second": "other"}
    assert found.done("second") == 2


def test_chinese_answers_and_a_byte_order_mark_are_understood(sample: Sample) -> None:
    found = with_labels(sample, "\ufeffplotid,类别\n1,耕地\n2,非耕地\n3,不确定\n", "first")
    assert [found.points[k].labels["first"] for k in range(3)] == ["farmland", "other", "unsure"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a line for each point"),
        ("plotid,answer\n", "a line for each point"),
        ("name,answer\n1,farmland\n", "a column plotid"),
        ("plotid,answer\n1,wheat\n", "a column of answers"),
        ("plotid,answer\n21,farmland\n", "from 1 to 20"),
        ("plotid,answer\n0,farmland\n", "in line 2"),
        ("plotid,answer\n1,farmland\nx,other\n", "'x' in line 3"),
        ("plotid,lon,lat,answer\n1,100.0,10.0,farmland\n", "the point 1 at"),
        ("plotid,lon,lat,answer\n1,east,10.0,farmland\n", "'east' in line 2"),
        ("plotid,answer\n1,farmland\n1,other\n", "farmland and other for plot 1 in line 3"),
        ("plotid,answer\n" + "9" * 5000 + ",farmland\n", "from 1 to 20"),
        ("plotid,lon,lat,answer\n1,nan,nan,farmland\n", "the point 1 at"),
    ],
)
def test_foreign_tables_are_refused(sample: Sample, text: str, message: str) -> None:
    with pytest.raises(AccuracyError, match=message):
        with_labels(sample, text, "first")
