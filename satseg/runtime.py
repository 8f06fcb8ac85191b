"""Models from the zoo, ready to run: PyTorch on any device, OpenVINO on the CPU."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from satseg.engine.flow import Predictor
from satseg.errors import ModelError
from satseg.zoo.card import ModelCard
from satseg.zoo.load import load_model

Runtime = Literal["auto", "torch", "openvino"]


@dataclass(frozen=True, slots=True)
class TorchPredictor:
    """A network run by PyTorch.

    On the CPU windows run one at a time, so that results do not depend on the batch; on CUDA the
    whole batch runs at once.

    Attributes:
        bands: bands in the order of the network's channels.
        gsd_m: ground sample distance in metres.
        patch_px: side of the windows in pixels.
        overlap_px: pixels that neighbouring windows share.
        temperature: divisor of the logits.
        device: "cpu" or "cuda".
        module: float32 (n, bands, p, p) to logits (n, 1, p, p), in evaluation mode.
    """

    bands: tuple[str, ...]
    gsd_m: float
    patch_px: int
    overlap_px: int
    temperature: float
    device: str
    module: torch.nn.Module = field(repr=False)

    @property
    def runtime(self) -> str:
        """Name and version of what computes, for the provenance."""
        return f"torch {torch.__version__} {self.device}"

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (n, p, p) of a batch (n, bands, p, p) scaled to 0..1."""
        size = len(batch) if self.device == "cuda" else 1
        pieces = [batch[start : start + size] for start in range(0, len(batch), size)]
        with torch.inference_mode():
            logits = [self._logits(torch.from_numpy(np.ascontiguousarray(p))) for p in pieces]
        return _probabilities(np.concatenate(logits), self.temperature)

    def _logits(self, batch: torch.Tensor) -> NDArray[np.float32]:
        placed = batch.to(self.device, memory_format=torch.channels_last)
        return np.asarray(self.module(placed).float().cpu().numpy(), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class OpenVinoPredictor:
    """A network run by OpenVINO on the CPU in float32, one window at a time.

    Attributes:
        bands: bands in the order of the network's channels.
        gsd_m: ground sample distance in metres.
        patch_px: side of the windows in pixels.
        overlap_px: pixels that neighbouring windows share.
        temperature: divisor of the logits.
        version: of OpenVINO.
        infer: float32 (1, bands, p, p) to logits (1, 1, p, p).
    """

    bands: tuple[str, ...]
    gsd_m: float
    patch_px: int
    overlap_px: int
    temperature: float
    version: str
    infer: Callable[[NDArray[np.float32]], NDArray[np.float32]] = field(repr=False)

    @property
    def runtime(self) -> str:
        """Name and version of what computes, for the provenance."""
        return f"openvino {self.version} cpu float32"

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (n, p, p) of a batch (n, bands, p, p) scaled to 0..1."""
        logits = [self.infer(np.ascontiguousarray(window[None])) for window in batch]
        return _probabilities(np.concatenate(logits), self.temperature)


def load_predictor(
    card: ModelCard, *, runtime: Runtime = "auto", device: Literal["auto", "cpu", "cuda"] = "auto"
) -> Predictor:
    """Return the card's model, ready for ``predict_scene``.

    Args:
        card: the model.
        runtime: "auto" is PyTorch on a CUDA device; on the CPU OpenVINO where it is installed (it
            was faster for both networks of the zoo), else PyTorch. The choice never depends on a
            measurement, so that a repeated run gives the same map.
        device: "auto" is CUDA where there is one and OpenVINO was not asked for.

    Raises:
        ModelError: the weights are unusable, or runtime or device are not there.
    """
    chosen = _device(device, runtime)
    if runtime == "openvino" and (chosen == "cuda" or not _has_openvino()):
        raise ModelError(
            expected="OpenVINO on the CPU",
            found=f"device {chosen}, OpenVINO installed: {_has_openvino()}",
            fix="Install openvino and choose the device cpu, or choose the runtime torch",
        )
    module = load_model(card)
    if chosen == "cpu" and runtime != "torch" and _has_openvino():
        return openvino_predictor(card, module)
    return torch_predictor(card, module, device=chosen)


def torch_predictor(
    card: ModelCard, module: torch.nn.Module, *, device: str = "cpu"
) -> TorchPredictor:
    """Return the predictor of a network (logits (n, 1, h, w)) with the card's windows."""
    placed = module.eval().to(device=device)
    placed = placed.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TorchPredictor(
        bands=card.bands,
        gsd_m=card.gsd_m,
        patch_px=card.patch_px,
        overlap_px=card.overlap_px,
        temperature=card.temperature,
        device=device,
        module=placed,
    )


def openvino_predictor(card: ModelCard, module: torch.nn.Module) -> OpenVinoPredictor:
    """Return the predictor of a network, compiled by OpenVINO for the card's window.

    ``openvino.convert_model`` reports its use over the network unless a user has opted out, so the
    PyTorch front end that it calls is used directly here: nothing leaves the machine.
    """
    import openvino

    shape = [1, len(card.bands), card.patch_px, card.patch_px]
    core = openvino.Core()
    compiled = core.compile_model(
        _converted(module.eval(), shape),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"},
    )

    def infer(window: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(compiled([window])[0], dtype=np.float32)

    return OpenVinoPredictor(
        bands=card.bands,
        gsd_m=card.gsd_m,
        patch_px=card.patch_px,
        overlap_px=card.overlap_px,
        temperature=card.temperature,
        version=openvino.get_version().split("-")[0],
        infer=infer,
    )


def _converted(module: torch.nn.Module, shape: list[int]) -> Any:
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing warns of shapes that become constants, which a static shape wants.
        warnings.simplefilter("ignore")
        example = torch.zeros(shape)
        traced: Any = torch.jit.trace(module, example, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = TorchScriptPythonDecoder(traced, example_input=(example,))
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.reshape(shape)
    return model


def _has_openvino() -> bool:
    return importlib.util.find_spec("openvino") is not None


def _device(device: str, runtime: Runtime) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() and runtime != "openvino" else "cpu"
    if device == "cpu" or (device == "cuda" and torch.cuda.is_available()):
        return device
    raise ModelError(
        expected="the device cpu, or cuda on a machine that has it",
        found=f"{device!r}, CUDA available: {torch.cuda.is_available()}",
        fix="Choose the device cpu",
    )


def _probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-logits / temperature)), (n, h, w) of (n, 1, h, w)."""
    scaled = torch.from_numpy(logits[:, 0] / np.float32(temperature))
    return np.asarray(torch.sigmoid(scaled).numpy(), dtype=np.float32)
