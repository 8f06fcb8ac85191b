"""Models from the zoo, ready to run: PyTorch on any device, OpenVINO on the CPU."""

from __future__ import annotations

import importlib.util
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from satseg.allocation import keep_freed_memory, usable_cores
from satseg.augmentation import Augmented
from satseg.engine.flow import Predictor
from satseg.errors import ModelError
from satseg.legend import Legend
from satseg.zoo.card import INT8_LENGTH, STRIDE, ModelCard, load_card
from satseg.zoo.load import load_model, verified_int8

Runtime = Literal["auto", "torch", "openvino", "openvino-int8"]

_TRACED_PX = 256
"""Side of the window with which a network is traced: its size is free, its memory is not."""

_TYPES = threading.Lock()
"""Held while OpenVINO fills its table of numpy's types."""

_SHAPES = 2
"""Shapes of windows for which a network stays compiled."""

CUDA_BATCH = 8
"""Windows that a GPU gets at once; halved where its memory is too small."""


@dataclass(frozen=True, slots=True)
class TorchPredictor:
    """A network run by PyTorch.

    On the CPU windows run one at a time and on one core each, several side by side, so that results
    depend neither on the batch nor on how many cores there are; on CUDA the whole batch runs at
    once.

    Attributes:
        bands: bands in the order of the network's channels.
        gsd_m: ground sample distance in metres.
        patch_px: side of the windows in pixels.
        overlap_px: pixels that neighbouring windows share.
        multiple_px: what sides of windows must be multiples of.
        batch: windows that a call takes best.
        temperature: divisor of the logits.
        device: "cpu" or "cuda".
        module: float32 (n, bands, p, p) to logits (n, 1 | classes, p, p), in evaluation mode.
        legend: the classes that it tells apart, or None.
        lanes: how many calls may run side by side.
    """

    bands: tuple[str, ...]
    gsd_m: float
    patch_px: int
    overlap_px: int
    multiple_px: int
    batch: int
    temperature: float
    device: str
    module: torch.nn.Module = field(repr=False)
    legend: Legend | None = None
    lanes: int = 1

    @property
    def runtime(self) -> str:
        """Name and version of what computes, for the provenance."""
        return f"torch {torch.__version__} {self.device}"

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (n, [classes,] p, p) of (n, bands, p, p) scaled to 0..1."""
        size = len(batch) if self.device == "cuda" else 1
        if self.device == "cpu":
            torch.set_num_threads(1)  # of the thread that calls
        with torch.inference_mode():
            found = [
                _answers(self._logits(batch[start : start + size]), self.temperature, self.legend)
                for start in range(0, len(batch), size)
            ]
        return np.concatenate(found) if len(found) != 1 else found[0]

    def _logits(self, batch: NDArray[np.float32]) -> torch.Tensor:
        placed = torch.from_numpy(np.ascontiguousarray(batch)).to(
            self.device, memory_format=torch.channels_last
        )
        return self.module(placed).float()  # type: ignore[no-any-return]


class OpenVinoPredictor:
    """A network run by OpenVINO on the CPU, one window and one core a call, several side by side.

    Each call runs on one core, so that a window's result does not depend on how many cores there
    are. The network is compiled for the shape of the windows when the first one comes; oblong
    windows that are turned have two shapes, and as many are remembered.

    Attributes:
        bands: bands in the order of the network's channels.
        gsd_m: ground sample distance in metres.
        patch_px: usual side of the windows in pixels.
        overlap_px: pixels that neighbouring windows share.
        multiple_px: what sides of windows must be multiples of.
        width_px: width of windows that are no squares, or None.
        precision: "float32" or "int8", for the provenance.
        lanes: how many calls may run side by side.
        legend: the classes that it tells apart, or None.
    """

    def __init__(self, card: ModelCard, model: Any, *, precision: str, lanes: int) -> None:
        self.bands = card.bands
        self.gsd_m = card.gsd_m
        self.patch_px = card.patch_px
        self.overlap_px = card.overlap_px
        self.multiple_px = STRIDE
        self.width_px = INT8_LENGTH * card.patch_px if precision == "int8" else None
        self.precision = precision
        self.lanes = lanes
        self.legend = card.legend
        self._model = _with_probabilities(model, card.temperature, card.legend)
        _know_types()
        self._guard = threading.Lock()
        self._idle: dict[tuple[int, ...], SimpleQueue[Any]] = {}

    @property
    def runtime(self) -> str:
        """Name and version of what computes, for the provenance."""
        import openvino

        return f"openvino {openvino.get_version().split('-')[0]} cpu {self.precision}"

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (n, [classes,] h, w) of (n, bands, h, w) scaled to 0..1."""
        layers = () if self.legend is None else (len(self.legend),)
        found = np.empty((len(batch), *layers, *batch.shape[2:]), dtype=np.float32)
        for window, probability in zip(batch, found, strict=True):
            self._infer(np.ascontiguousarray(window[None]), probability)
        return found

    def _infer(self, window: NDArray[np.float32], probability: NDArray[np.float32]) -> None:
        idle = self._requests(window.shape)
        request = idle.get()
        try:
            answer = request.infer([window], share_inputs=True, share_outputs=True)
            probability[:] = answer[0][0]
        finally:
            idle.put(request)

    def _requests(self, shape: tuple[int, ...]) -> SimpleQueue[Any]:
        """Return the idle requests of the network compiled for windows of ``shape``."""
        import openvino

        with self._guard:
            if shape not in self._idle:
                self._model.reshape(list(shape))
                options = {
                    "INFERENCE_PRECISION_HINT": "f32",
                    "PERFORMANCE_HINT": "THROUGHPUT",
                    "NUM_STREAMS": str(self.lanes),
                    "INFERENCE_NUM_THREADS": self.lanes,
                    # pinned, every worker process of a machine would want the same first core
                    "ENABLE_CPU_PINNING": False,
                }
                compiled = openvino.Core().compile_model(self._model, "CPU", options)
                requests: SimpleQueue[Any] = SimpleQueue()
                for _ in range(self.lanes):
                    requests.put(compiled.create_infer_request())
                self._idle = dict([*self._idle.items(), (shape, requests)][-_SHAPES:])
            return self._idle[shape]


