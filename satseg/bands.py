"""Names of spectral bands and the order in which files hold them."""

from __future__ import annotations

from collections.abc import Sequence

from satseg.errors import BandError

WORLDVIEW3 = (
    "coastal",
    "blue",
    "green",
    "yellow",
    "red",
    "red_edge",
    "nir1",
    "nir2",
)
"""WorldView-3's multispectral bands in product order.

Source: DigitalGlobe, WorldView-3 Data Sheet (2014), table "Spectral bands".
"""

RGB = ("red", "green", "blue")
RGBN = ("red", "green", "blue", "nir1")

CENTRE_NM = {
    "coastal": 427.0,
    "blue": 482.0,
    "green": 547.0,
    "yellow": 604.0,
    "red": 660.0,
    "red_edge": 723.0,
    "nir1": 824.0,
    "nir2": 914.0,
}
"""Band centres in nanometres, rounded.

Source: DigitalGlobe, Radiometric Use of WorldView-3 Imagery (2016), table 1.
"""

_BY_COUNT = {3: RGB, 4: RGBN, 8: WORLDVIEW3}
_ALIASES = {
    "r": "red",
    "g": "green",
    "b": "blue",
    "n": "nir1",
    "nir": "nir1",
    "nir_1": "nir1",
    "nir_2": "nir2",
    "near_infrared": "nir1",
    "near_infrared_1": "nir1",
    "near_infrared_2": "nir2",
    "c": "coastal",
    "coastal_blue": "coastal",
    "y": "yellow",
    "re": "red_edge",
    "rededge": "red_edge",
    "n2": "nir2",
}


def canonical(name: str) -> str:
    """Return the canonical band name of ``name``.

    Case, blanks and dashes do not matter; common short forms are understood.

    Raises:
        BandError: the name stands for no known band.

    >>> canonical("Red Edge"), canonical("NIR")
    ('red_edge', 'nir1')
    """
    key = "_".join(name.strip().lower().replace("-", " ").split())
    key = _ALIASES.get(key, key)
    if key not in WORLDVIEW3:
        raise BandError(
            expected=f"band names out of {', '.join(WORLDVIEW3)}",
            found=repr(name),
            fix="Correct the name, or give the order of the bands, for example red,green,blue,nir1",
        )
    return key


def resolve(
    count: int, descriptions: Sequence[str | None] = (), requested: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return one canonical name for each of ``count`` bands.

    The user's ``requested`` order wins, then the file's descriptions where every band has one that
    is understood, then the customary order for 3 (RGB), 4 (RGB, NIR1) and 8 (WorldView-3) bands.

    Raises:
        BandError: too few or too many names, a name stands twice, or nothing tells the order.
    """
    if requested is not None:
        names = tuple(canonical(name) for name in requested)
        if len(names) != count:
            raise BandError(
                expected=f"{count} band names, one for each band of the file",
                found=f"{len(names)} ({', '.join(names)})",
                fix="Give as many names as the file has bands",
            )
        return _unique(names)
    described = _described(count, descriptions)
    if described is not None:
        return _unique(described)
    if count in _BY_COUNT:
        return _BY_COUNT[count]
    raise BandError(
        expected="3 (red, green, blue), 4 (with nir1) or 8 (WorldView-3) bands, or named bands",
        found=f"{count} band{'s' if count != 1 else ''} without names",
        fix="Name the bands in the order of the file, for example --bands blue,green,red,nir1",
    )


def positions(available: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    """Return the 0-based position in ``available`` of each name in ``wanted``.

    Raises:
        BandError: a wanted band is not available.
    """
    missing = [name for name in wanted if name not in available]
    if missing:
        raise BandError(
            expected=f"a scene with the bands {', '.join(wanted)}",
            found=f"{', '.join(available)}; missing: {', '.join(missing)}",
            fix="Choose a model that needs only the bands that the scene has",
        )
    return tuple(available.index(name) for name in wanted)


def _described(count: int, descriptions: Sequence[str | None]) -> tuple[str, ...] | None:
    if len(descriptions) != count or not all(descriptions):
        return None
    try:
        return tuple(canonical(str(name)) for name in descriptions)
    except BandError:
        return None


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise BandError(
            expected="each band named once",
            found=f"{', '.join(twice)} more than once in {', '.join(names)}",
            fix="Correct the order of the bands",
        )
    return names
