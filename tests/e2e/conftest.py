"""A real server and a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "dashboard"
sys.path[:0] = [path for path in (str(ROOT), str(SMALL)) if path not in sys.path]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_S = 120


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, or skip."""
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    path = next((name for name in found if name), None)
    if path is None:
        pytest.skip("no Chromium; get it with: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def folders(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a server with a small catalog and two models."""
    from small_catalog import build_catalog, build_models

    root = tmp_path_factory.mktemp("browser")
    build_catalog(root, size_px=400)
    build_models(root / "models")
    return {"SATSEG_CATALOG": str(root / "catalog"), "SATSEG_MODELS": str(root / "models")}


@pytest.fixture(scope="session")
def server(folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard."""
    with serving(folders, tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def serve(folders: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Start another server with options of ``streamlit run``."""
    return lambda *options, **changes: serving({**folders, **changes}, tmp_path, *options)


@contextmanager
def serving(environment: dict[str, str], folder: Path, *options: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", *options]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 (our own http)
        except urllib.error.HTTPError:  # below a base path, the root is not found
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"the dashboard did not start:\n{log.read_text()[-2000:]}")