def _know_types() -> None:
    """Let OpenVINO fill its table of numpy's types now, in one thread.

    It does so when a type is first asked for, and gives up Python's lock meanwhile: two lanes that
    come to it together wait for each other for ever.
    """
    import openvino

    with _TYPES:
        openvino.Type.f32.to_dtype()


def load_predictor(
    card: ModelCard,
    *,
    runtime: Runtime = "auto",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    lanes: int | None = None,
) -> Predictor:
    """Return the card's model, ready for ``predict_scene``.

    Args:
        card: the model.
        runtime: "auto" is PyTorch on a CUDA device; on the CPU OpenVINO where it is installed, in
            int8 ("openvino-int8") where the card has such a network that was measured to be as
            good, else in float32 ("openvino"); else PyTorch. The choice depends on the card alone,
            so that a repeated run gives the same map.
        device: "auto" is CUDA where there is one and OpenVINO was not asked for.
        lanes: cores that are used on the CPU; all that this process may use without it.

    Raises:
        ModelError: the weights are unusable, or runtime or device are not there.
    """
    asked = runtime.startswith("openvino")
    chosen = _device(device, runtime)
    if asked and (chosen == "cuda" or not _has_openvino()):
        raise ModelError(
            expected="OpenVINO on the CPU",
            found=f"device {chosen}, OpenVINO installed: {_has_openvino()}",
            fix="Install openvino and choose the device cpu, or choose the runtime torch",
        )
    count = lanes or usable_cores()
    if chosen == "cpu" and runtime != "torch" and _has_openvino():
        if runtime == "openvino-int8" or (runtime == "auto" and card.int8_is_faithful):
            return int8_predictor(card, lanes=count)
        return openvino_predictor(card, load_model(card), lanes=count)
    return torch_predictor(
        card, load_model(card), device=chosen, lanes=count if chosen == "cpu" else 1
    )


@dataclass(frozen=True, slots=True)
class ZooSource:
    """Loads a model of the zoo on a worker of a cluster.

    Attributes:
        folder: of the model, the same path on every worker.
        sha256: of its weights; another file there is refused.
        runtime: as in ``load_predictor``.
        augmented: whether it is applied to all eight flips and turns of a window.
    """

    folder: Path
    sha256: str
    runtime: Runtime = "auto"
    augmented: bool = False

    def __call__(self, lanes: int) -> Predictor:
        """Return the model, ready to run ``lanes`` windows side by side.

        Raises:
            ModelError: the worker has no such model, or one with other weights.
        """
        card = load_card(self.folder)
        if card.sha256 != self.sha256:
            raise ModelError(
                expected=f"weights {self.sha256[:12]}… in {self.folder} on every worker",
                found=f"{card.sha256[:12]}…",
                fix="Give all workers the same models folder",
            )
        predictor = load_predictor(card, runtime=self.runtime, lanes=lanes)
        return Augmented(predictor) if self.augmented else predictor


