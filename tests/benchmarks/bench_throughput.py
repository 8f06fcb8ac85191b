"""How fast models map a scene: the network alone against the whole way to the map.

    python -m tests.benchmarks.bench_throughput

maps scenes of 8,192 x 8,192 pixels and prints, for each model and runtime:

- ``network``: megapixels of windows a second through the network alone, in as many lanes as the map
  uses, on windows of the same shape;
- ``map``: megapixels of the scene a second from the file to the finished map: overlap, reading,
  blending and writing count as lost time;
- ``ratio``: map over network; 0.85 is wanted of maps of that size. The 8-band model of 1.2 m maps a
  scene of 1.2 m, as WorldView-3's eight bands come, and one of 0.6 m, whose map has a quarter of
  the pixels: what opening a scene takes counts four times as much there.

Both run in processes of their own, by turns of a second, until several maps are made: the machine's
speed, which others change, is the same for both, and the rates are of all seconds together. Then
the default model maps 12,288 x 12,288 pixels at one go, from which the hours for the land area of
Shanghai are worked out.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from satseg.allocation import use_one_heap
from satseg.engine.flow import windows_for
from satseg.predict import predict_scene
from satseg.runtime import load_predictor
from satseg.scene import open_scene
from satseg.zoo import find_card
from tests.benchmarks.scenes import write_repeated
from tests.benchmarks.turns import started

SIDE = 8192
LARGE_SIDE = 12288
TURN_S = 1.0
MAPS = 3
MAPS_S = 90.0
"""Maps of a model are made until both are reached."""

RATIO = 0.85
HOURS = 2.0
SHANGHAI_KM2 = 6340.5
"""Land area of Shanghai; Source: Shanghai Statistical Yearbook."""

CASES = (
    ("farmnet", "openvino-int8", 0.6),
    ("farmnet", "openvino", 0.6),
    ("farmnet", "torch", 0.6),
    ("unet8", "openvino", 1.2),
    ("unet8", "openvino", 0.6),
)
"""Model, runtime, and GSD of the scene in metres."""


def run_alone(pipe: Connection, model: str, runtime: Any, path: Path) -> None:
    """Run the network alone for ever, in its lanes; send (lane, moment) after each window.

    Each lane goes on by itself: where all of them waited for the slowest one after each round, the
    network alone would seem slower than it is.
    """
    use_one_heap()
    predictor: Any = load_predictor(find_card(model), runtime=runtime, device="cpu")
    shape = windows_for(predictor, open_scene(path).grid_at(predictor.gsd_m).shape).patch
    window = np.random.default_rng(0).random((1, len(predictor.bands), *shape), dtype=np.float32)
    lanes, guard = getattr(predictor, "lanes", 1), threading.Lock()

    def lane(number: int) -> None:
        while True:
            predictor.probabilities(window)
            with guard:
                pipe.send((number, time.monotonic()))

    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(lambda _: predictor.probabilities(window), range(lanes)))
        pipe.send((lanes, shape))
        list(pool.map(lane, range(lanes)))


def run_maps(pipe: Connection, model: str, runtime: Any, path: Path) -> None:
    """Map the scene each time something comes; send the map's pixels when it is written."""
    use_one_heap()
    predictor: Any = load_predictor(find_card(model), runtime=runtime, device="cpu")
    shape = windows_for(predictor, open_scene(path).grid_at(predictor.gsd_m).shape).patch
    predictor.probabilities(np.zeros((1, len(predictor.bands), *shape), dtype=np.float32))
    pipe.send(None)
    while True:
        pipe.recv()
        pipe.send(map_pixels(path, predictor))


def map_pixels(path: Path, predictor: Any) -> int:
    """Map the scene, opening it included; return how many pixels the map has."""
    target = path.with_name("map.tif")
    target.unlink(missing_ok=True)  # the file system takes 0.1 s to replace one; maps are new files
    grid = predict_scene(open_scene(path, only=predictor.bands), predictor, target)
    return grid.height * grid.width


def compare(path: Path, model: str, runtime: Any) -> tuple[float, float]:
    """Return megapixels a second of the network alone and of the map."""
    with (
        started(run_alone, model, runtime, path) as alone,
        started(run_maps, model, runtime, path) as maps,
    ):
        lanes, shape = alone.pipe.recv()
        maps.pipe.recv()
        pixels, count, ends = 0, 0, [[0.0] for _ in range(lanes)]
        while count < MAPS or maps.seconds() < MAPS_S:
            count += 1
            maps.pipe.send(None)
            finished = False
            while not finished:
                finished = maps.run(TURN_S, answer=True)
                alone.run(TURN_S)
                while alone.pipe.poll():
                    lane, moment = alone.pipe.recv()
                    ends[lane].append(alone.seconds(moment))
            pixels += maps.pipe.recv()
    windows = sum((len(lane) - 1) / lane[-1] for lane in ends)
    return windows * math.prod(shape) / 1e6, pixels / maps.seconds() / 1e6


def case(path: Path, model: str, runtime: Any, gsd_m: float) -> bool:
    """Measure one case, print its row and return whether it keeps to the limit."""
    write_repeated(path, SIDE, gsd_m=gsd_m)
    side = open_scene(path).grid_at(find_card(model).gsd_m).height
    network, mapped = compare(path, model, runtime)
    area = mapped * find_card(model).gsd_m ** 2
    print(
        f"{model:8} {runtime:14} {gsd_m:7g} {side:6} {network:13.2f} {mapped:9.2f} {area:9.2f}"
        f" {mapped / network:7.3f}",
        flush=True,
    )
    return side < SIDE or mapped / network >= RATIO


def shanghai(path: Path) -> bool:
    """Measure and print the hours for all of Shanghai; return whether they keep to the limit."""
    write_repeated(path, LARGE_SIDE, bands=5)
    card = find_card("farmnet")
    predictor = load_predictor(card, device="cpu")
    begun = time.perf_counter()
    rate = map_pixels(path, predictor) / (time.perf_counter() - begun) / 1e6
    hours = SHANGHAI_KM2 / (rate * card.gsd_m**2) / 3600
    print(
        f"{LARGE_SIDE**2 / 1e6:.0f} Mpx at {card.gsd_m:g} m by farmnet: {rate:.2f} Mpx/s;"
        f" all of Shanghai ({SHANGHAI_KM2:.0f} km2) would take {hours:.2f} hours"
    )
    return hours <= HOURS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="measure this model only")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the measured processes, too
    use_one_heap()
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        print("model    runtime        scene m map px network Mpx/s map Mpx/s map km2/s   ratio")
        for model, runtime, gsd_m in CASES:
            wanted = options.model in (None, model)
            if wanted and (find_card(model).int8 or not runtime.endswith("int8")):
                fine &= case(path, model, runtime, gsd_m)
        fine &= shanghai(path)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
