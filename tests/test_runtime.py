import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from shelf_models import write_model
from torch import nn
from whole_maps import whole_map

from satseg import runtime
from satseg.augmentation import Augmented
from satseg.engine.flow import windows_for
from satseg.errors import ModelError
from satseg.legend import Legend
from satseg.predict import ThisProcess, predict_scene
from satseg.runtime import ZooSource, load_predictor, openvino_predictor, torch_predictor
from satseg.scene import open_scene
from satseg.zoo.card import load_card

Factory = Callable[..., Path]
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Card:
    """What the runtimes need of a model card."""

    bands: tuple[str, ...] = ("red", "green", "blue", "nir1")
    gsd_m: float = 0.6
    patch_px: int = 64
    overlap_px: int = 16
    temperature: float = 1.0
    int8: None = None
    int8_is_faithful: bool = False
    legend: Legend | None = None


class Tiny(nn.Module):
    """Convolutions down and up again with a skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU())
        self.head = nn.Conv2d(24, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.first(x)
        up = nn.functional.interpolate(self.down(first), scale_factor=2.0, mode="bilinear")
        return 8 * self.head(torch.cat([first, up], dim=1))


@pytest.fixture
def tiny() -> nn.Module:
    torch.manual_seed(3)
    return Tiny().eval()


@pytest.fixture
def batch() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((3, 4, 64, 64)).astype(np.float32)


def test_torch_divides_logits_by_the_temperature(
    tiny: nn.Module, batch: NDArray[np.float32]
) -> None:
    found = torch_predictor(Card(temperature=2.5), tiny).probabilities(batch)
    with torch.inference_mode():
        logits = tiny(torch.from_numpy(batch))[:, 0]
    np.testing.assert_allclose(found, torch.sigmoid(logits / 2.5).numpy(), atol=1e-6)
    assert found.dtype == np.float32
    assert found.std() > 0.01


def test_torch_computes_a_window_on_one_core_whatever_was_set_before(
    tiny: nn.Module, batch: NDArray[np.float32]
) -> None:
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch_predictor(Card(), tiny).probabilities(batch)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(usual)


@pytest.mark.parametrize("make", [torch_predictor, openvino_predictor])
def test_results_do_not_depend_on_the_batch(
    tiny: nn.Module, batch: NDArray[np.float32], make: Callable[..., object]
) -> None:
    if make is openvino_predictor:
        pytest.importorskip("openvino")
    predictor = make(Card(), tiny)
    together = predictor.probabilities(batch)
    alone = np.concatenate([predictor.probabilities(batch[i : i + 1]) for i in range(3)])
    np.testing.assert_array_equal(together, alone)


def test_openvino_agrees_with_torch(tiny: nn.Module, batch: NDArray[np.float32]) -> None:
    pytest.importorskip("openvino")
    card = Card(temperature=0.7)
    first = torch_predictor(card, tiny).probabilities(batch)
    second = openvino_predictor(card, tiny).probabilities(batch)
    np.testing.assert_allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("side", [64, 96])
def test_maps_of_both_runtimes_agree(
    tiny: nn.Module, geotiff: Factory, random_dn: Callable[..., NDArray[np.generic]], side: int
) -> None:
    pytest.importorskip("openvino")
    scene = open_scene(geotiff(random_dn((4, 150, 130))))
    card = Card(patch_px=side)
    maps = [whole_map(scene, make(card, tiny)) for make in (torch_predictor, openvino_predictor)]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-3)


def test_map_of_a_network_has_the_same_bytes_for_any_batch_size_and_number_of_lanes(
    tiny: nn.Module,
    geotiff: Factory,
    random_dn: Callable[..., NDArray[np.generic]],
    tmp_path: Path,
) -> None:
    scene = open_scene(geotiff(random_dn((4, 150, 130))))
    found = set()
    for size, lanes in ((1, 1), (3, 1), (8, 1), (1, 3), (2, 2)):
        predictor = torch_predictor(Card(), tiny, lanes=lanes)
        predict_scene(scene, predictor, tmp_path / "m.tif", engine=ThisProcess(size))
        found.add((tmp_path / "m.tif").read_bytes())
    assert len(found) == 1


@pytest.fixture
def loads_tiny(tiny: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "load_model", lambda card: tiny)


@pytest.mark.usefixtures("loads_tiny")
def test_auto_is_openvino_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    assert load_predictor(Card(), device="cpu").runtime.startswith("openvino")
    monkeypatch.setattr(runtime, "_has_openvino", lambda: False)
    assert load_predictor(Card(), device="cpu").runtime == f"torch {torch.__version__} cpu"
    with pytest.raises(ModelError, match="Install openvino"):
        load_predictor(Card(), runtime="openvino", device="cpu")


@pytest.mark.usefixtures("loads_tiny")
def test_predictor_has_the_windows_of_its_card() -> None:
    card = replace(Card(), overlap_px=8)
    predictor = load_predictor(card, runtime="torch", device="cpu")
    found = (predictor.bands, predictor.gsd_m, predictor.patch_px, predictor.overlap_px)
    assert found == (card.bands, 0.6, 64, 8)


@pytest.mark.parametrize(("precision", "width"), [("int8", 128), ("float32", None)])
def test_windows_of_int8_networks_are_twice_as_long(
    tiny: nn.Module, precision: str, width: int | None
) -> None:
    pytest.importorskip("openvino")
    model = runtime.openvino_model(tiny, 4, 64)
    predictor = runtime.OpenVinoPredictor(Card(), model, precision=precision, lanes=1)
    assert predictor.width_px == width
    assert windows_for(predictor, (64, 128)).patch == (64, width or 64)
    assert windows_for(Augmented(predictor), (64, 128)).patch == (64, 64)  # or it needs two shapes


@pytest.mark.usefixtures("loads_tiny")
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_without_cuda_is_refused() -> None:
    with pytest.raises(ModelError, match="Choose the device cpu"):
        load_predictor(Card(), device="cuda")


@pytest.mark.usefixtures("loads_tiny")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_the_cpu(batch: NDArray[np.float32]) -> None:
    cpu = load_predictor(Card(), runtime="torch", device="cpu").probabilities(batch)
    cuda = load_predictor(Card(), device="cuda").probabilities(batch)
    np.testing.assert_allclose(cpu, cuda, atol=5e-3)


def test_openvino_is_imported_only_when_used() -> None:
    code = "import sys, satseg.runtime; sys.exit('openvino' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "code",
    [
        "import satseg, openvino; openvino.Core()",
        "import satseg, nncf",
        "import torch; from satseg.runtime import openvino_model;"
        " openvino_model(torch.nn.Conv2d(3, 1, 3, padding=1), 3, 32)",
    ],
)
def test_nothing_is_reported_over_the_network(tmp_path: Path, code: str) -> None:
    log = tmp_path / "outside.log"
    # neither a CI's variables nor a refusal in the home folder keep the reporter silent here
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "tests" / "e2e" / "cut_off"),
        "SATSEG_OUTSIDE": str(log),
    }
    code += "; import sys; assert sys.modules['openvino_telemetry'] is None"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not log.exists(), log.read_text()


def test_a_worker_of_a_cluster_can_apply_a_model_to_all_eight_views(tmp_path: Path) -> None:
    card = load_card(write_model(tmp_path, "one"))
    window = np.random.default_rng(0).random((1, 3, 32, 64), dtype=np.float32)
    found = [
        ZooSource(card.folder, card.sha256, kind, augmented=True)(1)
        for kind in ("torch", "openvino")
    ]
    assert all(isinstance(one, Augmented) for one in found)
    # An oblong window changes its shape when it is turned; both runtimes follow.
    first, second = (one.probabilities(window) for one in found)
    assert first.shape == (1, 32, 64)
    np.testing.assert_allclose(first, second, atol=1e-4)
    plain = ZooSource(card.folder, card.sha256, "torch")(1)
    assert np.abs(plain.probabilities(window) - first).max() > 1e-3
