"""The numbers of the method page's worked example are those that the code gives."""

from pathlib import Path

import pytest
from accuracy_samples import FARMLAND, by_map

import satseg.accuracy
from satseg.accuracy import Estimate, assess, plan

PAGE = Path(satseg.accuracy.__file__).with_name("README.md").read_text(encoding="utf-8")
KM2 = 1e6
AREAS = [20 * KM2, 80 * KM2]
FOUND = assess(by_map([[45, 5], [4, 96]], AREAS))


def row(name: str, estimate: Estimate | None, digits: int) -> str:
    assert estimate is not None
    low, high = estimate.interval()
    numbers = [f"{number:.{digits}f}" for number in (estimate.value, estimate.standard_error)]
    return f"| {name} | {' | '.join(numbers)} | {low:.{digits}f} to {high:.{digits}f} |"


@pytest.mark.parametrize(
    "line",
    [
        row("farmland, km²", FOUND.area_m2[FARMLAND].scaled(1 / KM2), 2),
        row("overall accuracy", FOUND.overall, 3),
        row("user's accuracy of farmland", FOUND.users[FARMLAND], 3),
        row("producer's accuracy of farmland", FOUND.producers[FARMLAND], 3),
    ],
)
def test_the_table_is_right(line):
    assert line in PAGE


def test_the_shares_in_the_text_are_right():
    share = FOUND.area_m2[FARMLAND].scaled(1 / sum(AREAS))
    assert f"= {share.value:.3f}$" in PAGE
    assert (
        f"= {share.standard_error**2:.7f}$, its standard error {share.standard_error:.4f}" in PAGE
    )
    assert f"({100 * FOUND.proportions[1, 0]:.1f} km²) outweighs" in PAGE
    assert f"what it adds ({100 * FOUND.proportions[0, 1]:.1f} km²)" in PAGE
    assert f"{1 - 20 / (100 * share.value):.0%} less".replace("%", " %") in PAGE


def test_the_interval_of_full_agreement_is_right():
    certain = assess(by_map([[50, 0], [0, 100]], AREAS)).area_m2[FARMLAND].scaled(1 / KM2)
    low, high = certain.interval()
    assert f"{low:.2f} to {high:.2f} km²" in PAGE


def test_the_plan_is_right():
    sample = by_map([[45, 5], [4, 96]], AREAS)
    found = plan(sample.strata, (0.9, 0.04), standard_error=0.01, minimum=50)
    assert f"{found.counts[0]} points in the mapped farmland and\n{found.counts[1]} in the" in PAGE
    assert f"{found.gain:.1f} times as many" in PAGE


def test_every_public_function_stands_on_the_page():
    functions = [name for name in satseg.accuracy.__all__ if name[0].islower()]
    assert all(f"`{name}(" in PAGE for name in functions)
