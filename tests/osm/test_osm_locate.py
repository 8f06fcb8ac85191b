import subprocess
import sys

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from osm_answer import ANSWER, CELL, CELL_M2, REGION, TOTAL_CELLS, box
from osm_pbf import write_pbf
from shelf_files import write_raster, write_scene

from satseg.area import region_area_m2
from satseg.cli import main
from satseg.errors import RegionError, VectorError
from satseg.geodesy import pixel_areas_m2
from satseg.grids import Grid
from satseg.osm import TAGS, find_areas, locate, read_located, wanted_region
from satseg.osm.shares import Measured, equal_area
from satseg.osm.store import provenance_of
from satseg.windows import Window

PLACE = Affine(CELL / 5, 0, 121.0, 0, -CELL / 5, 31.006)
"""Five pixels a cell, over the whole lattice: 300 x 500 pixels."""
SHAPE = (300, 500)


@pytest.fixture
def located(catalog, tmp_path, elements):
    image = write_scene(tmp_path / "all.tif", size=SHAPE, crs="EPSG:4326", transform=PLACE)
    catalog.add_scene(image, date="2015-06-06")
    extract = write_pbf(tmp_path / "some.osm.pbf", elements)
    areas = find_areas(catalog, REGION, TAGS, file=extract)
    return locate(catalog, areas, chip_px=50)


def test_a_scene_has_the_share_counted_by_hand(located):
    (row,) = located.scenes.itertuples()
    assert row.scene_id == "all"
    assert row.farmland_m2 / CELL_M2 == pytest.approx(TOTAL_CELLS, rel=1e-4)
    assert row.known_m2 / CELL_M2 == pytest.approx(6000, rel=1e-4)
    assert row.share == pytest.approx(TOTAL_CELLS / 6000, rel=1e-4)
    assert row.similar_share == pytest.approx(100 / 6000, rel=1e-4)


def test_chips_have_the_shares_counted_by_hand(located):
    chips = located.chips.set_index(["row", "col"])
    assert len(chips) == 60
    share = chips["share"]
    assert share[250, 0] == pytest.approx(0.96, rel=1e-4)  # the square with a farmyard
    assert share[250, 400] == pytest.approx(0.5, rel=1e-4)  # the bow tie
    assert share[150, 50] == pytest.approx(0.5, rel=1e-4)  # half a meadow
    assert share[150, 450] == pytest.approx(0.5, rel=1e-4)  # clipped by the region
    assert share[150, 100] == pytest.approx(0.68, rel=1e-4)
    assert share[100, 150] == pytest.approx(0.68, rel=1e-4)
    assert share[0, 0] == 0
    assert chips["similar_share"][150, 300] == pytest.approx(1, rel=1e-6)
    assert chips["farmland_m2"].sum() == pytest.approx(located.scenes["farmland_m2"].sum())


def test_chips_at_the_edge_are_cut(located, catalog):
    chips = locate(catalog, located.areas, chip_px=200).chips
    assert [tuple(row) for row in chips[["row", "col", "height", "width"]].to_numpy()] == [
        (0, 0, 200, 200),
        (0, 200, 200, 200),
        (0, 400, 200, 100),
        (200, 0, 100, 200),
        (200, 200, 100, 200),
        (200, 400, 100, 100),
    ]


def test_where_a_scene_has_no_data_nothing_is_known(catalog, tmp_path, elements):
    pixels = np.full((3, *SHAPE), 500, dtype=np.uint16)
    pixels[:, :, :25] = 0  # the western 5 of 100 cells
    image = write_raster(tmp_path / "wedge.tif", pixels, crs="EPSG:4326", transform=PLACE, nodata=0)
    catalog.add_scene(image, date="2015-06-06")
    areas = find_areas(catalog, REGION, TAGS, file=write_pbf(tmp_path / "a.osm.pbf", elements))
    found = locate(catalog, areas, chip_px=50)
    assert found.scenes["known_m2"].sum() / CELL_M2 == pytest.approx(95 * 60, rel=1e-4)
    left = TOTAL_CELLS - (50 - 2) - 50  # half of way 11 with half its farmyard, half of way 25
    assert found.scenes["farmland_m2"].sum() / CELL_M2 == pytest.approx(left, rel=1e-4)
    share = found.chips.set_index(["row", "col"])["share"]
    assert share[250, 0] == pytest.approx(48 / 50, rel=1e-4)


def test_outside_of_the_region_nothing_is_known(catalog, tmp_path, located, elements):
    region = box(0, 0, 20, 20)
    areas = find_areas(catalog, region, TAGS, file=write_pbf(tmp_path / "b.osm.pbf", elements))
    found = locate(catalog, areas, chip_px=50)
    assert len(found.chips) == 4
    assert found.scenes["share"].tolist() == pytest.approx([96 / 400], rel=1e-4)


