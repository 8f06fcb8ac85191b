"""Labelling: one point after the other, by eye, with the keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.notices import attempt
from dashboard.samples import picture, store
from dashboard.session import Keys
from dashboard.words import Words
from satseg.sampling import LABELS, Interpreter, Label, Point, Sample

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord

CONTEXT_M = 180.0
CLOSE_M = 45.0
OTHER_M = 90.0
SMALL_PX = 150
UNIT_M = 3.0
"""Side of the square that is drawn around the pixel in question."""


def show_labelling(
    sample: Sample,
    scene: SceneRecord,
    scenes: Sequence[SceneRecord],
    interpreter: Interpreter,
    say: Words,
) -> None:
    """Show the next point without what the map says of it, and take the answer."""
    done, count = sample.done(interpreter), len(sample.points)
    st.progress(
        done / count,
        say("progress_of", done=done, n=count, unsure=sample.unsure(interpreter)),
    )
    todo = sample.unlabelled(interpreter)
    if not todo:
        _all_done(sample, interpreter, say)
        return
    point = todo[0]
    left, right = st.columns((1.45, 1.0), gap="medium")
    with left, st.container(key="point_view"):
        st.image(picture(scene.display, point.lon, point.lat, CONTEXT_M, UNIT_M), width="stretch")
        st.caption(say("context", side=f"{CONTEXT_M:.0f}") + f" · {point.lat:.5f}, {point.lon:.5f}")
    with right:
        _question(sample, point, interpreter, say)
        _details(point, scene, [other for other in scenes if other.id != scene.id], say)


def _question(sample: Sample, point: Point, interpreter: Interpreter, say: Words) -> None:
    place = [p.number for p in sample.points].index(point.number) + 1
    st.html(
        f'<h2 class="satseg-heading">{say("label_question")}</h2><p class="satseg-note">'
        f"{say('point_of', number=place, n=len(sample.points))}</p>"
    )
    with st.container(key="answers", horizontal=True, gap="small"):
        for key, label in zip("123", LABELS, strict=True):
            st.button(
                say(f"label_{label}"),
                key=f"answer_{label}_{point.number}",
                shortcut=key,
                on_click=attempt,
                args=(_answer, sample.id, point.number, interpreter, label),
                type="primary" if label == "farmland" else "secondary",
            )
    _undo(sample, interpreter, say)
    st.html(f'<p class="satseg-note">{say("blind_note")}</p>')


def _details(point: Point, scene: SceneRecord, others: Sequence[SceneRecord], say: Words) -> None:
    st.html(f'<h2 class="satseg-heading">{say("other_dates")}</h2>')
    views = [(scene, CLOSE_M), *((other, OTHER_M) for other in others)]
    with st.container(key="details", horizontal=True, gap="small"):
        for number, (shown, side_m) in enumerate(views):
            unit_m = UNIT_M if number == 0 else None
            st.image(
                picture(shown.display, point.lon, point.lat, side_m, unit_m),
                caption=say("close", date=shown.date, side=f"{side_m:.0f}"),
                width=SMALL_PX,
            )


def _undo(sample: Sample, interpreter: Interpreter, say: Words) -> None:
    trail = _trail(sample.id, interpreter)
    with st.container(key="undo_row", horizontal=True, gap="small"):
        st.button(
            say("undo"),
            key="undo",
            shortcut="z",
            disabled=not trail,
            on_click=attempt,
            args=(_take_back, sample.id, interpreter),
        )
        if sample.simulated:
            st.button(
                say("from_truth"),
                key="from_truth",
                help=say("from_truth_help"),
                on_click=attempt,
                args=(_answer_from_truth, sample.id, interpreter),
            )


def _all_done(sample: Sample, interpreter: Interpreter, say: Words) -> None:
    st.success(say("all_done", n=len(sample.points)), icon=":material/check_circle:")
    with st.container(key="done_row", horizontal=True, gap="small"):
        st.button(
            say("to_results"),
            key="to_results",
            type="primary",
            on_click=lambda: st.session_state.update({Keys.STEP: "results"}),
        )
        if _trail(sample.id, interpreter):
            st.button(
                say("undo"),
                key="undo",
                shortcut="z",
                on_click=attempt,
                args=(_take_back, sample.id, interpreter),
            )


def _trail(sample_id: str, interpreter: Interpreter) -> list[int]:
    """Return the points that this visitor has labelled, the last one last."""
    trails = st.session_state.setdefault(Keys.TRAIL, {})
    found: list[int] = trails.setdefault((sample_id, interpreter), [])
    return found


def _answer(sample_id: str, number: int, interpreter: Interpreter, label: Label) -> None:
    """Keep an answer to the point that was on view; a second one to the same point is dropped."""
    seen = store().sample(sample_id).points[number].labels
    if interpreter not in seen:
        store().label(sample_id, number, interpreter, label)
        _trail(sample_id, interpreter).append(number)


def _take_back(sample_id: str, interpreter: Interpreter) -> None:
    trail = _trail(sample_id, interpreter)
    if trail:
        store().label(sample_id, trail.pop(), interpreter, None)


def _answer_from_truth(sample_id: str, interpreter: Interpreter) -> None:
    from dashboard.shelf import shelf
    from satseg.sampling.truth import labelled_from_truth

    scene = shelf().catalog.scene(store().sample(sample_id).scene_id)
    store().change(sample_id, lambda old: labelled_from_truth(old, scene.truth, interpreter))
