from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from satseg.change.legend import CHANGE_CLASSES, TREND_CLASSES, ChangeClass, content

PROTAN = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTAN = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
TRITAN = (
    (1.255528, -0.076749, -0.178779),
    (-0.078411, 0.930809, 0.147602),
    (0.004733, 0.691367, 0.303900),
)
"""How linear RGB looks without one kind of cone. Source: Machado et al. (2009), severity 1."""

TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = np.array([0.9505, 1.0, 1.089])


def lab(colour: tuple[int, int, int], sight: object) -> NDArray[np.float64]:
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = np.array(TO_XYZ) @ np.clip(np.array(sight) @ linear, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("classes", [CHANGE_CLASSES, TREND_CLASSES])
def test_position_is_the_code(classes: tuple[ChangeClass, ...]) -> None:
    assert [item.code for item in classes] == list(range(len(classes)))


@pytest.mark.parametrize("sight", [np.eye(3), PROTAN, DEUTAN, TRITAN])
def test_colours_stay_apart_with_every_kind_of_colour_vision(sight: object) -> None:
    for one, other in combinations(TREND_CLASSES, 2):
        assert np.linalg.norm(lab(one.colour, sight) - lab(other.colour, sight)) > 15, one.key


def test_codes_are_the_same_in_both_maps() -> None:
    for one, other in zip(CHANGE_CLASSES, TREND_CLASSES, strict=False):
        assert (one.code, one.colour) == (other.code, other.colour)


def test_content_names_all_codes() -> None:
    assert content(TREND_CLASSES).startswith("0 stable other, 1 stable farmland, 2 sustained gain")
    assert content(TREND_CLASSES).endswith("4 flicker, 255 no data")
