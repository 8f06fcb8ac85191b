"""Boxes that tell what is missing or went wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.session import Keys
from dashboard.words import Words
from satseg.errors import SatsegError


def show_error(error: SatsegError, say: Words, *, title: str | None = None) -> None:
    """Show an error as expected, found, and what to do."""
    lines = [
        f"**{title or say('error')}**",
        f"{say('expected')}: {error.expected}.",
        f"{say('found')}: {error.found}.",
        f"{say('fix')}: {error.fix}.",
    ]
    st.error("  \n".join(lines), icon=":material/error:")


def attempt(action: Callable[..., None], *args: object) -> None:
    """Do what a button is for; an error is shown by ``show_failed`` when the page is drawn."""
    try:
        action(*args)
    except SatsegError as error:
        st.session_state[Keys.FAILED] = error


def show_failed(say: Words) -> None:
    """Show once what went wrong when a button was pressed."""
    error = st.session_state.pop(Keys.FAILED, None)
    if error is not None:
        show_error(error, say)


def show_unexpected(say: Words) -> None:
    """Show that the dashboard itself failed."""
    st.error(say("unexpected"), icon=":material/error:")


def show_empty(title: str, text: str) -> None:
    """Show an empty state: what is missing and which command adds it."""
    st.info(f"**{title}**  \n{text}", icon=":material/info:")
