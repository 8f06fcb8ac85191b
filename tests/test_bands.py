import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg import bands
from satseg.errors import BandError


def test_three_unnamed_bands_are_red_green_blue():
    assert bands.resolve(3) == ("red", "green", "blue")


def test_eight_unnamed_bands_are_worldview3_in_product_order():
    assert bands.resolve(8)[0] == "coastal"
    assert bands.resolve(8)[4] == "red"
    assert bands.resolve(8)[-1] == "nir2"


def test_descriptions_win_over_the_customary_order():
    assert bands.resolve(3, ["Blue", "Green", "Red"]) == ("blue", "green", "red")


def test_the_users_order_wins_over_descriptions():
    assert bands.resolve(3, ["Blue", "Green", "Red"], ["r", "g", "b"]) == bands.RGB


def test_descriptions_that_name_no_band_are_passed_over():
    assert bands.resolve(3, ["Band 1", "Band 2", "Band 3"]) == bands.RGB


@pytest.mark.parametrize("count", [1, 2, 5, 7, 9])
def test_other_numbers_of_unnamed_bands_are_refused(count):
    with pytest.raises(BandError, match=rf"{count} bands? without names.*--bands"):
        bands.resolve(count)


def test_five_named_bands_are_fine():
    names = ["blue", "green", "red", "red edge", "nir"]
    assert bands.resolve(5, requested=names) == ("blue", "green", "red", "red_edge", "nir1")


def test_a_wrong_number_of_names_is_refused():
    with pytest.raises(BandError, match="2 .*red, green.*Give as many names"):
        bands.resolve(3, requested=["red", "green"])


def test_a_band_named_twice_is_refused():
    with pytest.raises(BandError, match="red more than once"):
        bands.resolve(3, requested=["red", "r", "blue"])


def test_an_unknown_name_is_refused():
    with pytest.raises(BandError, match="'purple'"):
        bands.canonical("purple")


def test_positions_follow_the_wanted_order():
    assert bands.positions(bands.WORLDVIEW3, bands.RGB) == (4, 2, 1)


def test_missing_bands_are_named():
    with pytest.raises(BandError, match="missing: nir1, nir2"):
        bands.positions(bands.RGB, ["red", "nir1", "nir2"])


@given(st.permutations(bands.WORLDVIEW3))
def test_every_order_of_the_eight_bands_is_kept(order):
    assert bands.resolve(8, requested=order) == tuple(order)
    assert [order[i] for i in bands.positions(order, bands.WORLDVIEW3)] == list(bands.WORLDVIEW3)


def test_every_band_has_a_centre_and_centres_rise():
    centres = [bands.CENTRE_NM[name] for name in bands.WORLDVIEW3]
    assert centres == sorted(centres)
