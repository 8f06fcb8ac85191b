import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from shelf_files import snapshot, write_scene

from satseg import catalog_scenes
from satseg.catalog import Catalog
from satseg.catalog_store import Store, write_json
from satseg.errors import CatalogError, StorageError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "catalog")
    store.prepare()
    store.write_root()
    return store


def stage(store: Store, entry_id: str) -> None:
    with store.staging() as folder:
        write_json(folder / f"{entry_id}.json", {"id": entry_id})
        store.register("scenes", entry_id, folder)


def test_an_entry_appears_whole(store: Store) -> None:
    stage(store, "a")
    assert store.items("scenes") == [{"id": "a"}]
    links = json.loads((store.root / "catalog.json").read_text())["links"]
    assert links[-1]["href"] == "./scenes/a/a.json"


def test_an_error_while_staging_leaves_nothing(store: Store) -> None:
    before = snapshot(store.root)

    def fail() -> None:
        with store.staging() as folder:
            (folder / "half.tif").write_bytes(b"half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert snapshot(store.root) == before


def test_an_error_under_the_lock_leaves_nothing_and_frees_the_lock(store: Store) -> None:
    before = snapshot(store.root)

    def refuse() -> None:
        raise CatalogError(expected="a", found="b", fix="c")

    with store.staging() as folder, pytest.raises(CatalogError):
        store.register("scenes", "a", folder, guard=refuse)
    assert snapshot(store.root) == before
    stage(store, "a")


def test_an_id_is_taken_across_kinds(store: Store) -> None:
    stage(store, "a")
    with store.staging() as folder, pytest.raises(CatalogError, match="'a' among its scenes"):
        store.register("predictions", "a", folder)


def test_writers_wait_for_the_lock_and_readers_do_not(store: Store) -> None:
    other = Store(store.root)
    writer = threading.Thread(target=stage, args=(other, "a"))
    with store.locked():
        writer.start()
        writer.join(timeout=0.3)
        assert writer.is_alive()
        assert other.items("scenes") == []
    writer.join()
    assert other.items("scenes") == [{"id": "a"}]


def test_a_twin_that_enters_meanwhile_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Catalog.open(tmp_path / "catalog")
    image = write_scene(tmp_path / "s.tif")
    real = catalog_scenes.write_pictures

    def meanwhile(*arguments: object, **options: object) -> float:
        monkeypatch.setattr(catalog_scenes, "write_pictures", real)
        Catalog.open(catalog.root).add_scene(image, date="2015-06-06", scene_id="first")
        return real(*arguments, **options)

    monkeypatch.setattr(catalog_scenes, "write_pictures", meanwhile)
    with pytest.raises(CatalogError, match="the same file as scene 'first'"):
        catalog.add_scene(image, date="2015-06-06", scene_id="second")
    assert [scene.id for scene in catalog.scenes()] == ["first"]
    assert [region.id for region in catalog.regions()] == ["first"]


def test_json_is_replaced_whole_or_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.root / "note.json"
    write_json(path, {"n": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_json(path, {"n": 2})
    assert json.loads(path.read_text()) == {"n": 1}
    assert not list(store.root.glob(".note*"))


def test_a_rename_that_fails_is_a_storage_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(store.root)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with store.staging() as folder:
        monkeypatch.setattr(os, "rename", full)
        with pytest.raises(StorageError, match="No space left"):
            store.register("scenes", "a", folder)
    assert snapshot(store.root) == before


def test_what_a_dead_process_left_a_day_ago_is_swept(store: Store) -> None:
    stale, fresh = store.root / ".staging/1-ab-old", store.root / ".staging/1-ab-new"
    stale.mkdir()
    fresh.mkdir()
    os.utime(stale, (time.time() - 90_000,) * 2)
    store.prepare()
    assert not stale.exists()
    assert fresh.exists()
    store.discard_staging_of("1-ab")
    assert not fresh.exists()


def test_an_item_that_is_damaged_is_named(store: Store) -> None:
    stage(store, "a")
    (store.root / "scenes/a/a.json").write_text("{")
    with pytest.raises(CatalogError, match="Remove the folder"):
        store.item("scenes", "a")


ADD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from satseg.catalog import Catalog
    from satseg.errors import CatalogError

    catalog = Catalog.open(Path(sys.argv[1]))
    for image in sys.argv[2:]:
        try:
            catalog.add_scene(Path(image), date="2015-06-06")
        except CatalogError:
            print("refused")
    """
)


def test_processes_that_add_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    shared = write_scene(tmp_path / "shared.tif", seed=99)
    images = [str(write_scene(tmp_path / f"s{n}.tif", seed=n)) for n in range(6)]
    groups = ([*images[:3], str(shared)], [str(shared), *images[3:]])
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", ADD, str(root), *group], stdout=subprocess.PIPE, text=True
        )
        for group in groups
    ]
    answers = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(answers) == ["", "refused\n"]
    catalog = Catalog.open(root)
    ids = {"shared", *(f"s{n}" for n in range(6))}
    assert {scene.id for scene in catalog.scenes()} == ids
    assert len(catalog.regions()) == 1
    links = json.loads((root / "catalog.json").read_text())["links"]
    assert len(links) == 1 + len(ids)
    assert list((root / ".staging").iterdir()) == []
