"""The worker process of a catalog's jobs: ``python -m satseg.jobs_worker CATALOG``."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import Timeout

from satseg.allocation import use_one_heap
from satseg.catalog import Catalog
from satseg.errors import Cancelled, SatsegError
from satseg.jobs import DIED, Job, JobFiles, State

HEARTBEAT_S = 1.0
LINGER_S = 20.0
"""Seconds that an idle worker waits for more work, so that models need not be loaded anew."""

STANDING_BEATS = 600
"""Heartbeats without a step and with next to no work after which a job counts as standing still."""

STANDING_SHARE = 0.05
"""Of a core, on average: what is less is next to no work; heartbeats alone take a tenth of it."""

STOOD = (
    "Expected the job to go on; found that it stood still for ten minutes and ended its process."
    " Start the prediction again; where that happens twice, report what the worker's log says."
)

KEPT_JOBS = 200
_POLL_S = 0.2
_log = logging.getLogger(__name__)


class Worker:
    """Works through the queue of one catalog.

    Args:
        catalog: the catalog.
        linger_s: seconds to wait for more work before leaving.
    """

    def __init__(self, catalog: Catalog, *, linger_s: float = LINGER_S) -> None:
        self._catalog = catalog
        self._files = JobFiles(catalog.root)
        self._linger_s = linger_s
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Leave soon; a running job goes back into the queue."""
        self._stopping.set()

    def run(self) -> None:
        """Work until the queue stays empty; return at once where another worker lives."""
        while not self._stopping.is_set():
            try:
                with self._files.worker_lock():
                    self._settle()
                    self._drain()
            except Timeout:
                return
            if self._next() is None:  # nothing came between the last look and the unlock
                return

    def _settle(self) -> None:
        """Close what a dead worker left open and forget what is long past."""
        jobs = [job for job in map(self._files.read, self._files.ids()) if job is not None]
        for job in jobs:
            if job.state == "running":
                if job.owner is not None:
                    self._catalog.discard_staging_of(job.owner)
                self._files.write(job.entered("failed", message=DIED))
        ended = [job.id for job in jobs if job.state not in ("queued", "running")]
        for job_id in ended[:-KEPT_JOBS]:
            self._files.forget(job_id)

    def _drain(self) -> None:
        idle_since = time.monotonic()
        while not self._stopping.is_set() and self._files.folder.is_dir():
            job = self._next()
            if job is not None:
                self._work(job)
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > self._linger_s:
                return
            else:
                self._stopping.wait(_POLL_S)

    def _next(self) -> Job | None:
        for job in map(self._files.read, self._files.ids()):
            if job is None or job.state != "queued":
                continue
            if self._files.is_cancelled(job.id):
                self._files.write(job.entered("cancelled"))
                continue
            return job
        return None

    def _work(self, job: Job) -> None:
        from satseg.workflow import predict_to_catalog

        report = _Report(self._files, job, self._catalog.owner, self._leave_standing)
        with report.beating():
            try:
                record = predict_to_catalog(
                    self._catalog,
                    job.scene_id,
                    job.model_ids,
                    weights=job.weights,
                    method=job.method,
                    models=None if job.models is None else Path(job.models),
                    progress=report.progress,
                    cancelled=lambda: self._stopping.is_set() or self._files.is_cancelled(job.id),
                )
                report.end("done", prediction_id=record.id)
            except Cancelled:
                asked = self._files.is_cancelled(job.id)
                report.end("cancelled" if asked else "queued")
            except SatsegError as error:
                report.end("failed", message=str(error))
            except Exception as error:  # a fault of ours must not stop the queue
                _log.exception("job %s", job.id)
                message = f"Unexpected {type(error).__name__}: {error}. See {self._log_path()}."
                report.end("failed", message=message)

    def _leave_standing(self) -> None:
        """End this process although a job is running: what waits for ever cannot be stopped."""
        _log.error("a job stands still; these are the threads")
        faulthandler.dump_traceback()
        self._catalog.discard_staging_of(self._catalog.owner)
        _leave()

    def _log_path(self) -> Path:
        return self._files.folder / "worker.log"


class _Report:
    """Writes one job's file: progress, heartbeat and end.

    A job that makes no step and does no work for STANDING_BEATS has failed; ``stood`` is called.
    """

    def __init__(self, files: JobFiles, job: Job, owner: str, stood: Callable[[], None]) -> None:
        self._files = files
        self._stood = stood
        self._lock = threading.Lock()
        self._job = job.entered("running", owner=owner, message="", done=0, total=0)
        self._first: tuple[float, int] | None = None
        self._written = 0.0
        self._beats = 0
        self._worked = time.process_time()

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Write a heartbeat every second inside of the block."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(HEARTBEAT_S):
                self._write()
                if self._stands():
                    self.end("failed", message=STOOD)
                    self._stood()
                    return

        self._write()
        thread = threading.Thread(target=beat, name="satseg-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _stands(self) -> bool:
        """Return whether neither a step nor work was done for long; called at each heartbeat.

        Heartbeats are counted, not seconds: those of a process that was stopped do not count.
        """
        with self._lock:
            self._beats += 1
            if self._beats < STANDING_BEATS:
                return False
            worked = time.process_time() - self._worked
            still = worked < STANDING_SHARE * self._beats * HEARTBEAT_S
            self._beats, self._worked = 0, time.process_time()
            return still

    def progress(self, done: int, total: int) -> None:
        """Note the progress; the end is foretold from the pace since the first step."""
        now = time.time()
        with self._lock:
            if self._first is None:
                self._first = (now, done)
            begun, first = self._first
            ends = None
            if done > first:
                ends = now + (now - begun) / (done - first) * (total - done)
            self._job = replace(self._job, done=done, total=total, ends=ends)
            self._beats, self._worked = 0, time.process_time()
        if now - self._written > _POLL_S:
            self._write()

    def end(self, state: State, **changes: Any) -> None:
        """Write how the job ended; no heartbeat follows."""
        with self._lock:
            self._job = self._job.entered(state, ends=None, **changes)
        self._write()

    def _write(self) -> None:
        with self._lock:
            self._written = time.time()
            self._files.write(replace(self._job, heartbeat=self._written))


def _leave() -> None:
    os._exit(1)


def main() -> None:
    """Run the worker of the catalog named on the command line."""
    use_one_heap()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    worker = Worker(Catalog.open(Path(sys.argv[1])))

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, on_signal)
    if hasattr(os, "nice"):
        os.nice(5)  # the dashboard's answers come first
    worker.run()


if __name__ == "__main__":
    main()
