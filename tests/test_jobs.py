import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from shelf_files import write_scene
from shelf_models import write_model

from satseg import jobs_worker
from satseg.catalog import Catalog
from satseg.errors import BandError, Cancelled, CatalogError, ModelError
from satseg.jobs import Job, JobFiles, Jobs, State
from satseg.jobs_worker import Worker

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder, "one", seed=1)
    write_model(folder, "two", seed=2)
    write_model(folder, "infrared", bands=("nir1",), seed=3)
    return folder


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.open(tmp_path / "catalog")
    catalog.add_scene(write_scene(tmp_path / "s0.tif"), date="2015-06-06")
    return catalog


@pytest.fixture
def jobs(catalog: Catalog) -> Iterator[Jobs]:
    jobs = Jobs(catalog.root)
    yield jobs
    jobs.close()


@pytest.fixture
def idle(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Jobs that start no worker process."""
    monkeypatch.setattr(Jobs, "_ensure_worker", lambda self: None)
    return Jobs(catalog.root)


Compute = Callable[..., SimpleNamespace]


@pytest.fixture
def compute(monkeypatch: pytest.MonkeyPatch) -> Callable[[Compute], None]:
    """Put a function in the place of the prediction."""

    def put(function: Compute) -> None:
        monkeypatch.setattr("satseg.workflow.predict_to_catalog", function)

    return put


def finished(*_: object, **__: object) -> SimpleNamespace:
    return SimpleNamespace(id="result")


def wait_for(jobs: Jobs, job_id: str, states: set[State]) -> Job:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        job = jobs.get(job_id)
        if job.state in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"{jobs.get(job_id)} is not in {states}")


def test_a_worker_process_predicts_what_was_submitted(
    jobs: Jobs, catalog: Catalog, models: Path
) -> None:
    first = jobs.submit("s0", ["one"], models=models)
    second = jobs.submit("s0", ["two", "one"], models=models)
    assert jobs.submit("s0", ["one", "two"], models=models) == second
    done = wait_for(jobs, second, {"done", "failed"})
    assert (done.state, done.message) == ("done", "")
    assert done.done == done.total > 0
    assert [job.state for job in jobs.list()] == ["done", "done"]
    found = catalog.find_prediction("s0", "ensemble-one+two")
    assert found is not None
    assert found.id == done.prediction_id
    assert jobs.get(first).prediction_id == catalog.find_prediction("s0", "one").id


def test_errors_of_the_worker_come_through(idle: Jobs, catalog: Catalog, models: Path) -> None:
    catalog.scene("s0").image.write_bytes(b"no longer an image")
    job_id = idle.submit("s0", ["one"], models=models)
    Worker(catalog, linger_s=0).run()
    job = idle.get(job_id)
    assert job.state == "failed"
    assert job.message.startswith("Expected a complete GeoTIFF; found s0.tif")
    assert catalog.predictions() == []


@pytest.mark.parametrize(
    ("scene_id", "model_ids", "error"),
    [("s9", ["one"], CatalogError), ("s0", ["x"], ModelError), ("s0", ["infrared"], BandError)],
)
def test_what_cannot_be_predicted_is_not_queued(
    idle: Jobs, models: Path, scene_id: str, model_ids: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        idle.submit(scene_id, model_ids, models=models)
    assert idle.list() == []


def test_jobs_run_in_the_order_of_submission(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    ran = []

    def note(_: Catalog, scene_id: str, model_ids: tuple[str, ...], **__: object) -> object:
        ran.append(model_ids)
        return finished()

    compute(note)
    for ids in (["two"], ["one"], ["one", "two"]):
        idle.submit("s0", ids, models=models)
    assert [job.state for job in idle.list()] == ["queued"] * 3
    Worker(catalog, linger_s=0).run()
    assert ran == [("two",), ("one",), ("one", "two")]
    assert [job.state for job in idle.list()] == ["done"] * 3


def test_the_same_prediction_may_be_asked_for_again_once_it_ended(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    compute(finished)
    first = idle.submit("s0", ["one"], models=models)
    assert idle.submit("s0", ["one"], models=models) == first
    assert idle.submit("s0", ["one", "two"], weights=[1, 2], models=models) != idle.submit(
        "s0", ["one", "two"], models=models
    )
    Worker(catalog, linger_s=0).run()
    assert idle.submit("s0", ["one"], models=models) != first


def test_a_queued_job_that_is_cancelled_never_runs(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    def never(*_: object, **__: object) -> SimpleNamespace:
        raise AssertionError("ran")

    compute(never)
    job_id = idle.submit("s0", ["one"], models=models)
    idle.cancel(job_id)
    assert idle.get(job_id).state == "cancelled"
    Worker(catalog, linger_s=0).run()
    assert JobFiles(catalog.root).read(job_id).state == "cancelled"


def test_a_running_job_stops_when_asked(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    def asked(*_: object, cancelled: Callable[[], bool], **__: object) -> SimpleNamespace:
        assert not cancelled()
        idle.cancel(job_id)
        assert cancelled()
        raise Cancelled

    compute(asked)
    job_id = idle.submit("s0", ["one"], models=models)
    other = idle.submit("s0", ["two"], models=models)
    compute(asked)
    idle.cancel(other)
    Worker(catalog, linger_s=0).run()
    assert JobFiles(catalog.root).read(job_id).state == "cancelled"


def test_cancelling_what_has_ended_changes_nothing(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    compute(finished)
    job_id = idle.submit("s0", ["one"], models=models)
    Worker(catalog, linger_s=0).run()
    idle.cancel(job_id)
    assert idle.get(job_id).state == "done"
    with pytest.raises(CatalogError, match="id of a job"):
        idle.cancel("../x")


def test_progress_and_time_left_can_be_read_while_it_runs(
    idle: Jobs,
    catalog: Catalog,
    models: Path,
    compute: Callable[[Compute], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_worker, "_POLL_S", -1.0)
    seen = []

    def step(*_: object, progress: Callable[[int, int], None], **__: object) -> SimpleNamespace:
        seen.append(idle.get(job_id))
        progress(1, 5)
        time.sleep(0.05)
        progress(2, 5)
        seen.append(idle.get(job_id))
        return finished()

    compute(step)
    job_id = idle.submit("s0", ["one"], models=models)
    Worker(catalog, linger_s=0).run()
    assert [(job.state, job.done, job.total) for job in seen] == [
        ("running", 0, 0),
        ("running", 2, 5),
    ]
    assert seen[0].seconds_left is None
    left = seen[1].ends - seen[1].heartbeat
    assert left + 0.01 >= 0.05 * 3
    assert idle.get(job_id).seconds_left is None


def test_a_fault_of_ours_fails_the_job_and_not_the_queue(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    def fault(_: Catalog, scene_id: str, model_ids: tuple[str, ...], **__: object) -> object:
        if model_ids == ("one",):
            raise ZeroDivisionError("by zero")
        return finished()

    compute(fault)
    first = idle.submit("s0", ["one"], models=models)
    second = idle.submit("s0", ["two"], models=models)
    Worker(catalog, linger_s=0).run()
    assert idle.get(first).state == "failed"
    assert "ZeroDivisionError: by zero" in idle.get(first).message
    assert idle.get(second).state == "done"


@pytest.mark.parametrize("busy", [False, True])
def test_a_job_that_stands_still_fails_and_its_worker_leaves(
    idle: Jobs,
    catalog: Catalog,
    models: Path,
    compute: Callable[[Compute], None],
    monkeypatch: pytest.MonkeyPatch,
    busy: bool,
) -> None:
    monkeypatch.setattr(jobs_worker, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(jobs_worker, "STANDING_BEATS", 10)
    monkeypatch.setattr(jobs_worker, "STANDING_SHARE", 0.1)
    left = threading.Event()
    monkeypatch.setattr(jobs_worker, "_leave", left.set)
    seen: list[Job] = []

    def standing(*_: object, progress: Callable[[int, int], None], **__: object) -> SimpleNamespace:
        progress(3, 10)
        ends = time.process_time() + 1.5
        while busy and not left.is_set() and time.process_time() < ends:
            sum(range(1000))
        if not busy:
            assert left.wait(PATIENCE_S)
        seen.append(idle.get(job_id))
        return finished()

    compute(standing)
    job_id = idle.submit("s0", ["one"], models=models)
    Worker(catalog, linger_s=0).run()
    assert left.is_set() is not busy
    assert seen[0].state == ("running" if busy else "failed")
    assert "stood still" in seen[0].message or busy
    assert seen[0].done == 3


def test_a_job_whose_worker_died_has_failed(idle: Jobs, catalog: Catalog, models: Path) -> None:
    files = JobFiles(catalog.root)
    job_id = idle.submit("s0", ["one"], models=models)
    files.write(replace(files.read(job_id), state="running", heartbeat=time.time(), owner="1-ab"))
    assert idle.get(job_id).state == "failed"
    with files.worker_lock():  # somebody lives, but gave no sign for long
        assert idle.get(job_id).state == "running"
        files.write(replace(files.read(job_id), heartbeat=time.time() - 100))
        assert idle.get(job_id).state == "failed"
        assert "process ended" in idle.get(job_id).message


def test_the_next_worker_clears_up_after_a_dead_one(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    compute(finished)
    files = JobFiles(catalog.root)
    dead = idle.submit("s0", ["one"], models=models)
    files.write(replace(files.read(dead), state="running", owner="1-ab"))
    (catalog.root / ".staging/1-ab-1").mkdir()
    waiting = idle.submit("s0", ["two"], models=models)
    Worker(catalog, linger_s=0).run()
    assert files.read(dead).state == "failed"
    assert files.read(waiting).state == "done"
    assert list((catalog.root / ".staging").iterdir()) == []


def test_a_killed_worker_shows_and_the_queue_goes_on(
    jobs: Jobs, catalog: Catalog, models: Path, tmp_path: Path
) -> None:
    slow = write_scene(tmp_path / "slow.tif", size=(1500, 1500), seed=4)
    catalog.add_scene(slow, date="2016-01-01")
    doomed = jobs.submit("slow", ["one"], models=models)
    waiting = jobs.submit("s0", ["one"], models=models)
    job = wait_for(jobs, doomed, {"running"})
    os.kill(int(job.owner.split("-")[0]), signal.SIGKILL)
    assert wait_for(jobs, doomed, {"failed"}).message
    jobs.list()  # what a page does once a second
    assert wait_for(Revived(jobs), waiting, {"done", "failed"}).state == "done"
    assert list((catalog.root / ".staging").iterdir()) == []


class Revived:
    """Looks at jobs as a page does: all of them."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def get(self, job_id: str) -> Job:
        return next(job for job in self._jobs.list() if job.id == job_id)


def test_a_worker_that_is_ended_puts_its_job_back(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    worker = Worker(catalog, linger_s=0)

    def ended(*_: object, cancelled: Callable[[], bool], **__: object) -> SimpleNamespace:
        worker.stop()
        assert cancelled()
        raise Cancelled

    compute(ended)
    job_id = idle.submit("s0", ["one"], models=models)
    worker.run()
    assert idle.get(job_id).state == "queued"
    compute(finished)
    Worker(catalog, linger_s=0).run()
    assert idle.get(job_id).state == "done"


def test_a_second_worker_leaves_at_once(idle: Jobs, catalog: Catalog, models: Path) -> None:
    job_id = idle.submit("s0", ["one"], models=models)
    with JobFiles(catalog.root).worker_lock():
        Worker(catalog, linger_s=0).run()
    assert idle.get(job_id).state == "queued"


def test_a_job_that_comes_while_the_worker_waits_is_taken(
    idle: Jobs, catalog: Catalog, models: Path, compute: Callable[[Compute], None]
) -> None:
    compute(finished)
    worker = Worker(catalog, linger_s=PATIENCE_S)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        job_id = idle.submit("s0", ["one"], models=models)
        assert wait_for(idle, job_id, {"done", "failed"}).state == "done"
    finally:
        worker.stop()
        thread.join()


def test_long_past_jobs_are_forgotten(
    idle: Jobs, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_worker, "KEPT_JOBS", 2)
    files = JobFiles(catalog.root)
    for number in range(5):
        files.write(Job(id=f"j{number}", scene_id="s0", model_ids=("one",), state="done"))
    Worker(catalog, linger_s=0).run()
    assert [job.id for job in idle.list()] == ["j3", "j4"]


def test_half_a_file_or_a_foreign_one_is_no_job(idle: Jobs, catalog: Catalog) -> None:
    folder = JobFiles(catalog.root).folder
    (folder / "half.json").write_text('{"id": "half"')
    (folder / "foreign.json").write_text('{"id": "foreign"}')
    assert idle.list() == []
