"""What a simulated place is: its layout, its mix of land and the story of its years."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from satseg.errors import SceneError

ZONES = (
    "paddies",
    "strips",
    "vegetables",
    "patchwork",
    "hamlet",
    "village",
    "greenhouses",
    "orchard",
    "nursery",
    "ponds",
    "forest",
    "park",
    "waste",
    "industry",
    "slabs",
    "villas",
    "construction",
    "lake",
    "scrub",
)
"""Kinds of land that a block between canals can carry; the first five are
mostly farmland."""

FARM_ZONES = ZONES[:5]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the land is cut.

    Attributes:
        orientation_deg: direction of the main canals, clockwise from east in the image.
        block_m: smallest and largest side of a block between canals and lanes.
        parcel_width_m: smallest and largest width of a parcel.
        parcel_length_m: smallest and largest length of a parcel.
        bend_m: amplitude of the curves that canals and parcels follow.
        slant: 0 for rectangles, towards 0.3 for lopsided blocks and parcels.
        canals: share of the cuts between blocks that carry water.
        patches_m: size of the patches in which the same kind of land gathers.
        highway: whether an expressway crosses the scene.
        bushes_per_ha: bushes and young trees that stand about in small plots, a hectare.
    """

    orientation_deg: float = 0.0
    block_m: tuple[float, float] = (140.0, 320.0)
    parcel_width_m: tuple[float, float] = (8.0, 30.0)
    parcel_length_m: tuple[float, float] = (60.0, 200.0)
    bend_m: float = 6.0
    slant: float = 0.06
    canals: float = 0.5
    patches_m: float = 500.0
    highway: bool = False
    bushes_per_ha: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One event of the story.

    Attributes:
        date: from this day on the new land is there.
        before: kinds of land that it takes.
        after: kind of land that it makes.
        share: of the blocks with ``before`` on that day, 0 to 1.
        toward: (x, y) as fractions of the scene; the blocks nearest to it are taken first.
    """

    date: dt.date
    before: tuple[str, ...]
    after: str
    share: float
    toward: tuple[float, float] = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Definition:
    """A simulated place and its years; everything in its scenes follows from it.

    Attributes:
        id: short name, also the stem of the files.
        region: id of the region of interest.
        centre: longitude and latitude in degrees, WGS 84.
        size_px: height and width in pixels.
        gsd_m: ground sample distance in metres.
        seed: of every random number.
        layout: how the land is cut.
        mix: weight of each kind of land in the first year.
        story: changes in the order of their dates.
        dates: acquisition dates.
        wedge: acquisition date to the share of the scene without data at an edge.
        clouds: acquisition date to the share of the scene under a small cloud.
        crops: weight of each yearly rotation (see ``seasons``); empty for the customary mix.
    """

    id: str
    region: str
    centre: tuple[float, float]
    size_px: int = 2000
    gsd_m: float = 0.6
    seed: int = 0
    layout: Layout = field(default_factory=Layout)
    mix: Mapping[str, float] = field(default_factory=lambda: {"paddies": 1.0})
    story: tuple[Change, ...] = ()
    dates: tuple[dt.date, ...] = ()
    wedge: Mapping[str, float] = field(default_factory=dict)
    clouds: Mapping[str, float] = field(default_factory=dict)
    crops: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {
            *self.mix,
            *(c.after for c in self.story),
            *(z for c in self.story for z in c.before),
        }
        unknown = sorted(named - set(ZONES))
        if unknown:
            raise SceneError(
                expected=f"kinds of land out of {', '.join(ZONES)}",
                found=f"{', '.join(unknown)} in definition {self.id!r}",
                fix="Correct the mix or the story of the definition",
            )
        if self.size_px < 16 or not self.gsd_m > 0:
            raise SceneError(
                expected="at least 16 pixels a side and a GSD above 0 m",
                found=f"size_px {self.size_px}, gsd_m {self.gsd_m} in definition {self.id!r}",
                fix="Correct size_px or gsd_m of the definition",
            )
        object.__setattr__(self, "story", tuple(sorted(self.story, key=lambda c: c.date)))

    @property
    def size_m(self) -> float:
        """Side of the scene in metres."""
        return self.size_px * self.gsd_m

    def digest(self) -> str:
        """Return a hash of everything in the definition, 16 hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_definition(path: Path) -> Definition:
    """Return the definition in the TOML file ``path``.

    Raises:
        SceneError: the file is no TOML, or a key is missing or unknown.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _from_table({"id": path.stem, **table})
    except (KeyError, TypeError, ValueError) as error:
        raise SceneError(
            expected="a scene definition in TOML as sample_data/README.md describes it",
            found=f"{path.name}: {error}",
            fix="Correct the file; the other definitions show every key",
        ) from error


def _from_table(table: dict[str, Any]) -> Definition:
    layout = {key: _frozen(value) for key, value in table.pop("layout", {}).items()}
    story = tuple(_change(item) for item in table.pop("story", []))
    dates = tuple(_date(value) for value in table.pop("dates", []))
    for stated in ("farmland_ha", "changes_ha"):  # what comes out, for readers and tests
        table.pop(stated, None)
    values = {key: _frozen(value) for key, value in table.items()}
    return Definition(**values, layout=Layout(**layout), story=story, dates=dates)


def _change(table: dict[str, Any]) -> Change:
    values = {key: _frozen(value) for key, value in table.items() if key != "date"}
    return Change(date=_date(table["date"]), **values)


def _date(value: dt.date | str) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def random_definition(seed: int, *, size_px: int = 1024, gsd_m: float = 0.6) -> Definition:
    """Return a random training landscape (see ``satseg.simulate.wilds``)."""
    from satseg.simulate.wilds import random_definition as draw

    return draw(seed, size_px=size_px, gsd_m=gsd_m)
