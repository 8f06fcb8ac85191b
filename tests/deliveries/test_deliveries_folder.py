from pathlib import Path

import pytest
from delivery_files import TEXT, drop, edit, with_part, write_multispectral, write_panchromatic

from satseg.bands import WORLDVIEW3
from satseg.deliveries import find_delivery
from satseg.deliveries.imd import View, read_metadata
from satseg.errors import SceneError

STEM = "15JUN06024100-M2AS-000000000000_01_P001"


def refused(folder: Path, part: str | None = None) -> str:
    with pytest.raises(SceneError) as error:
        find_delivery(folder, part=part)
    return str(error.value)


def test_both_products_are_found_in_their_subfolders(tmp_path: Path) -> None:
    write_multispectral(tmp_path / "O_P001_MUL")
    write_panchromatic(tmp_path / "O_P001_PAN")
    (tmp_path / "O_README.TXT").write_text("Read me.")
    found = find_delivery(tmp_path)
    assert found.part == "000000000000_01_P001"
    assert (found.image.kind, found.image.name, len(found.image.tiles)) == (
        "multispectral",
        STEM,
        2,
    )
    assert found.pan is not None
    assert [(tile.row, tile.column) for tile in found.pan.tiles] == [(0, 0), (0, 120)]
    assert found.image.metadata.names == WORLDVIEW3
    assert not found.image.is_raw


def test_the_folder_of_one_product_is_enough(tmp_path: Path) -> None:
    write_multispectral(tmp_path)
    assert find_delivery(tmp_path).pan is None


def test_small_letters_and_no_subfolders_do_not_matter(tmp_path: Path) -> None:
    write_multispectral(tmp_path)
    write_panchromatic(tmp_path)
    for path in tmp_path.iterdir():
        path.rename(path.with_name(path.name.lower()))
    found = find_delivery(tmp_path)
    assert (len(found.image.tiles), found.pan is not None) == (2, True)


def test_one_tile_needs_no_til(tmp_path: Path) -> None:
    imd = write_multispectral(tmp_path)
    imd.with_suffix(".TIL").unlink()
    (tmp_path / STEM.replace("-M2AS", "-M2AS_R1C2")).with_suffix(".TIF").unlink()
    (tile,) = find_delivery(tmp_path).image.tiles
    assert (tile.row, tile.column) == (0, 0)


def test_several_parts_need_a_choice(tmp_path: Path) -> None:
    write_multispectral(tmp_path / "1")
    write_multispectral(tmp_path / "2", text=with_part("P002"))
    assert "000000000000_01_P001, 000000000000_01_P002" in refused(tmp_path)
    assert "--part" in refused(tmp_path)
    assert "found 'P003'" in refused(tmp_path, "P003")
    for part in ("p002", "000000000000_01_P002"):
        assert find_delivery(tmp_path, part=part).image.name.endswith("P002")


def test_a_pansharpened_product_is_known_by_name_and_by_its_imd(tmp_path: Path) -> None:
    write_multispectral(tmp_path / "name", kind="S2AS")
    assert find_delivery(tmp_path / "name").image.kind == "pan-sharpened"
    imd = write_multispectral(tmp_path / "imd")
    edit(imd, ('panSharpenAlgorithm = "None"', 'panSharpenAlgorithm = "UNB"'))
    found = find_delivery(tmp_path / "imd").image
    assert (found.kind, found.metadata.sharpened_by) == ("pan-sharpened", "UNB")


def test_multispectral_comes_before_pansharpened(tmp_path: Path) -> None:
    write_multispectral(tmp_path / "s", kind="S2AS")
    write_multispectral(tmp_path / "m")
    assert find_delivery(tmp_path).image.kind == "multispectral"


def test_shortwave_products_are_left_out(tmp_path: Path) -> None:
    write_multispectral(tmp_path / "a", kind="A2AS")
    assert "only short-wave infrared" in refused(tmp_path)
    write_multispectral(tmp_path / "m")
    assert find_delivery(tmp_path).image.name == STEM


def test_folders_without_a_product_to_map_are_refused(tmp_path: Path) -> None:
    assert "no .IMD in" in refused(tmp_path)
    assert "no folder" in refused(tmp_path / "none")
    write_panchromatic(tmp_path / "p")
    assert "only the panchromatic 15JUN06024100-P2AS" in refused(tmp_path)


def test_two_products_of_a_kind_are_refused(tmp_path: Path) -> None:
    write_multispectral(tmp_path / "a")
    write_multispectral(tmp_path / "b")
    assert "one product of each kind" in refused(tmp_path)


