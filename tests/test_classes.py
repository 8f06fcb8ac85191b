import pytest

from satseg.classes import CLASSES, FARMLAND_CODES, land_class
from satseg.errors import SceneError


def test_a_class_stands_at_its_code():
    assert [item.code for item in CLASSES] == list(range(len(CLASSES)))


def test_names_and_colours_are_distinct():
    for attribute in ("key", "name_en", "name_zh", "colour"):
        assert len({getattr(item, attribute) for item in CLASSES}) == len(CLASSES)


def test_only_arable_land_is_farmland():
    assert [land_class(code).key for code in FARMLAND_CODES] == ["farmland"]


@pytest.mark.parametrize("code", [-1, 10])
def test_unknown_code_says_what_is_expected(code):
    with pytest.raises(SceneError, match="class code from 0 to 9"):
        land_class(code)
