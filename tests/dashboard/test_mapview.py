import re

import pytest
from streamlit_folium import _get_map_string, generate_js_hash

from dashboard.mapview import Answer, OfflineMap


def script(drawn: OfflineMap) -> str:
    drawn.get_root().render()
    return str(_get_map_string(drawn))


def test_the_map_names_no_other_origin() -> None:
    drawn = OfflineMap()
    addresses = [address for _, address in (*drawn.default_js, *drawn.default_css)]
    assert len(addresses) == 1
    assert all(address.startswith("../../assets/") for address in addresses)
    page = drawn.get_root().render()
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(source.startswith("../../assets/") for source in sources)
    assert "http" not in script(OfflineMap())


def test_two_maps_have_the_same_script_so_that_the_frame_is_never_mounted_anew() -> None:
    assert generate_js_hash(script(OfflineMap())) == generate_js_hash(script(OfflineMap()))


def test_no_answer_is_read_before_the_visitor_touched_the_map() -> None:
    assert Answer.read(None) is None
    assert Answer.read({}) is None


@pytest.mark.parametrize(("told", "read"), [(0.7, 0.7), (7, 1.0), (-1, 0.0)])
def test_an_answer_is_read_within_its_limits(told: float, read: float) -> None:
    value = {"token": "farmnet", "threshold": told, "opacity": told, "shade": 1, "region": None}
    answer = Answer.read(value)
    assert answer == Answer("farmnet", read, read, True, None, 0)


def test_the_first_of_two_thresholds_is_read_within_its_limits() -> None:
    value = {"token": "a|b", "threshold": 0.5, "opacity": 0.5, "shade": False, "first": 7}
    answer = Answer.read(value)
    assert answer is not None
    assert answer.first == 1.0
