import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from satseg.engine import worker
from satseg.engine.blocks import BlockPlan, plan_blocks
from satseg.engine.flow import Predictor, compute_blocks, windows_for
from satseg.engine.store import PARTS, StoredBlock, stored
from satseg.reading import PixelReader
from satseg.scene import Scene, open_scene

Factory = Callable[..., Path]
Numbers = Callable[..., NDArray[np.generic]]


@dataclass(frozen=True)
class Red:
    """Answers its first band; a source of itself. Its answers may be unusable."""

    bands: tuple[str, ...] = ("red",)
    gsd_m: float | None = None
    patch_px: int = 16
    overlap_px: int = 5
    factor: float = 1.0

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return batch[:, 0] * np.float32(self.factor)

    def __call__(self, lanes: int) -> Predictor:
        return self


@pytest.fixture
def scene(geotiff: Factory, random_dn: Numbers) -> Scene:
    data = random_dn((3, 61, 83))
    data[:, 20:34, 10:50] = 0
    return open_scene(geotiff(data, nodata=0))


@pytest.fixture
def plan(scene: Scene) -> BlockPlan:
    return plan_blocks(windows_for(Red(), scene.grid.shape), 30)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[PixelReader]]:
    """Files that are open now, of a worker whose flows wait for ever."""
    files: list[PixelReader] = []
    enter, close = PixelReader.__enter__, PixelReader.close

    def entered(reader: PixelReader) -> PixelReader:
        files.append(reader)
        return enter(reader)

    def closed(reader: PixelReader) -> None:
        files.remove(reader)
        close(reader)

    monkeypatch.setattr(PixelReader, "__enter__", entered)
    monkeypatch.setattr(PixelReader, "close", closed)
    monkeypatch.setattr(worker, "_loaded", lambda source: source(lanes=1))
    _wait_for(monkeypatch, 300.0)
    yield files
    assert files == []


def _wait_for(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(worker, "_idle", worker.Idle(seconds))


def _ended(job: str) -> None:
    """Close what waits for a job."""
    while (flow := worker._idle.take(job)) is not None:
        flow.close()


def _same(found: StoredBlock, expected: StoredBlock) -> bool:
    return found.block == expected.block and all(
        np.array_equal(getattr(found, part), getattr(expected, part)) for part in PARTS
    )


def test_blocks_of_a_worker_are_those_of_one_process_from_a_file_that_stays_open(
    scene: Scene, plan: BlockPlan, opened: list[PixelReader]
) -> None:
    expected = {found.block: found for found in compute_blocks(scene, Red(), plan, plan, stored)}
    assert opened == []
    kept = set()
    for block in plan:
        found = worker.computed_block("a", Red(), scene, plan, block)
        assert _same(found, expected[block])
        kept.update(map(id, opened))
    assert len(plan) > 3
    assert len(kept) == 1
    _ended("a")


def test_maps_share_no_file(scene: Scene, plan: BlockPlan, opened: list[PixelReader]) -> None:
    block = next(iter(plan))
    for job, factor in (("a", 1.0), ("b", 0.5), ("a", 1.0), ("b", 0.5)):
        found = worker.computed_block(job, Red(factor=factor), scene, plan, block)
        (expected,) = compute_blocks(scene, Red(factor=factor), plan, [block], stored)
        assert _same(found, expected)
    assert len(opened) == 2
    _ended("a")
    _ended("b")


def test_threads_of_a_worker_have_a_file_each(
    scene: Scene, plan: BlockPlan, opened: list[PixelReader]
) -> None:
    together = threading.Barrier(2, timeout=30)

    @dataclass(frozen=True)
    class Meeting(Red):
        def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            together.wait()
            return super().probabilities(batch)

    small = plan_blocks(windows_for(Red(), scene.grid.shape), 1)
    found: list[StoredBlock] = []
    pair = [block for block in small if block.row == 0][:2]
    threads = [
        threading.Thread(
            target=lambda block=block: found.append(
                worker.computed_block("a", Meeting(), scene, small, block)
            )
        )
        for block in pair
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.block for each in found} == set(pair)
    assert len(opened) == 2
    _ended("a")


def test_an_error_closes_the_file_and_the_next_block_has_another(
    scene: Scene, plan: BlockPlan, opened: list[PixelReader]
) -> None:
    first, second, *_ = plan
    broken = Red(factor=float("nan"))
    with pytest.raises(Exception, match="finite probabilities"):
        worker.computed_block("a", broken, scene, plan, first)
    assert opened == []
    (expected,) = compute_blocks(scene, Red(), plan, [second], stored)
    assert _same(worker.computed_block("a", Red(), scene, plan, second), expected)
    _ended("a")


def test_a_file_is_closed_where_no_block_comes(
    scene: Scene,
    plan: BlockPlan,
    opened: list[PixelReader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _wait_for(monkeypatch, 0.05)
    worker.computed_block("a", Red(), scene, plan, next(iter(plan)))
    end = time.monotonic() + 30
    while opened:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert worker._idle.take("a") is None


def test_a_file_that_is_in_use_is_not_closed(
    scene: Scene,
    plan: BlockPlan,
    opened: list[PixelReader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _wait_for(monkeypatch, 0.2)
    worker.computed_block("a", Red(), scene, plan, next(iter(plan)))
    flow = worker._idle.take("a")
    assert flow is not None
    time.sleep(0.5)
    assert len(opened) == 1
    flow.close()
