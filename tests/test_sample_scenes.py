import datetime as dt
import json
import os
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box
from shelf_files import write_raster, write_scene
from shelf_models import write_model

from satseg.catalog import Catalog
from satseg.cli import main
from satseg.errors import RegionError
from satseg.regions import Region, feature_collection
from satseg.sample_scenes import add_samples, default_definitions, predict_samples
from satseg.simulate.samples import SampleScene

PLACE = box(121.3, 31.1, 121.6, 31.3)
DAYS = (dt.date(2015, 6, 6), dt.date(2020, 6, 6))


def draw(out: Path, day: dt.date, seed: int) -> SampleScene:
    out.mkdir(parents=True, exist_ok=True)
    stem = f"paddies_{day}"
    truth = write_raster(out / f"{stem}_truth.tif", np.ones((1, 40, 60), np.uint8))
    image = write_scene(out / f"{stem}.tif", seed=seed)
    return SampleScene(image, truth, out / f"{stem}.gpkg", "paddies", day, "paddies")


@pytest.fixture
def definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of definitions whose scenes are drawn tiny, and only once."""
    folder = tmp_path / "sample_data"
    folder.mkdir()
    write_region(folder, PLACE)

    drawn: list[SampleScene] = []

    def once(folder: Path, out: Path, **options: object) -> list[SampleScene]:
        if not drawn:
            drawn.extend(draw(out, day, seed) for seed, day in enumerate(DAYS))
        return drawn

    monkeypatch.setattr("satseg.simulate.samples.build_samples", once)
    return folder


def write_region(folder: Path, outline: object) -> None:
    region = Region("paddies", "Paddies", "稻田", outline, "Rice.", "崇明区")
    (folder / "regions.geojson").write_text(json.dumps(feature_collection([region])))


@pytest.mark.parametrize("workers", [1, 2])
def test_samples_enter_with_their_region_date_and_truth(
    catalog: Catalog, definitions: Path, workers: int
) -> None:
    seen: list[tuple[int, int]] = []
    ids = add_samples(catalog, definitions, adding=lambda *step: seen.append(step), workers=workers)
    assert ids == ["paddies_2015-06-06", "paddies_2020-06-06"]
    assert seen == [(0, 2), (1, 2), (2, 2)]
    scenes = catalog.scenes("paddies")
    assert [scene.date for scene in scenes] == list(DAYS)
    assert scenes[0].title == "Paddies, 2015-06-06, simulated"
    assert scenes[0].truth == catalog.root / "samples/paddies_2015-06-06_truth.tif"
    assert catalog.region("paddies").name_zh == "稻田"


def test_what_is_there_is_kept(
    catalog: Catalog, definitions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_samples(catalog, definitions, workers=1)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("added again")

    monkeypatch.setattr(Catalog, "add_scene", never)
    assert len(add_samples(catalog, definitions, workers=1)) == 2


def test_a_scene_that_was_drawn_anew_replaces_the_old_one(
    catalog: Catalog, definitions: Path
) -> None:
    ids = add_samples(catalog, definitions, workers=1)
    before = catalog.scene(ids[0])
    draw(catalog.root / "samples", DAYS[0], seed=9)
    later = before.thumbnail.stat().st_mtime + 10
    os.utime(before.image, (later, later))
    add_samples(catalog, definitions, workers=1)
    assert catalog.scene(ids[0]).sha256 != before.sha256
    assert len(catalog.scenes()) == 2


def test_a_region_that_was_redrawn_is_measured_anew(
    catalog: Catalog, definitions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "models", "farmnet")
    monkeypatch.setenv("SATSEG_MODELS", str(tmp_path / "models"))
    ids = add_samples(catalog, definitions, workers=1)
    assert predict_samples(catalog, ids) == 2
    prediction = catalog.predictions(ids[0])[0]
    whole = catalog.area(prediction.id, "paddies")
    write_region(definitions, box(121.3, 31.1, 121.5, 31.3))
    add_samples(catalog, definitions, workers=1)
    part = catalog.area(prediction.id, "paddies")
    assert part.region_m2 / whole.region_m2 == pytest.approx(2 / 3, rel=1e-2)


def test_every_model_whose_bands_are_there_predicts(
    catalog: Catalog, definitions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "models", "farmnet")
    write_model(tmp_path / "models", "infrared", bands=("nir1",))
    monkeypatch.setenv("SATSEG_MODELS", str(tmp_path / "models"))
    seen: list[tuple[int, int]] = []
    ids = add_samples(catalog, definitions, workers=1)
    predict_samples(catalog, ids, progress=lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2)]
    assert {record.model_id for record in catalog.predictions()} == {"farmnet"}


def test_a_folder_without_regions_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(RegionError, match=r"regions\.geojson"):
        add_samples(catalog, tmp_path)


def test_the_command_tells_what_it_did(
    catalog: Catalog,
    definitions: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SATSEG_CATALOG", str(catalog.root))
    with pytest.raises(SystemExit) as ended:
        main(["sample", "--definitions", str(definitions)])
    assert ended.value.code == 0
    assert "2 simulated scenes are in the catalog" in capsys.readouterr().out


def test_the_definitions_lie_beside_the_package() -> None:
    assert (default_definitions() / "regions.geojson").is_file()
