import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import rasterio
from shelf_files import write_scene
from shelf_models import write_model

from satseg.catalog import Catalog
from satseg.engine.cluster import DaskEngine
from satseg.engine.flow import Predictor
from satseg.errors import EngineError
from satseg.zoo.card import read_table, write_table

PATIENCE_S = 150.0
SIDE = 700
"""Pixels of the scene: some 130 blocks of 60 pixels, so that there is time to interrupt."""

COMMAND = """
import sys, time
from satseg import predict, workflow
from satseg.cli import main
predict.BLOCK_PX = 60
predict.predict_scene.__kwdefaults__["block_px"] = 60
if __name__ == "__main__":
    main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    card = write_model(folder, "one", seed=1)
    write_table(card, read_table(card) | {"temperature": 0.2})  # so that the map varies
    return folder


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "command.py"
    path.write_text(COMMAND)
    return path


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("scene") / "s.tif", size=(SIDE, SIDE))


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory, image: Path, models: Path, script: Path
) -> str:
    root = _catalog(tmp_path_factory.mktemp("expected"), image)
    done = subprocess.run(
        _command(script, root),
        env=_environment(models),
        check=False,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return _digest(root)


def _catalog(folder: Path, image: Path) -> Path:
    Catalog.open(folder / "catalog").add_scene(image, date="2020-06-06", scene_id="s")
    return folder / "catalog"


def _command(script: Path, root: Path, *options: str) -> list[str]:
    return [
        sys.executable,
        str(script),
        "--catalog",
        str(root),
        "predict",
        "s",
        "-m",
        "one",
        *options,
    ]


def _environment(models: Path) -> dict[str, str]:
    return {**os.environ, "SATSEG_MODELS": str(models), "OMP_NUM_THREADS": "1"}


def _digest(root: Path) -> str:
    (record,) = Catalog.open(root).predictions("s")
    with rasterio.open(record.probability) as dataset:
        assert len(np.unique(dataset.read(1))) > 2
    return hashlib.sha256(record.probability.read_bytes()).hexdigest()


def _blocks(root: Path) -> int:
    return len(list((root / ".work").glob("*/*.block")))


def _wait(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


@contextmanager
def _running(command: list[str], models: Path, **options: object) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        command,
        env=_environment(models),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )
    try:
        yield process
    finally:
        _kill(process)


def _kill(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@contextmanager
def _cluster(models: Path, folder: Path, workers: int) -> Iterator[tuple[str, list]]:
    """A scheduler and workers as processes of their own; yields the address and the processes."""
    address = folder / "scheduler.json"
    scheduler = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--no-show",
        "--scheduler-file",
        str(address),
    ]
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        "--scheduler-file",
        str(address),
        "--nthreads",
        "1",
        "--no-dashboard",
        "--no-nanny",
        "--host",
        "127.0.0.1",
        "--local-directory",
        str(folder),
    ]
    with _running(scheduler, models) as first:
        _wait(
            lambda: first.poll() is not None or (address.is_file() and address.stat().st_size),
            "the scheduler",
        )
        assert first.poll() is None, first.communicate()[1]
        found = re.search(r"tcp://[\d.]+:\d+", address.read_text())
        assert found
        processes = [first]
        try:
            for _ in range(workers):
                processes.append(
                    subprocess.Popen(
                        worker,
                        env=_environment(models),
                        start_new_session=True,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )
                )
            yield found[0], processes
        finally:
            for process in processes[1:]:
                _kill(process)


def test_a_local_cluster_gives_the_same_bytes(
    tmp_path: Path, image: Path, models: Path, script: Path, expected: str
) -> None:
    root = _catalog(tmp_path, image)
    done = subprocess.run(
        _command(script, root, "--scheduler", "local"),
        check=False,
        text=True,
        env=_environment(models),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Predicted s by one" in done.stdout
    assert _digest(root) == expected
    assert not list((root / ".work").glob("*/"))


def test_work_killed_in_the_middle_goes_on_to_the_same_bytes(
    tmp_path: Path, image: Path, models: Path, script: Path, expected: str
) -> None:
    root = _catalog(tmp_path, image)
    with _running(_command(script, root), models) as process:
        _wait(lambda: _blocks(root) >= 3, "three blocks")
        _kill(process)
    kept = {path: path.stat().st_mtime_ns for path in (root / ".work").glob("*/*.block")}
    assert kept
    assert not Catalog.open(root).predictions("s")
    with _running(_command(script, root), models) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
    assert "Predicted s by one" in out
    assert _digest(root) == expected
    assert not list((root / ".work").glob("*/"))


def test_a_killed_worker_is_no_harm(
    tmp_path: Path, image: Path, models: Path, script: Path, expected: str
) -> None:
    root = _catalog(tmp_path, image)
    with (
        _cluster(models, tmp_path, workers=2) as (address, processes),
        _running(_command(script, root, "--scheduler", address), models) as process,
    ):
        _wait(lambda: _blocks(root) >= 2, "two blocks")
        _kill(processes[1])
        _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
    assert _digest(root) == expected


def no_model(lanes: int) -> Predictor:
    """Load nothing: nothing is computed here."""
    raise NotImplementedError


class _Future:
    """A future of distributed that is done."""

    def __init__(self, status: str, error: Exception) -> None:
        self.status = status
        self._error = error

    def exception(self) -> Exception:
        return self._error

    def result(self) -> None:
        raise self._error


SETTINGS = """
from importlib import import_module
from types import SimpleNamespace
import dask
from satseg.engine import cluster

