"""Undo of removals: a line that offers it after each one, and the bin with all of them."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.notices import attempt, show_empty
from dashboard.scene_text import clock, in_bytes
from dashboard.session import Keys
from dashboard.shelf import shelf
from dashboard.words import Words
from satseg.catalog_bin import KEPT_DAYS, Kind, Removal
from satseg.catalog_removal import bin_of, restore
from satseg.errors import SatsegError

if TYPE_CHECKING:
    from collections.abc import Callable

    from satseg.catalog import Catalog


def take_out(remove: Callable[[Catalog, str], Removal], key: str) -> Removal:
    """Remove something, and offer to take that back where this visitor sees it next."""
    removal = remove(shelf().catalog, key)
    offers: dict[Kind, str] = st.session_state.setdefault(Keys.UNDO, {})
    offers[removal.kind] = removal.id
    return removal


def show_undo(kind: Kind, say: Words) -> None:
    """Offer to take back this visitor's last removal of a kind, for as long as it can be."""
    offers: dict[Kind, str] = st.session_state.get(Keys.UNDO, {})
    if kind not in offers:
        return
    try:
        removal = bin_of(shelf().catalog).get(offers[kind])
    except SatsegError:  # somebody brought it back, or emptied the bin
        del offers[kind]
        return
    with st.container(
        key=f"taken_out_{kind}",
        horizontal=True,
        border=True,
        vertical_alignment="center",
        gap="small",
    ):
        text = say("undo_removed", name=removal.name, days=KEPT_DAYS)
        st.html(f'<p class="satseg-note">{html.escape(text)}</p>')
        st.button(
            say("undo_remove"),
            key=f"undo_remove_{kind}",
            on_click=attempt,
            args=(_bring_back, removal),
        )
        st.button(
            say("undo_dismiss"),
            key=f"undo_dismiss_{kind}",
            type="tertiary",
            on_click=forget_undo,
            args=(kind,),
        )


def forget_undo(kind: Kind) -> None:
    """Offer no longer to take back the last removal of a kind; the bin still does."""
    st.session_state.get(Keys.UNDO, {}).pop(kind, None)


def show_bin(say: Words) -> None:
    """Draw all that can be brought back, by whomever it was removed."""
    found = bin_of(shelf().catalog).removals()
    if not found:
        show_empty(say("bin_none_title"), say("bin_none", days=KEPT_DAYS))
        return
    size = in_bytes(sum(one.size_bytes for one in found))
    with st.container(key="bin_bar", horizontal=True, vertical_alignment="center", gap="small"):
        text = say("bin_text", n=len(found), size=size, days=KEPT_DAYS)
        st.html(f'<p class="satseg-note">{html.escape(text)}</p>', width="content")
        with st.popover(say("bin_empty")):
            st.write(say("bin_empty_sure", n=len(found), size=size))
            st.button(say("bin_empty_yes"), key="bin_empty_yes", on_click=attempt, args=(_empty,))
    for removal in found:
        _row(removal, say)


def _row(removal: Removal, say: Words) -> None:
    with st.container(
        key=f"bin_row_{removal.id}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        went = [say(f"bin_{name}", n=count) for name, count in removal.counts.items() if count]
        left = say("bin_left", n=max(1, round(removal.days_left)))
        facts = [clock(removal.when), *went, in_bytes(removal.size_bytes), left]
        st.html(
            f'<p class="satseg-job"><span class="satseg-state">'
            f"{html.escape(say(f'bin_kind_{removal.kind}'))}</span>"
            f"<b>{html.escape(removal.name)}</b><small>{html.escape(' · '.join(facts))}</small></p>"
        )
        st.button(
            say("bin_restore"),
            key=f"restore_{removal.id}",
            type="tertiary",
            on_click=attempt,
            args=(_bring_back, removal),
        )


def _bring_back(removal: Removal) -> None:
    restore(shelf().catalog, removal.id)
    forget_undo(removal.kind)
    if removal.kind == "area":
        st.session_state[Keys.AREA] = removal.key
    elif removal.kind == "sample":
        st.session_state[Keys.SAMPLE] = removal.key


def _empty() -> None:
    bin_of(shelf().catalog).empty()
