"""A report as PDF, A4 upright."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos

from satseg import __version__
from satseg.export import legend
from satseg.export.fonts import drawable, font_file
from satseg.export.report import Report

if TYPE_CHECKING:
    from satseg.export.report import ReportMap

_FONT = "body"
_MARGIN_MM = 16.0
_WIDTH_MM = 210.0 - 2 * _MARGIN_MM
_GAP_MM = 6.0
_CHART_SHAPE = 2.9 / 7.2
_BELOW_MAP_MM = 13.0


def report_pdf(report: Report) -> bytes:
    """Return a report as PDF, with its texts as text that can be searched and copied."""
    page = _Page(report)
    page.add_page()
    _head(page, report)
    _heading(page, report.say("chart"), 80)
    _chart(page, report)
    _heading(page, report.say("table"), 40)
    _table(page, report)
    _maps(page, report)
    for title, texts in (
        (report.say("method"), report.method),
        (report.say("limits"), report.limits),
    ):
        _heading(page, title, 25)
        for text in texts:
            _paragraph(page, text)
    _heading(page, report.say("provenance"), 40)
    for entry in report.provenance:
        _entry(page, entry)
    _paragraph(page, report.made, size=8.5, colour=legend.QUIET)
    return bytes(page.output())


class _Page(FPDF):
    """A4 pages with the title and the number at their foot."""

    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        self._report = report
        self.set_margins(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(True, margin=20)
        self.add_font(_FONT, fname=font_file())
        self.c_margin = 0.0
        self.set_title(drawable(f"{report.title} {report.period}"))
        self.set_creator(f"satseg {__version__}")
        self.set_lang("zh-Hans" if report.language == "zh" else "en")

    def footer(self) -> None:
        self.set_y(-13)
        _ink(self, legend.QUIET)
        self.set_font(_FONT, size=8)
        left = f"{self._report.title} · {self._report.period}"
        self.cell(_WIDTH_MM * 0.8, 5, drawable(left))
        number = self._report.say("page", n=self.page_no())
        self.cell(_WIDTH_MM * 0.2, 5, drawable(number), align="R")


def _ink(page: FPDF, colour: str) -> None:
    page.set_text_color(*_rgb(colour))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _paragraph(
    page: FPDF, text: str, *, size: float = 10, colour: str = legend.INK, after: float = 1.2
) -> None:
    page.set_font(_FONT, size=size)
    _ink(page, colour)
    page.multi_cell(
        _WIDTH_MM, size * 0.52, drawable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
    )
    page.ln(after)


def _heading(page: FPDF, text: str, room_mm: float) -> None:
    """Write a heading below a thin line, on a new page where less than ``room_mm`` is left."""
    if page.will_page_break(room_mm):
        page.add_page()
    else:
        page.ln(3.5)
        page.set_draw_color(*_rgb(legend.RULE))
        page.set_line_width(0.2)
        page.line(_MARGIN_MM, page.get_y(), _MARGIN_MM + _WIDTH_MM, page.get_y())
        page.ln(3.5)
    _bold(page, text, 13, after=1.5)


def _bold(page: FPDF, text: str, size: float, *, after: float) -> None:
    """Write a line whose letters have a thin edge: the font has no bold of its own."""
    with page.local_context(text_mode="FILL_STROKE", line_width=size / 110):
        page.set_draw_color(*_rgb(legend.INK))
        _paragraph(page, text, size=size, after=after)


def _head(page: FPDF, report: Report) -> None:
    _bold(page, report.title, 22, after=0.5)
    _paragraph(page, report.period, size=12, colour=legend.QUIET, after=1.5)
    if report.simulated:
        page.set_font(_FONT, size=9)
        page.set_fill_color(*_rgb(legend.SIMULATED))
        _ink(page, "#ffffff")
        text = drawable(report.say("simulated"))
        page.cell(page.get_string_width(text) + 5, 6, text, fill=True, align="C")
        page.ln(8.5)
    for sentence in report.summary:
        _paragraph(page, sentence, size=11.5)
    if report.simulated:
        _paragraph(page, report.say("simulated_note"), size=9, colour=legend.QUIET, after=0)


def _chart(page: FPDF, report: Report) -> None:
    alt = report.say("chart_alt")
    page.image(BytesIO(report.chart_png), w=_WIDTH_MM, alt_text=alt)
    page.ln(1)


def _table(page: FPDF, report: Report) -> None:
    page.set_font(_FONT, size=8.5)
    _ink(page, legend.INK)
    page.set_draw_color(*_rgb(legend.RULE))
    columns = len(report.table[0])
    aligns = ("LEFT", "LEFT", *("RIGHT",) * (columns - 2))
    widths = (19, 30, *(20,) * (columns - 2)) if columns == 7 else (17, 24, *(15,) * 5, 33)
    page.set_fill_color(255, 255, 255)
    with page.table(
        borders_layout="HORIZONTAL_LINES",
        col_widths=widths,
        text_align=aligns,
        line_height=5.2,
        padding=(0.6, 0.4, 0.6, 0.4),
        headings_style=FontFace(emphasis="", color=(81, 98, 107)),
    ) as table:
        for cells in report.table:
            row = table.row()
            for cell in cells:
                row.cell(drawable(cell))
    page.ln(2)
    _paragraph(page, report.say("table_note"), size=8.5, colour=legend.QUIET)


def _maps(page: FPDF, report: Report) -> None:
    width = (_WIDTH_MM - _GAP_MM) / 2 if len(report.maps) > 1 else _WIDTH_MM * 0.75
    first = max(_height(each, width) for each in report.maps[:2])
    _heading(page, report.say("maps"), first + _BELOW_MAP_MM + 22)
    _key(page, report)
    for start in range(0, len(report.maps), 2):
        pair = report.maps[start : start + 2]
        high = max(_height(each, width) for each in pair)
        if page.will_page_break(high + _BELOW_MAP_MM):
            page.add_page()
        top = page.get_y()
        for number, each in enumerate(pair):
            x = _MARGIN_MM + number * (width + _GAP_MM)
            _place(page, each, (x, top, width, high), report)
        page.set_xy(_MARGIN_MM, top + high + _BELOW_MAP_MM)
    if report.maps_note:
        _paragraph(page, report.maps_note, size=8.5, colour=legend.QUIET)


def _height(each: ReportMap, width: float) -> float:
    return width * each.size[1] / each.size[0]


def _place(
    page: FPDF, each: ReportMap, box: tuple[float, float, float, float], report: Report
) -> None:
    x, top, width, high = box
    alt = report.say("map_alt", date=each.date)
    page.image(BytesIO(each.jpeg), x=x, y=top, w=width, alt_text=alt)
    page.set_xy(x, top + high + 1.2)
    page.set_font(_FONT, size=9)
    _ink(page, legend.INK)
    page.cell(width, 4.4, drawable(each.date), new_x=XPos.LEFT, new_y=YPos.NEXT)
    _ink(page, legend.QUIET)
    page.cell(width, 4.4, drawable(each.caption))


def _key(page: FPDF, report: Report) -> None:
    """Draw the maps' legend on one line."""
    entries = (
        ("farmland", legend.FARMLAND, legend.FARMLAND),
        ("outline_key", "#ffffff", legend.INK),
        ("no_data_key", legend.GROUND, "#b6c0c5"),
    )
    page.set_font(_FONT, size=9)
    _ink(page, legend.INK)
    for name, fill, edge in entries:
        page.set_fill_color(*_rgb(fill))
        page.set_draw_color(*_rgb(edge))
        page.rect(page.get_x(), page.get_y() + 0.9, 5, 3.2, style="DF")
        page.set_x(page.get_x() + 6.5)
        text = drawable(report.say(name))
        page.cell(page.get_string_width(text) + 7, 5, text)
    page.ln(7)


def _entry(page: FPDF, entry: tuple[tuple[str, str], ...]) -> None:
    if page.will_page_break(5.0 * len(entry) + 6):
        page.add_page()
    for name, value in entry:
        page.set_font(_FONT, size=8)
        _ink(page, legend.QUIET)
        page.cell(32, 4.3, drawable(name))
        _ink(page, legend.INK)
        page.multi_cell(
            _WIDTH_MM - 32, 4.3, drawable(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
    page.ln(3)
