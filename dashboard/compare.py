"""The page Compare: two dates or two models of one region, and where their farmland differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.areas import choose_area, show_area_notices
from dashboard.cardtexts import listing, title_of, titles
from dashboard.choice import Look
from dashboard.comparestate import Comparison, compare_state
from dashboard.controls import choose_looks, choose_region, show_foot
from dashboard.differences import focus_of, names_of, show_difference
from dashboard.heading import show_heading
from dashboard.links import common_query, look_query
from dashboard.mapview import Answer, draw_map, go_to_region, told
from dashboard.measures import choose_unit
from dashboard.notices import show_empty, show_error
from dashboard.pairs import (
    Pair,
    choose_dates,
    choose_kind,
    choose_one,
    choose_scene_once,
    choose_two,
    look_of,
    pair_of,
    thresholds,
)
from dashboard.progress import ask_once, failure, is_under_way, show_progress, submit
from dashboard.session import Colour, Keys, Kind, View
from dashboard.shelf import Selection, cards, models_folder, shelf
from dashboard.words import Words, words
from satseg.errors import SatsegError

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord
    from satseg.interest import Interest
    from satseg.regions import Region

SPLIT = (2.1, 1.0)
OPACITY = 0.5


def page() -> None:
    """Draw the page."""
    say = words(st.session_state[Keys.LANGUAGE])
    store = shelf()
    scenes, models, regions = store.scenes(), cards(), store.regions()
    if not scenes:
        show_empty(say("no_scenes_title"), say("no_scenes"))
        return
    if not models:
        show_empty(say("no_models_title"), say("no_models", folder=models_folder()))
        return
    names = titles()
    with st.sidebar:
        kind = choose_kind(say)
        region = choose_region(regions, scenes, say)
        here = scenes[region.id]
        interest = choose_area(region, here, say)
        pair = _choose_pair(kind, region, here, interest, names, say)
        shown = here[:1] if pair is None else pair.scenes
        view, colour = choose_looks(shown, say, overlay=say(f"view_{kind}"))
        look = None
        if pair is not None:
            look = look_of(pair, told(Keys.COMPARE_MAP), opacity=OPACITY)
        show_foot(_query(kind, region, interest, pair, look, (view, colour)), say)
    show_heading(
        region,
        " → ".join(pair.titles) if pair and kind == "dates" else _when(pair),
        say(f"lead_{kind}"),
        say,
        simulated=any(scene.simulated for scene in shown),
    )
    if pair is None or look is None:
        one = "one_date" if kind == "dates" else "one_model"
        show_empty(say(f"{one}_title"), say(one))
        return
    for scene, selection in pair.missing:
        ask_once([scene], selection)
    _show(pair, look, (view, colour), names, say)


def _show(
    pair: Pair, look: Look, how: tuple[View, Colour], names: Mapping[str, str], say: Words
) -> None:
    store = shelf()
    left, right = st.columns(SPLIT, gap="small")
    with left, st.container(key="map_frame"):
        shown = Comparison(
            pair=pair,
            view=how[0],
            colour=how[1],
            language=st.session_state[Keys.LANGUAGE],
            look=look,
            names=names_of(pair, say),
            focus=focus_of(pair),
            notice=_notice(pair, say),
        )
        state = compare_state(shown, store.tiles, store.regions(), store.scenes(), say)
        draw_map(state, key=Keys.COMPARE_MAP, on_change=_map_answered)
    with right, st.container(key="figures"):
        show_area_notices(pair.interest, say)
        unit = choose_unit(say)
        try:
            show_difference(pair, thresholds(look), unit, say)
        except SatsegError as error:
            st.session_state.pop(Keys.PATCHES, None)
            show_error(error, say)
        show_progress(pair.scenes, names, say)
        _offer(pair, say)


def _choose_pair(  # noqa: PLR0917 -- what the page knows by now
    kind: Kind,
    region: Region,
    here: Sequence[SceneRecord],
    interest: Interest | None,
    names: Mapping[str, str],
    say: Words,
) -> Pair | None:
    """Draw the boxes for both maps; None where the region or the models do not make two."""
    if kind == "models":
        scene = choose_scene_once(here, say)
        if len(names) < 2:
            return None
        selections, titles = choose_two(names, say)
        return pair_of(kind, region, (scene, scene), selections, interest=interest, titles=titles)
    dated = len({scene.date for scene in here})
    scenes = choose_dates(here, say) if dated > 1 else None
    selection = choose_one(names, say)
    if scenes is None:
        return None
    dates = str(scenes[0].date), str(scenes[1].date)
    return pair_of(kind, region, scenes, (selection, selection), interest=interest, titles=dates)


def _when(pair: Pair | None) -> str:
    return "" if pair is None else f"{pair.scenes[0].date} · {' | '.join(pair.titles)}"


def _query(  # noqa: PLR0917 -- what the page knows by now
    kind: Kind,
    region: Region,
    interest: Interest | None,
    pair: Pair | None,
    look: Look | None,
    how: tuple[View, Colour],
) -> dict[str, str]:
    """Return the parameters of what is on view."""
    query = {
        "kind": kind,
        "region": region.id,
        "area": "" if interest is None or st.session_state[Keys.AREA] == "draft" else interest.id,
    }
    if pair is not None and kind == "dates":
        query |= {"from": pair.titles[0], "to": pair.titles[1]}
        query["model"] = st.session_state[Keys.COMPARED]
    elif pair is not None:
        query["date"] = str(pair.scenes[0].date)
        query |= {"first": st.session_state[Keys.FIRST], "second": st.session_state[Keys.SECOND]}
    painted = {} if look is None else look_query(look)
    return {**query, "view": how[0], "imagery": how[1], **painted, **common_query()}


def _notice(pair: Pair, say: Words) -> str:
    if pair.ids is not None:
        return ""
    for scene, selection in pair.parts:
        if selection.lacking(scene.bands):
            return f"{scene.date}: " + say(
                "lacks_bands",
                model=title_of(selection),
                needed=listing(selection.bands),
                found=listing(scene.bands),
            )
        message = failure(scene, selection)
        if message is not None:
            return f"{scene.date}: {message}"
    return say("compute_both")


def _offer(pair: Pair, say: Words) -> None:
    """Offer what is neither there nor under way: it failed, or was cancelled."""
    idle = [part for part in pair.missing if not is_under_way(*part)]
    if idle:
        st.button(say("compute"), key="compute_pair", on_click=_submit, args=(idle,))


def _submit(idle: Sequence[tuple[SceneRecord, Selection]]) -> None:
    for scene, selection in idle:
        submit([scene], selection)


def _map_answered() -> None:
    go_to_region(Answer.read(st.session_state.get(Keys.COMPARE_MAP)))
