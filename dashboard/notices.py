"""Boxes that tell what is missing or went wrong, and what to do about it."""

from __future__ import annotations

import streamlit as st

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


def show_unexpected(say: Words) -> None:
    """Show that the dashboard itself failed."""
    st.error(say("unexpected"), icon=":material/error:")


def show_empty(title: str, text: str) -> None:
    """Show an empty state: what is missing and which command adds it."""
    st.info(f"**{title}**  \n{text}", icon=":material/info:")
