"""What a worker of a Dask cluster does: blocks of a map, with files and memory that stay."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import lru_cache, partial
from importlib import import_module
from typing import Protocol

from satseg.engine.blocks import Block, BlockPlan
from satseg.engine.flow import BlockFlow, Predictor
from satseg.engine.store import StoredBlock, stored
from satseg.scene import Scene

IDLE_S = 10.0
"""Seconds without a block of a map after which a worker closes the map's scene."""


class PredictorSource(Protocol):
    """Loads the model on a worker. Hashable, so that each worker loads it once; can be pickled."""

    def __call__(self, lanes: int) -> Predictor:
        """Return the model, ready to run ``lanes`` windows side by side."""

    def __hash__(self) -> int: ...


def computed_block(
    job: str, source: PredictorSource, scene: Scene, plan: BlockPlan, block: Block
) -> StoredBlock:
    """Compute one block on a worker.

    Args:
        job: names the map. Its blocks share all arguments but the last, and with them the open
            scene and the memory: new ones for each block take up to a tenth of its time.
        source: loads the model.
        scene: the scene, under the same path here.
        plan: the scene's blocks.
        block: the one to compute.

    Raises:
        ModelError: the worker's model is another, or its results are unusable.
        SceneError: the scene cannot be read.
    """
    flow = _idle.take(job) or _flow(source, scene, plan)
    try:
        with closing(flow.blocks([block])) as found:
            computed = next(found)
    except BaseException:
        flow.close()
        raise
    _idle.give(job, flow)
    return computed


class Idle:
    """Flows that wait for the next block of their map; closed where none comes in time.

    Nobody needs to tell a worker that a map is finished, was cancelled or lost its owner.

    Args:
        seconds: how long they wait.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._guard = threading.Lock()
        self._waiting: dict[BlockFlow[StoredBlock], tuple[str, threading.Timer]] = {}

    def take(self, job: str) -> BlockFlow[StoredBlock] | None:
        """Return a flow of a job, which then waits no longer, or None."""
        with self._guard:
            for flow, (of, timer) in self._waiting.items():
                if of == job:
                    timer.cancel()
                    del self._waiting[flow]
                    return flow
        return None

    def give(self, job: str, flow: BlockFlow[StoredBlock]) -> None:
        """Let a flow of a job wait."""
        timer = threading.Timer(self._seconds, self._close, (flow,))
        timer.daemon = True  # or a worker that ends would wait for it
        with self._guard:
            self._waiting[flow] = job, timer
        timer.start()

    def _close(self, flow: BlockFlow[StoredBlock]) -> None:
        with self._guard:
            waited = self._waiting.pop(flow, None)
        if waited is not None:
            flow.close()


_idle = Idle(IDLE_S)


def _flow(source: PredictorSource, scene: Scene, plan: BlockPlan) -> BlockFlow[StoredBlock]:
    """Return a flow of one lane: the threads of a worker run side by side themselves."""
    predictor = _loaded(source)
    kept = partial(stored, legend=getattr(predictor, "legend", None))
    return BlockFlow(scene, predictor, plan, kept, lanes=1)


@lru_cache(maxsize=2)
def _loaded(source: PredictorSource) -> Predictor:
    worker = import_module("distributed").get_worker()  # which has no types
    return source(lanes=worker.state.nthreads)
