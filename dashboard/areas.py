"""Areas of interest on the pages: chosen from a list, drawn, read from a file, kept, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from shapely.geometry import Polygon

from dashboard.notices import attempt, show_failed
from dashboard.session import Keys, Language
from dashboard.shelf import shelf
from dashboard.undo import forget_undo, show_undo, take_out
from dashboard.words import Words
from satseg.catalog_removal import remove_area
from satseg.errors import RegionError
from satseg.export.quantities import Unit, area_text
from satseg.interest import Interest, overlapping, suggested_name
from satseg.interest_files import KINDS, MAX_BYTES, polygons_of, read_area

if TYPE_CHECKING:
    from dashboard.mapview import Answer
    from satseg.catalog_records import SceneRecord
    from satseg.regions import Region

WHOLE: Final = "whole"
DRAFT: Final = "draft"
DRAWN: Final = "drawn"


@dataclass(frozen=True, slots=True)
class Draft:
    """An area that was drawn or read and is not kept yet."""

    interest: Interest
    suggestion: str
    repaired: bool


def choose_area(region: Region, scenes: Sequence[SceneRecord], say: Words) -> Interest | None:
    """Draw the list of areas of a region with its menu; None stands for the whole region."""
    language: Language = st.session_state[Keys.LANGUAGE]
    known = {one.id: one for one in shelf().interests_at(scenes)}
    draft: Draft | None = st.session_state.get(Keys.DRAFT)
    if draft is not None and overlapping(draft.interest.geometry, scenes):
        known[DRAFT] = draft.interest
    options = [WHOLE, *known]
    if st.session_state.get(Keys.AREA) not in options:
        st.session_state[Keys.AREA] = WHOLE
    # As with regions, each language has a box of its own, and so has each region.
    box = f"{Keys.AREA}_{language}_{region.id}"
    st.session_state[box] = st.session_state[Keys.AREA]
    fixed = {WHOLE: say("whole"), DRAFT: say("draft")}
    with st.container(key="own_area", horizontal=True, gap="xsmall", vertical_alignment="bottom"):
        st.selectbox(
            say("own_area"),
            options,
            key=box,
            format_func=lambda name: fixed.get(name) or known[name].name,
            on_change=_go_to_area,
            args=(box,),
        )
        chosen = known.get(st.session_state[Keys.AREA])
        with st.popover(say("area_menu"), icon=":material/add:", help=say("area_menu")):
            _menu(chosen if st.session_state[Keys.AREA] != DRAFT else None, say)
    return chosen


def _go_to_area(box: str) -> None:
    st.session_state[Keys.AREA] = st.session_state[box]
    forget_undo("area")


def _menu(kept: Interest | None, say: Words) -> None:
    """Draw the menu beside the list: a file as a new area, and the end of a kept one."""
    st.markdown(f"**{say('area_add')}**  \n{say('area_add_text')}")
    st.file_uploader(
        say("area_file"),
        type=list(KINDS),
        key=Keys.AREA_FILE,
        max_upload_size=MAX_BYTES // 1_000_000,
        on_change=_uploaded,
    )
    if kept is not None:
        st.markdown(f"**{say('area_remove')}**  \n" + say("area_remove_sure", name=kept.name))
        st.button(
            say("area_remove_yes", name=kept.name),
            key="area_remove",
            on_click=attempt,
            args=(_remove, kept.id),
        )


def _uploaded() -> None:
    given = st.session_state.get(Keys.AREA_FILE)
    if given is not None:
        attempt(take_file, given.name, given.getvalue())


def take_file(name: str, data: bytes) -> None:
    """Make the area in a file the one on view, until it is kept or discarded."""
    found = read_area(name, data)
    plain = name.replace("\\", "/").rpartition("/")[2]
    interest = Interest.now(DRAFT, found.geometry, origin=suggested_name(plain))
    _place(Draft(interest, suggested_name(plain.rpartition(".")[0]), found.repaired))


def take_drawn(answer: Answer | None) -> None:
    """Make what was drawn on the map just now the area on view, until it is kept or discarded."""
    if answer is not None and answer.drawn:
        attempt(_take_drawn, answer.drawn)


def _take_drawn(corners: Sequence[tuple[float, float]]) -> None:
    ring = Polygon(corners)
    interest = Interest.now(DRAFT, polygons_of(ring), origin=DRAWN)
    _place(Draft(interest, "", repaired=not ring.is_valid))


def _place(draft: Draft) -> None:
    """Take a new area and go to the region whose scenes share ground with it."""
    places = {
        region_id: overlapping(draft.interest.geometry, scenes)
        for region_id, scenes in shelf().scenes().items()
    }
    here = st.session_state.get(Keys.REGION)
    found = [region_id for region_id, scenes in places.items() if scenes]
    if not found:
        raise RegionError(
            expected="an area that shares ground with a scene",
            found="scenes elsewhere only",
            fix="Draw or choose an area on one of the scenes",
        )
    if here not in found:
        st.session_state[Keys.REGION] = found[0]
    forget_undo("area")
    st.session_state[Keys.DRAFT] = draft
    st.session_state[Keys.AREA_NAME] = draft.suggestion
    st.session_state[Keys.AREA] = DRAFT


def show_area_notices(chosen: Interest | None, say: Words) -> None:
    """Show what went wrong, the question whether to keep a new area, and the way back."""
    show_failed(say)
    draft: Draft | None = st.session_state.get(Keys.DRAFT)
    if draft is not None and chosen is draft.interest:
        _ask_to_keep(draft, say)
    show_undo("area", say)


def _ask_to_keep(draft: Draft, say: Words) -> None:
    with st.form("keep_area"):
        title = f'<h2 class="satseg-heading">{say("draft_title")}</h2>'
        note = f'<p class="satseg-note">{say("draft_repaired")}</p>' if draft.repaired else ""
        st.html(title + note)
        st.text_input(
            say("draft_name"),
            key=Keys.AREA_NAME,
            max_chars=60,
            placeholder=say("draft_hint"),
            label_visibility="collapsed",
        )
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                say("draft_keep"), type="primary", on_click=attempt, args=(_keep, draft)
            )
            st.form_submit_button(say("draft_discard"), on_click=_discard)


def _keep(draft: Draft) -> None:
    interest = Interest.now(
        st.session_state[Keys.AREA_NAME], draft.interest.geometry, origin=draft.interest.origin
    )
    shelf().interests.add(interest)
    _discard()
    st.session_state[Keys.AREA] = interest.id


def _discard() -> None:
    st.session_state.pop(Keys.DRAFT, None)
    st.session_state[Keys.AREA] = WHOLE


def _remove(interest_id: str) -> None:
    take_out(remove_area, interest_id)
    st.session_state[Keys.AREA] = WHOLE


def interest_state(interest: Interest | None) -> dict[str, Any] | None:
    """Return the area for the map: its outline, its bounds, and whether it was drawn there."""
    if interest is None:
        return None
    west, south, east, north = interest.geometry.bounds
    return {
        "bounds": [[south, west], [north, east]],
        "geometry": interest.geometry.__geo_interface__,
        "inView": interest.origin == DRAWN and _is_draft(interest),
    }


def area_summary(interest: Interest, unit: Unit, say: Words) -> str:
    """Return one line about an area: how large it is, and where it comes from."""
    from satseg.area import region_area_m2

    size = area_text(region_area_m2(interest.geometry), unit)
    origin = (
        say("area_drawn")
        if interest.origin == DRAWN
        else say("area_of_file", origin=interest.origin)
    )
    return f"{say('area_size', area=size, unit=say(unit))} · {origin}"


def area_name(interest: Interest, say: Words) -> str:
    """Return the name of an area, or that it has none yet."""
    return say("draft") if _is_draft(interest) else interest.name


def _is_draft(interest: Interest) -> bool:
    draft: Draft | None = st.session_state.get(Keys.DRAFT)
    return draft is not None and draft.interest is interest
