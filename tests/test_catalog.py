import json
import os
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from shapely.geometry import Point, box
from shelf_files import snapshot, write_probability, write_raster, write_scene

from satseg.catalog import Catalog
from satseg.errors import CatalogError, RegionError, StorageError
from satseg.regions import Region

DAY = date(2015, 6, 6)
HASH = "ab" * 32
CENTRE = (121.4264, 31.1736)


def predicted(catalog: Catalog, tmp_path: Path, scene_id: str, model_id: str = "farmnet") -> str:
    codes = np.full((40, 60), 254, dtype=np.uint8)
    codes[:, :30] = 0
    probability = write_probability(tmp_path / "p.tif", codes)
    record = catalog.add_prediction(
        scene_id,
        model_id,
        weights_sha256=HASH,
        probability=probability,
        runtime="torch-cpu",
        parameters={"gsd_m": 0.6},
    )
    return record.id


def test_a_scene_is_remembered_with_all_it_needs(catalog: Catalog, image: Path) -> None:
    record = catalog.add_scene(image, date="2015-06-06", licence="CC-BY-SA-4.0")
    assert record == Catalog.open(catalog.root).scene("chongming-north")
    assert (record.date, record.title, record.bands) == (
        DAY,
        "Chongming North",
        ("red", "green", "blue"),
    )
    assert record.image == image
    assert record.gsd_m == pytest.approx(0.6, rel=1e-3)
    assert record.footprint.contains(Point(record.footprint.centroid))
    assert (record.simulated, record.valid_fraction, record.truth) == (False, 1.0, None)
    assert record.false_colour is None
    assert record.display.is_file()
    assert record.thumbnail.is_file()
    assert record.licence == "CC-BY-SA-4.0"


def test_near_infrared_gets_a_false_colour_copy(catalog: Catalog, tmp_path: Path) -> None:
    record = catalog.add_scene(write_scene(tmp_path / "eight.tif", bands=8), date=DAY)
    assert record.false_colour is not None
    with rasterio.open(record.false_colour) as shown, rasterio.open(record.display) as true:
        assert shown.count == 3
        assert not np.array_equal(shown.read(), true.read())


def test_scenes_come_by_date_and_region(catalog: Catalog, tmp_path: Path) -> None:
    for index, day in enumerate(("2021-05-01", "2015-05-01", "2018-05-01")):
        catalog.add_scene(write_scene(tmp_path / f"s{index}.tif", seed=index), date=day)
    assert [scene.id for scene in catalog.scenes()] == ["s1", "s2", "s0"]
    assert [scene.id for scene in catalog.scenes("s0")] == ["s1", "s2", "s0"]
    assert catalog.scenes("elsewhere") == []


def test_copied_images_live_in_the_catalog(catalog: Catalog, image: Path, tmp_path: Path) -> None:
    truth = write_raster(tmp_path / "truth.tif", np.ones((1, 40, 60), np.uint8))
    record = catalog.add_scene(image, date=DAY, copy=True, truth=truth)
    moved = tmp_path / "moved"
    shutil.move(catalog.root, moved)
    image.unlink()
    truth.unlink()
    record = Catalog.open(moved).scene(record.id)
    assert record.image.is_relative_to(moved)
    assert record.image.is_file()
    assert record.truth is not None
    assert record.truth.is_file()


def test_items_are_valid_stac(catalog: Catalog, image: Path, tmp_path: Path) -> None:
    scene = catalog.add_scene(image, date=DAY)
    catalog.area(predicted(catalog, tmp_path, scene.id), scene.region_id)
    root = pystac.Catalog.from_file(str(catalog.root / "catalog.json"))
    items = list(root.get_items())
    assert len(items) == 3
    validator = JsonSchemaSTACValidator()  # the core schemas come with pystac
    written = json.loads((catalog.root / "catalog.json").read_text())
    assert validator.validate_core(written, pystac.STACObjectType.CATALOG, "1.1.0")
    for item in items:
        written = json.loads(Path(item.self_href).read_text())
        assert validator.validate_core(written, pystac.STACObjectType.ITEM, "1.1.0")
        assert item.get_root() is root


def test_the_scene_item_carries_projection_bands_and_checksum(
    catalog: Catalog, image: Path
) -> None:
    record = catalog.add_scene(image, date=DAY)
    item = pystac.Item.from_file(str(catalog.root / f"scenes/{record.id}/{record.id}.json"))
    assert item.ext.proj.code == "EPSG:32651"
    assert item.ext.proj.shape == [40, 60]
    assert item.ext.proj.transform[:3] == [0.6, 0.0, 350_000.0]
    assert item.properties["satseg:simulated"] is False
    bands = item.assets["image"].extra_fields["bands"]
    assert bands[0] == {"name": "red", "eo:common_name": "red", "eo:center_wavelength": 0.66}
    assert item.assets["image"].extra_fields["file:checksum"] == "1220" + record.sha256
    assert item.assets["image"].extra_fields["file:size"] == image.stat().st_size
    assert item.bbox == pytest.approx(record.footprint.bounds)


