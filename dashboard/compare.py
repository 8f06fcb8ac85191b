"""The page Compare: two dates of one region, and what became of its farmland."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.changes import Patch, joint, patches
from dashboard.choice import Look
from dashboard.comparestate import Comparison, compare_state
from dashboard.controls import choose_language, choose_looks, choose_region
from dashboard.figures import area_text, percent_text
from dashboard.heading import show_heading
from dashboard.mapview import Answer, draw_map, go_to_region
from dashboard.measures import choose_unit
from dashboard.notices import show_empty, show_error
from dashboard.progress import ask_once, failure, is_under_way, show_progress, submit
from dashboard.session import Keys, Unit
from dashboard.shelf import Selection, cards, models_folder, shelf
from dashboard.words import Words, words
from satseg.errors import SatsegError

if TYPE_CHECKING:
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.change import Transitions
    from satseg.regions import Region

SPLIT = (2.1, 1.0)
OPACITY = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """Two dates of a region with the predictions of one selection, None where not there yet."""

    region: Region
    scenes: tuple[SceneRecord, SceneRecord]
    selection: Selection
    predictions: tuple[PredictionRecord | None, PredictionRecord | None]

    @property
    def ids(self) -> tuple[str, str] | None:
        """The ids of both predictions, or None while one is missing."""
        before, after = self.predictions
        return None if before is None or after is None else (before.id, after.id)


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
    names = {card.id: card.title for card in models}
    with st.sidebar:
        region = choose_region(regions, scenes, say)
        here = scenes[region.id]
        dated = len({scene.date for scene in here})
        chosen = _choose_dates(here, say) if dated > 1 else None
        selection = _choose_model(names, say)
        view, colour = choose_looks(chosen or here[:1], say, overlay=say("view_change"))
        choose_language(say)
    show_heading(
        region,
        f"{chosen[0].date} → {chosen[1].date}" if chosen else "",
        say("compare_lead"),
        say,
        simulated=any(scene.simulated for scene in chosen or ()),
    )
    if chosen is None:
        show_empty(say("one_date_title"), say("one_date"))
        return
    pair = _pair(region, chosen, selection)
    missing = [s for s, p in zip(pair.scenes, pair.predictions, strict=True) if p is None]
    if not any(selection.lacking(scene.bands) for scene in pair.scenes):
        ask_once(missing, selection)
    answer = Answer.read(st.session_state.get(Keys.COMPARE_MAP))
    look = Look.of(selection, answer, opacity=OPACITY)
    left, right = st.columns(SPLIT, gap="small")
    with right, st.container(key="figures"):
        unit = choose_unit(say)
        try:
            _show_change(pair, look.threshold, unit, say)
        except SatsegError as error:
            st.session_state.pop(Keys.PATCHES, None)
            show_error(error, say)
        show_progress(pair.scenes, names, say)
        _offer(missing, selection, say)
    with left, st.container(key="map_frame"):
        shown = Comparison(
            region=pair.region,
            scenes=pair.scenes,
            prediction_ids=pair.ids,
            view=view,
            colour=colour,
            language=st.session_state[Keys.LANGUAGE],
            look=replace(look, shade=False),
            focus=_focus(pair),
            notice=_notice(pair, say),
        )
        state = compare_state(shown, store.tiles, regions, scenes, say)
        draw_map(state, key=Keys.COMPARE_MAP, on_change=_map_answered)


def _choose_dates(scenes: Sequence[SceneRecord], say: Words) -> tuple[SceneRecord, SceneRecord]:
    """Return two different scenes, the earlier first."""
    dated = {str(scene.date): scene for scene in scenes}
    dates = list(dated)
    kept = st.session_state.get(Keys.PERIOD, ())
    start = kept if len(kept) == 2 and set(kept) <= set(dates) else (dates[0], dates[-1])
    # A slider has two handles only where they are given as its value, not through its key.
    first, last = st.select_slider(
        say("dates"), dates, value=start, key=f"{Keys.PERIOD}_{scenes[0].region_id}"
    )
    if first == last:
        position = max(1, dates.index(first))
        first, last = dates[position - 1], dates[position]
    st.session_state[Keys.PERIOD] = (first, last)
    return dated[first], dated[last]


def _choose_model(names: Mapping[str, str], say: Words) -> Selection:
    groups = {name: (name,) for name in names}
    if len(names) > 1:
        groups["+".join(names)] = tuple(names)
    if st.session_state.get(Keys.COMPARED) not in groups:
        st.session_state[Keys.COMPARED] = next(iter(groups))
    chosen = st.pills(
        say("model"),
        list(groups),
        key=Keys.COMPARED,
        format_func=lambda name: names[name] if name in names else say("ensemble"),
        required=True,
    )
    return Selection.of(groups[chosen])


def _pair(region: Region, chosen: tuple[SceneRecord, SceneRecord], selection: Selection) -> Pair:
    known = shelf().predictions()
    before, after = (selection.prediction(scene.id, known) for scene in chosen)
    return Pair(region, chosen, selection, (before, after))


def _notice(pair: Pair, say: Words) -> str:
    if pair.ids is not None:
        return ""
    for scene in pair.scenes:
        if pair.selection.lacking(scene.bands):
            return f"{scene.date}: " + say(
                "lacks_bands",
                model=pair.selection.title,
                needed=", ".join(pair.selection.bands),
                found=", ".join(scene.bands),
            )
        message = failure(scene, pair.selection)
        if message is not None:
            return f"{scene.date}: {message}"
    return say("compute_both")


def _offer(missing: Sequence[SceneRecord], selection: Selection, say: Words) -> None:
    """Offer what is neither there nor under way: it failed, or was cancelled."""
    idle = [
        scene
        for scene in missing
        if not selection.lacking(scene.bands) and not is_under_way(scene, selection)
    ]
    if idle:
        st.button(say("compute"), key="compute_pair", on_click=submit, args=(idle, selection))


def _show_change(pair: Pair, threshold: float, unit: Unit, say: Words) -> None:
    """Show figures, the table of transitions and the biggest patches."""
    if pair.ids is None:
        return
    found = joint(*pair.ids, pair.region.id).transitions(threshold, threshold)
    shown = f"{threshold:.2f}"
    rows = (
        ("gain", found.gain_m2, False),
        ("loss", found.loss_m2, False),
        ("net", found.net_m2, True),
        ("kept", found.stable_farmland_m2, False),
    )
    columns = st.columns(2, gap="small")
    for number, (name, area, signed) in enumerate(rows):
        columns[number % 2].metric(
            say(name),
            f"{area_text(area, unit, signed=signed)} {say(unit)}",
            help=say("change_figures_help", threshold=shown),
            border=True,
        )
    st.html(f'<p class="satseg-note">{say("change_note", threshold=shown)}</p>')
    _table(found, pair, unit, say)
    _patches(pair, threshold, unit, say)


def _table(found: Transitions, pair: Pair, unit: Unit, say: Words) -> None:
    names = (say("class_farmland"), say("class_other"))
    cells = (
        (found.stable_farmland_m2, found.loss_m2),
        (found.gain_m2, found.stable_other_m2),
    )
    before, after = (str(scene.date) for scene in pair.scenes)
    rows = "".join(
        f"<tr><th>{before} · {name}</th>"
        + "".join(f"<td>{area_text(area, unit)}</td>" for area in areas)
        + "</tr>"
        for name, areas in zip(names, cells, strict=True)
    )
    head = "".join(f"<th>{after}<br>{name}</th>" for name in names)
    st.html(
        f'<h2 class="satseg-heading">{say("table_title", unit=say(unit))}</h2>'
        f'<table class="satseg-table"><tr><th></th>{head}</tr>{rows}</table>'
        f'<p class="satseg-note" title="{html.escape(say("common_help"))}">'
        f"{say('common')}: {percent_text(found.valid_fraction)}</p>"
    )


def _patches(pair: Pair, threshold: float, unit: Unit, say: Words) -> None:
    """List the biggest changed patches on demand; a press on one takes the map there."""
    assert pair.ids is not None  # noqa: S101 (the caller has both maps)
    wanted = (*pair.ids, pair.region.id, threshold)
    st.html(f'<h2 class="satseg-heading">{say("patches_title")}</h2>')
    if _focus(pair) is not None:
        st.button(
            say("whole_region"),
            key="whole_region",
            on_click=lambda: st.session_state.pop(Keys.FOCUS, None),
        )
    if st.session_state.get(Keys.PATCHES) != wanted:
        st.button(
            say("patches_find"),
            key="find_patches",
            on_click=lambda: st.session_state.update({Keys.PATCHES: wanted}),
        )
        return
    with st.spinner(say("patches_busy")):
        found = patches(*wanted)
    if not found:
        st.html(f'<p class="satseg-note">{say("patches_none")}</p>')
        return
    with st.container(key="patches", horizontal=True, gap="small"):
        for number, patch in enumerate(found):
            text = say(f"patch_{patch.kind}", area=area_text(patch.area_m2, unit), unit=say(unit))
            st.button(text, key=f"patch_{number}", on_click=_look_at, args=(wanted, number, patch))


def _look_at(wanted: tuple[str, str, str, float], number: int, patch: Patch) -> None:
    presses = st.session_state.get(Keys.FOCUS, {}).get("presses", 0) + 1
    st.session_state[Keys.FOCUS] = {
        "of": wanted[:3],
        "presses": presses,
        "state": {
            "id": f"{presses}-{number}",
            "bounds": patch.bounds,
            "geometry": patch.geometry,
        },
    }


def _focus(pair: Pair) -> dict[str, Any] | None:
    """Return the patch to look at, while the same maps are compared."""
    kept = st.session_state.get(Keys.FOCUS)
    if kept is None or pair.ids is None or kept["of"] != (*pair.ids, pair.region.id):
        return None
    state: dict[str, Any] = kept["state"]
    return state


def _map_answered() -> None:
    go_to_region(Answer.read(st.session_state.get(Keys.COMPARE_MAP)))
