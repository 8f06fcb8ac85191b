"""Ensembles of one's own: put together here, kept in the catalog, chosen on the other pages."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cardtexts import said
from dashboard.mixture import choose_method, choose_weights
from dashboard.notices import attempt
from dashboard.session import Keys
from dashboard.shelf import every_ensemble, shelf
from dashboard.undo import show_undo, take_out
from dashboard.words import Words
from satseg.catalog_removal import remove_ensemble
from satseg.ensemble_store import MAX_NAME, EnsembleStore
from satseg.errors import ModelError
from satseg.pooling import METHODS, WEIGHTED

if TYPE_CHECKING:
    from satseg.zoo.card import ModelCard
    from satseg.zoo.ensembles import EnsembleCard

SPLIT = (1.2, 1.0)
PREFIX = "member"


def show_building(models: Sequence[ModelCard], say: Words) -> None:
    """Show the form for a new ensemble, and those that there are."""
    with st.container(key="models_parts"):
        left, right = st.columns(SPLIT, gap="large")
    with left:
        st.html(
            f'<h2 class="satseg-heading">{say("part_build")}</h2>'
            f'<p class="satseg-note">{say("build_text").replace("`", "")}</p>'
        )
        if len(models) < 2:
            st.caption(say("build_few", n=len(models)))
        else:
            _form(models, say)
    with right:
        st.html(f'<h2 class="satseg-heading">{say("own_title")}</h2>')
        _own(say)


def _form(models: Sequence[ModelCard], say: Words) -> None:
    names = {card.id: said(card.title) for card in models}
    start = [name for name in st.session_state.get(Keys.MEMBERS, list(names)[:2]) if name in names]
    st.session_state[Keys.MEMBERS] = start
    st.session_state.setdefault(Keys.MEMBER_METHOD, METHODS[0])
    st.session_state.setdefault(Keys.MEMBER_THRESHOLD, 0.5)
    chosen = st.pills(
        say("members"),
        list(names),
        selection_mode="multi",
        key=Keys.MEMBERS,
        format_func=names.__getitem__,
        help=say("members_help"),
    )
    method = choose_method(Keys.MEMBER_METHOD, say)
    choose_weights(chosen, names, say, prefix=PREFIX, start={}, method=method)
    st.slider(say("threshold"), 0.05, 0.95, step=0.01, key=Keys.MEMBER_THRESHOLD)
    st.text_input(
        say("ensemble_name"),
        key=Keys.MEMBER_NAME,
        max_chars=MAX_NAME,
        placeholder=say("ensemble_name_hint"),
    )
    st.button(
        say("build_save"),
        key="build_save",
        type="primary",
        disabled=len(chosen) < 2,
        on_click=attempt,
        args=(_keep, say),
    )


def _keep(say: Words) -> None:
    """Keep what the form says now: a box may have changed with the very click on the button."""
    from satseg.recipes import recipe

    said = st.session_state
    members, method = said[Keys.MEMBERS], said[Keys.MEMBER_METHOD]
    weights = [float(said[f"{PREFIX}_{name}"]) for name in members] if method in WEIGHTED else None
    wanted = recipe(members, weights=weights, method=method)
    card = EnsembleStore(shelf().catalog.root).add(
        said[Keys.MEMBER_NAME], wanted.cards, wanted.pooling, threshold=said[Keys.MEMBER_THRESHOLD]
    )
    said[Keys.MEMBER_NAME] = ""
    st.toast(say("build_saved", title=card.title))


def _own(say: Words) -> None:
    own = [card for card in every_ensemble() if card.folder.is_relative_to(shelf().catalog.root)]
    show_undo("ensemble", say)
    if not own:
        st.caption(say("own_none"))
    for card in own:
        with st.container(border=True, key=f"own_{card.id}"):
            usable = _describe(card, say)
            one, two = st.columns(2, gap="small")
            one.button(
                say("build_open"),
                key=f"open_{card.id}",
                on_click=_open,
                args=(card.id,),
                disabled=not usable,
                width="stretch",
            )
            two.button(
                say("own_remove", title=card.title),
                key=f"remove_{card.id}",
                on_click=attempt,
                args=(_remove, card.id),
                type="tertiary",
                width="stretch",
            )


def _describe(card: EnsembleCard, say: Words) -> bool:
    """Show what an ensemble is made of; return whether it can be used."""
    parts = ", ".join(f"{one.id} × {one.weight:.2f}" for one in card.members)
    text = f"{say(f'method_{card.method}')} · {parts} · p ≥ {card.threshold:g}"
    st.html(f'<b>{html.escape(card.title)}</b><p class="satseg-note">{html.escape(text)}</p>')
    try:
        card.models()
    except ModelError as error:
        st.caption(say("own_broken", title=card.title, reason=f"{error.expected}; {error.found}"))
        return False
    return True


def _open(ensemble_id: str) -> None:
    st.session_state[Keys.MODELS] = [ensemble_id]
    st.session_state[Keys.OPENING] = True


def _remove(ensemble_id: str) -> None:
    take_out(remove_ensemble, ensemble_id)
    kept = st.session_state.get(Keys.MODELS, [])
    st.session_state[Keys.MODELS] = [name for name in kept if name != ensemble_id]