def test_a_projection_without_epsg_code_is_kept_as_wkt(catalog: Catalog, tmp_path: Path) -> None:
    crs = "+proj=laea +lat_0=31 +lon_0=121.5 +datum=WGS84 +units=m"
    place = rasterio.Affine(0.6, 0, 100, 0, -0.6, 100)
    record = catalog.add_scene(
        write_scene(tmp_path / "laea.tif", crs=crs, transform=place), date=DAY
    )
    item = pystac.Item.from_file(str(catalog.root / f"scenes/{record.id}/{record.id}.json"))
    assert item.ext.proj.code is None
    assert item.ext.proj.wkt2 is not None
    assert item.ext.proj.wkt2.startswith("PROJCRS")


def test_provenance_of_a_prediction_is_kept(catalog: Catalog, image: Path, tmp_path: Path) -> None:
    scene = catalog.add_scene(image, date=DAY)
    record = catalog.prediction(predicted(catalog, tmp_path, scene.id))
    assert (record.scene_id, record.model_id, record.weights_sha256) == (scene.id, "farmnet", HASH)
    assert (record.runtime, record.software, record.members) == ("torch-cpu", "0.1.0", ())
    assert record.parameters == {"gsd_m": 0.6}
    assert record.created.utcoffset() is not None
    with rasterio.open(record.probability) as found, rasterio.open(tmp_path / "p.tif") as given:
        assert np.array_equal(found.read(), given.read())
        assert found.crs == given.crs


def test_predictions_are_found_by_scene_model_and_weights(
    catalog: Catalog, image: Path, tmp_path: Path
) -> None:
    scene = catalog.add_scene(image, date=DAY)
    first = predicted(catalog, tmp_path, scene.id)
    other = predicted(catalog, tmp_path, scene.id, "ensemble-a+b")
    assert catalog.find_prediction(scene.id, "farmnet", HASH).id == first
    assert catalog.find_prediction(scene.id, "ensemble-a+b").id == other
    assert catalog.find_prediction(scene.id, "farmnet", "cd" * 32) is None
    assert [record.id for record in catalog.predictions(model_id="farmnet")] == [first]
    assert catalog.predictions("elsewhere") == []


def test_the_same_prediction_again_is_the_one_that_is_there(
    catalog: Catalog, image: Path, tmp_path: Path
) -> None:
    scene = catalog.add_scene(image, date=DAY)
    assert predicted(catalog, tmp_path, scene.id) == predicted(catalog, tmp_path, scene.id)
    assert len(catalog.predictions()) == 1


def test_a_raster_that_holds_no_probability_is_refused(catalog: Catalog, image: Path) -> None:
    scene = catalog.add_scene(image, date=DAY)
    before = snapshot(catalog.root)
    with pytest.raises(CatalogError, match="3 x uint16"):
        catalog.add_prediction(
            scene.id, "farmnet", weights_sha256=HASH, probability=image, runtime="torch-cpu"
        )
    assert snapshot(catalog.root) == before


def test_areas_are_computed_once(
    catalog: Catalog, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = catalog.add_scene(image, date=DAY)
    prediction_id = predicted(catalog, tmp_path, scene.id)
    first = catalog.area(prediction_id, scene.region_id)
    assert first.share(0.5) == pytest.approx(0.5, abs=1e-3)
    assert first.area_m2(0.5) == pytest.approx(30 * 40 * 0.36, rel=1e-2)

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("satseg.area.area_histogram", never)
    again = catalog.area(prediction_id, scene.region_id)
    assert again.area_m2(0.5) == first.area_m2(0.5)
    assert again.valid_fraction == first.valid_fraction


def test_a_region_larger_than_the_scene_is_covered_in_part(
    catalog: Catalog, image: Path, tmp_path: Path
) -> None:
    lon, lat = CENTRE
    catalog.add_region(
        Region("wide", "Wide", "", box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01))
    )
    scene = catalog.add_scene(image, date=DAY)
    assert scene.region_id == "wide"
    area = catalog.area(predicted(catalog, tmp_path, scene.id), "wide")
    assert area.area_m2(0.5) == pytest.approx(30 * 40 * 0.36, rel=1e-2)
    assert area.valid_fraction == pytest.approx(60 * 40 * 0.36 / 2.113e6 / 2, rel=0.1)


def test_a_new_region_gets_the_outline_of_the_scene(catalog: Catalog, image: Path) -> None:
    record = catalog.add_scene(image, date=DAY, title="North")
    region = catalog.region(record.region_id)
    assert (region.id, region.name_en) == ("chongming-north", "North")
    assert region.geometry.symmetric_difference(record.footprint).area == pytest.approx(0)


def test_a_scene_is_put_into_the_region_around_its_centre(catalog: Catalog, image: Path) -> None:
    lon, lat = CENTRE
    catalog.add_region(Region("far", "Far", "", box(0, 0, 1, 1)))
    catalog.add_region(Region("near", "Near", "", box(lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1)))
    assert catalog.add_scene(image, date=DAY).region_id == "near"
    assert [region.id for region in catalog.regions()] == ["far", "near"]


