import pickle

import pytest

from satseg import errors

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.SatsegError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_message_says_expected_found_and_fix(kind):
    error = kind(expected="a date", found="'soon'", fix="Write it as 2015-06-06")
    assert str(error) == "Expected a date; found 'soon'. Write it as 2015-06-06."


@pytest.mark.parametrize("kind", KINDS)
def test_errors_cross_process_borders(kind):
    error = kind(expected="a", found="b", fix="c")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again)) == (kind, str(error))
