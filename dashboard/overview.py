"""The overview of Shanghai: a small drawing of its districts on which a region can be chosen."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.browser_files import asset_files
from dashboard.session import Language

HERE = Path(__file__).resolve().parent
WIDTH: Final = 300.0
BOUNDS: Final = (120.85, 30.68, 122.0, 31.88)  # west, south, east, north of Shanghai, degrees
TOLERANCE_DEG: Final = 0.004

_component = st.components.v2.component(
    "satseg_overview",
    html='<svg role="group"></svg>',
    css=(HERE / "assets" / "overview.css").read_text(encoding="utf-8"),
    js=(HERE / "assets" / "overview.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A region on the overview: where it lies (degrees, WGS 84) and how it is shown."""

    id: str
    name: str
    lon: float
    lat: float
    note: str
    has_data: bool


def draw_overview(
    spots: Sequence[Spot],
    current: str,
    *,
    language: Language,
    label: str,
    key: str,
    on_choice: Callable[[], None],
) -> None:
    """Draw the overview; while ``on_choice`` runs, ``session_state[key].chosen`` is the region."""
    east, north = project(BOUNDS[2], BOUNDS[1])
    data = {
        "width": east,
        "height": north,
        "label": label,
        "districts": district_paths(language),
        "regions": [_placed(spot, current) for spot in spots],
    }
    _component(key=key, data=data, on_chosen_change=on_choice)


def project(lon: float, lat: float) -> tuple[float, float]:
    """Return the drawing's (x, y) of a position; equirectangular, true at Shanghai's latitude."""
    west, south, east, north = BOUNDS
    scale = WIDTH / (east - west)
    shrink = math.cos(math.radians((south + north) / 2))
    return round((lon - west) * scale, 1), round((north - lat) * scale / shrink, 1)


@lru_cache(maxsize=2)
def district_paths(language: Language) -> list[dict[str, str]]:
    """Return name and SVG path of each district; none where the outline file is missing."""
    from shapely.geometry import shape

    file = asset_files()["districts.json"]
    if not file.is_file():
        return []
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    paths = []
    for feature in features:
        outline = shape(feature["geometry"]).simplify(TOLERANCE_DEG)
        polygons = getattr(outline, "geoms", [outline])
        path = "".join(_ring(polygon.exterior.coords) for polygon in polygons)
        names = feature["properties"]
        name = names.get(f"name_{language}") or names.get("name_zh") or ""
        paths.append({"name": str(name), "path": path})
    return paths


def _ring(coordinates: Sequence[tuple[float, ...]]) -> str:
    points = [project(point[0], point[1]) for point in coordinates]
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"


def _placed(spot: Spot, current: str) -> dict[str, Any]:
    x, y = project(spot.lon, spot.lat)
    return {
        "id": spot.id,
        "name": spot.name,
        "note": spot.note,
        "hasData": spot.has_data,
        "current": spot.id == current,
        "x": x,
        "y": y,
    }
