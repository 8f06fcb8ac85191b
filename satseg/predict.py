"""From a scene and a model to a map of farmland probability."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from satseg import __version__
from satseg.allocation import return_freed_memory
from satseg.bands import positions
from satseg.class_raster import class_rows, no_legend
from satseg.cog import RowWriter, cog_rows
from satseg.cog_layer import Layer
from satseg.engine.blocks import Block, BlockPlan, plan_blocks
from satseg.engine.flow import Predictor, compute_blocks, windows_for
from satseg.engine.mosaic import Arrivals, joined_rows
from satseg.engine.store import BlockStore, StoredBlock, stored
from satseg.errors import Cancelled
from satseg.grids import Grid
from satseg.legend import Legend
from satseg.probability import NODATA, SCALE
from satseg.reading import raster_environment
from satseg.scene import SIMULATED_TAG, Scene
from satseg.storage import explained

PROBABILITY = Layer("farmland probability", nodata=NODATA, scale=1 / SCALE)
"""Rasters of probability: uint8, v / 254, 255 for no data."""

BLOCK_PX = 1024
"""Side of a block, about: what is lost at most when a worker ends."""

_ASK_S = 0.2
"""Seconds between questions whether to stop, while the last rows are joined."""

Progress = Callable[[int, int], None]
Asked = Callable[[], bool]


class Engine(Protocol):
    """Somebody who computes blocks: this process, or a cluster."""

    def compute(
        self,
        scene: Scene,
        predictor: Predictor,
        plan: BlockPlan,
        blocks: list[Block],
        *,
        progress: Callable[[int], None],
        cancelled: Asked,
    ) -> Generator[StoredBlock, None, None]:
        """Yield ``blocks`` in any order; call ``progress`` with the number of windows done."""


@dataclass(frozen=True, slots=True)
class ThisProcess:
    """Computes blocks in threads of this process.

    Attributes:
        batch_size: windows a call of the model gets at most; the model's own choice without it.
    """

    batch_size: int | None = None

    def compute(
        self,
        scene: Scene,
        predictor: Predictor,
        plan: BlockPlan,
        blocks: list[Block],
        *,
        progress: Callable[[int], None],
        cancelled: Asked,
    ) -> Generator[StoredBlock, None, None]:
        """Return ``blocks`` as they are finished; see ``compute_blocks``."""
        return compute_blocks(
            scene,
            predictor,
            plan,
            blocks,
            partial(stored, legend=getattr(predictor, "legend", None)),
            batch_size=self.batch_size,
            progress=progress,
            cancelled=cancelled,
        )


def predict_scene(  # noqa: PLR0913 -- all but three have defaults
    scene: Scene,
    predictor: Predictor,
    output: Path,
    *,
    engine: Engine | None = None,
    work: Path | None = None,
    key: str = "",
    block_px: int = BLOCK_PX,
    tags: Mapping[str, str] | None = None,
    classes: Path | None = None,
    progress: Progress | None = None,
    cancelled: Asked | None = None,
) -> Grid:
    """Write the probability of farmland of a whole scene and return the grid of the map.

    The map is a COG (uint8, v / 254, 255 where the scene has no data) in the scene's CRS at the
    predictor's GSD. Its bytes depend on neither engine, batch, blocks nor earlier runs, and memory
    not on the size of the scene, but for some rows of the map.

    Args:
        scene: the scene, which must have the predictor's bands.
        predictor: the model.
        output: where the COG goes; replaced where it exists.
        engine: who computes; this process without it.
        work: folder for the finished blocks. They stay there when the work ends early, and the
            next call with the same folder, scene and ``key`` goes on from them; they are removed
            when the map is written. Without it they are in a temporary folder.
        key: names the model, with its weights and its runtime, for ``work``.
        block_px: side of a block, about.
        tags: metadata beside the provenance that is always kept (scene, date, bands, stretch,
            GSD, software, whether the scene is simulated).
        classes: where the map of the likeliest classes goes, for a predictor with a legend: a COG
            on the same grid (uint8, codes of satseg.classes with their colours, 255 for no data).
        progress: called with (windows done, windows in all).
        cancelled: asked often; True stops the work.

    Raises:
        BandError: the scene lacks a band.
        SceneError: the scene cannot be read to the end.
        StorageError: the map or a block cannot be written.
        ModelError: the predictor's windows or results are unusable, or it tells no classes apart
            and ``classes`` are wanted.
        Cancelled: ``cancelled`` said so. Whatever is raised, no part of the map is left behind.
    """
    positions(scene.bands, predictor.bands)
    legend: Legend | None = getattr(predictor, "legend", None)
    if classes is not None and legend is None:
        raise no_legend()
    grid = scene.grid_at(predictor.gsd_m)
    plan = plan_blocks(windows_for(predictor, grid.shape), block_px)
    provenance = {**_provenance(scene, predictor, grid), **(tags or {})}
    stop = cancelled or (lambda: False)
    return_freed_memory()  # what opening the scene took
    with _folder(output, work) as folder:
        store = BlockStore(folder, _key(scene, plan, key), legend)
        with ExitStack() as files:
            writer = files.enter_context(cog_rows(output, grid, PROBABILITY, tags=provenance))
            writers = [writer]
            if classes is not None and legend is not None:
                writers.append(files.enter_context(class_rows(classes, grid, legend, provenance)))
            here = isinstance(engine, ThisProcess | None)
            arrivals = Arrivals(plan, lanes=getattr(predictor, "lanes", 1) if here else 1)
            rows = joined_rows(plan, store, wait=arrivals.wait)
            blocks = _computed(store, scene, predictor, plan, engine, progress, stop)
            _join(rows, writers, arrivals, blocks, stop)
        store.clear()
    return grid


def _join(
    rows: Iterable[NDArray[np.uint8]],
    writers: Sequence[RowWriter],
    arrivals: Arrivals,
    blocks: Generator[Block, None, None],
    cancelled: Asked,
) -> None:
    """Write the rows of the map in a thread, while the blocks that they wait for are computed."""
    with ThreadPoolExecutor(1, thread_name_prefix="satseg-join") as pool, closing(blocks):
        writing = pool.submit(_write, rows, writers)
        try:
            for block in blocks:
                arrivals.mark(block)
                if writing.done():
                    writing.result()
            arrivals.stop()
            while not wait_for([writing], timeout=_ASK_S).done:
                if cancelled():
                    raise Cancelled
            writing.result()
        finally:
            arrivals.stop()


def _write(rows: Iterable[NDArray[np.uint8]], writers: Sequence[RowWriter]) -> None:
    with raster_environment():
        for piece in rows:
            layers = [piece] if piece.ndim == 2 else list(piece)
            for target, layer in zip(writers, layers, strict=False):
                target.write(layer)


def _computed(  # noqa: PLR0917 -- one caller, everything of it
    store: BlockStore,
    scene: Scene,
    predictor: Predictor,
    plan: BlockPlan,
    engine: Engine | None,
    progress: Progress | None,
    cancelled: Asked,
) -> Generator[Block, None, None]:
    """Yield the blocks that the store has, then those that it lacked, computed and saved."""
    there = {block for block in plan if store.has(block)}
    missing = [block for block in plan if block not in there]
    total = len(plan.windows)
    done = total - sum(plan.count(block) for block in missing)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    advance(0)
    yield from there
    found = (engine or ThisProcess()).compute(
        scene, predictor, plan, missing, progress=advance, cancelled=cancelled
    )
    with closing(found):
        for block in found:
            store.save(block)
            yield block.block


@contextmanager
def _folder(output: Path, work: Path | None) -> Iterator[Path]:
    if work is not None:
        yield work
        return
    with explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        holder = tempfile.TemporaryDirectory(prefix=".satseg-", dir=output.parent)
    with holder as folder:
        yield Path(folder) / "blocks"


def _key(scene: Scene, plan: BlockPlan, key: str) -> str:
    """Return a hash of what decides the blocks: file, model, windows, and how they are grouped."""
    stat = scene.path.stat() if scene.path.exists() else None
    parts = [
        __version__,
        key,
        str(scene.path),
        stat and [stat.st_size, stat.st_mtime_ns],
        repr(scene.stretch),
        repr(scene.layout),
        repr(plan),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


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
