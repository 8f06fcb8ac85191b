"""The page Explore: one region, its dates, its farmland."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.areas import area_name, area_summary, show_area_notices, take_drawn
from dashboard.cardtexts import listing, title_of, titles
from dashboard.choice import Choice, Look, Series, region_summary
from dashboard.controls import choose
from dashboard.downloads import show_downloads
from dashboard.film import film_state
from dashboard.heading import show_heading
from dashboard.landcover import choose_charted, show_classes
from dashboard.mapfirst import standing
from dashboard.mapstate import map_state
from dashboard.mapview import Answer, draw_map, go_to_region
from dashboard.measures import choose_unit, show_chart, show_chart_title, show_figures
from dashboard.notices import show_empty
from dashboard.paints import paints
from dashboard.progress import ask_once, failure, name_of, show_progress, submit, task
from dashboard.session import Keys
from dashboard.shelf import Selection, cards, models_folder, shelf
from dashboard.words import Words, words
from satseg.export.quantities import Unit

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord

SPLIT = (2.1, 1.0)


def page() -> None:
    """Draw the page."""
    say = words(st.session_state[Keys.LANGUAGE])
    store = shelf()
    scenes, models, regions = store.scenes(), cards(), store.regions()
    if not scenes:
        show_empty(say("no_scenes_title"), say("no_scenes"))
        return
    choice, look = choose(regions, scenes, models, say)
    found = store.predictions()
    series = {
        s: store.series(choice.scenes, s, look.threshold, found, interest=choice.interest)
        for s in choice.selections
    }
    row = choice.row(series)
    if choice.shown is not None:
        _compute_missing(
            choice, choice.shown, series, is_default=choice.shown.model_ids == (models[0].id,)
        )
    place, switch = st.columns(SPLIT, gap="small", vertical_alignment="center")
    with switch:
        unit = choose_unit(say)
    with place:
        _head(choice, unit, say)
    left, right = st.columns(SPLIT, gap="small")
    with left, st.container(key="map_frame"):
        state = _state(choice, look, series, unit, say)
        first = not st.session_state.get(Keys.MAP_STOOD)
        state["standing"] = standing().expect() if first else ""
        draw_map(state, key=Keys.MAP, on_change=_map_answered)
    figures = right.container(key="figures")
    with figures:
        names = titles()
        show_area_notices(choice.interest, say)
        show_figures(row, look.threshold, unit, say)
        own = choice.interest
        show_downloads(
            choice,
            series,
            look,
            unit,
            say,
            clip=own.geometry if own else None,
            clip_name=own.id if own else "",
        )
        show_classes(choice, row, unit, say)
        charted = choose_charted(choice, row, say)
        show_chart_title(charted, say)
        place = st.empty() if first else figures
        if not first:
            show_chart(choice, series, unit, names, say, charted=charted, place=place)
        if not models:
            show_empty(say("no_models_title"), say("no_models", folder=models_folder()))
        if choice.shown is not None:
            show_progress(choice.scenes, names, say)
            _offer(choice, choice.shown, series, name_of(choice.shown.model_ids, names, say), say)
    if first:
        st.session_state[Keys.MAP_STOOD] = True
        standing().wait(state["standing"])
        show_chart(choice, series, unit, names, say, charted=charted, place=place)


def _state(choice: Choice, look: Look, series: Series, unit: Unit, say: Words) -> dict[str, Any]:
    """Return what the map shows: the choice, the film of its dates, other paints of the overlay."""
    store, row = shelf(), choice.row(series)
    prediction = row.prediction if row else None
    state = map_state(
        choice,
        look,
        store.tiles,
        prediction_id=prediction.id if prediction else None,
        regions=store.regions(),
        with_scenes=store.scenes(),
        notice=_notice(choice, series, say),
        say=say,
    )
    state |= film_state(choice, series, store.tiles, unit, say)
    if prediction:
        state["paints"] = paints(store.tiles, choice.scene, prediction, say)
    return state


def _head(choice: Choice, unit: Unit, say: Words) -> None:
    when, summary = str(choice.scene.date), region_summary(choice.region, choice.language)
    if choice.interest is not None:
        when = f"{area_name(choice.interest, say)} · {when}"
        summary = area_summary(choice.interest, unit, say)
    show_heading(choice.region, when, summary, say, simulated=choice.scene.simulated)


def _map_answered() -> None:
    answer = Answer.read(st.session_state.get(Keys.MAP))
    go_to_region(answer)
    _go_to_frame(answer)
    take_drawn(answer)


def _go_to_frame(answer: Answer | None) -> None:
    """Follow the film to its date; the page falls back to another one where there is none."""
    if answer is not None and answer.frame is not None:
        st.session_state[Keys.DATE] = answer.frame


def _missing(choice: Choice, shown: Selection, series: Series) -> Sequence[SceneRecord]:
    """Return the scenes that can be predicted and are not, the one on view first."""
    missing = [
        row.scene
        for row in series[shown]
        if row.prediction is None and not shown.lacking(row.scene.bands)
    ]
    return sorted(missing, key=lambda scene: scene.id != choice.scene.id)


def _compute_missing(choice: Choice, shown: Selection, series: Series, *, is_default: bool) -> None:
    """Ask for the date on view; for all dates where the default model is the one on view."""
    missing = _missing(choice, shown, series)
    ask_once([s for s in missing if is_default or s.id == choice.scene.id], shown)


def _notice(choice: Choice, series: Series, say: Words) -> str:
    """Return the sentence that explains on the map why there is no overlay."""
    shown, row = choice.shown, choice.row(series)
    if shown is None or row is None:
        return say("choose_model")
    if row.prediction is not None:
        return "" if row.area_m2 is not None else say("area_beside")
    if shown.lacking(choice.scene.bands):
        return say(
            "lacks_bands",
            model=title_of(shown),
            needed=listing(shown.bands),
            found=listing(choice.scene.bands),
        )
    return say("pending" if failure(choice.scene, shown) is None else "missing")


def _offer(choice: Choice, shown: Selection, series: Series, model: str, say: Words) -> None:
    """Tell what failed, and offer to compute what is missing and was not asked for."""
    row = choice.row(series)
    message = failure(choice.scene, shown)
    if message is not None and row is not None and row.prediction is None:
        st.error(f"**{say('failed', model=model, date=choice.scene.date)}**  \n{message}")
    asked = st.session_state.get(Keys.ASKED, set())
    others = [s for s in _missing(choice, shown, series) if task(s.id, shown) not in asked]
    if others:
        st.button(
            say("compute_others", n=len(others)),
            key="compute_others",
            on_click=submit,
            args=(others, shown),
        )
