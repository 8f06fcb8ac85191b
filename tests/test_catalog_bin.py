import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from shelf_files import snapshot, write_probability, write_scene

from satseg import catalog_bin
from satseg.catalog import Catalog
from satseg.catalog_bin import KEPT_DAYS, Bin
from satseg.catalog_removal import bin_of, remove_area, remove_sample, remove_scene, restore
from satseg.catalog_store import Store
from satseg.errors import CatalogError, RegionError
from satseg.interest import Interest, InterestStore
from satseg.sampling import SampleStore
from satseg.sampling.design import design_sample, draw_sample

DAY = "2016-05-03"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Two scenes in one region; of the first a map, its area, and a sample with a label."""
    catalog = Catalog.open(tmp_path / "catalog")
    first = catalog.add_scene(write_scene(tmp_path / "a.tif"), date=DAY, copy=True)
    write_scene(tmp_path / "b.tif", seed=1)
    catalog.add_scene(tmp_path / "b.tif", date="2018-05-03", region_id=first.region_id)
    codes = np.full((40, 60), 30, dtype=np.uint8)
    codes[:, :40] = 220
    for model in ("farmnet", "unet8"):
        made = catalog.add_prediction(
            first.id,
            model,
            weights_sha256="ab" * 32,
            probability=write_probability(tmp_path / "p.tif", codes),
            runtime="by hand",
        )
    histogram = catalog.area(made.id, first.region_id)
    region = catalog.region(first.region_id)
    design = design_sample(histogram, 0.5, points=12, minimum=2)
    sample = draw_sample(design, region, first, made, histogram, threshold=0.5)
    store = SampleStore(catalog.root)
    store.add(sample)
    store.label(sample.id, 0, "first", "farmland")
    return catalog


def entries(catalog: Catalog) -> dict[str, bytes | None]:
    """Return all that belongs to the catalog: neither locks nor the bin with its folders."""
    return {
        name: content
        for name, content in snapshot(catalog.root).items()
        if not name.endswith(".lock")
        and name.split("/")[0] not in ("removed", ".staging", "interests")
    }


def test_a_scene_goes_with_all_that_was_made_from_it_and_comes_back_byte_for_byte(
    catalog: Catalog,
) -> None:
    before = entries(catalog)
    removal = remove_scene(catalog, "a")
    assert [scene.id for scene in catalog.scenes()] == ["b"]
    assert catalog.predictions() == []
    assert SampleStore(catalog.root).ids() == []
    assert removal.counts == {"maps": 2, "areas": 1, "samples": 1}
    assert '"./scenes/a/' not in (catalog.root / "catalog.json").read_text()
    assert restore(catalog, removal.id).name == "a"
    assert entries(catalog) == before
    assert bin_of(catalog).removals() == []
    assert SampleStore(catalog.root).sample(SampleStore(catalog.root).ids()[0]).done("first") == 1


def test_what_was_removed_is_still_there_after_a_restart_and_empties_on_demand(
    catalog: Catalog, tmp_path: Path
) -> None:
    removal = remove_scene(catalog, "a")
    again = Catalog.open(catalog.root)
    assert [one.name for one in bin_of(again).removals()] == ["a"]
    assert removal.size_bytes > (tmp_path / "a.tif").stat().st_size
    assert bin_of(again).empty() == 1
    assert bin_of(again).removals() == []
    assert list((catalog.root / "removed").iterdir()) == []
    with pytest.raises(CatalogError, match="not yet deleted for good"):
        restore(again, removal.id)


def test_after_the_days_it_is_kept_it_is_deleted_and_not_before(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_scene(catalog, "a")
    now = time.time()
    monkeypatch.setattr(catalog_bin.time, "time", lambda: now + (KEPT_DAYS - 0.1) * 86400)
    Catalog.open(catalog.root)
    assert len(bin_of(catalog).removals()) == 1
    monkeypatch.setattr(catalog_bin.time, "time", lambda: now + (KEPT_DAYS + 0.1) * 86400)
    assert bin_of(catalog).removals() == []
    Catalog.open(catalog.root)
    assert list((catalog.root / "removed").iterdir()) == []


class Killed(BaseException):
    """The process ends here."""


def dying(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], None]:
    """Let the bin's ``at``-th rename be the moment of death; return what ends that."""
    real, count = os.rename, iter(range(1000))

    def rename(source: Path, target: Path) -> None:
        if next(count) == at:
            raise Killed
        real(source, target)

    monkeypatch.setattr(catalog_bin.os, "rename", rename)
    return lambda: monkeypatch.setattr(catalog_bin.os, "rename", real)


