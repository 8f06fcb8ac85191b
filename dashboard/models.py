"""The page Models: their cards, how they compare, what they see, and ensembles of one's own."""

from __future__ import annotations

import streamlit as st

from dashboard.building import show_building
from dashboard.cardtexts import titles
from dashboard.controls import choose_scene, show_foot
from dashboard.links import common_query
from dashboard.modelcards import show_card
from dashboard.modelsamples import show_samples
from dashboard.modeltable import show_comparison
from dashboard.notices import show_empty, show_failed
from dashboard.session import PARTS, Keys, Part
from dashboard.shelf import cards, models_folder, shelf
from dashboard.words import Words, words


def page() -> None:
    """Draw the page."""
    say = words(st.session_state[Keys.LANGUAGE])
    models = cards()
    with st.sidebar:
        part = _choose_part(say)
        place = None
        scenes = shelf().scenes()
        if part == "samples" and scenes:
            place = choose_scene(shelf().regions(), scenes, say)
        card = _choose_card(say) if part == "cards" and models else None
        query = {"part": part, "card": card or "", **common_query()}
        if place is not None:
            query |= {"region": place[0].id, "date": str(place[1].date)}
        show_foot(query, say)
    if place is None:
        st.html(
            f'<div class="satseg-place"><h1>{say("models_page")}</h1></div>'
            f'<p class="satseg-summary">{say("models_lead")}</p>'
        )
    show_failed(say)
    if not models:
        show_empty(say("no_models_title"), say("no_models", folder=models_folder()))
    elif card is not None:
        show_card(card, say)
    elif part == "comparison":
        show_comparison(say)
    elif part == "build":
        show_building(models, say)
    elif place is None:
        show_empty(say("no_scenes_title"), say("no_scenes"))
    else:
        show_samples(*place, say)


def _choose_part(say: Words) -> Part:
    st.session_state.setdefault(Keys.PART, PARTS[0])
    chosen: Part = st.radio(
        say("part_of_models"),
        PARTS,
        key=Keys.PART,
        format_func=lambda name: say(f"part_{name}"),
        label_visibility="collapsed",
    )
    return chosen


def _choose_card(say: Words) -> str:
    known = titles()
    if st.session_state.get(Keys.CARD) not in known:
        st.session_state[Keys.CARD] = next(iter(known))
    chosen: str = st.pills(
        say("card_of"), list(known), key=Keys.CARD, format_func=known.__getitem__, required=True
    )
    return chosen
