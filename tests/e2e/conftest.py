"""A real server and a real browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "dashboard"
CUT_OFF = ROOT / "tests" / "e2e" / "cut_off"
sys.path[:0] = [path for path in (str(ROOT), str(SMALL)) if path not in sys.path]

from tests.browser import FLAGS, NO_CHROMIUM, find_chromium, serving  # noqa: E402


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, or skip."""
    path = find_chromium()
    if path is None:
        pytest.skip(NO_CHROMIUM)
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: SATSEG_SCREENSHOTS, or a folder that is removed again."""
    chosen = os.environ.get("SATSEG_SCREENSHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of a server with a small catalog and two models, and with no network.

    At the end nobody may have looked for one, whatever was clicked and computed.
    """
    from small_catalog import build_catalog, build_models

    root = tmp_path_factory.mktemp("browser")
    build_catalog(root, size_px=400)
    build_models(root / "models")
    log = root / "outside.log"
    yield {
        "CI": "",  # where it is set, some packages report nothing, which they do elsewhere
        "SATSEG_CATALOG": str(root / "catalog"),
        "SATSEG_MODELS": str(root / "models"),
        "PYTHONPATH": os.pathsep.join([str(CUT_OFF), os.environ.get("PYTHONPATH", "")]),
        "SATSEG_OUTSIDE": str(log),
    }
    assert not log.exists(), f"looked outside of the machine: {log.read_text('utf-8')}"


@pytest.fixture(scope="session")
def server(folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard."""
    with serving(folders, tmp_path_factory.mktemp("server")) as running:
        yield running.address


@pytest.fixture
def serve(folders: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Start another server with options of ``streamlit run``."""

    @contextmanager
    def start(*options: str, **changes: str) -> Iterator[str]:
        with serving({**folders, **changes}, tmp_path, *options) as running:
            yield running.address

    return start
