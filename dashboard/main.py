"""The page script: look, language, navigation; run by Streamlit for each visitor."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

import streamlit as st
from PIL import Image, ImageDraw

from dashboard import explore
from dashboard.notices import show_error, show_unexpected
from dashboard.session import Keys
from dashboard.words import words
from satseg.errors import SatsegError

HERE = Path(__file__).resolve().parent
log = logging.getLogger("dashboard")


@lru_cache(maxsize=1)
def icon() -> Image.Image:
    """Return the browser tab's picture: a field and a furrow. Icon fonts would ask the internet."""
    picture = Image.new("RGB", (32, 32), "#00756f")
    ImageDraw.Draw(picture).polygon([(5, 26), (13, 7), (27, 7), (27, 26)], fill="#ffc400")
    return picture


def explore_page() -> None:
    """Run the page Explore; what goes wrong is told in words, never as a traceback."""
    say = words(st.session_state[Keys.LANGUAGE])
    try:
        explore.page()
    except SatsegError as error:
        show_error(error, say)
    except Exception:
        log.exception("the page Explore failed")
        show_unexpected(say)


st.set_page_config(page_title="satseg", page_icon=icon(), layout="wide")
st.html(HERE / "assets" / "page.css")
st.session_state.setdefault(Keys.LANGUAGE, "en")
title = words(st.session_state[Keys.LANGUAGE])("explore")
st.navigation([st.Page(explore_page, title=title, default=True)], position="hidden").run()
