"""The page Accuracy: a sample of points, what is seen there, and areas with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.controls import choose_scene, show_foot
from dashboard.exchange import show_exchange
from dashboard.heading import show_heading
from dashboard.labelling import show_labelling
from dashboard.links import common_query
from dashboard.notices import show_empty, show_failed
from dashboard.planning import show_plan
from dashboard.results import show_results
from dashboard.samples import NEW, first_date, known_samples
from dashboard.session import STEPS, Keys
from dashboard.shelf import shelf
from dashboard.undo import show_undo
from dashboard.words import Words, words
from satseg.sampling import INTERPRETERS, Interpreter, Sample


def page() -> None:
    """Draw the page."""
    say = words(st.session_state[Keys.LANGUAGE])
    store = shelf()
    scenes, regions = store.scenes(), store.regions()
    if not scenes:
        show_empty(say("no_scenes_title"), say("no_scenes"))
        return
    with st.sidebar:
        region, scene = choose_scene(regions, scenes, say)
        sample = _choose_sample(known_samples(scene.id), say)
        interpreter = _choose_interpreter(say) if sample is not None else INTERPRETERS[0]
        step = st.session_state.get(Keys.STEP, STEPS[0])
        query = {
            "region": region.id,
            "date": str(scene.date),
            "sample": sample.id if sample is not None else "",
            "step": step if sample is not None else "",
            "by": interpreter if sample is not None else "",
            **common_query(),
        }
        show_foot(query, say)
    show_heading(region, str(scene.date), say("accuracy_lead"), say, simulated=scene.simulated)
    show_failed(say)
    show_undo("sample", say)
    if sample is None:
        show_plan(region, scene, say)
        return
    step = _choose_step(say)
    if step == "label":
        show_labelling(sample, scene, scenes[region.id], interpreter, say)
    elif step == "results":
        show_results(sample, scenes[region.id], interpreter, say)
    else:
        show_exchange(sample, interpreter, say)


def _choose_sample(samples: Sequence[Sample], say: Words) -> Sample | None:
    """Return the chosen sample of the date, or None for a new one."""
    known = {sample.id: sample for sample in reversed(samples)}
    options = [*known, NEW]
    if st.session_state.get(Keys.SAMPLE) not in options:
        st.session_state[Keys.SAMPLE] = options[0]
    if not known:
        return None
    chosen = st.selectbox(
        say("sample"),
        options,
        key=Keys.SAMPLE,
        format_func=lambda name: say("new_sample") if name == NEW else _name(known[name], say),
    )
    return known.get(chosen)


def _name(sample: Sample, say: Words) -> str:
    count = len(sample.points)
    if sample.first_id:
        return say("sample_again", n=count, date=first_date(sample) or "–")
    created = sample.created.astimezone()
    return say("sample_name", n=count, created=f"{created:%Y-%m-%d %H:%M}")


def _choose_interpreter(say: Words) -> Interpreter:
    st.session_state.setdefault(Keys.INTERPRETER, INTERPRETERS[0])
    chosen: Interpreter = st.segmented_control(
        say("interpreter"),
        INTERPRETERS,
        key=Keys.INTERPRETER,
        format_func=lambda name: say(f"interpreter_{name}"),
        required=True,
        width="stretch",
    )
    return chosen


def _choose_step(say: Words) -> str:
    st.session_state.setdefault(Keys.STEP, STEPS[0])
    chosen: str = st.segmented_control(
        say("accuracy"),
        STEPS,
        key=Keys.STEP,
        format_func=lambda name: say(f"step_{name}"),
        label_visibility="collapsed",
        required=True,
    )
    return chosen
