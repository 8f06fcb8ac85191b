"""Jobs: predictions that a worker process computes one after the other, outside of any page.

State is in files below ``<catalog>/jobs``, so it survives page reloads and restarts::

    <id>.json      what is to be done and how far it is; replaced whole by its only writer
    <id>.cancel    somebody asked to stop it
    worker.lock    held by the one worker of this catalog for as long as it lives
    worker.log     what the worker wrote to its error output

A job is ``queued`` when submitted, then ``running``, and ends as ``done``, ``failed`` or
``cancelled``. The worker writes a heartbeat every second; a running job without one has failed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from satseg.catalog import Catalog
from satseg.catalog_store import write_json
from satseg.errors import CatalogError
from satseg.identifiers import is_identifier
from satseg.pooling import Method
from satseg.recipes import recipe

State = Literal["queued", "running", "done", "failed", "cancelled"]
Event = tuple[float, State]
"""When (seconds since 1970) a job came into a state."""

ACTIVE: tuple[State, ...] = ("queued", "running")

STALE_S = 30.0
"""Seconds without a heartbeat after which a worker counts as dead."""

_START_S = 10.0
_LOCK_WAIT_S = 1.0

DIED = (
    "Expected the worker to finish; found that its process ended."
    " Free memory if it is short, and start the prediction again."
)


@dataclass(frozen=True, slots=True)
class Job:
    """A prediction that somebody asked for.

    Attributes:
        id: identifier; ids sort by the time of submission.
        scene_id: the scene.
        model_ids: the model, or the models of an ensemble.
        weights: weight of each model, or None for equal ones.
        models: folder of the models, or None for the default one.
        method: how the probabilities of several models become one.
        state: how far it is.
        done: steps done.
        total: steps in all; 0 before the first one.
        message: why it failed, or an empty text.
        prediction_id: the result, once it is done.
        submitted: seconds since 1970.
        ends: when it will presumably end, seconds since 1970, or None.
        heartbeat: when its worker was last alive, seconds since 1970, or None.
        owner: whose half-written files are the worker's, or None.
        events: each state that it came into, oldest first.
    """

    id: str
    scene_id: str
    model_ids: tuple[str, ...]
    weights: tuple[float, ...] | None = None
    models: str | None = None
    method: Method = "mean"
    state: State = "queued"
    done: int = 0
    total: int = 0
    message: str = ""
    prediction_id: str | None = None
    submitted: float = 0.0
    ends: float | None = None
    heartbeat: float | None = None
    owner: str | None = None
    events: tuple[Event, ...] = ()

    @property
    def started(self) -> float | None:
        """When its worker last began with it, seconds since 1970, or None."""
        return max((when for when, state in self.events if state == "running"), default=None)

    @property
    def ended(self) -> float | None:
        """When it ended, seconds since 1970, or None."""
        ends = [when for when, state in self.events if state not in ACTIVE]
        return ends[-1] if ends and self.state not in ACTIVE else None

    @property
    def took_s(self) -> float | None:
        """Seconds from the start to the end, or until now; None where it never began."""
        if self.started is None or (self.ended is None and self.state != "running"):
            return None
        return max(0.0, (self.ended or time.time()) - self.started)

    def entered(self, state: State, **changes: Any) -> Job:
        """Return the job as it comes into a state now; the state it is in already is no event."""
        known = bool(self.events) and self.events[-1][1] == state
        events = self.events if known else (*self.events, (time.time(), state))
        return replace(self, state=state, events=events, **changes)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until it presumably ends, or None where nothing is known."""
        if self.state != "running" or self.ends is None:
            return None
        return max(0.0, self.ends - time.time())


