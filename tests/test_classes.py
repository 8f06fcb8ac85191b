from satseg.classes import CLASSES, FARMLAND_CODES


def test_a_class_stands_at_its_code():
    assert [item.code for item in CLASSES] == list(range(len(CLASSES)))


def test_names_and_colours_are_distinct():
    for attribute in ("key", "name_en", "name_zh", "colour"):
        assert len({getattr(item, attribute) for item in CLASSES}) == len(CLASSES)


def test_only_arable_land_is_farmland():
    assert [CLASSES[code].key for code in FARMLAND_CODES] == ["farmland"]
