import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from whole_maps import whole_map

from satseg.scene import Scene, SceneReader, open_scene
from satseg.windows import Window

Factory = Callable[..., Path]
Numbers = Callable[..., NDArray[np.generic]]


@pytest.fixture
def scene(geotiff: Factory, random_dn: Numbers) -> Scene:
    data = random_dn((3, 61, 83))
    data[:, 20:34, 10:50] = 0
    return open_scene(geotiff(data, nodata=0))


@dataclass
class Red:
    """Answers its first band, in several lanes, as long as the batch is small enough."""

    bands: tuple[str, ...] = ("red",)
    gsd_m: float | None = None
    patch_px: int = 16
    overlap_px: int = 5
    lanes: int = 1
    batch: int = 1
    room: int = 99
    error: type[Exception] = MemoryError
    sizes: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    slow: bool = False

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.sizes.append(len(batch))
        self.threads.add(threading.get_ident())
        if len(batch) > self.room:
            raise self.error("CUDA out of memory. Tried to allocate 2 GiB")
        if self.slow:
            time.sleep(0.002 * (len(self.sizes) % 3))
        return batch[:, 0]


def test_blocks_lanes_and_batches_change_no_bit(scene: Scene) -> None:
    expected = whole_map(scene, Red())
    red = scene.read(Window(0, 0, 61, 83), bands=("red",))[0]
    np.testing.assert_allclose(expected.data, red.data, atol=1e-6)
    np.testing.assert_array_equal(np.ma.getmaskarray(expected), np.ma.getmaskarray(red))
    for block_px in (1, 17, 40, 500):
        for lanes, batch in ((1, 1), (3, 2), (2, 64)):
            found = whole_map(scene, Red(lanes=lanes, batch=batch, slow=True), block_px=block_px)
            np.testing.assert_array_equal(found.data, expected.data)


def test_lanes_run_side_by_side(scene: Scene) -> None:
    predictor = Red(lanes=3, slow=True)
    whole_map(scene, predictor)
    assert 1 < len(predictor.threads) <= 3


def test_the_first_windows_of_all_lanes_are_read_side_by_side_later_ones_from_fewer_files(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes, together = 3, threading.Barrier(3)
    readers: list[int] = []
    fill = SceneReader.fill

    def noted(reader: SceneReader, *given: Any, **named: Any) -> NDArray[np.bool_]:
        readers.append(id(reader))
        if len(readers) <= lanes:
            together.wait(timeout=20)  # raises where the others do not come
        return fill(reader, *given, **named)

    monkeypatch.setattr(SceneReader, "fill", noted)
    found = whole_map(scene, Red(lanes=lanes))
    assert len(set(readers[:lanes])) == lanes
    assert len(set(readers[lanes:])) == 1
    monkeypatch.undo()
    np.testing.assert_array_equal(found.data, whole_map(scene, Red()).data)


def test_a_closed_reader_opens_its_file_again(scene: Scene) -> None:
    window = Window(3, 5, 20, 30)
    with scene.reader() as reader:
        before = reader.read(window)
        reader.close()
        np.testing.assert_array_equal(reader.read(window).data, before.data)


@pytest.mark.parametrize("error", [MemoryError, RuntimeError])
def test_a_batch_without_room_is_halved_and_that_is_told_once(
    scene: Scene, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    expected = whole_map(scene, Red())
    predictor = Red(batch=16, room=3, error=error)
    with caplog.at_level(logging.WARNING):
        found = whole_map(scene, predictor)
    np.testing.assert_array_equal(found.data, expected.data)
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "out of memory with 16 windows at once; going on with 8",
        "out of memory with 8 windows at once; going on with 4",
        "out of memory with 4 windows at once; going on with 2",
    ]
    assert max(predictor.sizes[4:]) == 2


def test_memory_that_is_too_short_for_one_window_is_an_error(scene: Scene) -> None:
    with pytest.raises(MemoryError):
        whole_map(scene, Red(batch=4, room=0))


def test_other_faults_of_a_model_are_not_taken_for_full_memory(scene: Scene) -> None:
    class Broken(Red):
        def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            raise RuntimeError("no such layer")

    with pytest.raises(RuntimeError, match="no such layer"):
        whole_map(scene, Broken(batch=4))
