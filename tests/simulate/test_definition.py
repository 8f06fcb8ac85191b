from dataclasses import replace
from pathlib import Path

import pytest

from satseg.errors import SceneError
from satseg.simulate.definition import random_definition, read_definition

SAMPLES = Path(__file__).parents[2] / "sample_data"


def test_every_key_of_a_file_arrives(tmp_path):
    path = tmp_path / "here.toml"
    path.write_text(
        'region = "r"\ncentre = [121.5, 31.0]\nseed = 3\ndates = [2016-05-28]\n'
        "[layout]\nblock_m = [100.0, 200.0]\n[mix]\nponds = 1.0\n"
        '[[story]]\ndate = 2018-01-01\nbefore = ["ponds"]\nafter = "paddies"\nshare = 0.5\n'
    )
    found = read_definition(path)
    assert (found.id, found.region, found.seed) == ("here", "r", 3)
    assert found.layout.block_m == (100.0, 200.0)
    assert found.story[0].before == ("ponds",)
    assert found.dates[0].isoformat() == "2016-05-28"


def test_unknown_land_is_named_in_the_error(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('region = "r"\ncentre = [121.5, 31.0]\n[mix]\nrice = 1.0\n')
    with pytest.raises(SceneError, match="rice"):
        read_definition(path)


def test_a_file_that_is_no_definition_is_named_in_the_error(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text("colour = 'green'\n")
    with pytest.raises(SceneError, match=r"odd\.toml"):
        read_definition(path)


def test_digest_changes_with_any_value():
    one = random_definition(1)
    assert one.digest() == random_definition(1).digest()
    assert one.digest() != replace(one, seed=2).digest()
    assert one.digest() != replace(one, layout=replace(one.layout, slant=0.5)).digest()


def test_random_definitions_vary():
    many = [random_definition(seed) for seed in range(40)]
    assert len({max(item.mix, key=item.mix.__getitem__) for item in many}) >= 7
    assert len({item.dates[0].month for item in many}) >= 10
    assert len({item.layout.parcel_width_m for item in many}) == 40
    angles = [item.layout.orientation_deg for item in many]
    assert min(angles) < -60
    assert max(angles) > 60


def test_samples_are_four_regions_with_six_dates_in_different_seasons():
    found = [read_definition(path) for path in sorted(SAMPLES.glob("*.toml"))]
    assert [item.id for item in found] == ["chongming", "lingang", "qingpu", "songjiang"]
    for item in found:
        assert len(item.dates) == 6
        assert list(item.dates) == sorted(item.dates)
        assert len({date.month for date in item.dates}) >= 5
        assert 2015 <= min(item.dates).year < max(item.dates).year <= 2025
