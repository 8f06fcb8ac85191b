"""The page script: look, language, navigation; run by Streamlit for each visitor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image, ImageDraw

from dashboard import explore
from dashboard.links import show_ignored, take_link
from dashboard.notices import show_error, show_unexpected
from dashboard.session import KEPT, Keys
from dashboard.words import Words, words
from satseg.errors import SatsegError

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

HERE = Path(__file__).resolve().parent
log = logging.getLogger("dashboard")


@lru_cache(maxsize=1)
def icon() -> Image.Image:
    """Return the browser tab's picture: a field and a furrow. Icon fonts would ask the internet."""
    picture = Image.new("RGB", (32, 32), "#00756f")
    ImageDraw.Draw(picture).polygon([(5, 26), (13, 7), (27, 7), (27, 26)], fill="#ffc400")
    return picture


def explore_page() -> None:
    """Run the page Explore."""
    guarded("Explore", explore.page)


def compare_page() -> None:
    """Run the page Compare."""
    from dashboard import compare

    guarded("Compare", compare.page)


def models_page() -> None:
    """Run the page Models."""
    from dashboard import models

    guarded("Models", models.page)


def accuracy_page() -> None:
    """Run the page Accuracy."""
    from dashboard import accuracy

    guarded("Accuracy", accuracy.page)


def scenes_page() -> None:
    """Run the page Scenes."""
    from dashboard import scenes

    guarded("Scenes", lambda: scenes.page(all_pages[0]))


def guarded(name: str, page: Callable[[], None]) -> None:
    """Run a page; what goes wrong is told in words, never as a traceback."""
    say = words(st.session_state[Keys.LANGUAGE])
    try:
        page()
    except SatsegError as error:
        show_error(error, say)
    except Exception:
        log.exception("the page %s failed", name)
        show_unexpected(say)


def head(pages: Sequence[StreamlitPage], say: Words) -> None:
    """Draw the name and the links to the pages, on top of the sidebar."""
    with st.sidebar:
        st.html(
            f'<p class="satseg-brand">{say("title")}</p>'
            f'<p class="satseg-tagline">{say("tagline")}</p>'
        )
        with st.container(key="pages", horizontal=True, gap="small"):
            for page in pages:
                st.page_link(page)


st.set_page_config(page_title="satseg", page_icon=icon(), layout="wide")
st.html(HERE / "assets" / "page.css")
take_link()
st.session_state.setdefault(Keys.LANGUAGE, "en")
for kept in KEPT:
    if kept in st.session_state:
        st.session_state[kept] = st.session_state[kept]
say_here = words(st.session_state[Keys.LANGUAGE])
all_pages = [
    st.Page(explore_page, title=say_here("explore"), default=True),
    st.Page(compare_page, title=say_here("compare"), url_path="compare"),
    st.Page(models_page, title=say_here("models_page"), url_path="models"),
    st.Page(accuracy_page, title=say_here("accuracy"), url_path="accuracy"),
    st.Page(scenes_page, title=say_here("scenes"), url_path="scenes"),
]
current = st.navigation(all_pages, position="hidden")
head(all_pages, say_here)
show_ignored(say_here)
if st.session_state.pop(Keys.OPENING, False):
    st.switch_page(all_pages[0])
current.run()
