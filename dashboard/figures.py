"""Areas as people read them: units, rounding, signs."""

from __future__ import annotations

from typing import Final

from dashboard.session import Unit

M2_PER_UNIT: Final[dict[Unit, float]] = {"ha": 1e4, "km2": 1e6, "mu": 1e4 / 15}
"""Square metres in one unit; 15 mu (亩) are one hectare."""


def in_unit(area_m2: float, unit: Unit) -> float:
    """Return an area in a unit.

    >>> in_unit(30_000, "ha"), round(in_unit(10_000, "mu"), 9)
    (3.0, 15.0)
    """
    return area_m2 / M2_PER_UNIT[unit]


def area_text(area_m2: float, unit: Unit, *, signed: bool = False) -> str:
    """Return an area with three to four digits that mean something, without the unit's name.

    >>> area_text(1_234_567, "ha"), area_text(-1_234, "ha", signed=True)
    ('123.5', '−0.12')
    """
    value = in_unit(area_m2, unit)
    decimals = 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    text = f"{abs(value):,.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    if value < 0:
        return f"−{text}"
    return f"+{text}" if signed else text


def percent_text(fraction: float, *, signed: bool = False) -> str:
    """Return a fraction in percent with one decimal.

    >>> percent_text(0.4567), percent_text(0.02, signed=True)
    ('45.7 %', '+2.0 %')
    """
    sign = "−" if fraction < 0 else "+" if signed and fraction > 0 else ""
    return f"{sign}{abs(100 * fraction):.1f} %"
