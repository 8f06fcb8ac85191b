from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from delivery_files import write_multispectral, write_panchromatic


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A delivery of random pixels: 40 x 60 multispectral of 2.4 m, 160 x 240 panchromatic."""
    folder = tmp_path / "056789012010_01"
    write_multispectral(folder / "MUL")
    write_panchromatic(folder / "PAN")
    return folder


@pytest.fixture
def imd(delivery: Path) -> Path:
    """The multispectral product's .IMD."""
    return next((delivery / "MUL").glob("*.IMD"))


@pytest.fixture
def cut_off() -> Callable[[Path], None]:
    """Cut the second half off a file."""

    def cut(path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)

    return cut
