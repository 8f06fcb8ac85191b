"""What the tests of the page Scenes share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

HERE = Path(__file__).resolve().parent
DELIVERIES = HERE.parents[1] / "deliveries"
sys.path[:0] = [path for path in (str(HERE), str(DELIVERIES)) if path not in sys.path]

from scenes_page import page, write_image  # noqa: E402

from dashboard import shelf as shelves  # noqa: E402
from dashboard.shelf import desk  # noqa: E402
from satseg.jobs import Jobs  # noqa: E402


@pytest.fixture
def imagery(tmp_path: Path) -> Path:
    """A folder of the operator with one image in the middle of Chongming's region."""
    folder = tmp_path / "imagery"
    folder.mkdir()
    write_image(folder / "field_20200606.tif")
    return folder


@pytest.fixture
def app(served_own: Path, imagery: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("SATSEG_SCENE_FOLDERS", str(imagery))
    monkeypatch.setenv("SATSEG_SCENE_HOSTS", "data.example.org")
    monkeypatch.setattr(Jobs, "_ensure_worker", lambda self: None)
    shelves._desk.cache_clear()
    yield AppTest.from_function(page, default_timeout=60)
    desk().close()
    shelves._desk.cache_clear()
