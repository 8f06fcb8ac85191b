"""One catalog for all tests of exports; it is only read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

from export_maps import build_catalog  # noqa: E402

from satseg.catalog import Catalog  # noqa: E402


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A region with two dates; not to be changed."""
    return build_catalog(tmp_path_factory.mktemp("exports"))
