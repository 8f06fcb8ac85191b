import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from export_maps import DAYS, subject

from satseg.accuracy import Estimate
from satseg.catalog import Catalog
from satseg.errors import CatalogError, StorageError
from satseg.export import report as reports
from satseg.export import series
from satseg.export.choosing import all_maps
from satseg.export.report import Report, compose_report
from satseg.export.report_files import report_bytes
from satseg.export.series import area_table


def composed(catalog: Catalog, **options: object) -> Report:
    table = area_table(catalog, all_maps(catalog, threshold=0.5))
    shown = [subject(catalog, date=number) for number in (0, 1)]
    return compose_report(table, shown, **options)


@pytest.fixture(scope="module")
def report(mapped: Catalog) -> Report:
    return composed(mapped)


class Requests(HTMLParser):
    """Addresses that a page asks for, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "action")]


def test_a_report_says_what_happened(report: Report) -> None:
    assert report.title == "Farmland of s0"
    assert report.period == "2016-05-03 to 2020-05-03"
    assert [each.date for each in report.maps] == [str(day) for day in DAYS]
    assert report.summary[0].startswith("On 2020-05-03 the map shows 0.06 ha of farmland, 3")
    change = "from 0.07 to 0.06 ha (−0.01 ha, −20.2\u00a0%)"
    assert change in report.summary[1]
    assert len(report.table) == 4
    assert report.table[1][:4] == ("2016-05-03", "farmnet", "0.50", "0.07")
    assert len(report.provenance) == 2
    assert "ab" * 32 in report.provenance[0][4]


def test_without_a_sample_it_says_that_there_is_no_interval(report: Report) -> None:
    assert any("no interval can be given" in text for text in report.limits)
    assert len(report.table[0]) == 7


def test_intervals_are_in_the_table_where_there_is_a_sample(
    mapped: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {DAYS[0]: Estimate(70_000.0, 1000.0)}
    monkeypatch.setattr(series, "adjusted_areas", lambda root, region: known)
    found = composed(mapped)
    assert found.table[1][7] == "7.00 (6.80 – 7.20)"
    assert found.table[2][7] == "–"
    assert any("drawn by chance" in text for text in found.method)


def test_dates_that_show_other_ground_are_not_compared(mapped: Catalog) -> None:
    table = area_table(mapped, all_maps(mapped, threshold=0.5))
    table.frame.loc[1, "valid_fraction"] = 0.5
    found = compose_report(table, [subject(mapped), subject(mapped, date=1)])
    assert found.summary[1].startswith("The first and the last date do not show the same share")


def test_html_asks_nothing_of_any_server(report: Report) -> None:
    text = report_bytes(report, ".html").decode()
    seen = Requests()
    seen.feed(text)
    assert len(seen.addresses) == 3
    assert all(address.startswith("data:image/") for address in seen.addresses)
    assert not set(seen.tags) & {"script", "link", "iframe", "object", "form"}
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_names_are_text_never_markup(mapped: Catalog) -> None:
    wanted = subject(mapped)
    evil = replace(wanted.region, name_en="<script>alert(1)</script>")
    table = area_table(mapped, all_maps(mapped, models=["farmnet"], threshold=0.5))
    found = compose_report(table, [replace(wanted, region=evil)])
    page = report_bytes(found, ".html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_report_speaks_chinese(mapped: Catalog) -> None:
    found = composed(mapped, language="zh", unit="mu")
    page = report_bytes(found, ".html").decode()
    assert 'lang="zh-Hans"' in page
    assert "耕地" in page
    assert "制图面积（亩）" in page
    assert report_bytes(found, ".pdf").startswith(b"%PDF-")


def test_pdf_has_its_pages_title_and_font_inside(report: Report) -> None:
    content = report_bytes(report, ".pdf")
    pages = len(re.findall(rb"/Type /Page\b", content))
    assert pages in (2, 3)
    assert b"NotoSansSC" in content
    assert b"/FontFile" in content


def test_only_the_latest_maps_are_shown_and_the_report_says_so(
    mapped: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_MAPS", 1)
    steps: list[tuple[int, int]] = []
    found = composed(mapped, progress=lambda *step: steps.append(step))
    assert [each.date for each in found.maps] == [str(DAYS[1])]
    assert found.maps_note.startswith("The latest 1 dates are shown; 1 earlier")
    assert steps == [(1, 1)]
    assert len(found.table) == 4


def test_a_report_on_nothing_is_refused(mapped: Catalog) -> None:
    table = area_table(mapped, all_maps(mapped))
    with pytest.raises(CatalogError, match="at least one map to report on"):
        compose_report(table, [])


def test_another_ending_is_refused(report: Report) -> None:
    with pytest.raises(StorageError, match=r"ends in \.html or \.pdf"):
        report_bytes(report, ".docx")
