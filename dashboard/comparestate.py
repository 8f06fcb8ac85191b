"""The state of the map that compares two dates or two models, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dashboard.areas import interest_state
from dashboard.choice import Look
from dashboard.mapstate import SPOKEN, areas_state, tile_layer
from dashboard.pairs import Pair
from dashboard.session import Colour, Language, View
from dashboard.words import Words

if TYPE_CHECKING:
    from satseg.regions import Region
    from satseg.tiles import TileSource


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the map shows of two dates or of two models.

    Attributes:
        pair: the two maps.
        view: the difference over the (later) picture, a swipe between both, or two maps.
        colour, language: how to show it.
        look: how the overlay is painted.
        names: what both, gain, loss are called.
        focus: what to fly to (id, bounds, geometry), or None.
        notice: a sentence to show on the map, or an empty text.
    """

    pair: Pair
    view: View
    colour: Colour
    language: Language
    look: Look
    names: Mapping[str, str]
    focus: Mapping[str, Any] | None
    notice: str


def compare_state(
    shown: Comparison,
    tiles: TileSource,
    regions: Sequence[Region],
    with_scenes: Mapping[str, Any],
    say: Words,
) -> dict[str, Any]:
    """Return the state that compares two maps; arguments are those of ``map_state``."""
    pair = shown.pair
    before, after = (tile_layer(tiles, scene.id, shown.colour) for scene in pair.scenes)
    overlay, models = None, None
    if pair.ids is not None:
        first, second = (tile_layer(tiles, name, "probability") for name in pair.ids)
        overlay = {**second, "before": first["url"]}
        models = {"first": {**first, "first": True}, "second": second}
    is_dates = pair.kind == "dates"
    return {
        **asdict(shown.look),
        "view": shown.view,
        "language": shown.language,
        "simulated": any(scene.simulated for scene in pair.scenes),
        "imagery": before,
        "later": after if is_dates else None,
        "models": None if is_dates else models,
        "overlay": overlay,
        "focus": shown.focus,
        "interest": interest_state(pair.interest),
        "notice": shown.notice,
        **areas_state(pair.region, regions, with_scenes, shown.language),
        "words": _spoken(shown, say),
    }


def _spoken(shown: Comparison, say: Words) -> dict[str, str]:
    pair = shown.pair
    first, second = pair.titles
    spoken = {name: say(name) for name in (*SPOKEN, "simulated")} | dict(shown.names)
    if pair.kind == "dates":
        return spoken | {
            "overlay": say("change_overlay"),
            "left": say("earlier_of", date=first),
            "right": say("later_of", date=second),
            "swipe": say("swipe_dates"),
        }
    return spoken | {
        "overlay": say("models_overlay"),
        "left": first,
        "right": second,
        "swipe": say("swipe_models"),
        "threshold_first": say("threshold_of", name=first),
        "threshold": say("threshold_of", name=second),
    }
