"""The part Add of the page Scenes: three ways in, and below them what waits to be added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.notices import attempt, show_empty, show_error
from dashboard.scene_preview import show_preview
from dashboard.scene_text import in_bytes
from dashboard.session import WAYS, Keys, Way
from dashboard.shelf import desk, shelf
from dashboard.words import Words
from satseg.errors import SatsegError
from satseg.intake.status import ACTIVE, Status

if TYPE_CHECKING:
    from satseg.intake import Permissions

HERE = Path(__file__).resolve().parent
BUSY_S: Final = 0.7
FILES: Final = 5

_component = st.components.v2.component(
    "satseg_upload",
    html=(
        '<div class="upload"><label><input type="file" multiple accept=".tif,.tiff,image/tiff">'
        '<span><span class="drop-text"></span> <span class="choose"></span></span>'
        '<span class="limit"></span></label><div class="sending"><div><div class="name"></div>'
        '<progress max="1" value="0"></progress></div><button type="button"></button></div>'
        '<div role="status"></div></div>'
    ),
    css=(HERE / "assets" / "upload.css").read_text(encoding="utf-8"),
    js=(HERE / "assets" / "upload.js").read_text(encoding="utf-8"),
)


def show_adding(say: Words) -> None:
    """Draw the three ways in and what came of them; a wrong setting of the operator's is told."""
    try:
        allowed = desk().permissions
    except SatsegError as error:
        show_error(error, say)
        return
    with st.container(key="ways", border=True):
        way = _choose_way(say)
        if way == "upload":
            _upload(allowed, say)
        elif way == "url":
            _address(allowed, say)
        else:
            _folder(allowed, say)
    st.html(f'<h2 class="satseg-heading">{say("waiting")}</h2>')
    statuses = desk().statuses()
    if not statuses:
        st.html(f'<p class="satseg-note">{say("waiting_none")}</p>')
    seen = _stamp(_busy(statuses))
    st.fragment(_progress, run_every=BUSY_S if seen else None)(seen, say)
    for status in reversed(statuses):
        if status.state not in ACTIVE:
            with st.container(key=f"arrival_{status.arrival.id}", border=True):
                _show_settled(status, say)


def _choose_way(say: Words) -> Way:
    with st.container(key="way_head", horizontal=True, vertical_alignment="center"):
        st.session_state.setdefault(Keys.WAY, WAYS[0])
        way: Way = st.segmented_control(
            say("way"),
            WAYS,
            key=Keys.WAY,
            format_func=lambda name: say(f"way_{name}"),
            label_visibility="collapsed",
            required=True,
        )
        st.html(f'<p class="satseg-note">{say("add_lead")}</p>', width="content")
    return way


def _upload(allowed: Permissions, say: Words) -> None:
    """Draw the place for files; they go to the server's disk without passing through the page."""
    if len(st.session_state.get(Keys.TICKETS, ())) < FILES:
        st.session_state[Keys.TICKETS] = [desk().ticket() for _ in range(FILES)]
    limit = in_bytes(allowed.max_bytes)
    data = {
        "tickets": st.session_state[Keys.TICKETS],
        "maxBytes": allowed.max_bytes,
        "limit": limit,
        "words": {
            "drop": say("upload_drop"),
            "choose": say("upload_choose"),
            "limit": say("upload_limit", size=limit),
            "sending": say("upload_sending", name="{name}"),
            "cancel": say("upload_cancel"),
            "stopped": say("upload_stopped", name="{name}"),
            "kind": say("upload_kind", name="{name}"),
            "large": say("upload_large", name="{name}", size="{size}"),
            "broken": say("upload_broken", name="{name}"),
        },
    }
    _component(key=Keys.UPLOAD, data=data, on_ended_change=_new_tickets)


def _new_tickets() -> None:
    st.session_state.pop(Keys.TICKETS, None)


def _address(allowed: Permissions, say: Words) -> None:
    if not allowed.hosts:
        show_empty(say("url_off_title"), say("url_off"))
        return
    names = [host.text for host in allowed.hosts]
    example = names[0].replace("*.", "data.")
    with st.form("address", border=False):
        field, button = st.columns([5, 1], vertical_alignment="bottom", gap="small")
        field.text_input(
            say("url_label"),
            key=Keys.ADDRESS,
            max_chars=2000,
            placeholder=f"https://{example}/image.tif",
            help=say("url_help", hosts=", ".join(names), example=example),
        )
        button.form_submit_button(
            say("url_get"), type="primary", width="stretch", on_click=attempt, args=(_fetch,)
        )


