"""How fast tiles come, one at a time and six at a time, as a browser asks for them."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.benchmarks.ui_figures import Figure, percentile
from tests.benchmarks.visitor import Visitor, tile_addresses

TILES = 240
WARM = 40


def figures(address: str) -> list[Figure]:
    """Measure tiles of imagery and probability of all dates on view, in a fixed random order."""
    tiles = _addresses(address)
    timed(address, tiles[:WARM])
    alone = timed(address, tiles)
    pieces = [tiles[start::6] for start in range(6)]
    with ThreadPoolExecutor(6) as pool:
        together = [
            s for found in pool.map(lambda part: timed(address, part), pieces) for s in found
        ]
    note = f"{len(tiles)} tiles"
    return [
        Figure("tile, one at a time, p50", 1000 * percentile(alone, 0.5), 10, "ms", note),
        Figure("tile, one at a time, p95", 1000 * percentile(alone, 0.95), 40, "ms", note),
        Figure("tile, six at a time, p95", 1000 * percentile(together, 0.95), 150, "ms", note),
    ]


def timed(address: str, tiles: Sequence[str]) -> list[float]:
    """Fetch tiles one after the other over one connection; return the seconds of each.

    Raises:
        RuntimeError: a tile was not answered with 200.
    """
    line = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    seconds = []
    for tile in tiles:
        started = time.perf_counter()
        line.request("GET", tile)
        answer = line.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - started)
        if answer.status != 200:
            raise RuntimeError(f"{tile}: {answer.status}")
    line.close()
    return seconds


def _addresses(address: str) -> list[str]:
    found: list[str] = []
    with Visitor(address) as visitor:
        visitor.rerun()
        for state in visitor.seen.maps.values():
            for frame in state["frames"]:
                for layer in (frame["imagery"], frame["overlay"]):
                    found += tile_addresses(layer, count=60) if layer else []
    chance = random.Random(0)
    return [chance.choice(found) for _ in range(TILES)]
