"""What the overlay can show instead of farmland: classes, uncertainty, a simulation's truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.landcover import class_rows
from dashboard.mapstate import tile_layer
from dashboard.session import Keys
from dashboard.words import Words
from satseg.classes import CLASSES, UNLABELLED
from satseg.legend import COLOURS
from satseg.uncertainty import LARGEST, UNCERTAINTIES, Uncertainty

if TYPE_CHECKING:
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.legend import Legend
    from satseg.tiles import TileSource

TOP: Final[dict[Uncertainty, float]] = {"disagreement": 1.0, "entropy": 1.0, "information": 0.5}
"""Share of the largest value at which the ramp ends: whole contradictions are rare."""


def paints(
    tiles: TileSource, scene: SceneRecord, prediction: PredictionRecord, say: Words
) -> list[dict[str, Any]]:
    """Return what the overlay of a prediction can show instead of farmland, for the map's list.

    The entropy of a single model is painted from its probability, so that no further tile travels;
    that of an ensemble, and what its members do not agree on, are rasters of their own.
    """
    if prediction.layers:
        found = [
            _unsure(kind, "uncertainty", tile_layer(tiles, prediction.id, kind), say)
            for kind in sorted(prediction.layers, key=UNCERTAINTIES.index)
        ]
    elif prediction.members:
        found = []  # of an earlier version: its probability does not tell what its members said
    else:
        source = tile_layer(tiles, prediction.id, "probability")
        found = [_unsure("entropy", "probability", source, say)]
    if prediction.classes is not None and prediction.legend is not None:
        found.insert(0, _classes(tiles, prediction.id, prediction.legend, say))
    if scene.truth is not None and scene.truth.is_file():
        found.append(_truth(tile_layer(tiles, scene.id, "truth"), say))
    return found


def _unsure(kind: Uncertainty, of: str, source: dict[str, Any], say: Words) -> dict[str, Any]:
    largest = LARGEST[kind] * TOP[kind]
    last = f"{largest:g}" if TOP[kind] == 1 else f"≥ {largest:g}"
    return {
        "kind": kind,
        "of": of,
        "top": TOP[kind],
        "source": source,
        "label": say(f"paint_{kind}"),
        "ticks": ["0", f"{largest / 2:g}", last],
        "unit": say(f"unit_{kind}"),
        "note": say(f"note_{kind}"),
    }


def _classes(tiles: TileSource, prediction_id: str, legend: Legend, say: Words) -> dict[str, Any]:
    return {
        "kind": "classes",
        "of": "classes",
        "source": tile_layer(tiles, prediction_id, "classes"),
        "label": say("paint_classes"),
        "classes": class_rows(legend, st.session_state[Keys.LANGUAGE]),
    }


def _truth(source: dict[str, Any], say: Words) -> dict[str, Any]:
    language = st.session_state[Keys.LANGUAGE]
    return {
        "kind": "truth",
        "of": "classes",
        "source": source,
        "label": say("paint_truth"),
        "classes": [
            {
                "code": one.code,
                "colour": list(bytes.fromhex(COLOURS[one.key][1:])),
                "name": one.name_zh if language == "zh" else one.name_en,
            }
            for one in CLASSES
            if one.code != UNLABELLED
        ],
    }
