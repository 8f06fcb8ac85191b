import datetime as dt
import re
from io import BytesIO

import pytest
from PIL import Image

from satseg.export.chart import _apart, area_chart
from satseg.export.lines import ChartIntervals, ChartLine

DAYS = [dt.date(2016, 1, 1), dt.date(2016, 1, 9), dt.date(2018, 1, 1), dt.date(2020, 1, 1)]
NONE = ChartIntervals("none", {})


def drawn(*lines: ChartLine, intervals: ChartIntervals = NONE) -> str:
    return area_chart(lines, intervals, unit="ha", unit_name="公顷", kind="svg").decode()


def test_a_date_without_a_map_is_a_gap() -> None:
    whole = drawn(ChartLine("a", dict.fromkeys(DAYS, 1e6)))
    gap = drawn(ChartLine("a", {**dict.fromkeys(DAYS, 1e6), DAYS[2]: None}))
    lines = [svg.count("L ") for svg in (whole, gap)]
    assert lines[0] > lines[1]


def test_the_same_chart_is_the_same_file() -> None:
    line = ChartLine("a", dict.fromkeys(DAYS, 1e6))
    strip = re.compile(r'(id|href|clip-path)="[^"]+"')
    assert strip.sub("", drawn(line)) == strip.sub("", drawn(line))


def test_intervals_add_their_marks() -> None:
    line = ChartLine("a", dict.fromkeys(DAYS, 1e6))
    known = ChartIntervals("adjusted", {DAYS[0]: (9e5, 8e5, 1.1e6)})
    assert len(drawn(line, intervals=known)) > len(drawn(line))


@pytest.mark.parametrize("area", [0.0, 12.5])
def test_a_single_date_is_drawn_without_a_warning(area: float) -> None:
    content = area_chart(
        [ChartLine("a", {DAYS[0]: area})], NONE, unit="mu", unit_name="mu", kind="png"
    )
    assert Image.open(BytesIO(content)).size == (1584, 638)


def test_dates_close_together_share_a_label() -> None:
    assert _apart(DAYS, dt.timedelta(days=100)) == [DAYS[0], DAYS[2], DAYS[3]]