def _fetch() -> None:
    desk().fetch(st.session_state[Keys.ADDRESS] or "")
    st.session_state[Keys.ADDRESS] = ""


def _folder(allowed: Permissions, say: Words) -> None:
    if not allowed.folders:
        show_empty(say("folder_off_title"), say("folder_off"))
        return
    listed = allowed.listed()
    example = listed[0].name if listed else f"{allowed.folders[0].name}/image.tif"
    field, button = st.columns([5, 1], vertical_alignment="bottom", gap="small")
    field.selectbox(
        say("folder_label"),
        [each.name for each in listed],
        index=None,
        key=Keys.SERVER_PATH,
        accept_new_options=True,
        placeholder=example,
        help=say("folder_help", example=example),
    )
    button.button(
        say("folder_read"),
        key="folder_read",
        type="primary",
        width="stretch",
        on_click=attempt,
        args=(_take,),
    )
    if not listed:
        st.html(f'<p class="satseg-note">{say("folder_empty")}</p>')


def _take() -> None:
    desk().take(st.session_state[Keys.SERVER_PATH] or "")
    st.session_state[Keys.SERVER_PATH] = None


def _busy(statuses: Sequence[Status]) -> list[Status]:
    """Return what is being done; an upload tells its own progress where it is sent from."""
    return [
        status
        for status in statuses
        if status.state in ACTIVE
        and not (status.state == "arriving" and status.arrival.origin == "upload")
    ]


def _stamp(statuses: list[Status]) -> frozenset[tuple[str, str]]:
    return frozenset((status.arrival.id, status.state) for status in statuses)


def _progress(seen: frozenset[tuple[str, str]], say: Words) -> None:
    busy = _busy(desk().statuses())
    if _stamp(busy) != seen:
        st.rerun()  # something is ready, added or has failed: the whole page has news
    for status in busy:
        share = min(1.0, status.done / status.total) if status.total else 0.0
        text = say(f"state_{status.state}", name=status.arrival.name)
        if status.state == "arriving" and status.done:
            total = f" / {in_bytes(status.total)}" if status.total else ""
            text += f" · {in_bytes(status.done)}{total}"
        bar, stop = st.columns([5, 1], vertical_alignment="bottom", gap="small")
        bar.progress(share, text=_plain(text))
        stop.button(
            say("stop"),
            key=f"stop_{status.arrival.id}",
            width="stretch",
            on_click=attempt,
            args=(desk().stop, status.arrival.id),
        )


def _plain(text: str) -> str:
    """Return a text in which nothing is taken for Markdown."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!~|<>$:" else sign for sign in text)


def _show_settled(status: Status, say: Words) -> None:
    arrival = status.arrival
    name = _plain(arrival.name)
    if status.state == "added":
        _show_added(status, name, say)
        return
    if status.error is not None:
        show_error(status.error, say, title=say("state_failed", name=name))
    if status.understood is None and status.plan is None:
        with st.container(horizontal=True, gap="small"):
            _button("try_again", status, desk().again, say)
            _button("discard", status, desk().discard, say)
        return
    show_preview(status, say)


def _show_added(status: Status, name: str, say: Words) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.success(say("state_added", name=name))
        if st.button(say("section_catalog"), key=f"listed_{status.arrival.id}"):
            scene = next((s for s in shelf().catalog.scenes() if s.id == status.scene_id), None)
            desk().discard(status.arrival.id)
            st.session_state[Keys.SECTION] = "catalog"
            st.session_state[Keys.SCENE_TEXT] = ""
            st.session_state[Keys.SCENE_REGION] = scene.region_id if scene else ""
            st.rerun()
        _button("dismiss", status, desk().discard, say)


def _button(word: str, status: Status, action: object, say: Words) -> None:
    st.button(
        say(word),
        key=f"{word}_{status.arrival.id}",
        on_click=attempt,
        args=(action, status.arrival.id),
    )
