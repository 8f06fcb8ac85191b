"""Calendar dates out of the texts that people and files write them in."""

from __future__ import annotations

import re
from datetime import date

from satseg.errors import DateError

_PATTERN = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-:/.]?)(?P<month>\d{2})(?P=mark)(?P<day>\d{2})"
    r"(?:[T ]\d{2}:?\d{2}.*)?"
)


def parse_date(text: str) -> date:
    """Return the calendar date that ``text`` names, year first.

    Understood are ``2015-06-06``, ``20150606``, ``2015/06/06``, ``2015.06.06``, TIFF's
    ``2015:06:06 02:41:00`` and ISO 8601 times, whose time of day is dropped.

    Raises:
        DateError: the text is no date of the calendar.

    >>> parse_date("2015:06:06 02:41:00")
    datetime.date(2015, 6, 6)
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is not None:
        try:
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError as error:
            raise _no_date(text) from error
    raise _no_date(text)


def _no_date(text: str) -> DateError:
    return DateError(
        expected="a date of the calendar as YYYY-MM-DD",
        found=repr(text),
        fix="Write the date year first, for example 2015-06-06",
    )
