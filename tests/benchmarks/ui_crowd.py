"""Many visitors at once: times of reruns, errors, and what the server's memory does."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import dataclass, field

import psutil

from tests.benchmarks.ui_figures import Figure, percentile
from tests.benchmarks.visitor import Visitor
from tests.browser import Server

SETTLED_S = 60.0
PAUSE_S = (3.0, 9.0)
LOOK_S = 2.0
FEW = 10


@dataclass(slots=True)
class Visits:
    """What all visitors saw; lists are appended to from many threads."""

    reruns: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    tiles: list[float] = field(default_factory=list)


def figures(server: Server, visitors: int, seconds: float) -> list[Figure]:
    """Let visitors click about for some time; memory is compared with that after one minute."""
    visits, until = Visits(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=_visit, args=(server.address, seed, until, visits))
        for seed in range(visitors)
    ]
    for thread in threads:
        thread.start()
    sizes = _sizes(server.pid, until)
    for thread in threads:
        thread.join()
    settled = [size for at, size in sizes if at >= min(SETTLED_S, seconds / 2)]
    first, last = (statistics.median(part) for part in (settled[:FEW], settled[-FEW:]))
    growth, peak = (last - first) / 1e6, (max(settled) - first) / 1e6
    many = f"{visitors} visitors, {seconds / 60:g} min"
    for error in sorted(set(visits.errors))[:10]:
        print(f"error: {error}")
    note = f"{len(visits.reruns)} reruns, {len(visits.tiles)} tiles"
    size = f"{first / 1e6:.0f} MB after the first minute, at most {peak:+.0f} MB later"
    slow = 1000 * percentile(visits.reruns, 0.95)
    middle = f"p50 {1000 * percentile(visits.reruns, 0.5):.0f} ms"
    return [
        Figure(f"{many}: errors", len(visits.errors), 0, "", note),
        Figure(f"{many}: rerun, p95", slow, 2000, "ms", middle),
        Figure(f"{many}: growth of memory", growth, 100, "MB", size),
    ]


def _visit(address: str, seed: int, until: float, visits: Visits) -> None:
    try:
        with Visitor(address, seed=seed) as visitor:
            found = visitor.rerun()
            while True:
                visits.reruns.append(found.seconds)
                visits.errors += found.errors
                visits.tiles += visitor.fetch_tiles()
                pause = visitor.chance.uniform(*PAUSE_S)
                if time.monotonic() + pause > until:
                    return
                time.sleep(pause)
                found = visitor.click_about()
    except Exception as error:  # whatever ends a visit is an error that the table shows
        visits.errors.append(f"{type(error).__name__}: {error}")


def _sizes(pid: int, until: float) -> list[tuple[float, int]]:
    """Return (seconds since the start, resident bytes of the server) until the end."""
    process, started = psutil.Process(pid), time.monotonic()
    sizes = [(0.0, process.memory_info().rss)]
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(LOOK_S, left))
        sizes.append((time.monotonic() - started, process.memory_info().rss))
    return sizes
