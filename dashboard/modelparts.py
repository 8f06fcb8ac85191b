"""A card's measurements by region and by date."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.cardtexts import said
from dashboard.choice import region_name
from dashboard.session import Keys
from dashboard.shelf import shelf
from dashboard.words import Words
from satseg.export.quantities import percent_text


def show_parts(metrics: Sequence[Mapping[str, Any]], say: Words) -> None:
    """Show a folded table for each data set whose regions and dates were measured."""
    for row in metrics:
        if row.get("parts"):
            with st.expander(say("parts_title", name=said(row["data"]))):
                st.html(parts_table(row["parts"], say))


def parts_table(parts: Sequence[Mapping[str, Any]], say: Words) -> str:
    """Return the table as HTML: a row for each region and one for each of its dates."""
    heads = ("part_region", "part_date", "metric_iou", "metric_boundary_iou", "metric_area_bias")
    head = "".join(f"<th>{say(name)}</th>" for name in (*heads, "metric_images", "metric_pixels"))
    body = "".join(_line(part, say) for part in parts)
    return f'<table class="satseg-table satseg-wide"><tr>{head}</tr>{body}</table>'


def _line(part: Mapping[str, Any], say: Words) -> str:
    whole = "date" not in part
    region = html.escape(_region_name(str(part["region"]))) if whole else ""
    interval = (
        f" <small>{part['iou_low']:.2f}–{part['iou_high']:.2f}</small>" if "iou_low" in part else ""
    )
    bias = percent_text(part["area_bias"], signed=True) if "area_bias" in part else "–"
    cells = [
        html.escape(str(part["date"])) if not whole else say("part_all"),
        figure(part.get("iou")) + interval,
        figure(part.get("boundary_iou")),
        bias,
        str(part["images"]),
        f"{part['pixels']:,}",
    ]
    return f"<tr><th>{region}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _region_name(region: str) -> str:
    """Return the region's name where the catalog has it, else its id."""
    known = {one.id: one for one in shelf().regions()}
    return (
        region_name(known[region], st.session_state[Keys.LANGUAGE]) if region in known else region
    )


def figure(value: float | None) -> str:
    """Return three decimals, or a dash for what was not measured."""
    return "–" if value is None else f"{value:.3f}"
