"""The state of the map that compares two dates, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dashboard.choice import Look
from dashboard.mapstate import SPOKEN, areas_state, tile_layer
from dashboard.session import Colour, Language, View
from dashboard.words import Words

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord
    from satseg.regions import Region
    from satseg.tiles import TileSource


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the map shows of two dates.

    Attributes:
        region: the region on view.
        scenes: the earlier and the later scene.
        prediction_ids: of both dates, or None while one is missing.
        view: change over the later picture, a swipe between both, or two maps.
        colour, language: how to show it.
        look: how the overlay is painted.
        focus: what to fly to (id, bounds, geometry), or None.
        notice: a sentence to show on the map, or an empty text.
    """

    region: Region
    scenes: tuple[SceneRecord, SceneRecord]
    prediction_ids: tuple[str, str] | None
    view: View
    colour: Colour
    language: Language
    look: Look
    focus: Mapping[str, Any] | None
    notice: str


def compare_state(
    shown: Comparison,
    tiles: TileSource,
    regions: Sequence[Region],
    with_scenes: Mapping[str, Any],
    say: Words,
) -> dict[str, Any]:
    """Return the state that compares two dates; arguments are those of ``map_state``."""
    before, after = (tile_layer(tiles, scene.id, shown.colour) for scene in shown.scenes)
    overlay = None
    if shown.prediction_ids is not None:
        maps = [tile_layer(tiles, name, "probability") for name in shown.prediction_ids]
        overlay = {**maps[1], "before": maps[0]["url"]}
    spoken = {name: say(name) for name in (*SPOKEN, "simulated", "both", "gain", "loss")}
    spoken |= {
        "overlay": say("change_overlay"),
        "left": say("earlier_of", date=shown.scenes[0].date),
        "right": say("later_of", date=shown.scenes[1].date),
    }
    return {
        **asdict(shown.look),
        "view": shown.view,
        "language": shown.language,
        "simulated": any(scene.simulated for scene in shown.scenes),
        "imagery": before,
        "later": after,
        "overlay": overlay,
        "focus": shown.focus,
        "notice": shown.notice,
        **areas_state(shown.region, regions, with_scenes, shown.language),
        "words": spoken,
    }