def refuse(**_):
    raise RuntimeError("enough")

def distributed():
    import_module("distributed")
    return SimpleNamespace(LocalCluster=refuse)

cluster._dask = distributed
try:
    with cluster.DaskEngine(source=None)._client():
        pass
except RuntimeError:
    print(dask.config.get("distributed.comm.require-encryption", "lost"))
"""


def test_a_second_scene_finds_the_settings_of_dask_as_the_first_did() -> None:
    """In a process of its own: the first use of a process brings the settings."""
    done = subprocess.run(
        [sys.executable, "-c", SETTINGS], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "None"


@pytest.mark.parametrize("error", [OSError("Connection reset by peer"), CancelledError()])
def test_a_scheduler_that_goes_while_a_block_is_fetched_is_told(error: Exception) -> None:
    engine = DaskEngine(source=no_model, address="tcp://127.0.0.1:1")
    with pytest.raises(EngineError, match="goes on from the finished blocks"):
        engine._result(_Future("finished", error))


def test_an_error_of_a_block_itself_is_not_taken_for_a_lost_scheduler() -> None:
    engine = DaskEngine(source=no_model, address="tcp://127.0.0.1:1")
    with pytest.raises(FileNotFoundError, match="scene"):
        engine._result(_Future("error", FileNotFoundError("the scene is gone")))


def test_a_killed_scheduler_is_told_and_the_same_command_goes_on(
    tmp_path: Path, image: Path, models: Path, script: Path, expected: str
) -> None:
    root = _catalog(tmp_path, image)
    with (
        _cluster(models, tmp_path, workers=1) as (address, processes),
        _running(_command(script, root, "--scheduler", address), models) as process,
    ):
        _wait(lambda: _blocks(root) >= 2, "two blocks")
        _kill(processes[0])
        _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1
    assert "goes on from the finished blocks" in " ".join(err.split())
    assert _blocks(root) >= 2
    assert not Catalog.open(root).predictions("s")
    done = subprocess.run(
        _command(script, root),
        env=_environment(models),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert _digest(root) == expected


def test_an_address_without_a_scheduler_is_told(
    tmp_path: Path, image: Path, models: Path, script: Path
) -> None:
    root = _catalog(tmp_path, image)
    code = script.with_name("impatient.py")
    code.write_text("from satseg.engine import cluster\ncluster.CONNECT_S = 0.5\n" + COMMAND)
    done = subprocess.run(
        _command(code, root, "--scheduler", "tcp://127.0.0.1:9"),
        check=False,
        text=True,
        env=_environment(models),
        capture_output=True,
    )
    assert done.returncode == 1
    assert "Expected: a Dask scheduler at tcp://127.0.0.1:9" in " ".join(done.stderr.split())
