"""The map: leafmap's folium map with every file from our own origin, steered without remounting.

The frame that streamlit-folium opens lies two levels below the server's root, so relative addresses
reach our routes under any base path and behind any proxy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import folium
import leafmap.foliumap as leafmap
import streamlit as st
from branca.element import MacroElement
from folium.template import Template
from streamlit_folium import st_folium

from dashboard.browser_files import BUNDLE, asset_version
from dashboard.session import Keys
from dashboard.shelf import shelf

ROOT: Final = "../.."
CENTRE: Final = (31.2, 121.47)
HEIGHT_PX: Final = 520
MAX_CORNERS: Final = 500


def asset_address(name: str) -> str:
    """Return the address of a browser asset as seen from the map's frame."""
    return f"{ROOT}/assets/{name}?v={asset_version(name)}"


class OfflineMap(leafmap.Map):
    """leafmap's folium map whose scripts and styles come from this server alone."""

    default_js = [("satseg", asset_address(BUNDLE))]  # noqa: RUF012 (folium reads it from the class)
    default_css = []  # noqa: RUF012 (the bundle brings the styles, before the map is measured)

    def __init__(self) -> None:
        super().__init__(
            center=CENTRE,
            zoom=9,
            tiles=None,
            scale_control=False,
            fullscreen_control=False,
            layers_control=False,
            zoom_snap=0.5,
        )
        self.options.update(minZoom=9, maxZoom=22)


class _Apply(MacroElement):
    """The script that hands the state to ``satseg.apply`` in the frame."""

    _template = Template(
        "{% macro script(this, kwargs) %}satseg.apply(map_div, {{ this.state }});{% endmacro %}"
    )

    def __init__(self, state: Mapping[str, Any]) -> None:
        super().__init__()
        self.state = json.dumps(state, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the map told: how the overlay looks, and what was clicked or drawn, if anything.

    ``drawn`` holds the corners (longitude, latitude) of an area that was drawn just now, ``frame``
    the date at which the film has arrived, ``first`` the threshold of the first of two maps.
    """

    token: str
    threshold: float
    opacity: float
    shade: bool
    region: str | None
    clicks: int
    drawn: tuple[tuple[float, float], ...] = ()
    first: float | None = None
    frame: str | None = None

    @classmethod
    def read(cls, value: object) -> Answer | None:
        """Return the answer in a component's value, or None before the visitor touched the map."""
        if not isinstance(value, Mapping) or "token" not in value:
            return None
        return cls(
            token=str(value["token"]),
            threshold=_share(value["threshold"]),
            opacity=_share(value["opacity"]),
            shade=bool(value["shade"]),
            region=value.get("region"),
            clicks=int(value.get("clicks", 0)),
            drawn=_corners(value.get("drawn")),
            frame=str(value["frame"]) if value.get("frame") else None,
            first=None if value.get("first") is None else _share(value["first"]),
        )


def told(key: str) -> Answer | None:
    """Return what a map told last, also before another page was visited, or a link says of it."""
    kept: dict[str, Answer] = st.session_state.setdefault(Keys.LOOKS, {})
    answer = Answer.read(st.session_state.get(key))
    if answer is not None:
        kept[key] = answer
    return kept.get(key)


def _share(value: Any) -> float:
    return min(1.0, max(0.0, float(value)))


def _corners(drawn: object) -> tuple[tuple[float, float], ...]:
    """Return the corners of a drawn area, or none where they cannot be."""
    ring = drawn.get("ring") if isinstance(drawn, Mapping) else None
    if not isinstance(ring, list) or not 3 <= len(ring) <= MAX_CORNERS:
        return ()
    try:
        corners = tuple((float(lon), float(lat)) for lon, lat in ring)
    except (TypeError, ValueError):
        return ()
    return corners if all(math.isfinite(n) for corner in corners for n in corner) else ()


def go_to_region(answer: Answer | None) -> None:
    """Go to the region that was clicked, if one was and it has scenes."""
    if answer is not None and answer.region in shelf().scenes():
        st.session_state[Keys.REGION] = answer.region


def draw_map(state: Mapping[str, Any], *, key: str, on_change: Callable[[], None]) -> None:
    """Draw the map in a state; the visitor's answer lies in ``st.session_state[key]``.

    The base map never depends on the state: streamlit-folium mounts the frame anew, and forgets
    where the visitor was, as soon as one character of the base map's script differs.
    """
    group = folium.FeatureGroup(name="state")
    _Apply(state).add_to(group)
    st_folium(
        OfflineMap(),
        key=key,
        height=HEIGHT_PX,
        use_container_width=True,
        returned_objects=[],
        feature_group_to_add=group,
        on_change=on_change,
    )
