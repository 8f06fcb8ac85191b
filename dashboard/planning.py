"""Planning a sample: strata, the number of points, and drawing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cardtexts import title_of, titles
from dashboard.heading import BOX_PX, show_figure
from dashboard.measures import choose_unit
from dashboard.notices import attempt, show_empty
from dashboard.samples import store
from dashboard.session import Keys
from dashboard.shelf import Selection, cards, shelf
from dashboard.words import Words
from satseg.export.quantities import Unit, area_text, percent_text

if TYPE_CHECKING:
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.regions import Region
    from satseg.sampling.design import SampleDesign

Map = tuple[Selection, "PredictionRecord"]

STRATA = ("classes", "certainty")


def show_plan(region: Region, scene: SceneRecord, say: Words) -> None:
    """Show the plan of a new sample of one of the date's maps, and draw it on demand."""
    from satseg.sampling.design import MARGIN, design_sample

    maps = maps_of(scene)
    if not maps:
        show_empty(say("no_map_title"), say("no_map"))
        return
    st.html(
        f'<h2 class="satseg-heading">{say("plan_title")}</h2>'
        f'<p class="satseg-note">{say("plan_text")}</p>'
    )
    left, right = st.columns((1.0, 1.5), gap="large")
    with left:
        chosen, certainty, wanted, least = _wishes(maps, say)
    selection, prediction = maps[chosen]
    histogram = shelf().catalog.area(prediction.id, region.id)
    margin = MARGIN if certainty else None
    design = design_sample(
        histogram, selection.threshold, margin=margin, standard_error=wanted, minimum=least
    )
    with right:
        unit = choose_unit(say)
        _table(design, unit, say)
        compared = [
            design_sample(
                histogram,
                selection.threshold,
                margin=either,
                points=design.plan.points,
                minimum=least,
            )
            for either in (None, MARGIN)
        ]
        if compared[0].plan.points == compared[1].plan.points:
            _gain(compared[0], compared[1], unit, say)
        st.button(
            say("draw_points", n=design.plan.points),
            key="draw",
            type="primary",
            on_click=attempt,
            args=(_draw, design, region, scene, prediction, selection.threshold),
        )


def maps_of(scene: SceneRecord) -> dict[str, Map]:
    """Return the date's maps by models of today: of each alone, and of all together."""
    predictions = shelf().predictions()
    names = [card.id for card in cards()]
    groups = [(name,) for name in titles()] + ([tuple(names)] if len(names) > 1 else [])
    found = {}
    for group in groups:
        selection = Selection.of(group)
        prediction = selection.prediction(scene.id, predictions)
        if prediction is not None:
            found[title_of(selection)] = (selection, prediction)
    return found


def _wishes(maps: dict[str, Map], say: Words) -> tuple[str, bool, float, int]:
    """Return the map, whether strata go by certainty, the wanted error and the least number."""
    st.session_state.setdefault(Keys.STRATA, STRATA[1])
    st.session_state.setdefault(Keys.WANTED, 2.0)
    st.session_state.setdefault(Keys.LEAST, 10)
    if st.session_state.get(Keys.ASSESSED) not in maps:
        st.session_state[Keys.ASSESSED] = next(iter(maps))
    chosen = st.selectbox(say("map_to_assess"), list(maps), key=Keys.ASSESSED)
    strata = st.segmented_control(
        say("strata"),
        STRATA,
        key=Keys.STRATA,
        format_func=lambda name: say(f"strata_{name}"),
        help=say("strata_help"),
        required=True,
    )
    wanted = st.number_input(
        say("wanted"),
        min_value=0.3,
        max_value=10.0,
        step=0.5,
        format="%.1f",
        key=Keys.WANTED,
        help=say("wanted_help"),
    )
    least = st.number_input(say("least"), min_value=2, max_value=200, step=5, key=Keys.LEAST)
    return chosen, strata == "certainty", wanted / 100, int(least)


def _table(design: SampleDesign, unit: Unit, say: Words) -> None:
    heads = (
        say("stratum"),
        say("stratum_area", unit=say(unit)),
        say("stratum_share"),
        say("stratum_points"),
    )
    rows = zip(design.names, design.areas_m2, design.expected, design.plan.counts, strict=True)
    body = "".join(
        f"<tr><th>{say(f'stratum_{name}')}</th><td>{area_text(area, unit)}</td>"
        f"<td>{percent_text(share)}</td><td>{count}</td></tr>"
        for name, area, share, count in rows
    )
    head = "".join(f"<th>{name}</th>" for name in heads)
    st.html(f'<table class="satseg-table"><tr>{head}</tr>{body}</table>')
    one, two = st.columns(2, gap="small")
    one.metric(say("forecast_points"), design.plan.points, border=True, height=BOX_PX)
    show_figure(
        two,
        say("forecast"),
        f"± {area_text(design.standard_error_m2, unit)} {say(unit)}",
        percent_text(design.plan.standard_error),
        height=BOX_PX,
    )


def _gain(plain: SampleDesign, fine: SampleDesign, unit: Unit, say: Words) -> None:
    """Tell what strata by certainty are worth with as many points."""
    text = say(
        "forecast_gain",
        plain=area_text(plain.standard_error_m2, unit),
        fine=area_text(fine.standard_error_m2, unit),
        unit=say(unit),
    )
    st.html(f'<p class="satseg-note">{text}</p>')


def _draw(
    design: SampleDesign,
    region: Region,
    scene: SceneRecord,
    prediction: PredictionRecord,
    threshold: float,
) -> None:
    from satseg.sampling.design import draw_sample

    histogram = shelf().catalog.area(prediction.id, region.id)
    sample = draw_sample(design, region, scene, prediction, histogram, threshold=threshold)
    store().add(sample)
    st.session_state[Keys.SAMPLE] = sample.id
    st.session_state[Keys.STEP] = "label"