@pytest.mark.parametrize("at", range(6))
def test_a_removal_that_was_killed_anywhere_is_finished_by_the_next_and_loses_nothing(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    before = entries(catalog)
    live = dying(monkeypatch, at)
    if at < 5:
        with pytest.raises(Killed):
            remove_scene(catalog, "a")
    else:  # all five entries have moved
        remove_scene(catalog, "a")
    live()
    again = Catalog.open(catalog.root)
    assert [scene.id for scene in again.scenes()] == ["b"]
    assert (again.predictions(), SampleStore(again.root).ids()) == ([], [])
    (removal,) = bin_of(again).removals()
    restore(again, removal.id)
    assert entries(again) == before


@pytest.mark.parametrize("at", range(5))
def test_a_restoration_that_was_killed_anywhere_is_finished_by_the_next(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    before = entries(catalog)
    removal = remove_scene(catalog, "a")
    live = dying(monkeypatch, at)
    with pytest.raises(Killed):
        restore(catalog, removal.id)
    live()
    again = Catalog.open(catalog.root)
    assert entries(again) == before
    assert bin_of(again).removals() == []


def test_a_real_kill_in_the_middle_loses_nothing(catalog: Catalog) -> None:
    before = entries(catalog)
    code = """
import os, signal, sys
from pathlib import Path
from satseg import catalog_bin
from satseg.catalog import Catalog
from satseg.catalog_removal import remove_scene
real, seen = os.rename, []
def rename(source, target):
    seen.append(source)
    if len(seen) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
catalog = Catalog.open(Path(sys.argv[1]))
catalog_bin.os.rename = rename
remove_scene(catalog, "a")
"""
    ended = subprocess.run([sys.executable, "-c", code, str(catalog.root)], check=False)
    assert ended.returncode == -signal.SIGKILL
    again = Catalog.open(catalog.root)
    (removal,) = bin_of(again).removals()
    assert again.predictions() == []
    restore(again, removal.id)
    assert entries(again) == before


def test_it_does_not_come_back_where_its_place_or_its_image_is_taken(
    catalog: Catalog, tmp_path: Path
) -> None:
    removal = remove_scene(catalog, "a")
    catalog.add_scene(tmp_path / "a.tif", date=DAY, scene_id="other")
    with pytest.raises(CatalogError, match="as scene 'other', added since"):
        restore(catalog, removal.id)
    catalog.remove_scene("other")
    write_scene(tmp_path / "c.tif", seed=9)
    catalog.add_scene(tmp_path / "c.tif", date=DAY, scene_id="a")
    with pytest.raises(CatalogError, match="scenes/a, made since"):
        restore(catalog, removal.id)
    assert len(bin_of(catalog).removals()) == 1
    catalog.remove_scene("a")
    restore(catalog, removal.id)
    assert [scene.id for scene in catalog.scenes()] == ["a", "b"]


def test_an_area_of_an_outline_that_is_no_more_stays_away(catalog: Catalog) -> None:
    removal = remove_scene(catalog, "a")
    (region,) = catalog.regions()
    west, south, east, north = region.geometry.bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    catalog.replace_region(replace(region, geometry=half))
    restore(catalog, removal.id)
    assert list((catalog.root / "areas").iterdir()) == []
    assert len(catalog.predictions("a")) == 2


def test_own_areas_and_samples_come_back_too(catalog: Catalog) -> None:
    interests = InterestStore(catalog.root)
    field = Interest.now("North field", shapely.box(121, 31, 121.1, 31.1), origin="drawn")
    interests.add(field)
    kept = (catalog.root / "interests" / f"{field.id}.geojson").read_bytes()
    (sample_id,) = SampleStore(catalog.root).ids()
    points = SampleStore(catalog.root).path(sample_id).read_bytes()
    removals = [remove_area(catalog, field.id), remove_sample(catalog, sample_id)]
    assert (interests.ids(), SampleStore(catalog.root).ids()) == ([], [])
    assert [one.kind for one in bin_of(catalog).removals()] == ["sample", "area"]
    with pytest.raises(RegionError):
        remove_area(catalog, field.id)
    for removal in removals:
        restore(catalog, removal.id)
    assert (catalog.root / "interests" / f"{field.id}.geojson").read_bytes() == kept
    assert SampleStore(catalog.root).path(sample_id).read_bytes() == points


def test_a_sample_alone_may_not_go_into_a_scene_that_is_gone_unseen(catalog: Catalog) -> None:
    (sample_id,) = SampleStore(catalog.root).ids()
    sample = remove_sample(catalog, sample_id)
    scene = remove_scene(catalog, "a")
    assert scene.counts["samples"] == 0
    restore(catalog, sample.id)
    restore(catalog, scene.id)
    assert SampleStore(catalog.root).ids() == [sample_id]


def test_a_map_is_not_registered_for_a_scene_that_was_removed_meanwhile(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.register

    def late(self: Store, *given: object, **options: object) -> None:
        remove_scene(catalog, "b")
        monkeypatch.setattr(Store, "register", real)
        real(self, *given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "register", late)
    codes = np.full((40, 60), 30, dtype=np.uint8)
    with pytest.raises(CatalogError, match="removed meanwhile"):
        catalog.add_prediction(
            "b",
            "farmnet",
            weights_sha256="ab" * 32,
            probability=write_probability(tmp_path / "p.tif", codes),
            runtime="by hand",
        )


@pytest.mark.parametrize("text", ["../scenes/a", "..", ".", "", "a/b", "/etc", "x" * 500])
def test_only_a_removals_own_id_leads_into_the_bin(catalog: Catalog, text: str) -> None:
    remove_scene(catalog, "b")
    with pytest.raises(CatalogError, match="not yet deleted"):
        Bin(Store(catalog.root)).empty(text)
    assert len(bin_of(catalog).removals()) == 1