class JobFiles:
    """The state files of the jobs of one catalog."""

    def __init__(self, catalog_root: Path) -> None:
        self.folder = catalog_root / "jobs"
        self.folder.mkdir(parents=True, exist_ok=True)

    def ids(self) -> list[str]:
        """Return the ids of all jobs, oldest first."""
        names = sorted(path.stem for path in self.folder.glob("*.json"))
        return [name for name in names if is_identifier(name)]

    def read(self, job_id: str) -> Job | None:
        """Return the job as its writer left it, or None where there is none."""
        if not is_identifier(job_id):
            return None
        try:
            return _job(json.loads((self.folder / f"{job_id}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, job: Job) -> None:
        """Replace the job's file."""
        write_json(self.folder / f"{job.id}.json", asdict(job))

    def ask_to_cancel(self, job_id: str) -> None:
        """Leave the mark that asks the worker to stop a job."""
        (self.folder / f"{job_id}.cancel").touch()

    def is_cancelled(self, job_id: str) -> bool:
        """Return whether somebody asked to stop a job."""
        return (self.folder / f"{job_id}.cancel").exists()

    def forget(self, job_id: str) -> None:
        """Remove the files of a job."""
        for suffix in (".json", ".cancel"):
            (self.folder / f"{job_id}{suffix}").unlink(missing_ok=True)

    def worker_lock(self) -> FileLock:
        """Return the lock that the one worker holds; taking it waits out a look by others."""
        return FileLock(self.folder / "worker.lock", timeout=_LOCK_WAIT_S)

    def has_worker(self) -> bool:
        """Return whether a worker lives."""
        try:
            with self.worker_lock().acquire(timeout=0):
                return False
        except Timeout:
            return True


class Jobs:
    """Submits, lists and cancels the jobs of one catalog.

    Args:
        catalog_root: folder of the catalog.
        stale_s: seconds without a heartbeat after which a worker counts as dead.
    """

    def __init__(self, catalog_root: Path, *, stale_s: float = STALE_S) -> None:
        self._catalog = Catalog.open(catalog_root)
        self._files = JobFiles(self._catalog.root)
        self._stale_s = stale_s
        self._worker: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._guard = threading.RLock()

    def submit(
        self,
        scene_id: str,
        model_ids: Sequence[str],
        *,
        weights: Sequence[float] | None = None,
        method: Method = "mean",
        models: Path | None = None,
    ) -> str:
        """Queue a prediction and return the job's id; one that is under way is not queued twice.

        Raises:
            CatalogError: the catalog has no such scene.
            ModelError: a model is unknown, or the weights do not fit.
            BandError: the scene lacks a band that a model needs.
        """
        scene = self._catalog.scene(scene_id)
        recipe(
            model_ids,
            weights=weights,
            method=method,
            models=models,
            catalog=self._catalog.root,
        ).check_bands(scene.bands)
        wanted = Job(
            id=f"{time.time_ns():020d}-{uuid.uuid4().hex[:6]}",
            scene_id=scene_id,
            model_ids=tuple(model_ids),
            weights=None if weights is None else tuple(weights),
            models=None if models is None else str(models.absolute()),
            method=method,
            submitted=time.time(),
        ).entered("queued")
        with self._guard:
            for job in self.list():
                if job.state in ACTIVE and _task(job) == _task(wanted):
                    return job.id
            self._files.write(wanted)
        self._ensure_worker()
        return wanted.id

    def list(self) -> list[Job]:
        """Return all jobs, oldest first; revive the queue where its worker is gone."""
        found = (self._files.read(job_id) for job_id in self._files.ids())
        jobs = [self._judged(job) for job in found if job is not None]
        if any(job.state == "queued" for job in jobs):
            self._ensure_worker()
        return jobs

    def get(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            CatalogError: there is no such job.
        """
        job = self._files.read(job_id)
        if job is None:
            raise CatalogError(
                expected="the id of a job of this catalog",
                found=repr(job_id[:80]),
                fix="Take the id that submit returned",
            )
        return self._judged(job)

    def cancel(self, job_id: str) -> None:
        """Ask the worker to stop a job; one that has ended stays as it is.

        No process is killed: the worker stops before its next batch and lives on.

        Raises:
            CatalogError: there is no such job.
        """
        if self.get(job_id).state in ACTIVE:
            self._files.ask_to_cancel(job_id)

    def retry(self, job_id: str) -> str:
        """Submit a job that has ended once more in its own place, and return the new id.

        Raises:
            CatalogError: there is no such job, or its scene is gone.
            ModelError: its model is gone.
        """
        job = self.get(job_id)
        if job.state in ACTIVE:
            return job.id
        models = None if job.models is None else Path(job.models)
        again = self.submit(
            job.scene_id, job.model_ids, weights=job.weights, method=job.method, models=models
        )
        self.forget(job.id)
        return again

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended; one that has not, or whose worker may yet write, stays.

        Raises:
            CatalogError: there is no such job.
        """
        if self.get(job_id).state in ACTIVE:
            return
        left_open = self._files.read(job_id)
        is_open = left_open is not None and left_open.state in ACTIVE
        if not (is_open and self._files.has_worker()):
            self._files.forget(job_id)

    def clear(self) -> int:
        """Forget every job that has ended; return how many there were."""
        ended = [job.id for job in self.list() if job.state not in ACTIVE]
        for job_id in ended:
            self.forget(job_id)
        return len(ended)

    def _judged(self, job: Job) -> Job:
        """Return the job with the state that follows from marks and heartbeat."""
        if job.state not in ACTIVE:
            return job
        if self._files.is_cancelled(job.id):
            return replace(job, state="cancelled")
        silent = time.time() - (job.heartbeat or 0) > self._stale_s
        if job.state == "running" and (silent or not self._files.has_worker()):
            again = self._files.read(job.id)  # it may have ended between the two looks
            if again is not None and again.state == "running":
                return replace(job, state="failed", message=DIED)
            return again or job
        return job

    def close(self) -> None:
        """End the worker that this object started, if any; its job goes back into the queue."""
        with self._guard:
            if self._worker is not None and self._worker.poll() is None:
                self._worker.terminate()
                self._worker.wait()

    def _ensure_worker(self) -> None:
        """Start a worker unless one lives or is about to.

        A worker looks into the queue once more after it let go of its lock, so a job that was
        written while somebody held the lock is seen.
        """
        with self._guard:
            ours = self._worker
            starting = (
                ours is not None
                and ours.poll() is None
                and time.monotonic() - self._started < _START_S
            )
            if not starting and not self._files.has_worker():
                self._worker = start_worker(self._catalog.root)
                self._started = time.monotonic()


def start_worker(catalog_root: Path) -> subprocess.Popen[bytes]:
    """Start a worker process; it leaves at once where the catalog has one."""
    log = catalog_root / "jobs" / "worker.log"
    with log.open("ab") as errors:
        worker = subprocess.Popen(
            [sys.executable, "-m", "satseg.jobs_worker", str(catalog_root)],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )
    threading.Thread(target=worker.wait, name="satseg-worker-wait", daemon=True).start()
    return worker


def _task(job: Job) -> tuple[object, ...]:
    pairs = zip(job.model_ids, job.weights or (1.0,) * len(job.model_ids), strict=True)
    return job.scene_id, tuple(sorted(pairs)), job.method, job.models


def _job(document: Mapping[str, Any]) -> Job:
    weights = document["weights"]
    return Job(
        **{
            **document,
            "model_ids": tuple(document["model_ids"]),
            "events": tuple((when, state) for when, state in document.get("events", ())),
            "weights": None if weights is None else tuple(weights),
        }
    )
