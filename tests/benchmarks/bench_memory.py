"""Peak memory of a 40,000 x 40,000 scene against that of a 4,096 x 4,096 one.

Run it with ``python -m tests.benchmarks.bench_memory``; add ``--model farmnet`` for a network of
the zoo in place of a mean over the bands. Each size is measured in a process of its own: scene to
probability, then area, mask and ensemble of the map; the scene is written by another process, as a
process starts with its parent's peak. It fails where the ratio of the peaks of the
map is above 1.1 or a peak above 1.5 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as RasterWindow

SIDES = (4096, 40000)
LIMIT = 1.10
LIMIT_MIB = 1.5e9 / 2**20
_ROWS = 256


@dataclass
class MeanOfBands:
    """A predictor that costs next to nothing."""

    bands: tuple[str, ...] = ("red", "green", "blue")
    gsd_m: float | None = 0.6
    patch_px: int = 512
    overlap_px: int = 64

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return batch.mean(axis=1)


@dataclass
class Timed:
    """Passes windows on and adds up the seconds they take in all lanes."""

    inner: Any
    seconds: float = 0.0
    bands: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.bands, self.gsd_m = self.inner.bands, self.inner.gsd_m
        self.patch_px, self.overlap_px = self.inner.patch_px, self.inner.overlap_px
        self.lanes = getattr(self.inner, "lanes", 1)
        self.multiple_px = getattr(self.inner, "multiple_px", 1)
        self.width_px = getattr(self.inner, "width_px", None)

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        started = time.perf_counter()
        found = self.inner.probabilities(batch)
        self.seconds += time.perf_counter() - started
        return found


def write_scene(path: Path, side: int, bands: int) -> None:
    """Write a scene of 0.3 m pixels, strip by strip."""
    profile = {
        "driver": "GTiff", "height": side, "width": side, "count": bands, "dtype": "uint16",
        "crs": "EPSG:32651", "transform": rasterio.Affine(0.3, 0, 380000, 0, -0.3, 3455000),
        "tiled": True, "compress": "zstd", "zstd_level": 1, "nodata": 0, "bigtiff": "if_safer",
    }  # fmt: skip
    row, col = np.arange(_ROWS)[:, None], np.arange(side)
    strip = (100 + row // 3 * 40 + col // 5 * 7 % 900).astype(np.uint16)
    with rasterio.Env(GDAL_CACHEMAX=2**26), rasterio.open(path, "w", **profile) as dataset:
        for start in range(0, side, _ROWS):
            count = min(_ROWS, side - start)
            window = RasterWindow(0, start, side, count)
            piece = np.roll(strip[:count], start // 7, axis=1)
            dataset.write(np.broadcast_to(piece, (bands, *piece.shape)), window=window)


def measure(path: Path, model: str | None) -> dict[str, float]:
    """Run every stage on a scene and return seconds and peaks in MiB."""
    from satseg.allocation import return_freed_memory, use_one_heap
    from satseg.area import area_histogram
    from satseg.ensemble import combine
    from satseg.mask import write_mask
    from satseg.predict import predict_scene
    from satseg.scene import open_scene

    use_one_heap()  # as the command line and the workers of the dashboard do
    inner: Any = MeanOfBands()
    if model is not None:
        from satseg.runtime import load_predictor
        from satseg.zoo.card import find_card

        inner = load_predictor(find_card(model))
    predictor = Timed(inner)
    found = {"start_mib": peak_mib()}
    started = time.perf_counter()
    scene = open_scene(path)
    output = path.with_name("map.tif")
    predict_scene(scene, predictor, output)
    found["predict_s"] = time.perf_counter() - started
    found["network_s"] = predictor.seconds
    found["predict_mib"] = peak_mib()
    return_freed_memory()  # as the workflow does
    started = time.perf_counter()
    area_histogram(output)
    found["area_s"] = time.perf_counter() - started
    write_mask(output, path.with_name("mask.tif"), threshold=0.5, min_area_m2=500)
    combine([output, output], path.with_name("ensemble.tif"))
    found["all_mib"] = peak_mib()
    return found


def peak_mib() -> float:
    """Return the peak resident memory of this process in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="a model of the zoo in place of the cheap predictor")
    parser.add_argument("--bands", type=int, default=3, choices=(3, 4, 8))
    parser.add_argument("--sides", type=int, nargs=2, default=SIDES)
    parser.add_argument("--scene", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write is not None:
        write_scene(options.scene, options.write, options.bands)
        return 0
    if options.scene is not None:
        print(json.dumps(measure(options.scene, options.model)))
        return 0
    results = []
    for side in options.sides:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scene.tif"
            command = [sys.executable, "-m", "tests.benchmarks.bench_memory", "--scene", str(path)]
            writing = ["--write", str(side), "--bands", str(options.bands)]
            subprocess.run([*command, *writing], check=True)
            command += ["--model", options.model] if options.model else []
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout))
        figures = ", ".join(f"{key} {value:.1f}" for key, value in results[-1].items())
        print(f"{side} x {side}: {figures}", flush=True)
    ratios = {key: results[1][key] / results[0][key] for key in ("predict_mib", "all_mib")}
    print(", ".join(f"ratio of {key}: {ratio:.3f}" for key, ratio in ratios.items()))
    peak = max(result["all_mib"] for result in results)
    return 0 if ratios["predict_mib"] <= LIMIT and peak <= LIMIT_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
