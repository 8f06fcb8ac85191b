"""The flow of ground between two maps: farmland and other on the left, and on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from satseg.export.legend import INK
from satseg.export.quantities import Unit, area_text, in_unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from satseg.change import Transitions

FARMLAND: Final = "#c9b800"
OTHER: Final = "#9aa7ad"
LINKS: Final = {
    "kept": "rgba(240, 228, 66, 0.75)",
    "loss": "rgba(213, 94, 0, 0.7)",
    "gain": "rgba(0, 114, 178, 0.65)",
    "other": "rgba(190, 199, 203, 0.55)",
}
"""Colours of the map's legend. Source: Okabe and Ito (2008), Color Universal Design."""


def flow_chart(
    found: Transitions,
    *,
    classes: tuple[str, str],
    flows: tuple[str, str, str, str],
    unit: Unit,
    unit_name: str,
) -> go.Figure:
    """Return a Sankey diagram of the transitions.

    Args:
        found: areas of what became of the ground.
        classes: what farmland and what everything else is called.
        flows: names of what is farmland on both, on the first only, on the second only, on none.
        unit: unit of the areas.
        unit_name: what the unit is called.
    """
    import plotly.graph_objects as go

    rows = [
        (0, 2, found.stable_farmland_m2, "kept"),
        (0, 3, found.loss_m2, "loss"),
        (1, 2, found.gain_m2, "gain"),
        (1, 3, found.stable_other_m2, "other"),
    ]
    shown = [(row, name) for row, name in zip(rows, flows, strict=True) if row[2] > 0]
    sums = (
        found.before_m2,
        found.gain_m2 + found.stable_other_m2,
        found.after_m2,
        found.loss_m2 + found.stable_other_m2,
    )
    labels = [
        f"{classes[number % 2]} {area_text(m2, unit)}" if m2 > 0 else ""
        for number, m2 in enumerate(sums)
    ]
    return go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": labels,
                "color": [FARMLAND, OTHER, FARMLAND, OTHER],
                "pad": 18,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": f"%{{label}} {unit_name}<extra></extra>",
            },
            link={
                "source": [row[0] for row, _ in shown],
                "target": [row[1] for row, _ in shown],
                "value": [in_unit(row[2], unit) for row, _ in shown],
                "color": [LINKS[row[3]] for row, _ in shown],
                "customdata": [f"{n}: {area_text(row[2], unit)} {unit_name}" for row, n in shown],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
            textfont={"color": INK, "size": 12, "shadow": "none"},
        ),
        layout={
            "margin": {"l": 2, "r": 2, "t": 6, "b": 8},
            "font": {"color": INK, "size": 12},
            "paper_bgcolor": "rgba(0,0,0,0)",
        },
    )