def test_a_region_keeps_its_outline(catalog: Catalog) -> None:
    region = Region("a", "A", "", box(0, 0, 1, 1))
    catalog.add_region(region)
    catalog.add_region(region)
    assert catalog.regions() == [region]
    with pytest.raises(RegionError, match="another outline"):
        catalog.add_region(Region("a", "A", "", box(0, 0, 2, 2)))


def test_assets_resolve_by_registered_id_and_key(
    catalog: Catalog, image: Path, tmp_path: Path
) -> None:
    record = catalog.add_scene(image, date=DAY)
    prediction_id = predicted(catalog, tmp_path, record.id)
    assert catalog.asset(record.id, "display") == record.display
    assert catalog.asset(record.id, "image") == image
    assert catalog.asset(prediction_id, "display") == catalog.prediction(prediction_id).display


@pytest.mark.parametrize(
    ("item_id", "key"),
    [
        ("chongming-north", "../../catalog.json"),
        ("chongming-north", "chongming-north.json"),
        ("chongming-north", ""),
        ("../scenes/chongming-north", "display"),
        ("/etc/passwd", "display"),
        ("..", "display"),
        ("", "display"),
        ("none", "display"),
        ("chongming-north\n", "display"),
    ],
)
def test_nothing_but_registered_assets_can_be_named(
    catalog: Catalog, image: Path, item_id: str, key: str
) -> None:
    catalog.add_scene(image, date=DAY)
    with pytest.raises(CatalogError):
        catalog.asset(item_id, key)


def test_the_same_content_is_refused_under_another_name(
    catalog: Catalog, image: Path, tmp_path: Path
) -> None:
    catalog.add_scene(image, date=DAY)
    before = snapshot(catalog.root)
    twin = shutil.copy(image, tmp_path / "twin.tif")
    with pytest.raises(CatalogError, match="same content as scene 'chongming-north' of 2015-06-06"):
        catalog.add_scene(Path(twin), date="2016-01-01")
    with pytest.raises(CatalogError, match="the same file as scene"):
        catalog.add_scene(image, date=DAY, scene_id="again")
    assert snapshot(catalog.root) == before


def test_an_id_that_is_taken_gets_the_date_unless_it_was_chosen(
    catalog: Catalog, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    first = catalog.add_scene(write_scene(tmp_path / "a/s.tif"), date=DAY)
    other = write_scene(tmp_path / "b/s.tif", seed=1)
    with pytest.raises(CatalogError, match="'s' among its scenes"):
        catalog.add_scene(other, date=DAY, scene_id="s")
    second = catalog.add_scene(other, date="2016-01-01")
    assert (first.id, second.id) == ("s", "s-20160101")


def test_removing_a_scene_removes_what_was_made_from_it(
    catalog: Catalog, image: Path, tmp_path: Path
) -> None:
    record = catalog.add_scene(image, date=DAY)
    catalog.area(predicted(catalog, tmp_path, record.id), record.region_id)
    catalog.remove_scene(record.id)
    assert catalog.scenes() == []
    assert catalog.predictions() == []
    assert list(catalog.root.glob("*/*/*.json")) == []
    assert image.is_file()
    assert len(json.loads((catalog.root / "catalog.json").read_text())["links"]) == 1
    catalog.add_scene(image, date=DAY)


def test_unknown_names_list_what_there_is(catalog: Catalog, image: Path) -> None:
    catalog.add_scene(image, date=DAY)
    with pytest.raises(CatalogError, match="one of the scenes chongming-north; found 'x'"):
        catalog.scene("x")
    with pytest.raises(CatalogError, match=r"predictions \(there is none\)"):
        catalog.prediction("x")
    with pytest.raises(RegionError, match="one of the regions chongming-north; found 'x'"):
        catalog.region("x")


def test_a_catalog_that_must_exist_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="satseg scenes add"):
        Catalog.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_the_folder_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "elsewhere"))
    assert Catalog.open().root == tmp_path / "elsewhere"


def test_progress_rises_to_a_hundred(catalog: Catalog, image: Path) -> None:
    seen: list[tuple[int, int]] = []
    catalog.add_scene(image, date=DAY, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (100, 100)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_storage_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="SATSEG_CATALOG"):
        Catalog.open(tmp_path / "catalog")


def test_a_small_scene_enters_whole(catalog: Catalog, tmp_path: Path) -> None:
    record = catalog.add_scene(write_scene(tmp_path / "tiny.tif", size=(3, 2)), date=DAY)
    with rasterio.open(record.display) as display:
        assert display.read_masks(1).any()


def test_nodata_lowers_the_valid_fraction(catalog: Catalog, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(1, 900, (3, 40, 60)).astype(np.uint16)
    pixels[:, :, :15] = 0
    image = write_raster(tmp_path / "quarter.tif", pixels, nodata=0)
    assert catalog.add_scene(image, date=DAY).valid_fraction == 0.75
