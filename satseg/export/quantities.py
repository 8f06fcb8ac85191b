"""Areas and shares as people read them: units, rounding, signs, round lengths."""

from __future__ import annotations

import math
from typing import Final, Literal, get_args

Unit = Literal["ha", "km2", "mu"]
UNITS: Final = get_args(Unit)

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


def round_length_m(longest_m: float) -> float:
    """Return the longest of 1, 2, 5, 10, 20, 50 ... metres that is not above ``longest_m``.

    >>> round_length_m(730), round_length_m(0.21), round_length_m(200)
    (500.0, 0.2, 200.0)
    """
    power = 10.0 ** math.floor(math.log10(longest_m) + 1e-9)
    step = max(step for step in (1, 2, 5) if step * power <= longest_m * (1 + 1e-9))
    return float(f"{step * power:.6g}")


def length_text(length_m: float) -> str:
    """Return a round length with its unit.

    >>> length_text(500), length_text(2000), length_text(0.5)
    ('500 m', '2 km', '0.5 m')
    """
    return f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
