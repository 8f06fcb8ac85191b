"""The dashboard's server as a process, and where Chromium is, for tests and benchmarks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NO_CHROMIUM = "no Chromium; get it with: apt-get install chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""The last one is the machine without a network: no name can be resolved."""

START_S = 120
CHARTS_DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].every(
        (chart) => chart.querySelector('.main-svg'))"""
"""Whether every chart of the page is drawn: the first one on Explore comes after the map."""


@dataclass(frozen=True, slots=True)
class Server:
    """A dashboard that answers.

    Attributes:
        address: without a slash at its end, and without a base path.
        pid: of its process.
    """

    address: str
    pid: int


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


def free_port() -> int:
    """Return a port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(environment: Mapping[str, str], folder: Path, *options: str) -> Iterator[Server]:
    """Run the dashboard on a free port of the loopback, with options of ``streamlit run``.

    Its log is ``server.log`` in ``folder``.

    Raises:
        RuntimeError: it does not start; the text ends with its log.
    """
    port = free_port()
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
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return as soon as something answers at ``address``; raise where its process ends."""
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
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-2000:]}")


NOTHING_LOADS = """() => {
    const frames = [...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument);
    const documents = [document, ...frames.filter(Boolean)];
    const whole = documents.every((one) =>
        one.readyState === "complete" && [...one.images].every((image) => image.complete));
    const count = documents.reduce((sum, one) =>
        sum + one.defaultView.performance.getEntriesByType("resource").length, 0);
    const now = performance.now();
    if (!window.settling || window.settling.count !== count)
        window.settling = { count, since: now };
    return whole && now - window.settling.since >= 500;
}"""
"""Whether page and frames have all that they show, and nothing came for half a second."""


def wait_until_quiet(page: Any) -> None:
    """Wait until a page loads nothing any more."""
    from playwright.sync_api import TimeoutError as TimeIsUp

    try:
        page.wait_for_load_state("networkidle", timeout=30_000)
    except TimeIsUp:  # a frame that is taken away while it loads counts as busy for ever
        page.wait_for_function(NOTHING_LOADS)


def settle(page: Any) -> None:
    """Wait until a page of the dashboard has run, has loaded what it asked for and stands still."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function(CHARTS_DRAWN)
    wait_until_quiet(page)
    page.wait_for_timeout(300)
