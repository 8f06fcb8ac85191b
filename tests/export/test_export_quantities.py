import doctest

import pytest

from satseg.export import quantities
from satseg.export.quantities import area_text, in_unit, percent_text


def test_fifteen_mu_are_one_hectare() -> None:
    assert in_unit(10_000, "mu") == pytest.approx(15)
    assert in_unit(10_000, "ha") == 1
    assert in_unit(10_000, "km2") == 0.01


@pytest.mark.parametrize(
    ("area_m2", "unit", "text"),
    [
        (0, "ha", "0.00"),
        (12_345, "ha", "1.23"),
        (123_456, "ha", "12.3"),
        (123_456_789, "ha", "12,346"),
        (1_234_567, "km2", "1.23"),
    ],
)
def test_areas_keep_the_digits_that_mean_something(area_m2: float, unit: str, text: str) -> None:
    assert area_text(area_m2, unit) == text


def test_changes_carry_their_sign_and_zero_has_none() -> None:
    assert area_text(50_000, "ha", signed=True) == "+5.00"
    assert area_text(-50_000, "ha", signed=True) == "−5.00"
    assert area_text(-1, "ha", signed=True) == "0.00"
    assert percent_text(0.5, signed=True) == "+50.0 %"
    assert percent_text(-0.5) == "−50.0 %"


def test_examples_in_the_docstrings_hold() -> None:
    found = doctest.testmod(quantities)
    assert (found.attempted, found.failed) == (5, 0)
