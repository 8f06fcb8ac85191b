"""95 % intervals hold the truth 93 to 97 % of the time, over 2,000 draws or more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from accuracy_samples import CLASSES
from numpy.typing import NDArray

from satseg.accuracy import (
    Assessment,
    Estimate,
    LabelledSample,
    Stratum,
    assess,
    compare,
    estimate_domain,
    kappa,
)
from satseg.accuracy.sample import DesignName

DRAWS = 2000
AREA = 1e8

# By stratum the shares of farmland on the map and in the reference, on the map only, in the
# reference only, and in neither. The first strata are the map classes, the second are not.
BY_MAP = np.array([[0.85, 0.15, 0, 0], [0, 0, 0.1, 0.9]])
BY_OTHERS = np.array([[0.8, 0.08, 0.04, 0.08], [0.3, 0.2, 0.2, 0.3], [0.03, 0.02, 0.05, 0.9]])
MAP_SHARES, OTHER_SHARES = np.array([0.3, 0.7]), np.array([0.25, 0.15, 0.6])


def truth_of(cells: NDArray[np.float64], shares: NDArray[np.float64]) -> dict[str, float]:
    """Return the true accuracies and areas of a population."""
    (both, commission), (omission, neither) = (shares @ cells).reshape(2, 2)
    return {
        "overall": both + neither,
        "area farmland": (both + omission) * AREA,
        "area other": (commission + neither) * AREA,
        "users farmland": both / (both + commission),
        "users other": neither / (omission + neither),
        "producers farmland": both / (both + omission),
        "producers other": neither / (commission + neither),
    }


def figures(found: Assessment) -> dict[str, Estimate | None]:
    names = {"overall": found.overall}
    for index, name in enumerate(CLASSES):
        names[f"area {name}"] = found.area_m2[index]
        names[f"users {name}"] = found.users[index]
        names[f"producers {name}"] = found.producers[index]
    return names


def drawn(
    cells: NDArray[np.float64], shares: NDArray[np.float64], points: list[int], seed: int
) -> Iterator[LabelledSample]:
    """Yield stratified samples of a population of infinitely many units."""
    random = np.random.default_rng(seed)
    strata = tuple(Stratum(f"s{i}", float(share) * AREA) for i, share in enumerate(shares))
    stratum = np.repeat(np.arange(len(points)), points)
    columns = [
        random.choice(4, size=(DRAWS, count), p=row)
        for count, row in zip(points, cells, strict=True)
    ]
    for cell in np.concatenate(columns, axis=1):
        yield LabelledSample(strata, CLASSES, stratum, cell // 2, cell % 2)


def covered(estimates: Iterable[Estimate | None], truth: float) -> float:
    hits = [low <= truth <= high for low, high in (e.interval() for e in estimates if e)]
    assert len(hits) >= DRAWS
    return float(np.mean(hits))


def check_all(samples: Iterable[LabelledSample], truth: dict[str, float]) -> None:
    found = [figures(assess(sample)) for sample in samples]
    coverage = {name: covered([each[name] for each in found], truth[name]) for name in truth}
    assert all(0.93 <= share <= 0.97 for share in coverage.values()), coverage


def test_strata_that_are_the_map_classes():
    check_all(drawn(BY_MAP, MAP_SHARES, [150, 300], 1), truth_of(BY_MAP, MAP_SHARES))


def test_strata_that_are_not_the_map_classes():
    check_all(drawn(BY_OTHERS, OTHER_SHARES, [100, 100, 200], 2), truth_of(BY_OTHERS, OTHER_SHARES))


def unstratified(design: DesignName, after: bool, seed: int) -> Iterator[LabelledSample]:
    """Yield simple random samples of the first population, grouped by map class if ``after``."""
    random = np.random.default_rng(seed)
    cells = random.choice(4, size=(DRAWS, 400), p=MAP_SHARES @ BY_MAP)
    strata = (Stratum("region", AREA),)
    if after:
        strata = (Stratum("farmland", 0.3 * AREA), Stratum("other", 0.7 * AREA))
    for cell in cells:
        stratum = cell // 2 if after else np.zeros(400, dtype=np.int64)
        yield LabelledSample(strata, CLASSES, stratum, cell // 2, cell % 2, design)


def test_simple_random_sample():
    check_all(unstratified("simple", False, 3), truth_of(BY_MAP, MAP_SHARES))


def test_simple_random_sample_stratified_after_the_draw():
    check_all(unstratified("simple", True, 4), truth_of(BY_MAP, MAP_SHARES))


def blocks(random: np.random.Generator, share: float, size: int) -> NDArray[np.bool_]:
    """Return a square of 1000 x 1000 pixels with blocks of one value each."""
    each = random.random((1000 // size, 1000 // size)) < share
    return np.kron(each, np.ones((size, size), dtype=np.bool_))


def systematic(random: np.random.Generator, size: int) -> tuple[float, list[Assessment]]:
    """Return the farmland's area and the assessments of all 2,500 grids of 50 pixels."""
    reference = blocks(random, 0.3, size)
    mapped = reference ^ blocks(random, 0.1, size)
    found = []
    for start in range(50 * 50):
        grid = np.s_[start // 50 :: 50, start % 50 :: 50]
        found.append(
            assess(
                LabelledSample(
                    (Stratum("region", AREA),),
                    CLASSES,
                    np.zeros(400, dtype=np.int64),
                    1 - mapped[grid].ravel().astype(np.int64),
                    1 - reference[grid].ravel().astype(np.int64),
                    "systematic",
                )
            )
        )
    return float(reference.mean()) * AREA, found


def test_systematic_sample_of_patches_smaller_than_its_spacing():
    area, found = systematic(np.random.default_rng(5), 5)
    assert 0.93 <= covered([each.area_m2[0] for each in found], area) <= 0.97


def test_systematic_sample_of_large_patches_errs_on_the_safe_side():
    area, found = systematic(np.random.default_rng(6), 100)
    assert covered([each.area_m2[0] for each in found], area) > 0.97


@pytest.mark.parametrize("domain_m2", [None, 0.4 * AREA], ids=["total", "ratio"])
def test_domain(domain_m2):
    # 40 % of each stratum lies in the domain, independently of the classes.
    random = np.random.default_rng(7)
    estimates = []
    for sample in drawn(BY_OTHERS, OTHER_SHARES, [150, 150, 200], 8):
        inside = random.random(500) < 0.4
        estimates.append(estimate_domain(sample, inside, domain_m2=domain_m2).area_m2[0])
    truth = 0.4 * truth_of(BY_OTHERS, OTHER_SHARES)["area farmland"]
    coverage = covered(estimates, truth)
    assert 0.93 <= coverage <= 0.97


def dates(shared: int, seed: int) -> Iterator[tuple[LabelledSample, LabelledSample, list[int]]]:
    """Yield samples of two dates with 100 points in each of two strata, and the second's ids.

    A tenth of the first stratum and a twentieth of the second change from farmland to other, and
    as much back in the second.
    """
    random = np.random.default_rng(seed)
    cells = np.array([[0.8, 0.1, 0.0, 0.1], [0.05, 0.05, 0.05, 0.85]])
    strata = (Stratum("dense", 0.4 * AREA), Stratum("sparse", 0.6 * AREA))
    stratum = np.repeat([0, 1], 100)
    ids = [*range(shared), *range(1000, 1100 - shared), *range(100, 100 + shared)]
    ids += list(range(2000, 2100 - shared))
    places = [random.choice(4, size=(DRAWS, 2, 100), p=row) for row in cells]
    for dense, sparse in zip(*places, strict=True):
        before = np.concatenate([dense[0], sparse[0]])
        after = np.concatenate(
            [dense[0][:shared], dense[1][shared:], sparse[0][:shared], sparse[1][shared:]]
        )
        yield (
            LabelledSample(strata, CLASSES, stratum, before // 2, before // 2),
            LabelledSample(strata, CLASSES, stratum, after // 2, after % 2),
            ids,
        )


@pytest.mark.parametrize("shared", [100, 60], ids=["analytic", "bootstrap"])
def test_difference_of_two_dates(shared):
    estimates = [
        compare(first, second, range(200), ids, draws=150)
        for first, second, ids in dates(shared, 10)
    ]
    coverage = covered(estimates, -0.4 * 0.1 * AREA)
    assert 0.93 <= coverage <= 0.97


def test_kappa():
    random = np.random.default_rng(9)
    shares = np.array([0.35, 0.1, 0.05, 0.5])
    by_chance = 0.45 * 0.4 + 0.55 * 0.6
    cells = random.choice(4, size=(DRAWS, 200), p=shares)
    coverage = covered(
        [kappa(cell // 2, cell % 2).kappa for cell in cells], (0.85 - by_chance) / (1 - by_chance)
    )
    assert 0.93 <= coverage <= 0.97
