import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box
from shelf_files import ORIGIN, PIXEL_M, UTM, write_probability, write_scene

from satseg.area import AreaHistogram, area_histogram, region_area_m2
from satseg.catalog import Catalog
from satseg.cli import main
from satseg.errors import CatalogError, RegionError, SatsegError
from satseg.grids import to_lonlat
from satseg.interest import (
    MAX_NAME,
    Interest,
    InterestStore,
    check_name,
    overlapping,
    suggested_name,
)
from satseg.interest_series import series_within

FIELD = box(121.70, 31.20, 121.71, 31.21)
SIZE = (40, 60)


def in_pixels(xmin: float, ymin: float, xmax: float, ymax: float) -> Polygon:
    """A rectangle of the tests' scenes, whose y counts rows downwards, in degrees."""
    left, top = ORIGIN
    shape = box(
        left + xmin * PIXEL_M, top - ymax * PIXEL_M, left + xmax * PIXEL_M, top - ymin * PIXEL_M
    )
    lonlat = to_lonlat(UTM)
    return shapely.transform(shape, lambda p: np.column_stack(lonlat.transform(p[:, 0], p[:, 1])))


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """Two dates; farmland is the left half on the first and the left quarter on the second."""
    catalog = Catalog.open(tmp_path / "catalog")
    monkeypatch.setenv("SATSEG_CATALOG", str(catalog.root))
    for number, (day, columns) in enumerate((("2015-06-06", 30), ("2020-06-06", 15))):
        image = write_scene(tmp_path / f"s{number}.tif", size=SIZE, seed=number)
        catalog.add_scene(image, date=day, region_id="s0" if number else None)
        codes = np.zeros(SIZE, dtype=np.uint8)
        codes[:, :columns] = 254
        codes[:10, :10] = 255
        raster = write_probability(tmp_path / f"p{number}.tif", codes)
        catalog.add_prediction(
            f"s{number}", "farmnet", weights_sha256="a" * 64, probability=raster, runtime="by hand"
        )
    return catalog


def test_a_name_says_which_area_whatever_its_case_and_width() -> None:
    ids = {
        Interest.now(n, FIELD, origin="drawn").id for n in ("My field", "MY  FIELD", "Ｍy field")
    }
    assert len(ids) == 1
    other = Interest.now("崇明 东滩", FIELD, origin="drawn")
    assert other.name == "崇明 东滩"
    assert other.id not in ids


@pytest.mark.parametrize(
    "name", ["", "   ", "x" * (MAX_NAME + 1), "a/b", "..\\a", "<b>", "a\0b", "a\u202eb", '"']
)
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(RegionError, match="Choose another name, for example North field"):
        check_name(name)


@given(st.text(max_size=200))
def test_a_suggested_name_can_always_be_used(text: str) -> None:
    assert check_name(suggested_name(text)) == suggested_name(text)


