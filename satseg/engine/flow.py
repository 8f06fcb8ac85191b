"""Blocks computed in this process: windows read ahead, predicted side by side, added up."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from satseg.blending import axis_weights
from satseg.engine.blocks import Block, BlockPlan
from satseg.errors import Cancelled, ModelError
from satseg.scene import Scene, SceneReader
from satseg.windows import Window

UNIT = 2**24
"""Probability 1 in the sums of weighted windows.

Sums of whole numbers are the same in any order, which sums of floating-point numbers are not. Each
window adds at most half a unit of rounding: 3e-8 of a probability.
"""

MISSING = -1
"""What a window adds where the scene has no data: a sum below 0 is no data."""

_LANES_A_FILE = 4
"""Lanes that one reading thread feeds. Fewer open files decode less twice: each has a cache of its
own for the tiles that neighbouring windows share."""

_CACHED_ROWS = 32
"""Rows that are weighed at once: as many as a processor's cache holds."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Progress = Callable[[int], None]
_log = logging.getLogger(__name__)


class Predictor(Protocol):
    """A model that is ready to run.

    Beside what is below it may have ``multiple_px`` (what the sides of windows must be multiples
    of; without it windows are ``patch_px`` exactly), ``lanes`` (how many calls may run side by
    side; 1 without it), ``batch`` (how many windows a call takes best; 1 without it) and ``legend``
    (the classes that it tells apart; without it, it knows farmland only).

    Attributes:
        bands: the bands it needs, in its order.
        gsd_m: ground sample distance it was trained at, None for any.
        patch_px: side of its windows in pixels.
        overlap_px: pixels that neighbouring windows share.
    """

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands in the order of the batch."""

    @property
    def gsd_m(self) -> float | None:
        """Ground sample distance in metres, None for the scene's own."""

    @property
    def patch_px(self) -> int:
        """Side of a window in pixels."""

    @property
    def overlap_px(self) -> int:
        """Pixels that neighbouring windows share."""

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities in [0, 1] of a batch (n, bands, h, w) scaled to 0..1.

        They are (n, h, w), or (n, classes, h, w) with a legend.
        """


@dataclass(frozen=True, slots=True, eq=False)
class BlockSums:
    """What the windows of one block add up to.

    Attributes:
        block: the block.
        sums: int32 (height, width) of the block: probability x UNIT x weight, summed over the
            block's windows; below 0 where the scene has no data. (classes, height, width) for a
            predictor with a legend.
    """

    block: Block
    sums: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    block: Block
    window: Window
    inside: Window
    pixels: NDArray[np.float32]
    valid: NDArray[np.bool_]


def compute_blocks(
    scene: Scene,
    predictor: Predictor,
    plan: BlockPlan,
    blocks: Iterable[Block],
    *,
    batch_size: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[BlockSums, None, None]:
    """Yield the sums of ``blocks`` in their order. Close the iterator to stop reading ahead.

    Reading and prediction run in threads of their own, over the borders of blocks, so that nothing
    waits. Memory is that of two blocks and of a few windows.

    Args:
        scene: the scene.
        predictor: the model.
        plan: the scene's blocks.
        blocks: those to compute.
        batch_size: windows a call of the predictor gets at most; the predictor's own without it.
        progress: called with the number of windows done, each time some are.
        cancelled: asked before each batch; True stops the work.

    Raises:
        ModelError: the predictor's results are unusable.
        SceneError: the scene cannot be read.
        Cancelled: ``cancelled`` said so.
    """
    if batch_size is not None and batch_size < 1:
        raise ModelError(
            expected="a batch of at least 1 window",
            found=str(batch_size),
            fix="Give a batch size of 1 or more",
        )
    chosen = list(blocks)
    lanes: int = getattr(predictor, "lanes", 1)
    usual: int = getattr(predictor, "batch", 1)
    prediction = _Prediction(predictor, plan, batch_size or usual)
    items = ((block, window) for block in chosen for window in plan.windows_of(block))
    files = 1 + (lanes - 1) // _LANES_A_FILE
    with _readers(scene, files) as read:

        def patch(item: tuple[Block, Window]) -> _Patch:
            return read(predictor, plan, *item)

        ahead = _ahead(patch, items, lanes + prediction.limit, files, "satseg-read")
        batches = _until(cancelled, _batches(ahead, prediction))
        found = _ahead(prediction.weighted, batches, lanes, lanes, "satseg-predict")
        with closing(ahead), closing(found):
            yield from _added(plan, chosen, found, layers_of(predictor), progress)


def layers_of(predictor: Predictor) -> tuple[int, ...]:
    """Return what comes before height and width in a window's probabilities."""
    legend = getattr(predictor, "legend", None)
    return () if legend is None else (len(legend),)


def _added(
    plan: BlockPlan,
    blocks: Sequence[Block],
    found: Iterable[list[tuple[_Patch, NDArray[np.int32] | None]]],
    layers: tuple[int, ...],
    progress: Progress | None,
) -> Iterator[BlockSums]:
    """Add the windows up and yield each block when its last window is in."""
    waiting = deque(blocks)
    sums: dict[tuple[int, int], NDArray[np.int32]] = {}
    left = {(block.row, block.col): plan.count(block) for block in blocks}
    for pieces in found:
        for patch, piece in pieces:
            key = patch.block.row, patch.block.col
            if key not in sums:
                sums[key] = np.zeros((*layers, *patch.block.shape), dtype=np.int32)
            row = patch.inside.row - patch.block.rows.start
            col = patch.inside.col - patch.block.cols.start
            height, width = patch.inside.shape
            place = (..., slice(row, row + height), slice(col, col + width))
            sums[key][place] += MISSING if piece is None else piece
            left[key] -= 1
        if progress is not None:
            progress(len(pieces))
        while waiting and not left[waiting[0].row, waiting[0].col]:
            block = waiting.popleft()
            yield BlockSums(block, sums.pop((block.row, block.col)))


