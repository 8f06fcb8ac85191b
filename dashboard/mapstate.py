"""The state of the map as plain JSON values: everything ``satseg.apply`` in the browser needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dashboard.areas import interest_state
from dashboard.choice import Choice, Look, region_name
from dashboard.mapview import ROOT
from dashboard.session import Language
from dashboard.words import Words

if TYPE_CHECKING:
    from satseg.regions import Region
    from satseg.tiles import TileSource

SPOKEN = (
    *("overlay", "threshold", "opacity", "shade", "farmland", "left", "right", "swipe", "map"),
    "farmland_short",
    *("draw", "draw_hint", "draw_more", "draw_finish", "draw_cancel"),
    *("north", "north_up"),
    *("film", "play", "pause", "speed", "frame", "present", "leave"),
)


def map_state(
    choice: Choice,
    look: Look,
    tiles: TileSource,
    *,
    prediction_id: str | None,
    regions: Sequence[Region],
    with_scenes: Mapping[str, Any],
    notice: str,
    say: Words,
) -> dict[str, Any]:
    """Return the state that shows a choice.

    Args:
        choice: what to show.
        look: how to paint the overlay, while the visitor has not set it otherwise.
        tiles: tells where scenes and predictions have tiles.
        prediction_id: the overlay, or None while there is none.
        regions: every region, to be drawn as an outline.
        with_scenes: ids of the regions that have scenes, as keys.
        notice: a sentence to show on the map, or an empty text.
        say: the visitor's language.
    """
    overlay = tile_layer(tiles, prediction_id, "probability") if prediction_id else None
    return {
        **asdict(look),
        "view": choice.view,
        "language": choice.language,
        "simulated": choice.scene.simulated,
        "imagery": tile_layer(tiles, choice.scene.id, choice.colour),
        "overlay": overlay,
        "notice": notice,
        "interest": interest_state(choice.interest),
        "drawing": True,
        **areas_state(choice.region, regions, with_scenes, choice.language),
        "words": {name: say(name) for name in (*SPOKEN, "simulated")},
    }


def areas_state(
    current: Region, regions: Sequence[Region], with_scenes: Mapping[str, Any], language: Language
) -> dict[str, Any]:
    """Return the region on view and the outlines of all regions."""
    west, south, east, north = current.geometry.bounds
    return {
        "region": {"id": current.id, "bounds": [[south, west], [north, east]]},
        "regions": [
            {
                "id": region.id,
                "name": region_name(region, language),
                "hasData": region.id in with_scenes,
                "geometry": region.geometry.__geo_interface__,
            }
            for region in regions
        ],
    }


def tile_layer(tiles: TileSource, item_id: str, kind: str) -> dict[str, Any]:
    """Return address template, bounds and zooms of an item's tiles, for the map's frame."""
    area = tiles.coverage(item_id, kind)
    west, south, east, north = area.bounds
    return {
        "url": f"{ROOT}/tiles/{item_id}/{kind}/{{z}}/{{x}}/{{y}}?v={area.version}",
        "bounds": [[south, west], [north, east]],
        "minZoom": area.min_zoom,
        "maxZoom": area.max_zoom,
    }
