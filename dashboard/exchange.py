"""Samples in and out: files for a GIS, for Collect Earth Online, and labels from elsewhere."""

from __future__ import annotations

import streamlit as st

from dashboard.notices import attempt, show_error
from dashboard.samples import NEW, store
from dashboard.session import Keys
from dashboard.undo import take_out
from dashboard.words import Words
from satseg.catalog_bin import KEPT_DAYS
from satseg.catalog_removal import remove_sample
from satseg.errors import SatsegError
from satseg.sampling import INTERPRETERS, Interpreter, Sample
from satseg.sampling.exchange import (
    MAX_BYTES,
    read_csv,
    sample_from_bytes,
    to_csv,
    to_plots,
    with_labels,
)
from satseg.sampling.store import merged


def show_exchange(sample: Sample, interpreter: Interpreter, say: Words) -> None:
    """Show downloads, the upload of labels, and the end of a sample."""
    left, right = st.columns(2, gap="large")
    with left:
        _exports(sample, say)
        _delete(sample, say)
    with right:
        _import(sample, interpreter, say)


def _exports(sample: Sample, say: Words) -> None:
    st.html(f'<h2 class="satseg-heading">{say("export_title")}</h2>')
    st.download_button(
        say("export_gpkg"),
        store().path(sample.id).read_bytes(),
        file_name=f"{sample.id}.gpkg",
        mime="application/geopackage+sqlite3",
    )
    st.download_button(
        say("export_csv"), to_csv(sample), file_name=f"{sample.id}.csv", mime="text/csv"
    )
    st.download_button(
        say("export_plots"), to_plots(sample), file_name=f"{sample.id}-plots.csv", mime="text/csv"
    )


def _import(sample: Sample, interpreter: Interpreter, say: Words) -> None:
    st.html(
        f'<h2 class="satseg-heading">{say("import_title")}</h2>'
        f'<p class="satseg-note">{say("import_text")}</p>'
    )
    given = st.file_uploader(
        say("import_title"),
        type=["csv", "gpkg"],
        label_visibility="collapsed",
        key="import_file",
        max_upload_size=MAX_BYTES // 1_000_000,
    )
    if given is None:
        return
    try:
        changed = _changed(sample, given.name, given.getvalue(), interpreter)
    except SatsegError as error:
        show_error(error, say)
        return
    if st.button(say("import_button"), type="primary", key="import_take"):
        found = store().change(sample.id, lambda old: merged(old, changed, (interpreter,)))
        st.success(say("imported", n=found.done(interpreter)))


def _changed(sample: Sample, name: str, data: bytes, interpreter: Interpreter) -> Sample:
    """Return the sample with the labels of an uploaded file."""
    if name.lower().endswith(".gpkg"):
        return merged(sample, sample_from_bytes(data), (interpreter,))
    return with_labels(sample, read_csv(data), interpreter)


def _delete(sample: Sample, say: Words) -> None:
    st.space("medium")
    with st.popover(say("delete_sample"), icon=":material/delete:"):
        labels = sum(sample.done(name) for name in INTERPRETERS)
        st.write(say("delete_sure", n=labels, days=KEPT_DAYS))
        st.button(say("delete_yes"), key="delete_yes", on_click=attempt, args=(_remove, sample.id))


def _remove(sample_id: str) -> None:
    take_out(remove_sample, sample_id)
    st.session_state[Keys.SAMPLE] = NEW