def test_a_geopackage_keeps_layers_provenance_and_attribution(located, tmp_path):
    path = tmp_path / "farmland.gpkg"
    located.write(path)
    names = [name for name, _ in pyogrio.list_layers(path)]
    assert names == ["farmland", "context", "scenes", "chips", "provenance"]
    farmland = read_located(path, "farmland")
    assert farmland.set_index("osm_id").loc["way/11", "area_m2"] / CELL_M2 == pytest.approx(
        96, rel=1e-4
    )
    told = provenance_of(path)
    assert "OpenStreetMap contributors, Open Database Licence" in told["attribution"]
    assert (told["source"], told["chip_px"]) == ("some.osm.pbf", "50")
    assert "landuse=farmyard" in told["query"]
    again = find_areas(None, REGION, TAGS, file=path)
    assert region_area_m2(again.farmland()) / CELL_M2 == pytest.approx(TOTAL_CELLS, rel=1e-4)


def test_a_file_without_the_layer_is_refused(tmp_path):
    with pytest.raises(VectorError, match="Run 'satseg locate' first"):
        read_located(tmp_path / "none.gpkg", "chips")


@given(
    st.lists(
        st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(1, 30)] * 2), min_size=1, max_size=5
    )
)
def test_equal_area_agrees_with_geodesic_area_and_adds_up(rectangles):
    shape = shapely.union_all([box(x, y, x + w, y + h) for x, y, w, h in rectangles])
    measured = Measured(shape)
    assert measured.m2 == pytest.approx(region_area_m2(shape), rel=1e-6)
    squares = [box(x, y, x + 10, y + 10) for x in range(0, 100, 10) for y in range(0, 100, 10)]
    parts = measured.within(equal_area(np.array(squares)))
    assert parts.sum() == pytest.approx(measured.m2, rel=1e-9)


def test_many_corners_do_not_change_an_area():
    disc = shapely.Point(121.5, 31.2).buffer(0.01, quad_segs=500)
    assert Measured(disc).m2 == pytest.approx(region_area_m2(disc), rel=1e-9)


def test_a_rotated_grids_chips_have_their_pixels_areas():
    grid = Grid("EPSG:32651", (0.5, 0.2, 350_000, 0.2, -0.5, 3_450_000), 128, 64)
    from satseg.osm.shares import window_outlines

    window = Window(32, 16, 48, 24)
    (outline,) = window_outlines(grid, [window])
    pixels = pixel_areas_m2(grid, window).sum()
    assert Measured(outline).m2 == pytest.approx(pixels, rel=1e-6)


def test_the_region_is_one_thing(catalog, tmp_path):
    with pytest.raises(RegionError, match="found both"):
        wanted_region(catalog, "a", (0, 0, 1, 1))
    with pytest.raises(RegionError, match="west below east"):
        wanted_region(catalog, None, (1, 0, 0, 1))
    with pytest.raises(RegionError, match="say where to look with --bbox"):
        wanted_region(catalog, None, None)
    catalog.add_scene(write_scene(tmp_path / "s.tif"), date="2015-06-06")
    assert wanted_region(catalog, None, None).equals(catalog.scene("s").footprint)
    assert wanted_region(catalog, "s", None).equals(catalog.region("s").geometry)


def _run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_command_asks_overpass_once_and_tells_what_it_found(
    located, catalog, overpass, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("SATSEG_CATALOG", str(catalog.root))
    arguments = ("locate", "--region", "all", "--overpass", overpass.url, "--chip-px", 50)
    assert _run(*arguments, "--output", tmp_path / "out.gpkg") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "13 areas from http://127.0.0.1" in told
    assert "│ all │ all │ 2015-06-06 │ 63.5" in told
    assert "15.9% │ 1.7%" in told
    assert "60 chips of 50 px:" in told
    assert "Mended: relation/5, way/20" in told
    assert "© OpenStreetMap contributors" in told
    assert len(read_located(tmp_path / "out.gpkg", "chips")) == 60
    assert _run(*arguments) == 0
    assert len(overpass.queries) == 1
    assert (catalog.root / "osm" / "located.gpkg").is_file()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--bbox", "1,2,3"), "four numbers"),
        (("--osm", "none.osm.pbf"), "no file at none.osm.pbf"),
        (("--overpass", "here"), "address of an Overpass server"),
        (("--farmland", "rice"), "a tag KEY=VALUE"),
        (("--osm", str(ANSWER)), "overpass_answer.json"),
    ],
)
def test_errors_of_the_command_say_what_to_do(located, catalog, monkeypatch, capsys, options, told):
    monkeypatch.setenv("SATSEG_CATALOG", str(catalog.root))
    assert _run("locate", *options) == 1
    assert told in capsys.readouterr().err


def test_chips_have_a_sensible_size(located, catalog):
    with pytest.raises(VectorError, match="chips of 16 to 8192 pixels"):
        locate(catalog, located.areas, chip_px=3)


def test_osmnx_is_not_imported_for_local_files(located):
    code = "import satseg.osm, sys; sys.exit('osmnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
