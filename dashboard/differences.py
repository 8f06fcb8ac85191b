"""Figures, flow, table and biggest patches of the difference between two maps."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.changes import Patch, joint, patches
from dashboard.chart import CONFIG
from dashboard.flows import flow_chart
from dashboard.pairs import Pair
from dashboard.session import Keys
from dashboard.words import Words
from satseg.export.quantities import Unit, area_text, percent_text

if TYPE_CHECKING:
    from satseg.change import Transitions

FLOW_PX: Final = 170


def show_difference(pair: Pair, levels: tuple[float, float], unit: Unit, say: Words) -> None:
    """Show what differs between two maps at a threshold each, once both are there."""
    if pair.ids is None:
        return
    found = joint(*pair.ids, pair.region.id, pair.interest).transitions(*levels)
    shown = " / ".join(f"{level:.2f}" for level in dict.fromkeys(levels))
    columns = st.columns(2, gap="small")
    for number, (label, text) in enumerate(_figures(found, pair, unit, say)):
        columns[number % 2].metric(
            label, text, help=say("change_figures_help", threshold=shown), border=True
        )
    st.html(f'<p class="satseg-note">{say(f"note_{pair.kind}", threshold=shown)}</p>')
    _flow(found, pair, unit, say)
    _table(found, pair, unit, say)
    _patches(pair, levels, unit, say)


def names_of(pair: Pair, say: Words) -> dict[str, str]:
    """Return what the kinds of ground are called: both, gain, loss, neither."""
    if pair.kind == "dates":
        return {name: say(name) for name in ("both", "gain", "loss", "neither")}
    first, second = pair.titles
    return {
        "both": say("both_models"),
        "loss": say("only_model", name=first),
        "gain": say("only_model", name=second),
        "neither": say("neither_model"),
    }


def _figures(found: Transitions, pair: Pair, unit: Unit, say: Words) -> tuple[tuple[str, str], ...]:
    names = names_of(pair, say)

    def area(m2: float, *, signed: bool = False) -> str:
        return f"{area_text(m2, unit, signed=signed)} {say(unit)}"

    if pair.kind == "dates":
        return (
            (names["gain"], area(found.gain_m2)),
            (names["loss"], area(found.loss_m2)),
            (say("net"), area(found.net_m2, signed=True)),
            (say("kept"), area(found.stable_farmland_m2)),
        )
    alike = found.stable_farmland_m2 + found.stable_other_m2
    seen = alike + found.gain_m2 + found.loss_m2
    return (
        (names["loss"], area(found.loss_m2)),
        (names["gain"], area(found.gain_m2)),
        (names["both"], area(found.stable_farmland_m2)),
        (say("alike"), percent_text(alike / seen) if seen else say("undefined")),
    )


def _flow(found: Transitions, pair: Pair, unit: Unit, say: Words) -> None:
    names = names_of(pair, say)
    first, second = (html.escape(title) for title in pair.titles)
    st.html(
        f'<h2 class="satseg-heading">{say(f"flow_{pair.kind}", unit=say(unit))}</h2>'
        f'<p class="satseg-ends"><span>{first}</span><span>{second}</span></p>'
    )
    st.plotly_chart(
        flow_chart(
            found,
            classes=(say("class_farmland"), say("class_other")),
            flows=(names["both"], names["loss"], names["gain"], names["neither"]),
            unit=unit,
            unit_name=say(unit),
        ),
        key="flow",
        config=CONFIG,
        width="stretch",
        height=FLOW_PX,
    )


def _table(found: Transitions, pair: Pair, unit: Unit, say: Words) -> None:
    classes = (say("class_farmland"), say("class_other"))
    cells = (
        (found.stable_farmland_m2, found.loss_m2),
        (found.gain_m2, found.stable_other_m2),
    )
    first, second = (html.escape(title) for title in pair.titles)
    rows = "".join(
        f"<tr><th>{first} · {name}</th>"
        + "".join(f"<td>{area_text(area, unit)}</td>" for area in areas)
        + "</tr>"
        for name, areas in zip(classes, cells, strict=True)
    )
    head = "".join(f"<th>{second}<br>{name}</th>" for name in classes)
    st.html(
        f'<h2 class="satseg-heading">{say("table_title", unit=say(unit))}</h2>'
        f'<table class="satseg-table"><tr><th></th>{head}</tr>{rows}</table>'
        f'<p class="satseg-note" title="{html.escape(say("common_help"))}">'
        f"{say(f'common_{pair.kind}')}: {percent_text(found.valid_fraction)}</p>"
    )


def _patches(pair: Pair, levels: tuple[float, float], unit: Unit, say: Words) -> None:
    """List the biggest patches that differ on demand; a press on one takes the map there."""
    assert pair.ids is not None  # noqa: S101 (the caller has both maps)
    wanted = (*_place(pair), levels)
    st.html(f'<h2 class="satseg-heading">{say(f"patches_{pair.kind}")}</h2>')
    if focus_of(pair) is not None:
        st.button(
            say("whole_region"),
            key="whole_region",
            on_click=lambda: st.session_state.pop(Keys.FOCUS, None),
        )
    if st.session_state.get(Keys.PATCHES) != wanted:
        st.button(
            say(f"find_{pair.kind}"),
            key="find_patches",
            on_click=lambda: st.session_state.update({Keys.PATCHES: wanted}),
        )
        return
    with st.spinner(say("patches_busy")):
        found = patches(*pair.ids, pair.region.id, pair.interest, levels)
    if not found:
        st.html(f'<p class="satseg-note">{say("patches_none")}</p>')
        return
    names = names_of(pair, say)
    with st.container(key="patches", horizontal=True, gap="small"):
        for number, patch in enumerate(found):
            area = area_text(patch.area_m2, unit)
            text = say(f"patch_{patch.kind}", area=area, unit=say(unit))
            if pair.kind == "models":
                text = f"{names[patch.kind]} · {area} {say(unit)}"
            st.button(
                text, key=f"patch_{number}", on_click=_look_at, args=(_place(pair), number, patch)
            )


def _place(pair: Pair) -> tuple[object, ...]:
    """Return what identifies the two maps and the area in which they are compared."""
    area = None if pair.interest is None else pair.interest.key
    return (*(pair.ids or ()), pair.region.id, area)


def _look_at(place: tuple[object, ...], number: int, patch: Patch) -> None:
    presses = st.session_state.get(Keys.FOCUS, {}).get("presses", 0) + 1
    st.session_state[Keys.FOCUS] = {
        "of": place,
        "presses": presses,
        "state": {
            "id": f"{presses}-{number}",
            "bounds": patch.bounds,
            "geometry": patch.geometry,
        },
    }


def focus_of(pair: Pair) -> dict[str, Any] | None:
    """Return the patch to look at, while the same maps are compared."""
    kept = st.session_state.get(Keys.FOCUS)
    if kept is None or pair.ids is None or kept["of"] != _place(pair):
        return None
    state: dict[str, Any] = kept["state"]
    return state
