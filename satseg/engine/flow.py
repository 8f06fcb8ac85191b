"""Blocks computed in this process: windows read ahead, predicted side by side, added up."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from satseg.engine.blocks import Block, BlockPlan
from satseg.engine.sums import BlockSums, Memory, Sums
from satseg.errors import Cancelled, ModelError
from satseg.scene import Scene, SceneReader
from satseg.windows import Window, WindowPlan, plan_windows

_LANES_A_FILE = 4
"""Lanes that one reading thread feeds. Fewer open files decode less twice: each has a cache of its
own for the tiles that neighbouring windows share."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Kept = TypeVar("_Kept")
Progress = Callable[[int], None]
_log = logging.getLogger(__name__)


class Predictor(Protocol):
    """A model that is ready to run.

    Beside what is below it may have ``multiple_px`` (what the sides of windows must be multiples
    of; without it windows are ``patch_px`` exactly), ``width_px`` (width of windows that are no
    squares; ``patch_px`` without it), ``lanes`` (how many calls may run side by side; 1 without
    it), ``batch`` (how many windows a call takes best; 1 without it) and ``legend`` (the classes
    that it tells apart; without it, it knows farmland only).

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
class _Patch:
    """A window that was read: float32 (bands, h, w), and validity of what lies on the grid."""

    block: Block
    window: Window
    pixels: NDArray[np.float32]
    valid: NDArray[np.bool_]


def compute_blocks(
    scene: Scene,
    predictor: Predictor,
    plan: BlockPlan,
    blocks: Iterable[Block],
    kept: Callable[[BlockSums], _Kept],
    *,
    batch_size: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[_Kept, None, None]:
    """Yield ``kept(sums)`` of each of ``blocks``, as they are finished. Close it to stop early.

    Prediction runs in threads of its own, over the borders of blocks, and a window is read while
    the one before it waits for the first lane that is free. Memory is that of the blocks in work
    and of a window more than there are lanes, and is used again.

    Args:
        scene: the scene.
        predictor: the model.
        plan: the scene's blocks.
        blocks: those to compute.
        kept: what is wanted of a block's sums, which are valid during the call only. It is called
            in the thread that added the last window, side by side with others.
        batch_size: windows a call of the predictor gets at most; the predictor's own without it.
        progress: called with the number of windows done, each time some are.
        cancelled: asked before each batch; True stops the work.

    Raises:
        ModelError: the predictor's results are unusable.
        SceneError: the scene cannot be read.
        Cancelled: ``cancelled`` said so.
    """
    with BlockFlow(scene, predictor, plan, kept, batch_size=batch_size) as flow:
        yield from flow.blocks(blocks, progress=progress, cancelled=cancelled)


class BlockFlow(Generic[_Kept]):
    """Computes blocks of one scene, with files and memory that stay from one call to the next.

    Use it as a context manager, or close it. An error leaves it unusable.

    Args:
        scene, predictor, plan, kept, batch_size: see ``compute_blocks``.
        lanes: calls of the predictor that run side by side; the predictor's own number without it.

    Raises:
        ModelError: a batch of no window, or the predictor's windows are unusable.
        SceneError: the scene cannot be read.
    """

    def __init__(
        self,
        scene: Scene,
        predictor: Predictor,
        plan: BlockPlan,
        kept: Callable[[BlockSums], _Kept],
        *,
        batch_size: int | None = None,
        lanes: int | None = None,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise ModelError(
                expected="a batch of at least 1 window",
                found=str(batch_size),
                fix="Give a batch size of 1 or more",
            )
        usual: int = getattr(predictor, "batch", 1)
        own: int = getattr(predictor, "lanes", 1)
        self._plan, self._lanes = plan, lanes or own
        memory = Memory((len(predictor.bands), *plan.windows.patch), np.float32)
        sums = Sums(plan, layers_of(predictor))
        self._prediction = _Prediction(predictor, sums, memory, kept, batch_size or usual)
        self._stay = 1 + (self._lanes - 1) // _LANES_A_FILE
        self._files = ExitStack()
        self._read = self._files.enter_context(
            _readers(scene, predictor, plan, memory, first=self._lanes, then=self._stay)
        )

    def __enter__(self) -> BlockFlow[_Kept]:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def blocks(
        self,
        blocks: Iterable[Block],
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Generator[_Kept, None, None]:
        """Yield what ``compute_blocks`` does. One such call at a time."""
        items = ((block, window) for block in blocks for window in self._plan.windows_of(block))
        ahead = _ahead(self._read, items, first=self._lanes, then=self._stay, name="satseg-read")
        batches = _until(cancelled, _batches(ahead, self._prediction))
        done = _as_done(self._prediction.added, batches, self._lanes, "satseg-predict")
        with closing(ahead), closing(done):
            for windows, finished in done:
                if progress is not None:
                    progress(windows)
                yield from finished


def windows_for(predictor: Predictor, shape: tuple[int, int]) -> WindowPlan:
    """Return the windows in which a predictor maps a grid of ``shape``.

    Raises:
        ModelError: the predictor's windows are unusable.
    """
    return plan_windows(
        shape,
        patch=predictor.patch_px,
        overlap=predictor.overlap_px,
        multiple=getattr(predictor, "multiple_px", None),
        width=getattr(predictor, "width_px", None),
    )


def layers_of(predictor: Predictor) -> tuple[int, ...]:
    """Return what comes before height and width in a window's probabilities."""
    legend = getattr(predictor, "legend", None)
    return () if legend is None else (len(legend),)


