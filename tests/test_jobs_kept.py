import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from shelf_files import write_scene
from shelf_models import write_model

from satseg.catalog import Catalog
from satseg.catalog_losses import losses
from satseg.errors import CatalogError, ModelError, SceneError
from satseg.jobs import Job, JobFiles, Jobs
from satseg.jobs_batch import plan_batch, submit_batch
from satseg.jobs_worker import Worker
from satseg.workflow import predict_to_catalog


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder, "one", seed=1)
    write_model(folder, "infrared", bands=("nir1",), seed=3)
    return folder


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.open(tmp_path / "catalog")
    for number in range(3):
        image = write_scene(tmp_path / f"s{number}.tif", seed=number)
        catalog.add_scene(image, date=f"201{number}-06-06")
    return catalog


@pytest.fixture
def idle(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setattr(Jobs, "_ensure_worker", lambda self: None)
    return Jobs(catalog.root)


def work(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, function: Callable[..., SimpleNamespace]
) -> None:
    monkeypatch.setattr("satseg.workflow.predict_to_catalog", function)
    Worker(catalog, linger_s=0).run()


def fail(*_: object, **__: object) -> SimpleNamespace:
    raise SceneError(expected="a file", found="none", fix="Give one")


def finish(*_: object, **__: object) -> SimpleNamespace:
    time.sleep(0.02)
    return SimpleNamespace(id="result")


def test_a_job_tells_what_happened_to_it_and_when(
    idle: Jobs, catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = idle.submit("s0", ["one"], models=models)
    waiting = idle.get(job_id)
    assert [state for _, state in waiting.events] == ["queued"]
    assert (waiting.started, waiting.ended, waiting.took_s) == (None, None, None)
    work(catalog, monkeypatch, finish)
    done = idle.get(job_id)
    assert [state for _, state in done.events] == ["queued", "running", "done"]
    assert waiting.submitted <= done.started <= done.ended <= time.time()
    assert done.took_s == pytest.approx(done.ended - done.started)
    assert done.took_s >= 0.02


def test_a_job_of_an_earlier_version_has_no_events_and_is_read(
    idle: Jobs, catalog: Catalog
) -> None:
    files = JobFiles(catalog.root)
    files.write(Job(id="j0", scene_id="s0", model_ids=("one",), state="done"))
    path = files.folder / "j0.json"
    path.write_text(path.read_text().replace('"events": []', '"submitted": 0.0'))
    assert (files.read("j0").events, files.read("j0").took_s) == ((), None)


def test_a_failed_job_is_tried_again_in_its_own_place(
    idle: Jobs, catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = idle.submit("s0", ["one"], weights=[2.0], models=models)
    assert idle.retry(first) == first  # it still waits
    work(catalog, monkeypatch, fail)
    assert idle.get(first).message.startswith("Expected a file")
    again = idle.retry(first)
    (job,) = idle.list()
    assert (job.id, job.state, job.message) == (again, "queued", "")
    assert (job.weights, job.models) == ((2.0,), str(models))
    catalog.remove_scene("s0")
    idle.cancel(again)
    Worker(catalog, linger_s=0).run()
    with pytest.raises(CatalogError, match="s1, s2"):
        idle.retry(again)
    assert [job.id for job in idle.list()] == [again]


def test_finished_jobs_are_cleared_and_others_stay(
    idle: Jobs, catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle.submit("s0", ["one"], models=models)
    idle.submit("s1", ["one"], models=models)
    work(catalog, monkeypatch, fail)
    waiting = idle.submit("s2", ["one"], models=models)
    assert idle.clear() == 2
    assert [job.id for job in idle.list()] == [waiting]
    assert idle.clear() == 0


def test_a_job_whose_worker_may_yet_write_is_not_forgotten(
    idle: Jobs, catalog: Catalog, models: Path
) -> None:
    files = JobFiles(catalog.root)
    job_id = idle.submit("s0", ["one"], models=models)
    files.write(replace(files.read(job_id), state="running", heartbeat=time.time()))
    with files.worker_lock():
        idle.cancel(job_id)
        assert idle.get(job_id).state == "cancelled"
        idle.clear()
        assert files.read(job_id) is not None
    idle.clear()
    assert files.read(job_id) is None
    assert not idle._files.is_cancelled(job_id)


def test_a_batch_skips_what_is_done_under_way_or_cannot_be(
    idle: Jobs, catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict_to_catalog(catalog, "s0", ["one"], models=models)
    idle.submit("s1", ["one"], models=models)
    batch = plan_batch(catalog, idle, catalog.scenes(), ["one"], models=models)
    assert [scene.id for scene in batch.scenes] == ["s2"]
    assert [(scene.id, why) for scene, why in batch.skipped] == [
        ("s0", "done"),
        ("s1", "under_way"),
    ]
    assert (batch.count("done"), batch.count("lacks_bands")) == (1, 0)
    assert len(submit_batch(idle, batch, models=models)) == 1
    assert [job.scene_id for job in idle.list()] == ["s1", "s2"]
    assert plan_batch(catalog, idle, catalog.scenes(), ["one"], models=models).scenes == ()
    dark = plan_batch(catalog, idle, catalog.scenes(), ["infrared"], models=models)
    assert (dark.scenes, dark.count("lacks_bands")) == ((), 3)
    both = plan_batch(catalog, idle, catalog.scenes(), ["one", "infrared"], models=models)
    assert both.count("lacks_bands") == 3
    with pytest.raises(ModelError):
        plan_batch(catalog, idle, catalog.scenes(), ["none"], models=models)


def test_what_goes_with_a_scene_is_told_before(
    catalog: Catalog, models: Path, tmp_path: Path
) -> None:
    found = predict_to_catalog(catalog, "s0", ["one"], models=models)
    catalog.area(found.id, "s0")
    lost = losses(catalog, "s0")
    assert (lost.predictions, lost.areas, lost.image_is_inside) == ((found.id,), 1, False)
    assert lost.size_bytes > found.probability.stat().st_size
    inside = write_scene(tmp_path / "inside.tif", seed=9)
    catalog.add_scene(inside, date="2020-01-01", copy=True)
    assert losses(catalog, "inside").image_is_inside
    assert losses(catalog, "s1").predictions == ()
    with pytest.raises(CatalogError):
        losses(catalog, "../s1")
