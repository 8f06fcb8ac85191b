"""The bar above the list: models that are run on the chosen scenes, or on all that lack a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cardtexts import titles
from dashboard.mixture import choose_augmented
from dashboard.notices import attempt, show_empty, show_error
from dashboard.session import Keys
from dashboard.shelf import jobs, models_folder, shelf
from dashboard.words import Words
from satseg.errors import SatsegError
from satseg.jobs_batch import Batch, plan_batch, submit_batch
from satseg.recipes import AUGMENTED

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord


def show_runs(picked: Sequence[SceneRecord], shown: Sequence[SceneRecord], say: Words) -> None:
    """Draw the bar; without a choice it stands for all listed scenes without the map."""
    known = titles()
    if not known:
        show_empty(say("no_models_title"), say("no_models", folder=models_folder()))
        return
    kept = [name for name in st.session_state.get(Keys.RUN_MODELS, []) if name in known]
    st.session_state[Keys.RUN_MODELS] = kept or [next(iter(known))]
    with st.container(
        key="run_bar", border=True, horizontal=True, vertical_alignment="center", gap="medium"
    ):
        st.html(f'<h2 class="satseg-heading">{say("run_title")}</h2>', width="content")
        chosen = st.pills(
            say("run_models"),
            list(known),
            selection_mode="multi",
            key=Keys.RUN_MODELS,
            format_func=known.__getitem__,
            label_visibility="collapsed",
            width="content",
        )
        augmented = choose_augmented(Keys.RUN_AUGMENT, say)
        try:
            wanted = [name + AUGMENTED * augmented for name in chosen or list(known)[:1]]
            batch = plan_batch(shelf().catalog, jobs(), picked or shown, wanted)
        except SatsegError as error:
            show_error(error, say)
            return
        count = len(batch.scenes)
        label = say("run_chosen" if picked else "run_lacking", n=count)
        st.button(
            label if count else say("run_nothing"),
            key="run",
            type="primary",
            disabled=not count,
            help=say("run_models_help"),
            on_click=attempt,
            args=(_run, batch, say),
        )
        st.html(f'<p class="satseg-note">{_skipped(batch, say)}</p>', width="content")


def _skipped(batch: Batch, say: Words) -> str:
    counts = {
        "skip_done": batch.count("done"),
        "skip_under_way": batch.count("under_way"),
        "skip_lacks_bands": batch.count("lacks_bands"),
    }
    reasons = [say(key, n=count) for key, count in counts.items() if count]
    return say("skipped", reasons=" · ".join(reasons)) if reasons else ""


def _run(batch: Batch, say: Words) -> None:
    count = len(submit_batch(jobs(), batch))
    st.session_state[Keys.PICKED] = set()
    st.toast(say("submitted", n=count))
