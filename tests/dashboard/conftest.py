"""A small catalog for the tests of the dashboard, built once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    path for path in (str(ROOT), str(ROOT / "tests" / "dashboard")) if path not in sys.path
]

from small_catalog import build_catalog, build_models  # noqa: E402

from satseg.catalog import Catalog  # noqa: E402


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the map of a visitor without a browser."""
    monkeypatch.setattr("dashboard.mapfirst.LONGEST_S", 0.0)


@pytest.fixture(scope="session")
def built_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a catalog with two regions, four dates and two models; not to be changed."""
    root = tmp_path_factory.mktemp("small")
    build_catalog(root, size_px=128)
    return root / "catalog"


@pytest.fixture(scope="session")
def catalog(built_catalog: Path) -> Catalog:
    return Catalog.open(built_catalog, create=False)


@pytest.fixture
def own_catalog(built_catalog: Path, tmp_path: Path) -> Path:
    """The folder of a copy that a test may change; images stay where the original has them."""
    return Path(shutil.copytree(built_catalog, tmp_path / "small" / "catalog"))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return build_models(tmp_path / "models")


@pytest.fixture
def served(built_catalog: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The dashboard reads the small catalog and two models."""
    yield from _serve(built_catalog, models, monkeypatch)


@pytest.fixture
def served_own(own_catalog: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The dashboard reads a copy of the small catalog that the test may change."""
    yield from _serve(own_catalog, models, monkeypatch)


def _serve(catalog: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    from dashboard.shelf import jobs, shelf

    monkeypatch.setenv("SATSEG_CATALOG", str(catalog))
    monkeypatch.setenv("SATSEG_MODELS", str(models))
    for cached in (shelf, jobs):
        cached.cache_clear()
    yield catalog
    shelf().tiles.close()
    for cached in (shelf, jobs):
        cached.cache_clear()
