"""Predictions being computed: asked for once, shown with progress and time left, cancellable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.session import Keys
from dashboard.shelf import Selection, jobs, token_of
from dashboard.words import Words
from satseg.recipes import AUGMENTED

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord
    from satseg.jobs import Job

ACTIVE = ("queued", "running")
POLL_SECONDS = 1.0
Task = tuple[str, str]


def task(scene_id: str, selection: Selection) -> Task:
    """Return what identifies a computation: a scene, and models with how they become one."""
    return scene_id, selection.token


def ask_once(scenes: Iterable[SceneRecord], selection: Selection) -> None:
    """Submit the predictions of scenes that this visit has not asked for and nobody computes."""
    asked: set[Task] = st.session_state.setdefault(Keys.ASKED, set())
    wanted = [scene for scene in scenes if task(scene.id, selection) not in asked]
    if wanted:
        submit(wanted, selection)


def submit(scenes: Iterable[SceneRecord], selection: Selection) -> None:
    """Submit the predictions of scenes by a selection, except those under way."""
    asked: set[Task] = st.session_state.setdefault(Keys.ASKED, set())
    under_way = {job_task(job) for job in jobs().list() if job.state in ACTIVE}
    for scene in scenes:
        wanted = task(scene.id, selection)
        asked.add(wanted)
        if wanted not in under_way:
            jobs().submit(scene.id, selection.model_ids, **selection.options)


def job_task(job: Job) -> Task:
    """Return what a job computes."""
    return job.scene_id, token_of(job.model_ids, job.weights, job.method)


def show_progress(
    scenes: Sequence[SceneRecord], model_names: Mapping[str, str], say: Words
) -> None:
    """Show the jobs of these scenes; while there are some, look again every second."""
    here = {scene.id: scene for scene in scenes}
    running = _ours(here)
    seen = frozenset(job.id for job in running)
    pause = POLL_SECONDS if running else None
    st.fragment(_panel, run_every=pause)(here, dict(model_names), say, seen)


def _ours(here: Mapping[str, SceneRecord]) -> list[Job]:
    return [job for job in jobs().list() if job.scene_id in here and job.state in ACTIVE]


def _panel(
    here: Mapping[str, SceneRecord],
    model_names: Mapping[str, str],
    say: Words,
    seen: frozenset[str],
) -> None:
    active = _ours(here)
    if seen - {job.id for job in active}:
        st.rerun()  # something is ready or has failed: the whole page has news
    if not active:
        return
    first = min(active, key=lambda job: job.state != "running")
    scene = here[first.scene_id]
    model = name_of(first.model_ids, model_names, say)
    share = first.done / first.total if first.total else 0.0
    text = say("computing", model=model, date=scene.date)
    details = [say("queued", n=len(active) - 1)] if len(active) > 1 else []
    if first.seconds_left is not None:
        details.insert(0, say("time_left", time=_duration(first.seconds_left, say)))
    bar, stop = st.columns([4, 1], vertical_alignment="center", gap="small")
    bar.progress(min(1.0, share), text="  \n".join([text, " · ".join(details)]).strip())
    if stop.button(say("cancel"), key="cancel_jobs", type="tertiary"):
        for job in active:
            jobs().cancel(job.id)
        st.rerun()


def is_under_way(scene: SceneRecord, selection: Selection) -> bool:
    """Return whether a computation of a scene by a selection waits or runs."""
    wanted = task(scene.id, selection)
    return any(job.state in ACTIVE and job_task(job) == wanted for job in jobs().list())


def name_of(model_ids: Sequence[str], model_names: Mapping[str, str], say: Words) -> str:
    """Return the name of a model, or of the ensemble of several."""
    first = model_ids[0].removesuffix(AUGMENTED)
    name = model_names.get(first, first)
    if len(model_ids) > 1:
        name = say("ensemble_of", n=len(model_ids))
    return say("augmented", name=name) if any(map(is_augmented, model_ids)) else name


def is_augmented(model_id: str) -> bool:
    """Return whether a model's id asks for all eight flips and turns."""
    return model_id.endswith(AUGMENTED)


def failure(scene: SceneRecord, selection: Selection) -> str | None:
    """Return why the latest computation of a scene by a selection failed, or None."""
    mine = [job for job in jobs().list() if job_task(job) == task(scene.id, selection)]
    if not mine or mine[-1].state != "failed":
        return None
    return mine[-1].message


def _duration(seconds: float, say: Words) -> str:
    if seconds < 90:
        return say("seconds", n=max(1, round(seconds)))
    return say("minutes", n=round(seconds / 60))
