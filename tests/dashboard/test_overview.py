import re

from dashboard.overview import BOUNDS, WIDTH, district_paths, project


def test_the_drawing_has_its_north_west_corner_at_the_origin_and_north_is_up() -> None:
    assert project(BOUNDS[0], BOUNDS[3]) == (0, 0)
    east, south = project(BOUNDS[2], BOUNDS[1])
    assert east == WIDTH
    assert south > 0


def test_a_kilometre_is_as_long_eastward_as_southward() -> None:
    x, y = project(BOUNDS[0] + 0.1 / 0.8545, BOUNDS[3] - 0.1)  # cos(31.28 degrees) = 0.8547
    assert abs(x - y) < 0.2


def test_shanghai_has_sixteen_districts_named_in_both_languages() -> None:
    english, chinese = district_paths("en"), district_paths("zh")
    assert len(english) == len(chinese) == 16
    assert {district["name"] for district in english} >= {"Chongming", "Qingpu"}
    assert {district["name"] for district in chinese} >= {"崇明区", "青浦区"}
    assert all(re.fullmatch(r"(M[-\d. L]+Z)+", district["path"]) for district in english)