class _Prediction:
    """Calls the predictor and weighs its answers; keeps the batch that memory has room for."""

    def __init__(self, predictor: Predictor, plan: BlockPlan, limit: int) -> None:
        self._predictor = predictor
        self._rows = _weights(plan.windows.row_starts, plan.windows.patch[0], plan.windows.overlap)
        self._cols = _weights(plan.windows.col_starts, plan.windows.patch[1], plan.windows.overlap)
        self._guard = threading.Lock()
        self.limit = limit

    def weighted(self, batch: list[_Patch]) -> list[tuple[_Patch, NDArray[np.int32] | None]]:
        """Return each patch of a batch with its weighted probabilities, None without any data."""
        seen = [patch for patch in batch if patch.valid.any()]
        found = self._probabilities(seen) if seen else []
        pairs = zip(seen, found, strict=True)
        weighed = {id(patch): self._weigh(patch, piece) for patch, piece in pairs}
        return [(patch, weighed.get(id(patch))) for patch in batch]

    def _weigh(self, patch: _Patch, probability: NDArray[np.float32]) -> NDArray[np.int32]:
        height, width = patch.inside.shape
        rows = self._rows[patch.window.row][:height, None]
        cols = self._cols[patch.window.col][:width]
        piece: NDArray[np.int32] = np.empty((*probability.shape[:-2], height, width), np.int32)
        for start in range(0, height, _CACHED_ROWS):
            part = slice(start, min(start + _CACHED_ROWS, height))
            weighted = probability[..., part, :width] * rows[part]
            weighted *= cols
            piece[..., part, :] = np.rint(weighted, out=weighted)
        if not patch.valid.all():
            piece[..., ~patch.valid] = MISSING
        return piece

    def _probabilities(self, patches: list[_Patch]) -> list[NDArray[np.float32]]:
        pieces: list[NDArray[np.float32]] = []
        while len(pieces) < len(patches):
            part = patches[len(pieces) : len(pieces) + self.limit]
            try:
                pieces.extend(self._called(_stacked([patch.pixels for patch in part])))
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error) or len(part) == 1:
                    raise
                self._halve(len(part))
        return pieces

    def _halve(self, tried: int) -> None:
        with self._guard:
            if self.limit >= tried:
                told, self.limit = self.limit, tried // 2
                _log.warning(
                    "out of memory with %d windows at once; going on with %d", told, self.limit
                )

    def _called(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        found = self._predictor.probabilities(pixels)
        shape = (len(pixels), *layers_of(self._predictor), *pixels.shape[2:])
        if found.shape != shape or not np.isfinite(found).all():
            raise ModelError(
                expected=f"finite probabilities of shape {shape} from the model",
                found=f"shape {found.shape}, finite: {bool(np.isfinite(found).all())}",
                fix="Check the model's weights and its number of classes",
            )
        return found


def _stacked(windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return (n, bands, h, w); a single window is not copied."""
    return windows[0][None] if len(windows) == 1 else np.stack(windows)


def _weights(starts: Sequence[int], patch: int, overlap: int) -> dict[int, NDArray[np.float32]]:
    """Return the weights of one axis by first pixel; of both axes they multiply to UNIT."""
    scaled = axis_weights(starts, patch, overlap) * float(np.sqrt(UNIT))
    return dict(zip(starts, scaled.astype(np.float32), strict=True))


def _is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "bad_alloc" in text


_Read = Callable[[Predictor, BlockPlan, Block, Window], _Patch]


@contextmanager
def _readers(scene: Scene, count: int) -> Iterator[_Read]:
    """Yield a function that reads a window with one of ``count`` open files, in any thread."""
    idle: SimpleQueue[SceneReader] = SimpleQueue()

    def read(predictor: Predictor, plan: BlockPlan, block: Block, window: Window) -> _Patch:
        inside = window.clipped(plan.windows.shape)
        reader = idle.get()
        try:
            data, valid = reader.values(inside, gsd_m=predictor.gsd_m, bands=predictor.bands)
        finally:
            idle.put(reader)
        missing = (window.height - inside.height, window.width - inside.width)
        if any(missing):
            data = np.pad(data, ((0, 0), (0, missing[0]), (0, missing[1])), mode="reflect")
        return _Patch(block, window, inside, data, valid)

    with ExitStack() as files:
        for _ in range(count):
            idle.put(files.enter_context(scene.reader()))
        yield read


def _batches(patches: Iterator[_Patch], prediction: _Prediction) -> Iterator[list[_Patch]]:
    """Yield patches in lists as long as the prediction takes them at once."""
    batch: list[_Patch] = []
    for patch in patches:
        batch.append(patch)
        if len(batch) >= prediction.limit:
            yield batch
            batch = []
    if batch:
        yield batch


def _until(cancelled: Callable[[], bool] | None, items: Iterable[_Item]) -> Iterator[_Item]:
    for item in items:
        if cancelled is not None and cancelled():
            raise Cancelled
        yield item


def _ahead(
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    depth: int,
    threads: int,
    name: str,
) -> Generator[_Result, None, None]:
    """Yield function(item) in order, computed in threads up to ``depth`` items ahead."""
    pending: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
