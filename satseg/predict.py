"""From a scene and a model to a map of farmland probability, strip by strip."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from satseg import __version__
from satseg.bands import positions
from satseg.blending import axis_weights
from satseg.cog import Layer, cog_rows
from satseg.errors import Cancelled, ModelError
from satseg.grids import Grid
from satseg.probability import NODATA, SCALE, encode
from satseg.scene import SIMULATED_TAG, Scene
from satseg.windows import Window, WindowPlan, plan_windows

PROBABILITY = Layer("farmland probability", nodata=NODATA, scale=1 / SCALE)
"""Rasters of probability: uint8, v / 254, 255 for no data."""

_YIELD_ROWS = 16
"""Rows that are copied and encoded at once: as many as need little memory in a wide scene."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Progress = Callable[[int, int], None]


class Predictor(Protocol):
    """A model that is ready to run.

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
        """Return probabilities (n, p, p) in [0, 1] of a batch (n, bands, p, p) scaled to 0..1."""


@dataclass(frozen=True, slots=True)
class _Patch:
    window: Window
    inside: Window
    pixels: NDArray[np.float32]
    valid: NDArray[np.bool_]


def predict_scene(
    scene: Scene,
    predictor: Predictor,
    output: Path,
    *,
    batch_size: int = 4,
    tags: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Grid:
    """Write the probability of farmland of a whole scene and return the grid of the map.

    The map is a COG (uint8, v / 254, 255 where the scene has no data) in the scene's CRS at the
    predictor's GSD. Its bytes depend on neither batch size nor earlier runs. Memory does not grow
    with the scene's height, and with its width only by one strip of windows.

    Args:
        scene: the scene, which must have the predictor's bands.
        predictor: the model.
        output: where the COG goes; replaced where it exists.
        batch_size: windows the predictor gets at once.
        tags: metadata beside the provenance that is always kept (scene, date, bands, stretch,
            GSD, software, whether the scene is simulated).
        progress: called with (windows done, windows in all).
        cancelled: asked before each batch; True stops the work.

    Raises:
        BandError: the scene lacks a band.
        SceneError: the scene cannot be read to the end.
        StorageError: the map cannot be written.
        ModelError: the predictor's windows or results are unusable.
        Cancelled: ``cancelled`` said so. Whatever is raised, no part of the map is left behind.
    """
    grid = scene.grid_at(predictor.gsd_m)
    provenance = {**_provenance(scene, predictor, grid), **(tags or {})}
    strips = probability_strips(
        scene, predictor, batch_size=batch_size, progress=progress, cancelled=cancelled
    )
    with cog_rows(output, grid, PROBABILITY, tags=provenance) as writer, closing(strips):
        for strip in strips:
            writer.write(encode(strip.data, ~np.ma.getmaskarray(strip)))
    return grid


def probability_strips(
    scene: Scene,
    predictor: Predictor,
    *,
    batch_size: int = 4,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[np.ma.MaskedArray, None, None]:
    """Yield the blended probabilities from top to bottom, masked float32 (rows, width).

    The arguments are those of ``predict_scene``. Close the iterator to stop reading ahead.
    """
    positions(scene.bands, predictor.bands)
    if batch_size < 1:
        raise ModelError(
            expected="a batch of at least 1 window",
            found=str(batch_size),
            fix="Give a batch size of 1 or more",
        )
    grid = scene.grid_at(predictor.gsd_m)
    plan = plan_windows(grid.shape, patch=predictor.patch_px, overlap=predictor.overlap_px)
    blend = _Blend(plan)
    patches = _patches(scene, predictor, plan, depth=batch_size)
    done = 0
    with closing(patches):
        for number, row in enumerate(plan.row_starts):
            for batch in _batches(patches, len(plan.col_starts), batch_size):
                if cancelled is not None and cancelled():
                    raise Cancelled
                _predict(predictor, batch, blend)
                done += len(batch)
                if progress is not None:
                    progress(done, len(plan))
            last = number + 1 == len(plan.row_starts)
            yield from blend.pop(plan.shape[0] if last else plan.row_starts[number + 1], row)


def _predict(predictor: Predictor, batch: list[_Patch], blend: _Blend) -> None:
    seen = [patch for patch in batch if patch.valid.any()]
    if not seen:
        return
    pixels = np.stack([patch.pixels for patch in seen])
    found = predictor.probabilities(pixels)
    shape = (len(seen), *pixels.shape[2:])
    if found.shape != shape or not np.isfinite(found).all():
        raise ModelError(
            expected=f"finite probabilities of shape {shape} from the model",
            found=f"shape {found.shape}, finite: {bool(np.isfinite(found).all())}",
            fix="Check the model's weights and its number of classes",
        )
    for patch, probability in zip(seen, found, strict=True):
        blend.add(patch, probability)


class _Blend:
    """Sums of weighted windows for the strip of rows that is not final yet."""

    def __init__(self, plan: WindowPlan) -> None:
        self._plan = plan
        self._rows = dict(zip(plan.row_starts, self._axis(plan.row_starts), strict=True))
        self._cols = dict(zip(plan.col_starts, self._axis(plan.col_starts), strict=True))
        size = (plan.patch, plan.shape[1])
        self._sum = np.zeros(size, dtype=np.float32)
        self._valid = np.zeros(size, dtype=np.bool_)

    def add(self, patch: _Patch, probability: NDArray[np.float32]) -> None:
        """Add one window of the current strip."""
        window, (height, width) = patch.window, patch.inside.shape
        weight = np.outer(self._rows[window.row], self._cols[window.col]).astype(np.float32)
        place = (slice(0, height), slice(window.col, window.col + width))
        self._sum[place] += (probability * weight)[:height, :width]
        self._valid[place] = patch.valid

    def pop(self, stop: int, start: int) -> Iterator[np.ma.MaskedArray]:
        """Yield the final rows [start, stop), few at a time, and move on to row ``stop``."""
        count = stop - start
        for row in range(0, count, _YIELD_ROWS):
            rows = slice(row, min(row + _YIELD_ROWS, count))
            mask = ~self._valid[rows]
            values = np.where(mask, np.float32(0), self._sum[rows])
            yield np.ma.MaskedArray(values, mask=mask, fill_value=0)
        for array in (self._sum, self._valid):
            array[: len(array) - count] = array[count:].copy()
            array[len(array) - count :] = 0

    def _axis(self, starts: tuple[int, ...]) -> NDArray[np.float64]:
        return axis_weights(starts, self._plan.patch, self._plan.overlap)


def _patches(
    scene: Scene, predictor: Predictor, plan: WindowPlan, *, depth: int
) -> Generator[_Patch, None, None]:
    with scene.reader() as reader:

        def read(window: Window) -> _Patch:
            inside = window.clipped(plan.shape)
            pixels = reader.read(inside, gsd_m=predictor.gsd_m, bands=predictor.bands)
            valid = ~np.ma.getmaskarray(pixels)[0]
            missing = (window.height - inside.height, window.width - inside.width)
            padding = ((0, 0), (0, missing[0]), (0, missing[1]))
            return _Patch(window, inside, np.pad(pixels.data, padding, mode="reflect"), valid)

        ahead = _read_ahead(read, plan, depth)
        with closing(ahead):
            yield from ahead


def _read_ahead(
    function: Callable[[_Item], _Result], items: Iterable[_Item], depth: int
) -> Generator[_Result, None, None]:
    """Yield function(item) in order, computed in one thread up to ``depth`` items ahead."""
    pending: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="satseg-read")
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _batches(patches: Iterator[_Patch], count: int, size: int) -> Iterator[list[_Patch]]:
    """Yield the next ``count`` patches in lists of up to ``size``."""
    for start in range(0, count, size):
        yield [next(patches) for _ in range(min(size, count - start))]


def _provenance(scene: Scene, predictor: Predictor, grid: Grid) -> dict[str, str]:
    stretch = scene.stretch.select(positions(scene.bands, predictor.bands))
    pairs = zip(predictor.bands, stretch.low, stretch.high, strict=True)
    return {
        "SATSEG_SOFTWARE": f"satseg {__version__}",
        "SATSEG_SCENE": scene.path.name,
        "SATSEG_DATE": scene.date.isoformat() if scene.date else "",
        "SATSEG_BANDS": ",".join(predictor.bands),
        "SATSEG_STRETCH": ";".join(f"{name}:{low:g}-{high:g}" for name, low, high in pairs),
        "SATSEG_GSD_M": " x ".join(f"{gsd:.4f}" for gsd in grid.gsd_m()),
        "SATSEG_CONTENT": "probability of farmland x 254; 255 no data",
        SIMULATED_TAG: "YES" if scene.simulated else "NO",
    }
