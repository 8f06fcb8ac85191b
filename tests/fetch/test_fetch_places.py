"""Which chips are taken: in a box, near its middle, or those closest together."""

from __future__ import annotations

from pathlib import Path

import pytest
from chip_files import NORTH, SIDE, WEST, pixels_of, write_chip

from satseg.errors import FetchError
from satseg.fetch.places import HEADER_BYTES, Box, box_of_file, box_of_header, choose

LINE = {n: Box(121 + n / 64, 31.0, 121 + (n + 1) / 64, 31.25) for n in range(10)}


def test_all_are_taken_where_nothing_is_asked() -> None:
    boxes = {**LINE, 99: None}
    assert choose(boxes, count=None, within=None) == (*range(10), 99)
    assert choose(boxes, count=11, within=None) == (*range(10), 99)


def test_a_box_takes_what_it_touches_and_edges_do_not_count() -> None:
    within = Box(121 + 2 / 64, 31.0, 121 + 4.5 / 64, 31.1)
    assert choose({**LINE, 99: None}, count=None, within=within) == (2, 3, 4)
    assert choose(LINE, count=None, within=Box(1, 1, 2, 2)) == ()


def test_a_number_takes_those_nearest_to_the_middle_of_the_box() -> None:
    assert choose(LINE, count=3, within=Box(121.0, 31.0, 121 + 11 / 64, 31.25)) == (4, 5, 6)


def test_a_number_alone_takes_those_that_lie_closest_together() -> None:
    crowd = {n: Box(121.5 + n / 1000, 31.5, 121.501 + n / 1000, 31.501) for n in (50, 51, 52)}
    assert choose({**LINE, **crowd, 99: None}, count=3, within=None) == (50, 51, 52)
    assert len(choose(LINE, count=1, within=None)) == 1


def test_the_first_bytes_tell_where_a_chip_lies(tmp_path: Path) -> None:
    path = write_chip(tmp_path / "a.tif", pixels_of(1), col=2)
    whole = box_of_file(path)
    assert whole is not None
    assert whole.bounds == pytest.approx(
        (WEST + 2 * 2.7e-6, NORTH - SIDE * 2.7e-6, WEST + 18 * 2.7e-6, NORTH)
    )
    assert box_of_header(path.read_bytes()[:1000]) == whole


def test_the_first_bytes_of_the_real_tile_tell_where_it_lies(shanghai_tile: Path) -> None:
    with shanghai_tile.open("rb") as file:
        found = box_of_header(file.read(HEADER_BYTES))
    assert found is not None
    assert found == box_of_file(shanghai_tile)
    assert found.bounds == pytest.approx((121.7340792, 31.2277059, 121.7358342, 31.2294609))


def test_files_without_a_place_tell_none(tmp_path: Path) -> None:
    plain = write_chip(tmp_path / "plain.tif", pixels_of(1), crs=None)
    utm = write_chip(tmp_path / "utm.tif", pixels_of(1), crs="EPSG:32651")
    wild = write_chip(tmp_path / "wild.tif", pixels_of(1), pixel=100.0)
    for path in (plain, utm, wild):
        assert box_of_file(path) is None
        assert box_of_header(path.read_bytes()) is None
    assert box_of_header(b"<html>") is None
    assert box_of_file(tmp_path / "none.tif") is None


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "1,2,3,4,5"])
def test_a_text_that_is_no_box_is_told(text: str) -> None:
    with pytest.raises(FetchError, match="four numbers WEST,SOUTH,EAST,NORTH"):
        Box.parse(text)


@pytest.mark.parametrize("text", ["2,1,1,2", "1,2,2,1", "1,1,1,2", "0,0,181,1", "nan,0,1,1"])
def test_a_box_with_its_sides_mixed_up_is_told(text: str) -> None:
    with pytest.raises(FetchError, match="west below east"):
        Box.parse(text)
