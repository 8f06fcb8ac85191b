"""What the page Compare compares: one date with another one, or one model with another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.choice import Look
from dashboard.controls import choose_date
from dashboard.mapview import Answer
from dashboard.session import KINDS, Keys, Kind
from dashboard.shelf import Selection, shelf
from dashboard.words import Words
from satseg.zoo.card import is_ensemble_id

if TYPE_CHECKING:
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.interest import Interest
    from satseg.regions import Region


@dataclass(frozen=True, slots=True)
class Pair:
    """Two maps of a region, the first one and the second one.

    Attributes:
        kind: whether they differ in their dates or in their models.
        region: the region.
        interest: the area of it that is compared; None for the whole region.
        scenes: the scene of each; the earlier first.
        selections: the models of each.
        predictions: the map of each, None where it is not there yet.
        titles: what to call each.
    """

    kind: Kind
    region: Region
    interest: Interest | None
    scenes: tuple[SceneRecord, SceneRecord]
    selections: tuple[Selection, Selection]
    predictions: tuple[PredictionRecord | None, PredictionRecord | None]
    titles: tuple[str, str]

    @property
    def ids(self) -> tuple[str, str] | None:
        """The ids of both predictions, or None while one is missing."""
        first, second = self.predictions
        return None if first is None or second is None else (first.id, second.id)

    @property
    def parts(self) -> tuple[tuple[SceneRecord, Selection], ...]:
        """Scene and models of each map."""
        return tuple(zip(self.scenes, self.selections, strict=True))

    @property
    def missing(self) -> list[tuple[SceneRecord, Selection]]:
        """Scene and models of the maps that are not there and can be made."""
        return [
            (scene, selection)
            for (scene, selection), found in zip(self.parts, self.predictions, strict=True)
            if found is None and not selection.lacking(scene.bands)
        ]


def pair_of(
    kind: Kind,
    region: Region,
    scenes: tuple[SceneRecord, SceneRecord],
    selections: tuple[Selection, Selection],
    *,
    interest: Interest | None,
    titles: tuple[str, str],
) -> Pair:
    """Return a pair with the predictions that the catalog has."""
    known = shelf().predictions()
    first, second = (
        selection.prediction(scene.id, known)
        for scene, selection in zip(scenes, selections, strict=True)
    )
    return Pair(kind, region, interest, scenes, selections, (first, second), titles)


def look_of(pair: Pair, answer: Answer | None, *, opacity: float) -> Look:
    """Return how the overlay is painted: one threshold for two dates, one each for two models."""
    first, second = pair.selections
    if pair.kind == "dates":
        look = Look.of(second, answer, opacity=opacity)
        return Look(look.token, look.threshold, look.opacity, shade=False)
    token = "|".join(selection.token for selection in pair.selections)
    if answer is None or answer.token != token:
        strength = opacity if answer is None else answer.opacity
        return Look(token, second.threshold, strength, shade=False, first=first.threshold)
    level = first.threshold if answer.first is None else answer.first
    return Look(token, answer.threshold, answer.opacity, shade=False, first=level)


def thresholds(look: Look) -> tuple[float, float]:
    """Return the thresholds of the first and of the second map."""
    return look.threshold if look.first is None else look.first, look.threshold


def choose_kind(say: Words) -> Kind:
    """Draw the switch between two dates and two models."""
    st.session_state.setdefault(Keys.KIND, KINDS[0])
    kind: Kind = st.segmented_control(
        say("kind"),
        KINDS,
        key=Keys.KIND,
        format_func=lambda name: say(f"kind_{name}"),
        label_visibility="collapsed",
        required=True,
        width="stretch",
    )
    return kind


def choose_dates(scenes: Sequence[SceneRecord], say: Words) -> tuple[SceneRecord, SceneRecord]:
    """Return two different scenes, the earlier first."""
    dated = {str(scene.date): scene for scene in scenes}
    dates = list(dated)
    kept = st.session_state.get(Keys.PERIOD, ())
    start = kept if len(kept) == 2 and set(kept) <= set(dates) else (dates[0], dates[-1])
    # A slider has two handles only where they are given as its value, not through its key.
    first, last = st.select_slider(
        say("dates"), dates, value=start, key=f"{Keys.PERIOD}_{scenes[0].region_id}"
    )
    if first == last:
        position = max(1, dates.index(first))
        first, last = dates[position - 1], dates[position]
    st.session_state[Keys.PERIOD] = (first, last)
    return dated[first], dated[last]


def choose_scene_once(scenes: Sequence[SceneRecord], say: Words) -> SceneRecord:
    """Return the one scene on which two models are compared."""
    return choose_date({str(scene.date): scene for scene in scenes}, say)


def choose_one(names: Mapping[str, str], say: Words) -> Selection:
    """Return the models that map both dates."""
    groups = _groups(names)
    if st.session_state.get(Keys.COMPARED) not in groups:
        st.session_state[Keys.COMPARED] = next(iter(groups))
    chosen = st.pills(
        say("model"),
        list(groups),
        key=Keys.COMPARED,
        format_func=lambda name: _title(name, names, say),
        required=True,
    )
    return Selection.of(groups[chosen])


def choose_two(
    names: Mapping[str, str], say: Words
) -> tuple[tuple[Selection, Selection], tuple[str, str]]:
    """Return two different selections of models with their names; there are two models."""
    groups = _groups(names)
    options = list(groups)
    chosen = []
    keys = (Keys.FIRST, Keys.SECOND)
    for number, key in enumerate(keys):
        if st.session_state.get(key) not in options:
            st.session_state[key] = options[number]
        if number and st.session_state[key] == chosen[0]:
            st.session_state[key] = next(name for name in options if name != chosen[0])
        chosen.append(
            st.selectbox(
                say(key) if number else say("two_models"),
                options,
                key=key,
                format_func=lambda name: _title(name, names, say),
                label_visibility="collapsed" if number else "visible",
            )
        )
    first, second = chosen
    selections = Selection.of(groups[first]), Selection.of(groups[second])
    return selections, (_title(first, names, say), _title(second, names, say))


def _groups(names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    groups = {name: (name,) for name in names}
    models = tuple(name for name in names if not is_ensemble_id(name))
    if len(models) > 1:
        groups["+".join(models)] = models
    return groups


def _title(name: str, names: Mapping[str, str], say: Words) -> str:
    return names[name] if name in names else say("ensemble")
