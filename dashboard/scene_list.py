"""The scenes of the catalog as rows, with what can be done with each and with several."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.cardtexts import titles
from dashboard.choice import region_name, scene_title
from dashboard.notices import attempt, show_empty
from dashboard.progress import is_augmented
from dashboard.samples import known_samples
from dashboard.scene_runs import show_runs
from dashboard.scene_text import bands_text, in_bytes
from dashboard.session import Keys
from dashboard.shelf import jobs, shelf
from dashboard.undo import take_out
from dashboard.words import Words
from satseg.catalog_bin import KEPT_DAYS
from satseg.catalog_losses import losses
from satseg.catalog_removal import remove_scene
from satseg.errors import SatsegError
from satseg.jobs import ACTIVE
from satseg.recipes import AUGMENTED

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from satseg.catalog_records import SceneRecord

PER_PAGE: Final = 20
BUTTON_PX: Final = 66


def show_list(
    scenes: Sequence[SceneRecord],
    shown: Sequence[SceneRecord],
    explore: StreamlitPage | None,
    say: Words,
) -> None:
    """Draw the scenes that the filter lets pass, and the bar to run models on them."""
    if not scenes:
        show_empty(say("no_scenes_title"), say("no_scenes"))
        st.button(
            say("section_add"),
            type="primary",
            on_click=lambda: st.session_state.update({Keys.SECTION: "add"}),
        )
        return
    if not shown:
        show_empty(say("scenes"), say("none_found"))
        return
    known = {scene.id for scene in scenes}
    picked: set[str] = st.session_state.setdefault(Keys.PICKED, set())
    picked &= known
    show_runs([scene for scene in scenes if scene.id in picked], shown, say)
    maps = _maps(say)
    with st.container(key="scene_rows"):
        _headings(shown, picked, say)
        for scene in _page_of(shown):
            _row(scene, maps.get(scene.id, ()), explore, say)
    _pages(len(shown))


def _page_of(shown: Sequence[SceneRecord]) -> Sequence[SceneRecord]:
    pages = max(1, math.ceil(len(shown) / PER_PAGE))
    number = min(st.session_state.get(Keys.SCENE_PAGE, 1), pages)
    return shown[(number - 1) * PER_PAGE : number * PER_PAGE]


def _pages(count: int) -> None:
    pages = math.ceil(count / PER_PAGE)
    if pages > 1:
        if st.session_state.get(Keys.SCENE_PAGE, 1) > pages:
            st.session_state[Keys.SCENE_PAGE] = 1
        st.pagination(pages, key=Keys.SCENE_PAGE)


def _maps(say: Words) -> Mapping[str, Sequence[str]]:
    """Return the names of the models that mapped each scene, each once."""
    names = titles()
    found: dict[str, list[str]] = {}
    for prediction in shelf().catalog.predictions():
        members = prediction.members or (prediction.model_id,)
        own = prediction.model_id.removesuffix(AUGMENTED)
        plain = [member.removesuffix(AUGMENTED) for member in members]
        name = names.get(own, " + ".join(names.get(member, member) for member in plain))
        if any(map(is_augmented, members)):
            name = say("augmented", name=name)
        if name not in found.setdefault(prediction.scene_id, []):
            found[prediction.scene_id].append(name)
    return found


def _headings(shown: Sequence[SceneRecord], picked: set[str], say: Words) -> None:
    everything = {scene.id for scene in shown}
    st.session_state["pick_all"] = everything <= picked
    with st.container(key="scene_headings", horizontal=True, vertical_alignment="center"):
        st.checkbox(
            say("pick_all", n=len(shown)),
            key="pick_all",
            label_visibility="collapsed",
            on_change=_pick_all,
            args=(everything,),
        )
        cells = "".join(
            f"<span>{html.escape(say(f'col_{name}'))}</span>"
            for name in ("scene", "date", "image", "data", "maps")
        )
        st.html(f'<div class="satseg-scene satseg-scene-head"><span></span>{cells}</div>')


def _pick_all(everything: set[str]) -> None:
    picked: set[str] = st.session_state[Keys.PICKED]
    if st.session_state["pick_all"]:
        picked |= everything
    else:
        picked -= everything


def _pick(scene_id: str) -> None:
    picked: set[str] = st.session_state[Keys.PICKED]
    if st.session_state[f"pick_{scene_id}"]:
        picked.add(scene_id)
    else:
        picked.discard(scene_id)


def _row(
    scene: SceneRecord, maps: Sequence[str], explore: StreamlitPage | None, say: Words
) -> None:
    st.session_state[f"pick_{scene.id}"] = scene.id in st.session_state[Keys.PICKED]
    with st.container(
        key=f"scene_row_{scene.id}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        st.checkbox(
            say("pick", name=_title(scene)),
            key=f"pick_{scene.id}",
            label_visibility="collapsed",
            on_change=_pick,
            args=(scene.id,),
        )
        st.html(_facts(scene, maps, say))
        if st.button(
            say("to_explore"),
            key=f"explore_{scene.id}",
            type="tertiary",
            width=BUTTON_PX,
            help=say("to_explore_help"),
        ):
            st.session_state[Keys.REGION] = scene.region_id
            st.session_state[Keys.DATE] = str(scene.date)
            if explore is not None:
                st.switch_page(explore)
        if st.button(say("remove"), key=f"remove_{scene.id}", type="tertiary", width=BUTTON_PX):
            _ask_to_remove(scene, say)


def _title(scene: SceneRecord) -> str:
    return scene_title(scene, shelf().regions(), st.session_state[Keys.LANGUAGE])


def _whole_dates(text: str) -> str:
    """Return markup in which no line ends within a date."""
    return re.sub(r"\d{4}-\d\d-\d\d,?", r'<span class="satseg-date">\g<0></span>', text)


def _facts(scene: SceneRecord, maps: Sequence[str], say: Words) -> str:
    region = next((r for r in shelf().regions() if r.id == scene.region_id), None)
    place = region_name(region, st.session_state[Keys.LANGUAGE]) if region else scene.region_id
    title, chip = _title(scene), ""
    if scene.simulated:
        note = html.escape(say("simulated_note"))
        chip = f' <span class="satseg-chip" title="{note}">{say("simulated_short")}</span>'
    height, width = scene.shape
    cloud = say("cloud_unknown")
    if scene.cloud_percent is not None:
        cloud = say("cloud_share", share=f"{scene.cloud_percent:.0f} %")
    maker = f"{html.escape(scene.platform)} · " if scene.platform else ""
    made = "".join(f'<span class="satseg-map">{html.escape(name)}</span>' for name in maps)
    return (
        '<div class="satseg-scene">'
        f'<img src="thumbnails/{scene.id}?v={scene.sha256[:12]}" alt="" loading="lazy">'
        f"<div><b>{_whole_dates(html.escape(title))}</b>{chip}<small>{html.escape(place)}</small></div>"
        f"<div>{scene.date}</div>"
        f"<div>{maker}{bands_text(scene.bands, say)}<small>{html.escape(scene.crs)}"
        f" · {scene.gsd_m:.2f} m · {height:,} × {width:,} px · {in_bytes(scene.size_bytes)}"
        "</small></div>"
        f"<div>{say('valid_share', share=f'{100 * scene.valid_fraction:.0f} %')}"
        f"<small>{cloud}</small></div>"
        f"<div>{made or html.escape(say('not_mapped'))}</div></div>"
    )


def _ask_to_remove(scene: SceneRecord, say: Words) -> None:
    st.dialog(say("remove_title"))(_removal)(scene, say)


def _removal(scene: SceneRecord, say: Words) -> None:
    try:
        lost = losses(shelf().catalog, scene.id)
    except SatsegError:  # it is gone: by the button below, or by somebody else
        st.rerun()
    size, samples = in_bytes(lost.size_bytes), len(known_samples(scene.id))
    active = [job.id for job in jobs().list() if job.scene_id == scene.id and job.state in ACTIVE]
    lines = [
        say("lost_maps", n=len(lost.predictions)) if lost.predictions else "",
        say("lost_areas", n=lost.areas) if lost.areas else "",
        say("lost_samples", n=samples) if samples else "",
        say("lost_image" if lost.image_is_inside else "kept_image", size=size),
        say("lost_jobs", n=len(active)) if active else "",
    ]
    st.write(say("remove_text", name=_title(scene), date=scene.date, days=KEPT_DAYS))
    st.markdown("\n".join(f"- {line}" for line in lines if line))
    with st.container(horizontal=True, gap="small"):
        st.button(
            say("remove_yes"),
            key="remove_yes",
            type="primary",
            on_click=attempt,
            args=(_remove, scene, active),
        )
        if st.button(say("keep"), key="remove_no"):
            st.rerun()


def _remove(scene: SceneRecord, active: Sequence[str]) -> None:
    for job_id in active:
        jobs().cancel(job_id)
    take_out(remove_scene, scene.id)
    st.session_state[Keys.PICKED].discard(scene.id)
