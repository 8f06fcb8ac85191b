"""One model's or ensemble's card, as people read it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.cardtexts import listing, said
from dashboard.chart import CONFIG
from dashboard.modelclasses import class_names, show_class_scores
from dashboard.modelparts import show_parts
from dashboard.modeltable import lacking_sets, roles
from dashboard.reliability import curve
from dashboard.shelf import cards, ensembles
from dashboard.words import Words
from satseg.export.quantities import percent_text
from satseg.zoo.card import INT8_LENGTH, ModelCard

if TYPE_CHECKING:
    from satseg.legend import Legend
    from satseg.zoo.ensembles import EnsembleCard

SPLIT = (1.0, 1.3)
SHOWN = ("iou", "boundary_iou", "f1", "precision", "recall", "area_bias", "ece", "auroc_entropy")


def show_card(card_id: str, say: Words) -> None:
    """Show the card of one model or ensemble."""
    model = next((card for card in cards() if card.id == card_id), None)
    if model is not None:
        _show(model, model.bands, _model_facts(model, say), say)
        return
    ensemble = next(card for card in ensembles() if card.id == card_id)
    members = ensemble.models()
    bands = tuple(dict.fromkeys(band for card in members for band in card.bands))
    _show(ensemble, bands, _ensemble_facts(ensemble, bands, members, say), say)


def _show(card: ModelCard | EnsembleCard, bands: Sequence[str], facts: str, say: Words) -> None:
    with st.container(key="models_parts"):
        left, right = st.columns(SPLIT, gap="large")
    with left:
        st.html(
            f'<h2 class="satseg-heading">{html.escape(said(card.title))}</h2>'
            f'<p class="satseg-note">{html.escape(said(card.summary))}</p>{facts}'
        )
        _failures(card.failures, say)
    with right:
        _measured(card, bands, say)
        _trained(card.training.get("data", ()), say)


def _model_facts(card: ModelCard, say: Words) -> str:
    size = card.weights_path.stat().st_size / 1e6 if card.weights_path.is_file() else 0.0
    arguments = ", ".join(f"{name} {value}" for name, value in card.arguments.items())
    rows = [
        ("card_id", f"<code>{card.id}</code>"),
        ("card_architecture", html.escape(f"{card.architecture} {arguments}".strip())),
        ("card_bands", listing(card.bands)),
        ("card_gsd", say("card_gsd_value", gsd=f"{card.gsd_m:g}")),
        ("card_scaling", say("card_scaling_value")),
        (
            "card_windows",
            say(
                "card_windows_value" if card.int8 is None else "card_windows_int8",
                patch=card.patch_px,
                overlap=card.overlap_px,
                length=INT8_LENGTH * card.patch_px,
            ),
        ),
        *_classes(card.threshold, card.temperature, say, card.legend),
        ("card_runtime", say(_runtime(card))),
        ("card_weights", f"{html.escape(card.weights)}, {size:.1f} MB"),
        ("card_licence", html.escape(card.licence)),
        *_trained_facts(card, say),
        ("card_hash", f'<code title="{card.sha256}">{card.sha256[:16]}…</code>'),
    ]
    return _facts(rows, say)


def _ensemble_facts(
    card: EnsembleCard, bands: Sequence[str], members: Sequence[ModelCard], say: Words
) -> str:
    parts = [
        f"{html.escape(said(model.title))} × {one.weight:g}"
        for one, model in zip(card.members, members, strict=True)
    ]
    training = card.training
    pictures = ", ".join(f"{name}: {n}" for name, n in training.get("fitted_on", {}).items())
    fitted = (
        say("card_fitted_value", what=training.get("fitted", ""), pictures=pictures)
        if training
        else say("card_by_hand")
    )
    rows = [
        ("card_id", f"<code>{card.id}</code>"),
        ("card_members", "<br>".join(parts)),
        ("card_method", say(f"method_{card.method}")),
        ("card_bands", listing(bands)),
        ("card_gsd", say("card_gsd_value", gsd=f"{min(m.gsd_m for m in members):g}")),
        *_classes(card.threshold, card.temperature, say),
        ("card_licence", html.escape(card.licence)),
        ("card_fitted", html.escape(fitted)),
    ]
    return _facts(rows, say)


def _classes(
    threshold: float, temperature: float, say: Words, legend: Legend | None = None
) -> list[tuple[str, str]]:
    """Return the rows of the classes, farmland alone without a legend, and how it is decided."""
    return [
        ("card_classes", class_names(legend)),
        ("card_threshold", f"{threshold:g}"),
        ("card_temperature", f"{temperature:g}"),
    ]


def _runtime(card: ModelCard) -> str:
    if card.int8 is None:
        return "runtime_float32"
    return "runtime_int8" if card.int8_is_faithful else "runtime_int8_asked"


def _trained_facts(card: ModelCard, say: Words) -> list[tuple[str, str]]:
    training = card.training
    rows = []
    if {"finished", "steps", "hours", "device"} <= set(training):
        found = {name: training[name] for name in ("finished", "steps", "hours", "device")}
        rows.append(("card_trained", html.escape(say("card_trained_value", **found))))
    if "split" in training:
        rows.append(("card_split", html.escape(said(str(training["split"])))))
    return rows


def _facts(rows: Sequence[tuple[str, str]], say: Words) -> str:
    body = "".join(f"<tr><th>{say(name)}</th><td>{value}</td></tr>" for name, value in rows)
    return f'<table class="satseg-card-facts">{body}</table>'


def _failures(failures: Sequence[str], say: Words) -> None:
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in failures)
    shown = (
        f'<ul class="satseg-list">{listed}</ul>'
        if listed
        else (f'<p class="satseg-note">{say("failures_none")}</p>')
    )
    st.html(f'<h2 class="satseg-heading">{say("failures")}</h2>{shown}')


def _measured(card: ModelCard | EnsembleCard, bands: Sequence[str], say: Words) -> None:
    st.html(f'<h2 class="satseg-heading">{say("measured")}</h2>')
    if not card.metrics:
        st.caption(say("not_measured", id=card.id))
        return
    with st.container(key="models_measured"):
        _table(card.metrics, say)
    names = lacking_sets(bands)
    notes = [say("not_measurable", names=listing(names), reason=say("reason_rgb"))]
    text = " ".join([*(notes if names else []), say("metrics_note")])
    st.html(f'<p class="satseg-note">{html.escape(text)}</p>')
    if isinstance(card, ModelCard):
        show_class_scores(card, say)
    show_parts(card.metrics, say)
    _reliability(card, say)


def _table(rows: Sequence[Mapping[str, Any]], say: Words) -> None:
    head = "".join(f"<th>{say(f'metric_{name}')}</th>" for name in ("data", *SHOWN))
    body = "".join(
        f'<tr title="{say("metric_pixels")}: {row["pixels"]:,}">'
        f"<th>{html.escape(said(row['data']))}"
        f"<br><small>{say('n_images', n=row['images'])}</small></th>"
        + "".join(f"<td>{_number(name, row)}</td>" for name in SHOWN)
        + "</tr>"
        for row in rows
    )
    st.html(f'<table class="satseg-table satseg-wide"><tr>{head}</tr>{body}</table>')


def _number(name: str, row: Mapping[str, Any]) -> str:
    value = row.get(name)
    if value is None:
        return "–"
    if name == "area_bias":
        return percent_text(value, signed=True)
    if name == "iou" and "iou_low" in row:
        return f"{value:.3f}<br><small>{row['iou_low']:.2f}–{row['iou_high']:.2f}</small>"
    return f"{value:.3f}"


def _reliability(card: ModelCard | EnsembleCard, say: Words) -> None:
    held = {str(row["data"]): row["reliability"] for row in card.metrics if "reliability" in row}
    if not held:
        st.caption(say("no_reliability"))
        return
    names = list(held)
    name = names[-1]
    if len(names) > 1:
        key = f"reliability_{card.id}"
        st.session_state.setdefault(key, names[0])
        name = st.segmented_control(
            say("data"),
            names,
            format_func=said,
            key=key,
            label_visibility="collapsed",
            required=True,
        )
    shown = html.escape(said(name))
    st.html(f'<h2 class="satseg-heading">{say("reliability_title", name=shown)}</h2>')
    bins = held[name]
    figure = curve(bins["predicted"], bins["observed"], bins["share"], say)
    st.plotly_chart(figure, key=f"curve_{card.id}", config=CONFIG, width="stretch")
    role = roles().get(name, "")
    note = f" ({say(f'role_{role}')})" if role in ("external", "held-out") else ""
    st.html(f'<p class="satseg-note">{shown}{note}. {say("reliability_note")}</p>')


def _trained(data: Sequence[dict[str, Any]], say: Words) -> None:
    if not data:
        return
    names = ("data", "data_share", "data_pictures", "data_held")
    head = "".join(f"<th>{say(name)}</th>" for name in names)
    head += f'<th class="satseg-words">{say("data_terms")}</th>'
    rows = "".join(
        f"<tr><th>{html.escape(said(str(row['name'])))}</th><td>{row['share']:.0%}</td>"
        f"<td>{row['pictures']}</td><td>{row['validation_pictures']}</td>"
        f'<td class="satseg-words">{html.escape(said(str(row["terms"])))}</td></tr>'
        for row in data
    )
    st.html(
        f'<h2 class="satseg-heading">{say("trained_on")}</h2>'
        f'<table class="satseg-table satseg-wide"><tr>{head}</tr>{rows}</table>'
    )
