"""A report as the file that its ending names."""

from __future__ import annotations

from satseg.errors import StorageError
from satseg.export.report import Report


def report_bytes(report: Report, ending: str) -> bytes:
    """Return a report as HTML (``.html``) or PDF (``.pdf``).

    Raises:
        StorageError: the ending is another one.
    """
    if ending == ".html":
        from satseg.export.report_html import report_html

        return report_html(report)
    if ending == ".pdf":
        from satseg.export.report_pdf import report_pdf

        return report_pdf(report)
    raise StorageError(
        expected="a report that ends in .html or .pdf",
        found=repr(ending),
        fix="Name the file with one of these endings",
    )
