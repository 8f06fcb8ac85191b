from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.dates import parse_date
from satseg.errors import DateError


@pytest.mark.parametrize(
    "text",
    [
        "2015-06-06",
        "20150606",
        "2015/06/06",
        " 2015.06.06 ",
        "2015:06:06 02:41:00",
        "2015-06-06T02:41:00.123Z",
    ],
)
def test_customary_forms_are_understood(text: str) -> None:
    assert parse_date(text) == date(2015, 6, 6)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2015-02-30", "06.06.2015", "2015-0606", "2015-06-061", "2015-13-01"]
)
def test_what_is_no_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(DateError, match="for example 2015-06-06") as caught:
        parse_date(text)
    assert caught.value.found == repr(text)


@given(st.dates())
def test_each_iso_date_comes_back(day: date) -> None:
    assert parse_date(day.isoformat()) == day
