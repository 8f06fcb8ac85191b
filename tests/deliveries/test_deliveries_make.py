"""From a delivery to a scene of the catalog: pixels, provenance, and what is refused."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import rasterio.shutil
from delivery_files import (
    GRID,
    TEXT,
    add,
    drop,
    edit,
    numbers,
    one_tile,
    write_multispectral,
    write_panchromatic,
)
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from shelf_files import snapshot

from satseg.bands import WORLDVIEW3
from satseg.catalog import Catalog
from satseg.deliveries import Choices, add_delivery, described, make_image, understand
from satseg.errors import CatalogError, DateError, SceneError
from satseg.radiometry import (
    DEFAULT_TABLE,
    TABLES,
    Illumination,
    earth_sun_distance_au,
    to_reflectance,
)
from satseg.scene import open_scene
from satseg.simulate.delivery import FACTORS
from satseg.windows import Window

LIGHT = Illumination(30.0, earth_sun_distance_au(TEXT.moment))
LINEAR = to_reflectance(FACTORS, LIGHT, TABLES[DEFAULT_TABLE])


def item(catalog: Catalog, scene_id: str) -> dict:
    path = catalog.root / "scenes" / scene_id / f"{scene_id}.json"
    return json.loads(path.read_text())


def test_two_tiles_become_one_image_of_reflectance(catalog: Catalog, delivery: Path) -> None:
    path = add(catalog, delivery)
    with rasterio.open(path) as dataset:
        stored, scale, nodata = dataset.read(), dataset.scales[0], dataset.nodata
        assert dataset.descriptions == WORLDVIEW3
        assert dataset.interleaving == rasterio.enums.Interleaving.band
    expected = LINEAR.apply(numbers())
    assert (stored.dtype, scale, nodata) == (np.uint16, 1e-4, 0)
    np.testing.assert_allclose(stored * scale, np.maximum(expected, 1e-4), atol=0.51e-4)


def test_two_pixels_agree_with_hand_computed_reflectance(catalog: Catalog, tmp_path: Path) -> None:
    """The pixels of test_radiometry.py, through files: stored numbers are rho x 10000, rounded."""
    image = numbers()
    image[:, 7, 11] = (220, 240, 260, 280, 300, 320, 340, 360)  # in the first tile
    image[:, 30, 50] = (560, 520, 480, 440, 400, 360, 320, 280)  # in the second
    write_multispectral(tmp_path / "d", image)
    with rasterio.open(add(catalog, tmp_path / "d")) as dataset:
        stored = dataset.read()
    assert stored[:, 7, 11].tolist() == [2361, 1889, 1483, 1892, 2226, 2957, 1955, 2310]
    assert stored[:, 30, 50].tolist() == [6499, 4311, 2888, 3052, 3011, 3354, 1820, 1747]


def test_fill_stays_nodata_and_a_dark_band_does_not(catalog: Catalog, tmp_path: Path) -> None:
    image = numbers()
    image[:, :5, :7] = 0
    image[0, 20, 20] = 0  # no light in one band only
    image[1, 20, 21] = 1  # negative reflectance
    image[2, 20, 22] = 65535
    write_multispectral(tmp_path / "d", image)
    path = add(catalog, tmp_path / "d")
    with rasterio.open(path) as dataset:
        stored, tags = dataset.read(), dataset.tags()
    assert (stored == 0).all(axis=0).sum() == 35
    assert (stored == 0).any(axis=0).sum() == 35
    assert (stored[0, 20, 20], stored[1, 20, 21], stored[2, 20, 22]) == (1, 1, 65535)
    assert (tags["SATSEG_CLIPPED_LOW"], tags["SATSEG_CLIPPED_HIGH"]) == ("2", "1")
    assert tags["SATSEG_VALUES"] == str(8 * (40 * 60 - 35))
    (record,) = catalog.scenes()
    assert record.valid_fraction == pytest.approx(1 - 35 / 2400)


def test_the_file_tells_how_it_was_made(catalog: Catalog, delivery: Path) -> None:
    with rasterio.open(add(catalog, delivery)) as dataset:
        tags = dataset.tags()
    made = json.loads(tags["SATSEG_MADE"])["reflectance"]
    assert tags["SATSEG_CALIBRATION"] == made["calibration"] == "2016v0.Int"
    assert tags["SATSEG_UNIT"] == "top-of-atmosphere reflectance x 10000"
    assert (tags["ACQUISITION_DATE"], tags["SATSEG_SIMULATED"]) == ("2015-06-06", "YES")
    assert made["earth_sun_distance_au"] == pytest.approx(1.0146813)
    assert made["sun_elevation_deg"] == 30.0
    assert made["bands"]["red"] == {
        "absCalFactor": 0.0113,
        "effectiveBandwidth_um": 0.0585,
        "gain": 0.964,
        "offset": -3.021,
        "Esun": 1535.33,
    }


def test_the_item_follows_stac(catalog: Catalog, delivery: Path, imd: Path) -> None:
    edit(imd, ("meanOffNadirViewAngle = 0.0", "meanOffNadirViewAngle = 14.4"))
    add(catalog, delivery, scene_id="mine", title="Mine", licence="proprietary")
    found = item(catalog, "mine")
    properties = found["properties"]
    assert properties["datetime"] == "2015-06-06T02:41:00Z"
    assert properties["view:sun_elevation"] == 30.0
    assert properties["view:sun_azimuth"] == 110.0
    assert properties["view:off_nadir"] == 14.4
    assert properties["view:azimuth"] == 0.0
    assert properties["eo:cloud_cover"] == 1.2
    assert (properties["platform"], properties["processing:level"]) == ("worldview-3", "LV2A")
    assert properties["satseg:made"]["clipped"]["high"] == 0
    assert properties["satseg:delivery"]["part"] == "000000000000_01_P001"
    assert {"view", "eo", "processing"} <= {url.split("/")[3] for url in found["stac_extensions"]}
    assert JsonSchemaSTACValidator().validate_core(found, pystac.STACObjectType.ITEM, "1.1.0")
    record = catalog.scene("mine")
    assert (record.date, record.title) == (dt.date(2015, 6, 6), "Mine")
    assert (record.bands, record.simulated, record.licence) == (WORLDVIEW3, True, "proprietary")


def test_another_table_gives_other_numbers_and_is_named(catalog: Catalog, delivery: Path) -> None:
    path = add(catalog, delivery, Choices(table="2018v0"))
    expected = to_reflectance(FACTORS, LIGHT, TABLES["2018v0"]).apply(numbers())
    with rasterio.open(path) as dataset:
        found = dataset.read() * 1e-4
        assert dataset.tags()["SATSEG_CALIBRATION"] == "2018v0"
    np.testing.assert_allclose(found, np.maximum(expected, 1e-4), atol=0.51e-4)


def test_numbers_of_several_tiles_are_used_where_they_lie(catalog: Catalog, delivery: Path) -> None:
    before = snapshot(delivery)
    path = add(catalog, delivery, Choices(toa=False), scene_id="dn")
    assert path == catalog.root / "scenes" / "dn" / "image.vrt"
    scene = open_scene(path)
    with scene.reader() as reader:
        found, valid = reader.pixels.native(Window(0, 0, 40, 60), range(8))
    np.testing.assert_array_equal(found, numbers())
    assert valid.all()
    assert snapshot(delivery) == before
    entry = item(catalog, "dn")
    assert "--no-toa" in entry["properties"]["satseg:made"]["digital_numbers_because"]
    assert entry["assets"]["image"]["href"] == "./image.vrt"
    assert "vrt" in entry["assets"]["image"]["type"]
    catalog.remove_scene("dn")
    assert snapshot(delivery) == before


def test_numbers_ofone_tile_are_linked(catalog: Catalog, delivery: Path, imd: Path) -> None:
    tile = one_tile(imd)
    assert add(catalog, delivery, Choices(toa=False)) == tile


def test_numbers_can_be_copied(catalog: Catalog, delivery: Path) -> None:
    path = add(catalog, delivery, Choices(toa=False, copy=True))
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(), numbers())
        assert dataset.scales[0] == 1.0
        assert dataset.tags()["SATSEG_UNIT"] == "digital numbers"
    assert path.is_relative_to(catalog.root)


REFUSED = {
    "pan-sharpened": (('Algorithm = "None"', 'Algorithm = "UNB"'), "the supplier pan-sharpened it"),
    "DRA": (('Enhancement = "Off"', 'Enhancement = "DRA"'), "adjusted its dynamic range (DRA)"),
    "ACOMP": (('Enhancement = "Off"', 'Enhancement = "ACOMP"'), "for the atmosphere already"),
    "WorldView-2": (('"WV03"', '"WV02"'), "tables are WorldView-3's; this is WorldView-2"),
    "joined": (
        ("BEGIN_GROUP = MAP", "BEGIN_GROUP = IMAGE_2\nEND_GROUP = IMAGE_2\nBEGIN_GROUP = MAP"),
        "joined from 2 acquisitions",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_reflectance_is_refused_where_numbers_measure_none(
    catalog: Catalog, delivery: Path, imd: Path, case: str
) -> None:
    change, told = REFUSED[case]
    edit(imd, change)
    plan = understand(delivery)
    assert (plan.unit, told in plan.reason) == ("digital numbers", True)
    assert any(told in text for label, text in described(plan) if label == "Calibration")
    with pytest.raises(SceneError) as refused:
        understand(delivery, Choices(toa=True))
    assert told in str(refused.value)
    assert "Leave out --toa" in str(refused.value)


def test_an_image_of_fill_registers_nothing(catalog: Catalog, tmp_path: Path) -> None:
    write_multispectral(tmp_path / "d", np.zeros((8, *GRID.shape), np.uint16))
    before = snapshot(catalog.root)
    with pytest.raises(SceneError, match="nothing but fill"):
        add(catalog, tmp_path / "d")
    assert snapshot(catalog.root) == before


def test_what_is_there_already_is_refused_before_the_work(catalog: Catalog, delivery: Path) -> None:
    add(catalog, delivery, scene_id="mine")
    seen: list[int] = []
    with pytest.raises(CatalogError, match="'mine' in .*satseg scenes remove mine"):
        add_delivery(
            catalog,
            understand(delivery),
            scene_id="mine",
            progress=lambda done, total: seen.append(done),
        )
    assert seen == []
    with pytest.raises(CatalogError, match="a file of the same content as scene 'mine'"):
        add(catalog, delivery, scene_id="again")
    assert [scene.id for scene in catalog.scenes()] == ["mine"]


def test_a_date_that_contradicts_the_imd_is_refused(catalog: Catalog, delivery: Path) -> None:
    plan = understand(delivery)
    with pytest.raises(DateError, match="2015-06-06, the day in 15JUN"):
        add_delivery(catalog, plan, date=dt.date(2015, 6, 7))
    add_delivery(catalog, plan, date=dt.date(2015, 6, 6))


def test_progress_ends_at_all_of_it(catalog: Catalog, delivery: Path) -> None:
    seen: list[tuple[int, int]] = []
    add_delivery(
        catalog, understand(delivery), progress=lambda done, total: seen.append((done, total))
    )
    assert seen == sorted(seen)
    assert seen[-1] == (100, 100)


def test_four_band_products_are_scenes_of_four_named_bands(
    catalog: Catalog, tmp_path: Path
) -> None:
    chosen = [each for each in FACTORS if each.band in ("blue", "green", "red", "nir1")]
    write_multispectral(tmp_path / "d", factors=chosen)
    add(catalog, tmp_path / "d")
    (record,) = catalog.scenes()
    assert record.bands == ("blue", "green", "red", "nir1")
    assert record.title == "WorldView-3, 2015-06-06, simulated"
    (region,) = catalog.regions()
    assert region.summary == "The outline of the scene WorldView-3, 2015-06-06, simulated."


def test_only_images_of_the_staging_area_are_moved(catalog: Catalog, delivery: Path) -> None:
    tile = min(delivery.rglob("*M2AS*.TIF"))
    with pytest.raises(ValueError, match="staging area"):
        catalog.add_scene(tile, date="2015-06-06", adopt=True)
    assert tile.is_file()
    assert catalog.scenes() == []


def test_the_image_does_not_depend_on_the_blocks_it_is_made_in(
    catalog: Catalog, delivery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = understand(delivery, Choices(pansharpen_m=0.6))
    with catalog.staging() as one, catalog.staging() as other:
        whole, _ = make_image(plan, one)
        monkeypatch.setattr("satseg.deliveries.image._BLOCK_COLUMNS", 101)
        monkeypatch.setattr("satseg.deliveries.image._ROW_BYTES", 37 * 2 * 8 * 240)
        pieces, _ = make_image(plan, other)
        with rasterio.open(whole) as left, rasterio.open(pieces) as right:
            apart = left.read().astype(int) - right.read()
    assert np.abs(apart).max() <= 1  # a value on the edge of rounding
    assert (apart != 0).mean() < 1e-4


def test_an_unknown_method_or_table_is_refused() -> None:
    with pytest.raises(SceneError, match="one of the methods gram-schmidt, brovey"):
        Choices(method="ihs")  # type: ignore[arg-type]
    with pytest.raises(SceneError, match="found '2020'"):
        Choices(table="2020")


def test_a_panchromatic_product_beside_does_not_disturb(catalog: Catalog, tmp_path: Path) -> None:
    write_multispectral(tmp_path / "d")
    pan = write_panchromatic(tmp_path / "d")
    drop(pan, "absCalFactor")  # only matters where it sharpens
    add(catalog, tmp_path / "d")
    with pytest.raises(SceneError, match="no absCalFactor in 15JUN06024100-P2AS"):
        understand(tmp_path / "d", Choices(pansharpen_m=0.6))
