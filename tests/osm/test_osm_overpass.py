import json
import socket

import pytest
from osm_answer import CELL_M2, FARMLAND_CELLS, REGION, TOTAL_CELLS

from satseg.area import region_area_m2
from satseg.errors import VectorError
from satseg.osm import TAGS, Server, counting
from satseg.osm.overpass import ask
from satseg.osm.shares import areas_m2
from satseg.osm.store import remembered


def test_an_answer_has_the_areas_counted_by_hand(overpass, tmp_path):
    areas = ask(Server(overpass.url), REGION, TAGS, tmp_path)
    found = dict(zip(areas.frame["osm_id"], areas_m2(areas) / CELL_M2, strict=True))
    others = {"way/12": 4, "way/17": 4, "way/28": 100}
    raw = FARMLAND_CELLS | {"way/11": 100} | others
    assert found == pytest.approx(raw, rel=1e-4)
    assert region_area_m2(areas.farmland()) / CELL_M2 == pytest.approx(TOTAL_CELLS, rel=1e-4)
    assert areas.repaired == ("relation/5", "way/20")
    assert set(areas.frame["osm_id"][areas.frame["role"] == "subtracted"]) == {"way/12", "way/17"}
    assert areas.frame.set_index("osm_id").loc["way/11", "name"] == '东滩 "A" & B'


def test_the_query_names_each_tag_and_the_region(overpass, tmp_path):
    ask(Server(overpass.url, timeout_s=30), REGION, TAGS, tmp_path)
    (query,) = overpass.queries
    assert query.startswith("[out:json][timeout:30]")
    for tag in TAGS:
        assert f"relation['{tag.key}'='{tag.value}'](poly:'" in query
    assert "31.006000 121.010000" in query


def test_an_answer_is_kept_with_its_date_until_it_is_asked_for_again(overpass, tmp_path):
    server = Server(overpass.url)
    first = remembered(tmp_path, server, REGION, TAGS)
    again = remembered(tmp_path, server, REGION, TAGS)
    assert len(overpass.queries) == 1
    assert again.retrieved == first.retrieved.replace(microsecond=0)
    assert (again.source, again.query) == (overpass.url, first.query)
    assert again.repaired == first.repaired
    assert again.frame.geom_equals(first.frame).all()
    remembered(tmp_path, server, REGION, TAGS, refresh=True)
    assert len(overpass.queries) == 2
    remembered(tmp_path, server, REGION, counting(["landuse=orchard"]))
    assert len(overpass.queries) == 3


def test_a_failed_refresh_keeps_the_older_answer(overpass, tmp_path):
    server = Server(overpass.url)
    remembered(tmp_path, server, REGION, TAGS)
    overpass.status = 500
    with pytest.raises(VectorError):
        remembered(tmp_path, server, REGION, TAGS, refresh=True)
    assert len(remembered(tmp_path, server, REGION, TAGS).frame) == 13


def test_a_region_without_areas_is_no_error(overpass, tmp_path):
    overpass.body = json.dumps({"elements": []}).encode()
    areas = remembered(tmp_path, Server(overpass.url), REGION, TAGS)
    assert len(areas.frame) == 0
    assert areas.farmland().is_empty
    assert len(remembered(tmp_path, Server(overpass.url), REGION, TAGS).frame) == 0


REFUSALS = {
    "busy": (429, b"", "status 429: the server is busy"),
    "gateway": (504, b"", "status 504: the server is busy"),
    "broken": (500, b"oops", "status 500"),
    "no JSON": (200, b"<html>sorry</html>", "sorry"),
    "a list": (200, b"[1]", "an incomplete answer: list"),
    "out of time": (
        200,
        b'{"elements": [], "remark": "timed out"}',
        "incomplete answer: timed out",
    ),
    "no elements": (200, b'{"version": 0.6}', "no elements"),
    "wrong elements": (200, b'{"elements": [{"type": "way"}]}', "no elements"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_an_incomplete_answer_is_refused_and_not_kept(overpass, tmp_path, case):
    overpass.status, overpass.body, told = REFUSALS[case]
    with pytest.raises(VectorError) as error:
        remembered(tmp_path, Server(overpass.url), REGION, TAGS)
    assert told in error.value.found
    assert not list(tmp_path.rglob("areas.gpkg"))


def test_without_a_server_the_ways_out_are_told(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = Server(f"http://127.0.0.1:{unused.getsockname()[1]}/api")
        with pytest.raises(VectorError, match="no network.*local file with --osm"):
            remembered(tmp_path, server, REGION, TAGS)


def test_a_query_leaves_osmnx_and_the_resolver_as_they_were(overpass, tmp_path):
    from osmnx import settings

    names = ("overpass_url", "cache_folder", "cache_only_mode", "requests_kwargs")
    before = [getattr(settings, name) for name in names]
    resolve = socket.getaddrinfo
    ask(Server(overpass.url), REGION, TAGS, tmp_path)
    assert [getattr(settings, name) for name in names] == before
    assert socket.getaddrinfo is resolve


@pytest.mark.parametrize("url", ["ftp://here/api", "overpass", "http://", "file:///etc/passwd"])
def test_a_server_has_an_http_address(url):
    with pytest.raises(VectorError, match="address of an Overpass server"):
        Server(url)


def test_a_timeout_has_bounds():
    with pytest.raises(VectorError, match="timeout from 1 to 3600 seconds"):
        Server(timeout_s=0)
