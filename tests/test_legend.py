import itertools

import numpy as np
import pytest

from satseg.classes import BARE, CLASSES, FARMLAND, GRASS, POND, WATER
from satseg.errors import ModelError
from satseg.legend import COLOURS, IGNORED, OTHER, code_of, legend_of

KEYS = ("farmland", "water", "bare")


def test_a_legend_of_names_takes_colours_and_farmland_from_the_classes():
    found = legend_of(KEYS)
    assert found.keys == KEYS
    assert found.farmland == (0,)
    assert found.codes.tolist() == [FARMLAND, WATER, BARE]
    assert found.entries[1].rgb == (0, 80, 168)


def test_a_card_keeps_the_legend_whole():
    rows = [{"name": "tree"}, {"name": "farmland", "colour": "#010203"}]
    rows.append({"name": "greenhouse", "farmland": True})
    found = legend_of(rows)
    assert found.farmland == (1, 2)
    assert found.entries[1].rgb == (1, 2, 3)
    assert legend_of(found.table()) == found


def test_no_classes_are_no_legend():
    assert legend_of(()) is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["farmland", "swamp"], "swamp"),
        (["farmland", "unlabelled"], "unlabelled"),
        (["farmland", "water", "water"], "water twice"),
        (["farmland"], "two classes or more"),
        (["water", "bare"], "a class that is farmland"),
        ([{"name": "farmland"}, {"name": "water", "farmland": True}], "one that is not"),
        ([{"name": "farmland", "colour": "red"}, "water"], "#rrggbb"),
    ],
)
def test_a_wrong_legend_is_refused_with_its_reason(rows, said):
    with pytest.raises(ModelError, match=said):
        legend_of(rows)


def test_truth_allows_its_class_what_it_stands_for_or_anything_but_farmland():
    possible = legend_of(KEYS).possible()
    assert possible.shape == (256, 3)
    assert possible[FARMLAND].tolist() == [True, False, False]
    assert possible[POND].tolist() == [False, True, False]
    for code in (OTHER, GRASS):
        assert possible[code].tolist() == [False, True, True]
    assert possible[IGNORED].all()


def test_a_class_of_a_source_has_a_code_or_is_unknown():
    assert [code_of(key) for key in ("bare", "other", "ignored")] == [BARE, OTHER, IGNORED]
    with pytest.raises(ModelError, match="rangeland"):
        code_of("rangeland")


# Machado, Oliveira, Fernandes (2009), severity 1.0: how linear red, green and blue are seen.
SEEN = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lightness_and_hue(linear):
    """CIE 1976 L*a*b* of linear sRGB under D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    share = to_xyz @ linear.clip(0, 1) / (0.9505, 1.0, 1.089)
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", SEEN)
def test_colours_are_told_apart_with_any_colour_vision(eyes):
    keys = ("farmland", "water", "built", "road", "tree", "bare", "greenhouse")
    srgb = np.array([list(bytes.fromhex(COLOURS[key][1:])) for key in keys]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = [lightness_and_hue(np.asarray(SEEN[eyes]) @ colour) for colour in linear]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert nearest > 20


def test_every_class_has_a_colour_of_its_own():
    assert set(COLOURS) == {item.key for item in CLASSES[1:]}
    assert len(set(COLOURS.values())) == len(COLOURS)
