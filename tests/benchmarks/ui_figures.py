"""One measured figure against its budget, and the table of all of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure that may be at most ``budget``, both in ``unit``."""

    name: str
    measured: float
    budget: float
    unit: str
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the budget holds; what could not be measured does not."""
        return self.measured <= self.budget


def median_ms(name: str, seconds: Sequence[float], budget: float) -> Figure:
    """Return the median of some times, in milliseconds, with the largest in the note."""
    found = [1000 * each for each in seconds]
    note = f"largest of {len(found)}: {max(found):.0f}"
    return Figure(name, statistics.median(found), budget, "ms", note)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of the values do not exceed.

    >>> percentile([4, 1, 3, 2], 0.5), percentile([4, 1, 3, 2], 0.95)
    (2, 4)
    """
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def table(figures: Sequence[Figure]) -> str:
    """Return one line a figure: name, measured, budget, whether it holds."""
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'':{width}}   measured     budget"]
    for figure in figures:
        held = "" if figure.holds else "MISSED"
        measured, budget = (
            f"{value:.0f} {figure.unit}".rstrip() for value in (figure.measured, figure.budget)
        )
        line = f"{figure.name:{width}} {measured:>10} {budget:>10}   {held:6}  {figure.note}"
        lines.append(line.rstrip())
    return "\n".join(lines)
