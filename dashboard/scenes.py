"""The page Scenes: what is in the catalog, what is to be added, and what is being computed."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cardtexts import titles
from dashboard.controls import show_foot
from dashboard.links import common_query
from dashboard.notices import show_failed
from dashboard.scene_adding import show_adding
from dashboard.scene_filter import choose_filter, filtered
from dashboard.scene_jobs import show_jobs
from dashboard.scene_list import show_list
from dashboard.session import SECTIONS, Keys, Section
from dashboard.shelf import desk, jobs, shelf
from dashboard.undo import show_bin, show_undo
from dashboard.words import Words, words
from satseg.errors import SatsegError
from satseg.jobs import ACTIVE

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from satseg.catalog_records import SceneRecord


def page(explore: StreamlitPage | None = None) -> None:
    """Draw the page; ``explore`` is where a scene's button leads."""
    say = words(st.session_state[Keys.LANGUAGE])
    scenes = shelf().catalog.scenes()
    st.session_state.setdefault(Keys.SECTION, SECTIONS[0])
    section: Section = st.session_state[Keys.SECTION]
    with st.sidebar:
        if section == "catalog" and scenes:
            choose_filter(scenes, say)
        show_foot(_query(section), say)
    with st.container(key="scene_top", horizontal=True, vertical_alignment="center", gap="small"):
        _head(scenes, say)
        _choose_section(say)
    show_failed(say)
    if section != "bin":
        show_undo("scene", say)
    if section == "add":
        show_adding(say)
    elif section == "jobs":
        show_jobs(scenes, titles(), say)
    elif section == "bin":
        show_bin(say)
    else:
        show_list(scenes, filtered(scenes, shelf().predictions()), explore, say)


def _head(scenes: Sequence[SceneRecord], say: Words) -> None:
    """Draw the title, and below it how many things each part of the page holds.

    The numbers stand here and not on the parts' buttons: a button whose words change is a new one,
    and somebody who works with the keyboard would lose their place.
    """
    said = [say("scenes_summary_none")]
    if scenes:
        regions = len({scene.region_id for scene in scenes})
        span = {"first": scenes[0].date, "last": scenes[-1].date}
        said = [say("scenes_summary", scenes=len(scenes), regions=regions, **span)]
    waiting = _waiting()
    active = sum(job.state in ACTIVE for job in jobs().list())
    said += [say("summary_waiting", n=waiting)] if waiting else []
    said += [say("summary_jobs", n=active)] if active else []
    st.html(
        f'<div class="satseg-place"><h1>{html.escape(say("scenes"))}</h1></div>'
        f'<p class="satseg-summary">{html.escape(" · ".join(said))}</p>',
        width="content",
    )


def _waiting() -> int:
    """Return how many images wait to be added; a wrong setting is told by the part Add."""
    try:
        return sum(status.state != "added" for status in desk().statuses())
    except SatsegError:
        return 0


def _choose_section(say: Words) -> None:
    # A box keeps the words with which it was drawn, so each language has one of its own.
    box = f"{Keys.SECTION}_{st.session_state[Keys.LANGUAGE]}"
    st.session_state[box] = st.session_state[Keys.SECTION]
    st.segmented_control(
        say("section"),
        SECTIONS,
        key=box,
        format_func=lambda section: say(f"section_{section}"),
        label_visibility="collapsed",
        required=True,
        on_change=lambda: st.session_state.update({Keys.SECTION: st.session_state[box]}),
    )


def _query(section: Section) -> dict[str, str]:
    return {
        "section": section,
        "only": st.session_state.get(Keys.SCENE_REGION) or "",
        "find": st.session_state.get(Keys.SCENE_TEXT) or "",
        **common_query(),
    }
