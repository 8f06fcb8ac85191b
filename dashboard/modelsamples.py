"""What each model sees: the imagery of one place, and the map of each model beside it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cardtexts import listing, title_of, titles
from dashboard.choice import region_summary
from dashboard.heading import show_heading
from dashboard.progress import failure, show_progress, submit
from dashboard.session import Keys
from dashboard.shelf import Selection, shelf
from dashboard.words import Words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.export.picture import View
    from satseg.regions import Region

PIXELS = 560
GROUNDS = (0, 600, 300, 150)
"""Sides of the piece in metres; 0 for the whole scene."""

IN_A_ROW = 3


def show_samples(region: Region, scene: SceneRecord, say: Words) -> None:
    """Show imagery and one map for each model at the same place, and offer what is missing."""
    from satseg.export.picture import ground

    show_heading(
        region,
        str(scene.date),
        region_summary(region, st.session_state[Keys.LANGUAGE]),
        say,
        simulated=scene.simulated,
    )
    view = _choose_view(scene, say)
    names, known = titles(), shelf().predictions()
    shown = [Selection.of([name]) for name in names]
    found = [one.prediction(scene.id, known) for one in shown]
    _offer(scene, [one for one, map_ in zip(shown, found, strict=True) if map_ is None], say)
    show_progress([scene], names, say)
    cells = [_Cell(say("imagery_only"), ground(scene, view), "")]
    cells += [
        _cell(region, scene, one, map_, view, say) for one, map_ in zip(shown, found, strict=True)
    ]
    for start in range(0, len(cells), IN_A_ROW):
        columns = st.columns(IN_A_ROW, gap="small")
        for column, cell in zip(columns, cells[start : start + IN_A_ROW], strict=False):
            with column:
                cell.draw()


class _Cell:
    """A picture with its name above it, or a sentence where there is none."""

    def __init__(self, title: str, pixels: NDArray[np.uint8] | None, note: str) -> None:
        self._title, self._pixels, self._note = title, pixels, note

    def draw(self) -> None:
        """Draw it into the present column."""
        note = html.escape(self._note)
        above = note if self._pixels is not None and note else "&nbsp;"
        st.html(
            f'<h2 class="satseg-heading">{html.escape(self._title)}</h2>'
            f'<p class="satseg-note">{above}</p>'
        )
        if self._pixels is None:
            st.html(f'<div class="satseg-blank">{note}</div>')
        else:
            st.image(self._pixels, width="stretch", output_format="JPEG")


def _cell(  # noqa: PLR0917 -- one caller, everything of it
    region: Region,
    scene: SceneRecord,
    selection: Selection,
    prediction: PredictionRecord | None,
    view: View,
    say: Words,
) -> _Cell:
    from satseg.export.picture import picture
    from satseg.export.subject import Subject

    if prediction is not None:
        pixels = picture(Subject(region, scene, prediction, selection.threshold), view)
        return _Cell(title_of(selection), pixels, say("sample_p", threshold=selection.threshold))
    lacking = selection.lacking(scene.bands)
    if lacking:
        return _Cell(title_of(selection), None, say("cannot_map", bands=listing(lacking)))
    return _Cell(title_of(selection), None, failure(scene, selection) or say("no_map_yet"))


def _choose_view(scene: SceneRecord, say: Words) -> View:
    from satseg.export.piece import piece_of

    with st.container(key="models_view"):
        one, two, three = st.columns((1.2, 1.0, 1.0), gap="medium", vertical_alignment="center")
    with one:
        st.session_state.setdefault(Keys.GROUND, GROUNDS[1])
        across = st.segmented_control(
            say("zoom_to"),
            GROUNDS,
            key=Keys.GROUND,
            format_func=lambda n: say("ground_m", n=n) if n else say("ground_all"),
            required=True,
        )
    places = []
    for column, key in ((two, Keys.GROUND_X), (three, Keys.GROUND_Y)):
        st.session_state.setdefault(key, 50)
        with column:
            places.append(st.slider(say(key), 0, 100, key=key, format="%d %%", disabled=not across))
    x, y = (place / 100 for place in places)
    return piece_of(scene, pixels=PIXELS, across_m=across or None, x=x, y=y)


def _offer(scene: SceneRecord, missing: Sequence[Selection], say: Words) -> None:
    able = [one for one in missing if not one.lacking(scene.bands)]
    if able:
        st.button(
            say("compute_missing", n=len(able)),
            key="compute_samples",
            on_click=_submit,
            args=(scene, able),
        )


def _submit(scene: SceneRecord, selections: Sequence[Selection]) -> None:
    for selection in selections:
        submit([scene], selection)