def test_an_area_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    store = InterestStore(tmp_path)
    assert store.interests() == []
    ring = Polygon(FIELD.exterior.coords, [box(121.704, 31.204, 121.706, 31.206).exterior.coords])
    kept = Interest("Dongtan", ring, "drawn", dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    store.add(kept)
    assert store.interests() == [kept]
    assert store.get(kept.id) == store.named("DONGTAN ") == kept
    feature = json.loads((tmp_path / "interests" / f"{kept.id}.geojson").read_text())
    assert feature["properties"]["name"] == "Dongtan"


def test_a_name_is_never_taken_over(tmp_path: Path) -> None:
    store = InterestStore(tmp_path)
    first = Interest.now("Field", FIELD, origin="drawn")
    store.add(first)
    with pytest.raises(CatalogError, match="a name that no area of interest has"):
        store.add(Interest.now("FIELD", box(1, 1, 2, 2), origin="drawn"))
    assert store.interests() == [first]


def test_what_is_removed_can_be_kept_again(tmp_path: Path) -> None:
    store = InterestStore(tmp_path)
    kept = Interest.now("Field", FIELD, origin="drawn")
    store.add(kept)
    assert store.remove(kept.id) == kept
    assert store.interests() == []
    with pytest.raises(RegionError, match=r"\(there is none\)"):
        store.remove(kept.id)
    store.add(kept)
    assert store.interests() == [kept]


@pytest.mark.parametrize("wrong", ["../../etc/passwd", "/etc/passwd", "", "a/b", "nothing"])
def test_an_id_reaches_no_other_file(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(RegionError, match="one of the areas of interest"):
        InterestStore(tmp_path).get(wrong)


@pytest.mark.parametrize("text", ["{", "{}", '{"properties": {}}', "[]"])
def test_a_broken_file_is_told_with_its_name(tmp_path: Path, text: str) -> None:
    store = InterestStore(tmp_path)
    store.add(Interest.now("Field", FIELD, origin="drawn"))
    (path,) = (tmp_path / "interests").glob("*.geojson")
    path.write_text(text)
    with pytest.raises(RegionError, match="Remove the file"):
        store.interests()


def test_a_crossing_outline_is_repaired_and_a_line_is_refused() -> None:
    bow_tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    assert Interest.now("a", bow_tie, origin="drawn").geometry.area == pytest.approx(0.5)
    with pytest.raises(RegionError, match="three corners or more"):
        Interest.now("a", Polygon([(0, 0), (1, 1), (2, 2)]), origin="drawn")
    with pytest.raises(RegionError, match="from -180 to 180"):
        Interest.now("a", box(500, 0, 600, 1), origin="drawn")


def test_only_scenes_that_share_ground_overlap(catalog: Catalog) -> None:
    scenes = catalog.scenes()
    assert overlapping(in_pixels(50, 0, 70, 10), scenes) == scenes
    beside = scenes[0].footprint.bounds
    touching = box(beside[2], beside[1], beside[2] + 0.01, beside[3])
    assert overlapping(touching, scenes) == []
    assert overlapping(FIELD, scenes) == []


def test_the_series_is_that_of_satseg_area_in_the_same_outline(catalog: Catalog) -> None:
    outline = in_pixels(9.5, 9.25, 40.5, 30.75)
    frame = series_within(catalog, outline)
    for row, record in zip(frame.itertuples(), catalog.predictions(), strict=True):
        expected = area_histogram(record.probability, outline)
        assert row.area_m2 == expected.area_m2(0.5)
        assert row.valid_fraction == expected.valid_fraction
    pixel = region_area_m2(in_pixels(20, 20, 21, 21))
    first, second = frame.area_m2 / pixel
    corner = 0.5 * 0.75  # without data
    assert first == pytest.approx(20.5 * 21.5 - corner, rel=1e-3)
    assert second == pytest.approx(5.5 * 21.5 - corner, rel=1e-3)
    assert frame.valid_fraction.iloc[0] == pytest.approx(1 - corner / (31 * 21.5), abs=1e-4)
    assert frame.change_m2.iloc[1] == pytest.approx((5.5 - 20.5) * 21.5 * pixel, rel=1e-3)


def test_one_histogram_serves_every_threshold(catalog: Catalog) -> None:
    (record, _) = catalog.predictions()
    found = area_histogram(record.probability, in_pixels(20, 20, 40, 30))
    assert isinstance(found, AreaHistogram)
    assert found.share(0.01) == pytest.approx(0.5, rel=1e-4)
    assert found.area_m2(0.0) == pytest.approx(found.region_m2, rel=1e-5)


@given(x=st.floats(0, 50), y=st.floats(0, 30), width=st.floats(0.5, 10), height=st.floats(0.5, 10))
def test_parts_of_an_area_add_up(
    tmp_path_factory: pytest.TempPathFactory, x: float, y: float, width: float, height: float
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "whole.tif"
    if not path.exists():
        codes = np.random.default_rng(1).integers(0, 255, SIZE).astype(np.uint8)
        write_probability(path, codes)
    split = x + width / 3
    parts = [
        area_histogram(path, in_pixels(*part))
        for part in ((x, y, split, y + height), (split, y, x + width, y + height))
    ]
    whole = area_histogram(path, in_pixels(x, y, x + width, y + height))
    assert sum(part.m2 for part in parts) == pytest.approx(whole.m2, abs=2e-4)


def test_a_series_elsewhere_says_so(catalog: Catalog) -> None:
    with pytest.raises(RegionError, match="shares ground with a scene"):
        series_within(catalog, FIELD)
    with pytest.raises(SatsegError, match="probability"):
        series_within(catalog, in_pixels(0, 0, 5, 5), threshold=7)


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def outline(tmp_path: Path) -> Path:
    path = tmp_path / "north field.geojson"
    path.write_text(json.dumps(in_pixels(20, 20, 40, 30).__geo_interface__))
    return path


def test_the_command_measures_within_a_file_and_keeps_it(
    catalog: Catalog, outline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "areas.csv"
    assert run("area", "--within", outline, "--keep", "Paddy", "--csv", table) == 0
    told = capsys.readouterr()
    assert "Within Paddy, 0.01 ha" in told.out
    assert "50.0%" in told.out
    assert "satseg area --within 'Paddy'" in told.err
    assert table.read_text().splitlines()[1].startswith("Paddy,s0,2015-06-06")
    assert run("area", "--within", "paddy", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [round(row["share"], 3) for row in rows] == [0.5, 0.0]
    assert run("area", "--within", outline, "--keep", "PADDY") == 1
    assert "a name that no area of interest has" in capsys.readouterr().err


def test_the_command_refuses_what_is_no_outline(
    catalog: Catalog, outline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, said in (
        (("--within", "none.kml"), "none.kml: FileNotFoundError"),
        (("--within", "Nobody's"), "one of the areas of interest"),
        (("--keep", "a"), "--keep together with --within FILE"),
        (("--within", "paddy", "--keep", "a"), "no file paddy"),
    ):
        assert run("area", *arguments) == 1
        assert said in capsys.readouterr().err