def torch_predictor(
    card: ModelCard, module: torch.nn.Module, *, device: str = "cpu", lanes: int = 1
) -> TorchPredictor:
    """Return the predictor of a network (logits (n, 1, h, w)) with the card's windows."""
    if device == "cpu":
        keep_freed_memory()
    placed = module.eval().to(device=device)
    placed = placed.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TorchPredictor(
        bands=card.bands,
        gsd_m=card.gsd_m,
        patch_px=card.patch_px,
        overlap_px=card.overlap_px,
        multiple_px=STRIDE,
        batch=CUDA_BATCH if device == "cuda" else 1,
        temperature=card.temperature,
        device=device,
        module=placed,
        legend=card.legend,
        lanes=lanes,
    )


def openvino_predictor(
    card: ModelCard, module: torch.nn.Module, *, lanes: int = 1
) -> OpenVinoPredictor:
    """Return the predictor of a network, run by OpenVINO in float32."""
    model = openvino_model(module, len(card.bands), _TRACED_PX)
    return OpenVinoPredictor(card, model, precision="float32", lanes=lanes)


def int8_predictor(card: ModelCard, *, lanes: int = 1) -> OpenVinoPredictor:
    """Return the predictor of the card's int8 network, made by ``satseg quantise``.

    Raises:
        ModelError: the card has none, or its files are missing, changed or unreadable.
    """
    import openvino

    network = verified_int8(card)
    core = openvino.Core()
    try:
        model = core.read_model(network, network.with_suffix(".bin"))
    except RuntimeError as error:
        raise ModelError(
            expected=f"an OpenVINO network in {network}",
            found=str(error).splitlines()[0],
            fix="Make it anew with satseg quantise",
        ) from error
    return OpenVinoPredictor(card, model, precision="int8", lanes=lanes)


def openvino_model(module: torch.nn.Module, bands: int, side: int) -> Any:
    """Return a network as an OpenVINO model for windows (1, bands, h, w) of any size.

    The PyTorch front end is used directly: ``openvino.convert_model``, which calls it, reports its
    use over the network unless a user has opted out (see ``satseg``).
    """
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing warns of shapes that become constants; the networks' are strides, not sizes.
        warnings.simplefilter("ignore")
        example = torch.zeros([1, bands, side, side])
        traced: Any = torch.jit.trace(module.eval(), example, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = TorchScriptPythonDecoder(traced, example_input=(example,))
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.reshape([1, bands, -1, -1])
    return model


def _has_openvino() -> bool:
    return importlib.util.find_spec("openvino") is not None


def _device(device: str, runtime: Runtime) -> str:
    if device == "auto":
        wanted = torch.cuda.is_available() and not runtime.startswith("openvino")
        return "cuda" if wanted else "cpu"
    if device == "cpu" or (device == "cuda" and torch.cuda.is_available()):
        return device
    raise ModelError(
        expected="the device cpu, or cuda on a machine that has it",
        found=f"{device!r}, CUDA available: {torch.cuda.is_available()}",
        fix="Choose the device cpu",
    )


def _answers(
    logits: torch.Tensor, temperature: float, legend: Legend | None
) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-logits / temperature)), (n, h, w) of (n, 1, h, w).

    With a legend it is the softmax function of logits / temperature, (n, classes, h, w).
    """
    if legend is None:
        found = logits[:, 0].div_(temperature).sigmoid_()
    else:
        _check_classes(logits.shape[1], legend)
        found = logits.div_(temperature).softmax(dim=1)
    return np.asarray(found.cpu().numpy(), dtype=np.float32)


def _with_probabilities(model: Any, temperature: float, legend: Legend | None) -> Any:
    """Return an OpenVINO model that answers as ``_answers``; (1, [classes,] h, w)."""
    import openvino
    from openvino import opset13

    logits = model.output(0).get_node().input_value(0)
    scaled = opset13.divide(logits, np.float32(temperature))
    if legend is None:
        found = opset13.squeeze(opset13.sigmoid(scaled), np.array([1]))
    else:
        _check_classes(logits.get_partial_shape()[1].get_length(), legend)
        found = opset13.softmax(scaled, 1)
    return openvino.Model([found], model.get_parameters(), "probabilities")


def _check_classes(outputs: int, legend: Legend) -> None:
    if outputs != len(legend):
        raise ModelError(
            expected=f"logits of {len(legend)} classes, as in the card",
            found=f"{outputs}",
            fix="Correct classes in the card, or train the model anew",
        )
