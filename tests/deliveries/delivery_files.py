"""Small deliveries with pixels that a test chose."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.catalog import Catalog
from satseg.deliveries import Choices, add_delivery, understand
from satseg.grids import Grid
from satseg.radiometry import BandFactors
from satseg.simulate.delivery import FACTORS, PAN_FACTORS, ProductPixels, write_product
from satseg.simulate.imd_text import ProductText

MOMENT = dt.datetime(2015, 6, 6, 2, 41, tzinfo=dt.UTC)
GRID = Grid("EPSG:32651", (2.4, 0.0, 380000.0, 0.0, -2.4, 3455000.0), 40, 60)
TEXT = ProductText(MOMENT, 30.0, 110.0, 0.012, "test")


def numbers(bands: int = 8, grid: Grid = GRID, seed: int = 0) -> NDArray[np.uint16]:
    """Return random digital numbers (bands, h, w), 100 to 900."""
    drawn = np.random.default_rng(seed).integers(100, 900, (bands, *grid.shape))
    return drawn.astype(np.uint16)


def write_multispectral(
    folder: Path,
    image: NDArray[np.uint16] | None = None,
    *,
    grid: Grid = GRID,
    text: ProductText = TEXT,
    kind: str = "M2AS",
    factors: Sequence[BandFactors] = FACTORS,
) -> Path:
    """Write a multispectral product and return its .IMD."""
    pixels = numbers(len(factors), grid) if image is None else image
    return write_product(folder, ProductPixels(kind, pixels, tuple(factors), grid), text)


def write_panchromatic(
    folder: Path,
    image: NDArray[np.uint16] | None = None,
    *,
    grid: Grid | None = None,
    text: ProductText = TEXT,
) -> Path:
    """Write a panchromatic product of 4 x 4 as many pixels and return its .IMD."""
    fine = grid or GRID.resized(GRID.height * 4, GRID.width * 4)
    pixels = numbers(1, fine, 1) if image is None else image
    return write_product(folder, ProductPixels("P2AS", pixels, (PAN_FACTORS,), fine), text)


def with_part(part: str) -> ProductText:
    """Return the texts of another part of the order."""
    return replace(TEXT, part=part)


def edit(path: Path, *changes: tuple[str, str]) -> Path:
    """Replace each regular expression, which must be found, in a text file."""
    text = path.read_text()
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text)
        assert count, pattern
    path.write_text(text)
    return path


def drop(path: Path, pattern: str) -> Path:
    """Remove the lines that match, of which there must be some."""
    lines = path.read_text().splitlines()
    kept = [line for line in lines if not re.search(pattern, line)]
    assert len(kept) < len(lines), pattern
    path.write_text("\n".join(kept))
    return path


def one_tile(imd: Path) -> Path:
    """Make the delivery's product one tile without a .TIL, and return the tile."""
    first, second = sorted(imd.parent.glob("*.TIF"))
    imd.with_suffix(".TIL").unlink()
    second.unlink()
    edit(imd, ("numColumns = 60", "numColumns = 30"))
    return first


def add(catalog: Catalog, folder: Path, choices: Choices | None = None, **options: str) -> Path:
    """Add a delivery and return its image."""
    return add_delivery(catalog, understand(folder, choices), **options).image
