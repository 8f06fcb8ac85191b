"""How fast models map a scene: the network alone against the whole way to the map.

    python -m tests.benchmarks.bench_throughput

maps a scene of 8,192 x 8,192 pixels of 0.6 m at the model's GSD (at 1.2 m a quarter as many) and
prints, for each model and runtime:

- ``network``: megapixels of windows a second through the network alone, in as many lanes as the map
  uses, on windows of the same shape;
- ``map``: megapixels of the scene a second from the file to the finished map: overlap, reading,
  blending and writing count as lost time;
- ``ratio``: map over network; 0.85 is wanted.

Both are measured in turns, and each map is compared with the network just before and just after it,
so that noise of the machine hits both alike; what is printed are medians of the turns. Then
the default model maps 12,288 x 12,288 pixels at one go, from which the hours for the land area of
Shanghai are worked out.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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

SIDE = 8192
LARGE_SIDE = 12288
TURNS = 5
TURNS_S = 200.0
"""Turns of a model go on until both are reached: of short maps more are needed for one median."""

ALONE_S = 8.0
RATIO = 0.85
HOURS = 2.0
SHANGHAI_KM2 = 6340.5
"""Land area of Shanghai; Source: Shanghai Statistical Yearbook."""

CASES = (
    ("farmnet", "openvino-int8"),
    ("farmnet", "openvino"),
    ("farmnet", "torch"),
    ("unet8", "openvino"),
)


def network_rate(predictor: Any, shape: tuple[int, int], seconds: float) -> float:
    """Return megapixels of windows a second, for about ``seconds``.

    Each lane goes on by itself: where all of them waited for the slowest one after each round, the
    network alone would seem slower than it is.
    """
    lanes = getattr(predictor, "lanes", 1)
    window = np.random.default_rng(0).random((1, len(predictor.bands), *shape), dtype=np.float32)
    predictor.probabilities(window)
    started = time.perf_counter()

    def lane(_: int) -> float:
        done = 0
        while (taken := time.perf_counter() - started) < seconds:
            predictor.probabilities(window)
            done += 1
        return done / taken

    with ThreadPoolExecutor(lanes) as pool:
        windows = sum(pool.map(lane, range(lanes)))
    return windows * shape[0] * shape[1] / 1e6


def map_rate(path: Path, predictor: Any) -> float:
    """Return megapixels of the map a second, opening of the scene included."""
    target = path.with_name("map.tif")
    target.unlink(missing_ok=True)  # the file system takes 0.1 s to replace one; maps are new files
    started = time.perf_counter()
    grid = predict_scene(open_scene(path, only=predictor.bands), predictor, target)
    return grid.height * grid.width / (time.perf_counter() - started) / 1e6


def compare(path: Path, model: str, runtime: Any) -> tuple[float, float, float]:
    """Return the median rates of the network alone and of the map, and their median ratio."""
    predictor: Any = load_predictor(find_card(model), runtime=runtime, device="cpu")
    plan = windows_for(predictor, open_scene(path).grid_at(predictor.gsd_m).shape)
    alone, whole = [network_rate(predictor, plan.patch, ALONE_S)], []
    started = time.perf_counter()
    while len(whole) < TURNS or time.perf_counter() - started < TURNS_S:
        whole.append(map_rate(path, predictor))
        alone.append(network_rate(predictor, plan.patch, ALONE_S))
    around = [statistics.mean(pair) for pair in itertools.pairwise(alone)]
    ratios = [mapped / network for mapped, network in zip(whole, around, strict=True)]
    return statistics.median(alone), statistics.median(whole), statistics.median(ratios)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="measure this model only")
    options = parser.parse_args(arguments)
    use_one_heap()
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        write_repeated(path, SIDE)
        print("model    runtime        network Mpx/s   map Mpx/s   map km2/s   ratio")
        for model, runtime in CASES:
            card = find_card(model)
            if options.model not in (None, model) or (runtime.endswith("int8") and not card.int8):
                continue
            network, mapped, ratio = compare(path, model, runtime)
            fine &= ratio >= RATIO
            area = mapped * card.gsd_m**2
            print(
                f"{model:8} {runtime:14} {network:13.2f} {mapped:11.2f} {area:11.2f} {ratio:7.3f}"
            )
        write_repeated(path, LARGE_SIDE, bands=5)
        card = find_card("farmnet")
        rate = map_rate(path, load_predictor(card, device="cpu"))
        hours = SHANGHAI_KM2 / (rate * card.gsd_m**2) / 3600
        fine &= hours <= HOURS
        print(
            f"{LARGE_SIDE**2 / 1e6:.0f} Mpx at {card.gsd_m:g} m by farmnet: {rate:.2f} Mpx/s;"
            f" all of Shanghai ({SHANGHAI_KM2:.0f} km2) would take {hours:.2f} hours"
        )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
