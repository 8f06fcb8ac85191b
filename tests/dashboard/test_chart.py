import datetime as dt

from dashboard.chart import DASHES, SYMBOLS, area_chart
from satseg.export.lines import COLOURS, ChartLine

DATES = [dt.date(2016, 5, 3), dt.date(2019, 4, 12), dt.date(2022, 5, 20)]


def lines() -> list[ChartLine]:
    return [
        ChartLine("FarmNet", dict(zip(DATES, [20_000.0, None, 10_000.0], strict=True))),
        ChartLine("Ensemble", dict(zip(DATES, [30_000.0, 20_000.0, 10_000.0], strict=True)), True),
    ]


def test_areas_are_drawn_in_the_unit_and_gaps_stay_gaps() -> None:
    figure = area_chart(lines(), current=DATES[0], unit="ha", unit_name="ha")
    trace = figure.data[0]
    assert list(trace.y) == [2.0, None, 1.0]
    assert trace.connectgaps is False
    assert list(trace.customdata) == ["2016-05-03", "2019-04-12", "2022-05-20"]


def test_the_current_date_is_marked_by_a_line_and_a_larger_point() -> None:
    figure = area_chart(lines(), current=DATES[2], unit="ha", unit_name="ha")
    assert figure.layout.shapes[0].x0 == "2022-05-20"
    sizes = figure.data[0].marker.size
    assert sizes[2] > sizes[0] == sizes[1]


def test_lines_differ_in_more_than_colour() -> None:
    figure = area_chart(lines(), current=None, unit="ha", unit_name="ha")
    first, second = figure.data
    assert first.line.dash != second.line.dash
    assert first.marker.symbol != second.marker.symbol
    assert first.line.color != second.line.color
    assert len(set(COLOURS)) == len(set(DASHES)) == len(set(SYMBOLS)) == 6


def test_one_line_needs_no_legend() -> None:
    assert not area_chart(lines()[:1], current=None, unit="mu", unit_name="mu").layout.showlegend
    assert area_chart(lines(), current=None, unit="mu", unit_name="mu").layout.showlegend


def test_a_chart_without_any_model_is_empty() -> None:
    assert len(area_chart([], current=DATES[0], unit="ha", unit_name="ha").data) == 0
