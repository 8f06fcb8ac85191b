"""A report as one HTML file that asks nothing of any server and prints well."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from satseg import __version__
from satseg.export import legend
from satseg.export.report import Report

_TEMPLATE = Path(__file__).with_name("report.html.jinja")


def report_html(report: Report) -> bytes:
    """Return a report as an HTML page, UTF-8, with all pictures inside."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    maps = [
        {"date": m.date, "caption": m.caption, "size": m.size, "data": _text(m.jpeg)}
        for m in report.maps
    ]
    page = template.render(
        report=report,
        say=report.say,
        legend=legend,
        software=f"satseg {__version__}",
        maps=maps,
        chart=_text(report.chart_svg),
    )
    return page.encode()


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")
