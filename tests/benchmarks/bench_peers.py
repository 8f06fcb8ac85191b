"""Side by side with what people use today: same machine, same run, same scene.

    python -m tests.benchmarks.bench_peers

maps 4,096 x 4,096 pixels

- with satseg and its default model;
- with a plain PyTorch loop over windows, as tutorials of segmentation-models-pytorch write it: the
  whole scene in memory, windows of 512 pixels that overlap by half, averages, one GeoTIFF; with the
  default model's network, and with their usual one (U-Net on ResNet34);
- with MONAI's sliding_window_inference, where MONAI is installed (pip install monai), with the
  default model's network and the same windows.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from rasterio.windows import Window as RasterWindow

from satseg.allocation import use_one_heap
from satseg.predict import predict_scene
from satseg.runtime import load_predictor
from satseg.scene import open_scene
from satseg.torchvision_shim import prepare_torchvision
from satseg.zoo import find_card
from satseg.zoo.load import load_model
from tests.benchmarks.scenes import write_repeated

SIDE, PATCH, STRIDE = 4096, 512, 256
RED_GREEN_BLUE = [5, 3, 2]


def whole_image(path: Path) -> tuple[torch.Tensor, dict[str, Any]]:
    """Read and scale the whole scene: (1, 3, h, w) in 0..1."""
    with rasterio.open(path) as dataset:
        pixels = dataset.read(RED_GREEN_BLUE).astype(np.float32)
        profile = {**dataset.profile, "count": 1, "dtype": "float32", "nodata": None}
    low, high = np.percentile(pixels[:, ::8, ::8], (1, 99), axis=(1, 2)).astype(np.float32)
    scaled = (pixels - low[:, None, None]) / (high - low)[:, None, None]
    return torch.from_numpy(scaled.clip(0, 1))[None], profile


def plain_loop(path: Path, network: torch.nn.Module) -> None:
    """Map with a loop over windows."""
    image, profile = whole_image(path)
    total = torch.zeros(1, 1, SIDE, SIDE)
    count = torch.zeros(1, 1, SIDE, SIDE)
    starts = range(0, SIDE - PATCH + 1, STRIDE)
    with torch.no_grad():
        for row in starts:
            for col in starts:
                window = (..., slice(row, row + PATCH), slice(col, col + PATCH))
                total[window] += torch.sigmoid(network(image[window]))
                count[window] += 1
    _write(path, total / count, profile)


def monai_windows(path: Path, network: torch.nn.Module) -> None:
    """Map with MONAI."""
    from monai.inferers import sliding_window_inference

    image, profile = whole_image(path)
    with torch.no_grad():
        logits = sliding_window_inference(image, PATCH, 4, network, overlap=0.5)
        _write(path, torch.sigmoid(logits), profile)


def _write(path: Path, probability: torch.Tensor, profile: dict[str, Any]) -> None:
    with rasterio.open(path.with_name("peer.tif"), "w", **profile) as target:
        target.write(probability[0].numpy(), window=RasterWindow(0, 0, SIDE, SIDE))


def main() -> int:
    prepare_torchvision()
    import segmentation_models_pytorch as smp

    use_one_heap()
    card = find_card("farmnet")
    network = load_model(card)
    usual = smp.Unet("resnet34", encoder_weights=None, in_channels=3, classes=1).eval()
    predictor = load_predictor(card, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        write_repeated(path, SIDE)
        cases: dict[str, Callable[[], object]] = {
            "satseg, farmnet": lambda: predict_scene(
                open_scene(path), predictor, path.with_name("map.tif")
            ),
            "torch loop, farmnet's network": lambda: plain_loop(path, network),
            "torch loop, U-Net on ResNet34": lambda: plain_loop(path, usual),
        }
        if importlib.util.find_spec("monai"):
            cases["MONAI, farmnet's network"] = lambda: monai_windows(path, network)
        found = {}
        for name, run in cases.items():
            started = time.perf_counter()
            run()
            found[name] = SIDE**2 / 1e6 / (time.perf_counter() - started)
            ratio = found["satseg, farmnet"] / found[name]
            print(f"{name:32} {found[name]:6.2f} Mpx/s   satseg is {ratio:4.1f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
