from datetime import date
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box
from shelf_files import snapshot, write_raster, write_scene

from satseg.catalog import Catalog
from satseg.errors import DateError, SatsegError, StorageError
from satseg.regions import Region

DAY = date(2015, 6, 6)
HASH = "ab" * 32
CENTRE = (121.4264, 31.1736)


def truncated(path: Path) -> Path:
    whole = write_scene(path, size=(200, 200)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def not_an_image(path: Path) -> Path:
    path.write_text("no image")
    return path


def all_nodata(path: Path) -> Path:
    return write_raster(path, np.zeros((3, 40, 60), np.uint16), nodata=0)


BAD_INPUT = {
    "no-image": (not_an_image, {}),
    "truncated": (truncated, {}),
    "no-crs": (lambda path: write_scene(path, crs=None), {}),
    "one-band": (lambda path: write_scene(path, bands=1), {}),
    "two-bands": (lambda path: write_scene(path, bands=2), {}),
    "five-bands": (lambda path: write_scene(path, bands=5), {}),
    "all-nodata": (all_nodata, {}),
    "missing": (lambda path: path, {}),
    "no-date": (write_scene, {"date": "yesterday"}),
    "wrong-band": (write_scene, {"bands": ["red", "green", "purple"]}),
    "unknown-region": (write_scene, {"region_id": "nowhere"}),
    "far-region": (write_scene, {"region_id": "far"}),
    "bad-id": (write_scene, {"scene_id": "../x"}),
    "no-truth": (write_scene, {"truth": Path("none.tif")}),
}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_leaves_the_catalog_as_it_was(
    catalog: Catalog, image: Path, tmp_path: Path, case: str
) -> None:
    catalog.add_region(Region("far", "Far", "", box(0, 0, 1, 1)))
    catalog.add_scene(image, date=DAY)
    before = snapshot(catalog.root)
    make, options = BAD_INPUT[case]
    with pytest.raises(SatsegError) as raised:
        catalog.add_scene(make(tmp_path / "bad.tif"), **{"date": "2016-01-01", **options})
    assert raised.value.expected
    assert raised.value.found
    assert raised.value.fix
    assert snapshot(catalog.root) == before


def test_a_scene_without_any_date_asks_for_one(catalog: Catalog, image: Path) -> None:
    before = snapshot(catalog.root)
    with pytest.raises(DateError, match="--date 2015-06-06"):
        catalog.add_scene(image)
    assert snapshot(catalog.root) == before


@pytest.mark.parametrize("step", ["write_pictures", "write_json", "_href"])
def test_a_full_disk_in_any_step_leaves_the_catalog_as_it_was(
    catalog: Catalog, image: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = snapshot(catalog.root)

    def full(*_: object, **__: object) -> None:
        raise StorageError(expected="room", found="a full disk", fix="Free some")

    monkeypatch.setattr(f"satseg.catalog_scenes.{step}", full)
    with pytest.raises(StorageError):
        catalog.add_scene(image, date=DAY)
    assert snapshot(catalog.root) == before
