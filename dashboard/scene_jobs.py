"""The jobs of the catalog: what waits, runs and has ended, with log, cancel and another try."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.choice import scene_title
from dashboard.notices import attempt, show_empty
from dashboard.progress import name_of
from dashboard.scene_text import clock, duration
from dashboard.session import Keys
from dashboard.shelf import jobs, shelf
from dashboard.words import Words
from satseg.jobs import ACTIVE, Job

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord

BUSY_S: Final = 1.0
IDLE_S: Final = 5.0
SHOWN: Final = 50


def show_jobs(scenes: Sequence[SceneRecord], models: Mapping[str, str], say: Words) -> None:
    """Draw the jobs, newest first; the list is looked at again every second while one runs."""
    active = _active()
    pause = BUSY_S if active else IDLE_S
    known = {scene.id: scene for scene in scenes}
    st.fragment(_panel, run_every=pause)(known, dict(models), say, active)


def _active() -> frozenset[str]:
    return frozenset(job.id for job in jobs().list() if job.state in ACTIVE)


def _panel(
    scenes: Mapping[str, SceneRecord], models: Mapping[str, str], say: Words, seen: frozenset[str]
) -> None:
    found = jobs().list()
    active = [job for job in found if job.state in ACTIVE]
    if frozenset(job.id for job in active) != seen:
        st.rerun()  # what the rest of the page says of the jobs has changed
    if not found:
        show_empty(say("jobs_none_title"), say("jobs_none"))
        return
    _bar(found, active, say)
    waiting = [job.id for job in found if job.state == "queued"]
    ordered = [*active, *reversed([job for job in found if job.state not in ACTIVE])]
    for job in ordered[:SHOWN]:
        place = waiting.index(job.id) + 1 if job.id in waiting else 0
        with st.container(key=f"jobrow_{job.id}"):
            _row(job, _title(job, scenes, models, say), place, say)


def _bar(found: Sequence[Job], active: Sequence[Job], say: Words) -> None:
    running = sum(job.state == "running" for job in active)
    ended = len(found) - len(active)
    text = say("jobs_idle", n=ended)
    if active:
        text = say("jobs_active", running=running, waiting=len(active) - running)
    with st.container(key="jobs_bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<h2 class="satseg-heading">{html.escape(text)}</h2>', width="content")
        if active:
            st.button(
                say("jobs_cancel_all"),
                key="jobs_cancel_all",
                on_click=attempt,
                args=(_cancel_all, [job.id for job in active]),
            )
        st.button(
            say("jobs_clear"),
            key="jobs_clear",
            disabled=not ended,
            on_click=attempt,
            args=(jobs().clear,),
        )


def _cancel_all(job_ids: Sequence[str]) -> None:
    for job_id in job_ids:
        jobs().cancel(job_id)


def _title(
    job: Job, scenes: Mapping[str, SceneRecord], models: Mapping[str, str], say: Words
) -> str:
    scene = scenes.get(job.scene_id)
    name = f"{job.scene_id}, {say('job_scene_gone')}"
    if scene is not None:
        name = scene_title(scene, shelf().regions(), st.session_state[Keys.LANGUAGE])
        name = name if str(scene.date) in name else f"{name} ({scene.date})"
    return say("job_of", model=name_of(job.model_ids, models, say), scene=name)


def _row(job: Job, title: str, place: int, say: Words) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<p class="satseg-job"><span class="satseg-state satseg-{job.state}">'
            f"{say(f'job_{job.state}')}</span><b>{html.escape(title)}</b>"
            f"<small>{html.escape(_times(job, place, say))}</small></p>"
        )
        if job.state in ACTIVE:
            _button(job, "cancel", jobs().cancel, say)
        else:
            if job.state in ("failed", "cancelled"):
                _button(job, "try_again", jobs().retry, say)
            _button(job, "job_forget", jobs().forget, say)
    if job.state == "running":
        st.progress(min(1.0, job.done / job.total) if job.total else 0.0)
    with st.expander(say("job_log"), key=f"log_{job.id}", type="compact"):
        st.html(_log(job, say))


def _button(job: Job, word: str, action: object, say: Words) -> None:
    st.button(
        say(word),
        key=f"{word}_{job.id}",
        type="tertiary",
        on_click=attempt,
        args=(action, job.id),
    )


def _times(job: Job, place: int, say: Words) -> str:
    """Return when a job began, how long it took or takes, and what is left of it."""
    if job.state == "queued":
        return " · ".join(
            [say("job_submitted", time=clock(job.submitted)), say("job_place", n=place)]
        )
    said = [say("job_started", time=clock(job.started))] if job.started else []
    if job.took_s is not None:
        key = "job_so_far" if job.state == "running" else "job_took"
        said.append(say(key, time=duration(job.took_s, say)))
    if job.seconds_left is not None:
        said.append(say("time_left", time=duration(job.seconds_left, say)))
    return " · ".join(said) or say("job_submitted", time=clock(job.submitted))


def _log(job: Job, say: Words) -> str:
    events = job.events or ((job.submitted, "queued"),)
    lines = [
        f"<li><time>{clock(when)}</time> {html.escape(say(f'event_{state}'))}</li>"
        for when, state in events
    ]
    if job.message:
        lines.append(f"<li><pre>{html.escape(job.message)}</pre></li>")
    if job.prediction_id is not None:
        lines.append(f"<li>{html.escape(say('job_result', id=job.prediction_id))}</li>")
    return f'<ol class="satseg-log">{"".join(lines)}</ol>'