def test_a_missing_tile_is_named(tmp_path: Path) -> None:
    write_multispectral(tmp_path)
    name = STEM.replace("-M2AS", "-M2AS_R1C2") + ".TIF"
    (tmp_path / name).unlink()
    text = refused(tmp_path)
    assert f"the tile '{name}', which {STEM}.TIL lists" in text
    assert "Copy the delivery again" in text


def test_tiles_without_a_til_are_refused(tmp_path: Path) -> None:
    imd = write_multispectral(tmp_path)
    imd.with_suffix(".TIL").unlink()
    assert "2 image files" in refused(tmp_path)
    for tile in tmp_path.glob("*.TIF"):
        tile.unlink()
    assert "0 image files (none) and no .TIL" in refused(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("numTiles = 2", "numTiles = 3"), "found numTiles = 3"),
        (('filename = "15', 'filename = "../15'), "the tile '../15JUN"),
        (("ULColOffset = 30", "ULColOffset = -30"), "found -30.0 for 15JUN"),
        (("ULColOffset = 30", "ULColOffset = 30.5"), "found 30.5 for 15JUN"),
        (("ULRowOffset = 0;", ""), "found None for 15JUN"),
    ],
)
def test_a_damaged_til_is_refused(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    til = write_multispectral(tmp_path).with_suffix(".TIL")
    edit(til, change)
    assert told in refused(tmp_path)


def test_tiles_may_stand_in_a_group_of_their_own(tmp_path: Path) -> None:
    til = write_multispectral(tmp_path).with_suffix(".TIL")
    body = til.read_text().replace("END;\n", "")
    til.write_text(f"BEGIN_GROUP = TILESET\n{body}END_GROUP = TILESET\nEND;\n")
    assert len(find_delivery(tmp_path).image.tiles) == 2


def test_the_imd_tells_light_view_and_cloud(tmp_path: Path) -> None:
    imd = write_multispectral(tmp_path)
    edit(
        imd,
        ("meanOffNadirViewAngle = 0.0", "meanOffNadirViewAngle = 14.4"),
        ("meanSatAz = 0.0", "meanSatAz = 312.9"),
    )
    found = read_metadata(imd)
    assert found.view == View(30.0, 110.0, 14.4, 312.9)
    assert (found.cloud_cover, found.gsd_m, found.scan_direction) == (0.012, 2.401, "Forward")
    assert (found.acquired, found.platform, found.level) == (TEXT.moment, "WorldView-3", "LV2A")
    assert (found.rows, found.columns, found.images) == (40, 60, 1)
    assert (found.sharpened_by, found.enhancement) == ("", "")
    assert found.bands[4].name == "red"
    assert (found.bands[4].abs_cal_factor, found.bands[4].effective_bandwidth_um) == (
        0.0113,
        0.0585,
    )


def test_what_the_supplier_does_not_know_counts_as_not_told(tmp_path: Path) -> None:
    imd = write_multispectral(tmp_path)
    edit(imd, ("cloudCover = 0.012", "cloudCover = -999"))
    drop(imd, "meanSun")
    found = read_metadata(imd)
    assert (found.cloud_cover, found.view.sun_elevation_deg) == (None, None)


@pytest.mark.parametrize(
    ("band_id", "names"),
    [
        ("RGB", ("red", "green", "blue")),
        ("BGRN", ("blue", "green", "red", "nir1")),
        ("Multi", WORLDVIEW3),
    ],
)
def test_bands_stand_in_the_order_of_the_file(
    tmp_path: Path, band_id: str, names: tuple[str, ...]
) -> None:
    imd = write_multispectral(tmp_path)
    edit(imd, ('bandId = "Multi"', f'bandId = "{band_id}"'))
    assert read_metadata(imd).names == names


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("numRows = 40", "numRows = 0"), "numRows as a whole number above 0; found 0.0"),
        (("numColumns = .*", ""), "found none in 15JUN"),
        (("BAND_[A-Z0-9]+", "BAND_X9"), "different names"),
        (("(firstLine|earliestAcq)Time = [^;]*", r"\1Time = soon"), "found 'soon'"),
        (("meanSunEl = [^;]*", "meanSunEl = high"), "a number as meanSunEl of IMAGE_1"),
    ],
)
def test_a_damaged_imd_is_refused(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    edit(write_multispectral(tmp_path), change)
    assert told in refused(tmp_path)


def test_an_imd_without_bands_is_refused(tmp_path: Path) -> None:
    imd = write_multispectral(tmp_path)
    text = imd.read_text()
    start, stop = text.index("BEGIN_GROUP = BAND_C"), text.index("outputFormat")
    imd.write_text(text[:start] + text[stop:])
    assert "bandId 'MULTI' and no group of a known band" in refused(tmp_path)
