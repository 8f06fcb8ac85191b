"""Blocks as tasks of a Dask cluster: one of this machine's, or any by its scheduler's address."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import uuid4

from satseg.allocation import usable_cores
from satseg.engine.blocks import Block, BlockPlan
from satseg.engine.flow import Predictor
from satseg.engine.store import StoredBlock
from satseg.engine.worker import PredictorSource, computed_block
from satseg.errors import Cancelled, EngineError
from satseg.scene import Scene

LOCAL = "local"
CONNECT_S = 15.0
"""Seconds after which a scheduler that does not answer, or has no workers, is given up."""

_RETRIES = 3
_POLL_S = 0.3


@dataclass(frozen=True, slots=True)
class DaskEngine:
    """Computes blocks on a Dask cluster.

    Workers need satseg, and the scene and the models under the same paths as here. They return
    blocks to this process, which alone writes files. A worker that dies is no harm: its blocks are
    computed by another one.

    Attributes:
        source: loads the model on the workers.
        address: ``local`` for one worker process a core of this machine, which ends with the work;
            or the address of a scheduler, for example ``tcp://10.0.0.5:8786``.
        workers: worker processes of a local cluster; one a core without it.
    """

    source: PredictorSource
    address: str = LOCAL
    workers: int | None = None

    def compute(
        self,
        scene: Scene,
        predictor: Predictor,
        plan: BlockPlan,
        blocks: list[Block],
        *,
        progress: Callable[[int], None],
        cancelled: Callable[[], bool],
    ) -> Generator[StoredBlock, None, None]:
        """Yield ``blocks`` as they are finished; ``predictor`` is the model as the workers load it.

        Raises:
            EngineError: the scheduler cannot be reached or was lost, or has no workers.
            Cancelled: ``cancelled`` said so.
        """
        if not blocks:
            return
        with self._client() as client:
            found = self._finished(client, scene, plan, blocks, cancelled)
            with closing(found):
                for block in found:
                    yield block
                    progress(plan.count(block.block))

    def _finished(
        self,
        client: Any,
        scene: Scene,
        plan: BlockPlan,
        blocks: list[Block],
        cancelled: Callable[[], bool],
    ) -> Generator[StoredBlock, None, None]:
        """Keep the workers busy with few more tasks than they have threads; yield results."""
        job, waiting = uuid4().hex, list(reversed(blocks))
        running: set[Any] = set()
        limit = 2 * self._threads(client)
        try:
            while waiting or running:
                if cancelled():
                    raise Cancelled
                while waiting and len(running) < limit:
                    task = (computed_block, job, self.source, scene, plan, waiting.pop())
                    running.add(self._submitted(client, task))
                for future in self._done(client, running):
                    running.discard(future)
                    yield self._result(future)
        finally:
            with suppress(CancelledError, OSError):  # a lost scheduler has nothing to cancel
                client.cancel(list(running))

    def _submitted(self, client: Any, task: tuple[Any, ...]) -> Any:
        with self._answering():
            return client.submit(*task, pure=False, retries=_RETRIES)

    def _done(self, client: Any, running: set[Any]) -> list[Any]:
        try:
            with self._answering(), client.as_current():
                _dask().wait(list(running), timeout=_POLL_S, return_when="FIRST_COMPLETED")
        except TimeoutError:
            if client.status != "running":
                raise self._lost("its scheduler no longer answers") from None
        return [future for future in running if future.done()]

    def _result(self, future: Any) -> StoredBlock:
        if future.status == "error":
            error = future.exception()
            if isinstance(error, _dask().KilledWorker):
                raise self._lost(f"a block that ended {_RETRIES} workers ({error})") from error
            raise error
        with self._answering():
            found: StoredBlock = future.result()
        return found

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Tell of a scheduler that went away; a ``TimeoutError`` is the caller's to judge."""
        try:
            yield
        except TimeoutError:
            raise
        except (CancelledError, OSError) as error:
            raise self._lost(str(error) or "its scheduler no longer answers") from error

    def _lost(self, found: str) -> EngineError:
        return EngineError(
            expected=f"the Dask cluster {self.address} to compute all blocks",
            found=found,
            fix="Start it again and repeat the command, which goes on from the finished blocks",
        )

    def _threads(self, client: Any) -> int:
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            raise EngineError(
                expected=f"at least one worker of the Dask cluster {self.address}",
                found=f"none within {CONNECT_S:.0f} s",
                fix=f"Start workers, for example with: dask worker {self.address}",
            ) from error
        with self._answering():
            threads: int = sum(client.nthreads().values())
        return max(1, threads)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        import dask

        _dask()  # brings settings of its own, which a change made before would take away at its end
        options = {
            "distributed.worker.daemon": False,
            "distributed.comm.timeouts.connect": CONNECT_S,
            "distributed.scheduler.allowed-failures": _RETRIES,
            "distributed.admin.log-format": "%(message)s",
        }
        with dask.config.set(options):
            if self.address != LOCAL:
                try:
                    client = _dask().Client(self.address, timeout=CONNECT_S, set_as_default=False)
                except (OSError, TimeoutError, ValueError) as error:
                    raise EngineError(
                        expected=f"a Dask scheduler at {self.address}",
                        found=str(error) or type(error).__name__,
                        fix="Check the address, or compute here with --scheduler local",
                    ) from error
                with client:
                    yield client
                return
            with (
                _dask().LocalCluster(
                    n_workers=self.workers or usable_cores(),
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                ) as cluster,
                _dask().Client(cluster, set_as_default=False) as client,
            ):
                yield client


def _dask() -> Any:
    """Return the package distributed, which has no types."""
    return import_module("distributed")