class _Prediction(Generic[_Kept]):
    """Calls the predictor and adds up its answers; keeps the batch that memory has room for."""

    def __init__(
        self,
        predictor: Predictor,
        sums: Sums,
        memory: Memory,
        kept: Callable[[BlockSums], _Kept],
        limit: int,
    ) -> None:
        self._predictor = predictor
        self._sums = sums
        self._memory = memory
        self._kept = kept
        self._guard = threading.Lock()
        self.limit = limit

    def added(self, batch: list[_Patch]) -> tuple[int, list[_Kept]]:
        """Add the probabilities of a batch to its blocks.

        Returns:
            How many windows it has, and what is kept of the blocks that lack none now.
        """
        seen = [patch for patch in batch if patch.valid.any()]
        found = iter(self._probabilities(seen))
        finished = []
        for patch in batch:
            probability = next(found) if patch.valid.any() else None
            if self._sums.add(patch.block, patch.window, patch.valid, probability):
                with self._sums.finished(patch.block) as sums:
                    finished.append(self._kept(sums))
        for patch in batch:
            self._memory.give(patch.pixels)
        return len(batch), finished

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
        fits = found.shape == shape
        # least and largest are NaN where any number is
        if not fits or not np.isfinite([found.min(), found.max()]).all():
            raise ModelError(
                expected=f"finite probabilities of shape {shape} from the model",
                found=f"shape {found.shape}" + (", not all of them finite" if fits else ""),
                fix="Check the model's weights and its number of classes",
            )
        return found


def _stacked(windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return (n, bands, h, w); a single window is not copied."""
    return windows[0][None] if len(windows) == 1 else np.stack(windows)


def _is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "bad_alloc" in text


_Read = Callable[[tuple[Block, Window]], _Patch]


@contextmanager
def _readers(
    scene: Scene, predictor: Predictor, plan: BlockPlan, memory: Memory, *, first: int, then: int
) -> Iterator[_Read]:
    """Yield a function that reads a window with a file of its own, in any thread.

    ``first`` files are open, of which each but ``then`` is closed after its first window.
    """
    idle: SimpleQueue[tuple[SceneReader, bool]] = SimpleQueue()

    def read(item: tuple[Block, Window]) -> _Patch:
        block, window = item
        inside = window.clipped(plan.windows.shape)
        pixels: NDArray[np.float32] = memory.take()  # type: ignore[assignment]
        data = pixels[:, : inside.height, : inside.width]
        reader, stays = idle.get()
        try:
            valid = reader.fill(data, inside, gsd_m=predictor.gsd_m, bands=predictor.bands)
        finally:
            if stays:
                idle.put((reader, stays))
            else:
                reader.close()
        missing = (window.height - inside.height, window.width - inside.width)
        if any(missing):
            pad = ((0, 0), (0, missing[0]), (0, missing[1]))
            pixels[:] = np.pad(data, pad, mode="reflect")
        return _Patch(block, window, pixels, valid)

    with ExitStack() as files:
        for left in range(first, 0, -1):
            reader = files.enter_context(scene.reader())
            reader.prepare(gsd_m=predictor.gsd_m)
            idle.put((reader, left <= then))
        yield read


def _batches(patches: Iterator[_Patch], prediction: _Prediction[Any]) -> Iterator[list[_Patch]]:
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
    items: Iterator[_Item],
    *,
    first: int,
    then: int,
    name: str,
) -> Generator[_Result, None, None]:
    """Yield function(item) in order, computed in threads: ``first`` items at once, later ``then``.

    ``then`` is at least 1 and not above ``first``.
    """
    pool = ThreadPoolExecutor(first, thread_name_prefix=name)
    try:
        pending = deque(pool.submit(function, item) for item in islice(items, first))
        for item in items:
            pending.append(pool.submit(function, item))
            while len(pending) >= then:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _as_done(
    function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int, name: str
) -> Generator[_Result, None, None]:
    """Yield function(item) as they are done, computed in threads; one item waits for a thread."""
    pending: set[Future[_Result]] = set()
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    try:
        for item in items:
            pending.add(pool.submit(function, item))
            if len(pending) > threads:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in as_completed(pending))
    finally:
        pool.shutdown(cancel_futures=True)
