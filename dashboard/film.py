"""The dates of a region as frames of a film, for the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboard.areas import area_name
from dashboard.choice import Choice, Series, region_name
from dashboard.mapstate import tile_layer
from dashboard.words import Words
from satseg.export.quantities import Unit, area_text

if TYPE_CHECKING:
    from dashboard.shelf import Measured
    from satseg.tiles import TileSource


def film_state(
    choice: Choice, series: Series, tiles: TileSource, unit: Unit, say: Words
) -> dict[str, Any]:
    """Return the frames in the order of their dates, which one is on view, and the film's title."""
    rows = {row.scene.id: row for row in series[choice.shown]} if choice.shown else {}
    frames = []
    for scene in choice.scenes:
        row = rows.get(scene.id)
        colour = "true_colour" if scene.false_colour is None else choice.colour
        prediction = row.prediction if row is not None else None
        frames.append(
            {
                "id": str(scene.date),
                "label": str(scene.date),
                "imagery": tile_layer(tiles, scene.id, colour),
                "overlay": tile_layer(tiles, prediction.id, "probability") if prediction else None,
                "note": _note(row, unit, say),
            }
        )
    return {
        "frames": frames,
        "frame": [scene.id for scene in choice.scenes].index(choice.scene.id),
        "title": _title(choice, say),
    }


def _note(row: Measured | None, unit: Unit, say: Words) -> str:
    if row is None or row.area_m2 is None:
        return ""
    return f"{say('farmland_short')} {area_text(row.area_m2, unit)} {say(unit)}"


def _title(choice: Choice, say: Words) -> str:
    name = region_name(choice.region, choice.language)
    return name if choice.interest is None else f"{name} · {area_name(choice.interest, say)}"
