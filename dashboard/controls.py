"""The sidebar: region, date, models and how to look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.areas import choose_area
from dashboard.cardtexts import titles
from dashboard.choice import Choice, Look, region_name
from dashboard.links import explore_query, show_link
from dashboard.mapview import told
from dashboard.mixture import choose_augmented, choose_mixture, selections_of, together_of
from dashboard.overview import Spot, draw_overview
from dashboard.session import COLOURS, LANGUAGES, VIEWS, Colour, Keys, Language, View
from dashboard.shelf import Selection
from dashboard.words import Words

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord
    from satseg.regions import Region
    from satseg.zoo.card import ModelCard

OPACITY = 0.55
LANGUAGE_NAMES: Mapping[str, str] = {"en": "EN", "zh": "中文"}


def choose(
    regions: Sequence[Region],
    scenes: Mapping[str, Sequence[SceneRecord]],
    cards: Sequence[ModelCard],
    say: Words,
) -> tuple[Choice, Look]:
    """Draw the sidebar; return what to show and how. At least one region has scenes."""
    language: Language = st.session_state[Keys.LANGUAGE]
    with st.sidebar:
        region = choose_region(regions, scenes, say)
        interest = choose_area(region, scenes[region.id], say)
        scene = choose_date({str(scene.date): scene for scene in scenes[region.id]}, say)
        selections = _models(cards, say)
        view, colour = choose_looks([scene], say, overlay=say("view_overlay"))
        choice = Choice(
            region=region,
            interest=interest,
            scenes=tuple(scenes[region.id]),
            scene=scene,
            selections=selections,
            view=view,
            colour=colour,
            language=language,
        )
        look = Look.of(choice.shown, told(Keys.MAP), opacity=OPACITY)
        show_foot(explore_query(choice, look), say)
    return choice, look


def choose_scene(
    regions: Sequence[Region], scenes: Mapping[str, Sequence[SceneRecord]], say: Words
) -> tuple[Region, SceneRecord]:
    """Draw the boxes for region and date; at least one region has scenes."""
    region = choose_region(regions, scenes, say)
    return region, choose_date({str(scene.date): scene for scene in scenes[region.id]}, say)


def show_foot(query: Mapping[str, str], say: Words) -> None:
    """Draw the switch between the languages, and beside it the link to what is on view."""
    languages, link = st.columns([1.1, 1.1], gap="small", vertical_alignment="center")
    with languages:
        st.segmented_control(
            say("language"),
            LANGUAGES,
            key=Keys.LANGUAGE,
            format_func=LANGUAGE_NAMES.__getitem__,
            label_visibility="collapsed",
            required=True,
        )
    with link:
        show_link(query, say)


def choose_region(
    regions: Sequence[Region], scenes: Mapping[str, Sequence[SceneRecord]], say: Words
) -> Region:
    """Draw the list and the small map of the regions; at least one region has scenes."""
    language: Language = st.session_state[Keys.LANGUAGE]
    known = {region.id: region for region in regions if scenes.get(region.id)}
    if st.session_state.get(Keys.REGION) not in known:
        st.session_state[Keys.REGION] = next(iter(known))
    current = st.session_state[Keys.REGION]
    # A box keeps the words in which its choice was made, so each language has a box of its own.
    box = f"{Keys.REGION}_{language}"
    st.session_state[box] = current
    st.selectbox(
        say("region"),
        list(known),
        key=box,
        format_func=lambda region_id: region_name(known[region_id], language),
        on_change=lambda: st.session_state.update({Keys.REGION: st.session_state[box]}),
    )
    spots = [
        Spot(
            id=region.id,
            name=region_name(region, language),
            lon=region.centre[0],
            lat=region.centre[1],
            note=say("with_data", n=len(scenes[region.id]))
            if region.id in known
            else say("no_data"),
            has_data=region.id in known,
        )
        for region in regions
    ]
    draw_overview(
        spots,
        current,
        language=language,
        label=say("overview"),
        key=Keys.OVERVIEW,
        on_choice=lambda: _follow_overview(known),
    )
    return known[current]


def _follow_overview(known: Mapping[str, Region]) -> None:
    chosen = st.session_state[Keys.OVERVIEW].get("chosen")
    if chosen in known:
        st.session_state[Keys.REGION] = chosen


def choose_date(dated: Mapping[str, SceneRecord], say: Words) -> SceneRecord:
    """Draw the slider of the dates and return the scene of the chosen one."""
    dates = list(dated)
    if st.session_state.get(Keys.DATE) not in dated:
        st.session_state[Keys.DATE] = dates[-1]
    if len(dates) == 1:
        st.selectbox(say("date"), dates)
    else:
        st.select_slider(say("date"), dates, key=Keys.DATE)
    return dated[st.session_state[Keys.DATE]]


def _models(cards: Sequence[ModelCard], say: Words) -> tuple[Selection, ...]:
    """Return the selections that the visitor chose; see ``selections_of``."""
    if not cards:
        return ()
    known = titles()
    kept = [name for name in st.session_state.get(Keys.MODELS, [cards[0].id]) if name in known]
    st.session_state[Keys.MODELS] = kept
    chosen = st.pills(
        say("models"),
        list(known),
        selection_mode="multi",
        key=Keys.MODELS,
        format_func=known.__getitem__,
        help=say("models_help"),
    )
    several = len(together_of(chosen)) > 1
    weights, method = choose_mixture(chosen, known, say) if several else ({}, "mean")
    augmented = choose_augmented(Keys.AUGMENT, say)
    return selections_of(chosen, weights, method, augmented=augmented)


def choose_looks(scenes: Sequence[SceneRecord], say: Words, *, overlay: str) -> tuple[View, Colour]:
    """Draw the switches for view and colour; ``overlay`` names the view with one map."""
    st.session_state.setdefault(Keys.VIEW, "overlay")
    st.session_state.setdefault(Keys.COLOUR, "true_colour")
    view = st.segmented_control(
        say("view"),
        VIEWS,
        key=Keys.VIEW,
        format_func=lambda name: overlay if name == "overlay" else say(f"view_{name}"),
        required=True,
        width="stretch",
    )
    colour = st.segmented_control(
        say("colour"),
        COLOURS,
        key=Keys.COLOUR,
        format_func=say,
        required=True,
        width="stretch",
    )
    if colour == "false_colour" and any(scene.false_colour is None for scene in scenes):
        st.caption(say("no_false_colour"))
        colour = "true_colour"
    return view, colour
