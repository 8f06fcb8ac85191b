"""Whether the map's probabilities hold at the labelled points: the reliability diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from dashboard.chart import CONFIG, GRID
from dashboard.words import Words
from satseg.errors import AccuracyError
from satseg.export.legend import INK
from satseg.export.lines import COLOURS
from satseg.probability import SCALE
from satseg.sampling import CLASSES, Interpreter, Sample, labelled_sample

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from satseg.accuracy import Calibration

BINS = 5
HEIGHT = 300


def show_calibration(sample: Sample, interpreter: Interpreter, say: Words) -> None:
    """Show the reliability diagram, the calibration error and the best threshold."""
    try:
        found = calibration_of(sample, interpreter)
    except AccuracyError:
        return
    st.html(f'<h2 class="satseg-heading">{say("calibration")}</h2>')
    st.plotly_chart(diagram(found, say), key="reliability", config=CONFIG, width="stretch")
    threshold = found.threshold
    text = say(
        "calibration_text",
        ece=f"{found.ece.value:.3f}",
        low=f"{found.ece.low:.3f}",
        high=f"{found.ece.high:.3f}",
        threshold="–" if threshold is None else f"{threshold.value:.2f}",
        first="–" if threshold is None else f"{threshold.low:.2f}",
        last="–" if threshold is None else f"{threshold.high:.2f}",
    )
    st.html(f'<p class="satseg-note">{text}</p>')


def calibration_of(sample: Sample, interpreter: Interpreter) -> Calibration:
    """Return the calibration at the points that an interpreter was sure of.

    Raises:
        AccuracyError: too few points.
    """
    from satseg.accuracy import calibration

    labelled = labelled_sample(sample, interpreter)
    return calibration(
        np.array([p.code / SCALE for p in sample.sure(interpreter)]),
        labelled.reference == CLASSES.index("farmland"),
        labelled.weights_m2,
        bins=BINS,
    )


def diagram(found: Calibration, say: Words) -> go.Figure:
    """Return the reliability diagram: observed by predicted share, with 95 % intervals."""
    observed = [part.observed.value for part in found.bins]
    limits = [part.observed.interval() for part in found.bins]
    points: dict[str, Any] = {
        "text": [f"n = {part.points}" for part in found.bins],
        "marker": {"color": COLOURS[0], "size": 9},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - y for y, (_, high) in zip(observed, limits, strict=True)],
            "arrayminus": [y - low for y, (low, _) in zip(observed, limits, strict=True)],
            "color": COLOURS[0],
            "thickness": 1.4,
        },
    }
    return _figure([part.predicted for part in found.bins], observed, points, say)


def curve(
    predicted: Sequence[float], observed: Sequence[float], shares: Sequence[float], say: Words
) -> go.Figure:
    """Return the reliability diagram of a card's bins; a point is as large as its share of all."""
    points = {
        "mode": "lines+markers",
        "text": [f"{share:.1%}" for share in shares],
        "line": {"color": COLOURS[0], "width": 1},
        "marker": {"color": COLOURS[0], "size": [7 + 24 * share**0.5 for share in shares]},
    }
    return _figure(predicted, observed, points, say)


def _figure(
    predicted: Sequence[float], observed: Sequence[float], points: dict[str, Any], say: Words
) -> go.Figure:
    import plotly.graph_objects as go

    axis = {"range": [-0.03, 1.03], "gridcolor": GRID, "zerolinecolor": GRID, "automargin": True}
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "name": say("perfect"),
        "line": {"color": "#9aa7ad", "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    found = {
        "type": "scatter",
        "mode": "markers",
        "x": list(predicted),
        "y": list(observed),
        "name": say("was"),
        "hovertemplate": "%{x:.2f} → %{y:.2f}<br>%{text}<extra></extra>",
        **points,
    }
    layout = {
        "xaxis": {"title": {"text": say("said")}, **axis},
        "yaxis": {"title": {"text": say("was")}, **axis},
        "height": HEIGHT,
        "margin": {"l": 4, "r": 8, "t": 6, "b": 4},
        "font": {"color": INK, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "dragmode": False,
    }
    return go.Figure({"data": [diagonal, found], "layout": layout})
