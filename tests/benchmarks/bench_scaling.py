"""How a map gets faster with a second worker process.

    python -m tests.benchmarks.bench_scaling

maps 8,192 x 8,192 pixels with the default model on local Dask clusters of one and of two workers of
one core each, and in the lanes of one process, in turns. The start of a cluster is not counted: it
takes the same few seconds for a scene of any size.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from satseg.allocation import use_one_heap
from satseg.engine.cluster import DaskEngine
from satseg.predict import Engine, predict_scene
from satseg.runtime import ZooSource, load_predictor
from satseg.scene import open_scene
from satseg.zoo import find_card
from tests.benchmarks.scenes import write_repeated

SIDE = 8192
TURNS = 2


def seconds(path: Path, engine: Engine | None) -> float:
    """Return the seconds from the first finished windows to the finished map, scaled to all."""
    marks: list[tuple[float, int, int]] = []

    def progress(done: int, total: int) -> None:
        marks.append((time.perf_counter(), done, total))

    predictor = load_predictor(find_card("farmnet"), device="cpu")
    output = path.with_name("map.tif")
    predict_scene(open_scene(path), predictor, output, engine=engine, progress=progress)
    first = next(mark for mark in marks if mark[1])
    share = 1 - first[1] / first[2]
    return (time.perf_counter() - first[0]) / share


def main() -> int:
    use_one_heap()
    card = find_card("farmnet")
    source = ZooSource(card.folder, card.sha256)
    engines: dict[str, Engine | None] = {
        "1 worker": DaskEngine(source, workers=1),
        "2 workers": DaskEngine(source, workers=2),
        "lanes of one process": None,
    }
    found: dict[str, list[float]] = {name: [] for name in engines}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        write_repeated(path, SIDE, bands=5)
        for _ in range(TURNS):
            for name, engine in engines.items():
                found[name].append(seconds(path, engine))
    one = statistics.median(found["1 worker"])
    for name, values in found.items():
        rate = SIDE**2 / 1e6 / statistics.median(values)
        print(f"{name:21} {rate:6.2f} Mpx/s   {one / statistics.median(values):5.2f} times one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
