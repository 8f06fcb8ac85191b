"""Which scenes of the catalog are listed: those of a region, and those in which words occur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.choice import region_name
from dashboard.session import Keys, Language
from dashboard.shelf import Predictions, shelf
from dashboard.words import Words

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord

ALL = ""


def choose_filter(scenes: Sequence[SceneRecord], say: Words) -> None:
    """Draw the boxes for region and text."""
    language: Language = st.session_state[Keys.LANGUAGE]
    with_scenes = {scene.region_id for scene in scenes}
    known = {region.id: region for region in shelf().regions() if region.id in with_scenes}
    options = [ALL, *known]
    if st.session_state.get(Keys.SCENE_REGION) not in options:
        st.session_state[Keys.SCENE_REGION] = ALL
    box = f"{Keys.SCENE_REGION}_{language}"
    st.session_state[box] = st.session_state[Keys.SCENE_REGION]
    st.selectbox(
        say("region"),
        options,
        key=box,
        format_func=lambda name: region_name(known[name], language) if name else say("all_regions"),
        on_change=lambda: st.session_state.update({Keys.SCENE_REGION: st.session_state[box]}),
    )
    st.text_input(
        say("find"),
        key=Keys.SCENE_TEXT,
        type="search",
        max_chars=60,
        placeholder=say("find_hint"),
        help=say("find_help"),
    )


def filtered(scenes: Sequence[SceneRecord], predictions: Predictions) -> list[SceneRecord]:
    """Return the scenes that the filter lets pass, those of one region together, by date."""
    wanted = st.session_state.get(Keys.SCENE_REGION) or ALL
    asked = (st.session_state.get(Keys.SCENE_TEXT) or "").lower().split()
    regions = {region.id: region for region in shelf().regions()}
    order = list(regions)
    models: dict[str, list[str]] = {}
    for scene_id, model_id, _ in predictions:
        models.setdefault(scene_id, []).append(model_id)

    def text(scene: SceneRecord) -> str:
        region = regions.get(scene.region_id)
        names = [region.name_en, region.name_zh, region.district] if region else []
        own = [scene.id, scene.title, str(scene.date), scene.crs, scene.platform, scene.region_id]
        return " ".join([*own, *names, *scene.bands, *models.get(scene.id, [])]).lower()

    found = [
        scene
        for scene in scenes
        if wanted in (ALL, scene.region_id) and all(word in text(scene) for word in asked)
    ]
    return sorted(
        found,
        key=lambda scene: (
            order.index(scene.region_id) if scene.region_id in order else len(order),
            scene.date,
        ),
    )
