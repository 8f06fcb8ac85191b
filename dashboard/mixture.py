"""Several models as one: which, with which weights, by which method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.session import Keys
from dashboard.shelf import Selection
from dashboard.words import Words
from satseg.pooling import METHODS, WEIGHTED, Method
from satseg.zoo.card import is_ensemble_id

MOST = 10
"""Largest weight: what counts are the proportions."""


def together_of(chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the models that are taken together; none where an ensemble is chosen beside them."""
    return () if any(is_ensemble_id(name) for name in chosen) else tuple(chosen)


def selections_of(
    chosen: Sequence[str],
    weights: Mapping[str, float],
    method: Method,
    *,
    augmented: bool = False,
) -> tuple[Selection, ...]:
    """Return each chosen model or ensemble and, of several models, all of them as the last.

    ``augmented`` has each of them applied to all eight flips and turns.
    """
    ordered = sorted(chosen, key=is_ensemble_id)  # the last one is on the map
    single = tuple(Selection.of([name], augmented=augmented) for name in ordered)
    together = together_of(chosen)
    if len(together) < 2:
        return single
    every = Selection.of(together, weights=weights, method=method, augmented=augmented)
    return (*single, every)


def choose_augmented(key: str, say: Words) -> bool:
    """Draw the switch for test-time augmentation, which says what it costs."""
    st.session_state.setdefault(key, False)
    return bool(st.toggle(say("augment"), key=key, help=say("augment_help")))


def choose_mixture(
    chosen: Sequence[str], names: Mapping[str, str], say: Words
) -> tuple[dict[str, float], Method]:
    """Draw the box with method and weights of the chosen models, and return them."""
    kept: dict[str, int] = st.session_state.setdefault(Keys.WEIGHTS, {})
    st.session_state.setdefault(Keys.METHOD, METHODS[0])
    with st.popover(_summary(chosen, kept, say), width="stretch"):
        method = choose_method(Keys.METHOD, say)
        weights = choose_weights(chosen, names, say, prefix="weight", start=kept, method=method)
    st.session_state[Keys.WEIGHTS] = {**kept, **weights}
    return {name: float(weight) for name, weight in weights.items()}, method


def choose_method(key: str, say: Words) -> Method:
    """Draw the switch between the methods; its key has a value."""
    method: Method = st.segmented_control(
        say("method"),
        METHODS,
        key=key,
        format_func=lambda name: say(f"method_{name}"),
        help=say("method_help"),
        required=True,
    )
    return method


def choose_weights(
    chosen: Sequence[str],
    names: Mapping[str, str],
    say: Words,
    *,
    prefix: str,
    start: Mapping[str, int],
    method: Method,
) -> dict[str, int]:
    """Draw a slider for the weight of each model, and return the weights, 1 to ``MOST``."""
    if method not in WEIGHTED:
        st.caption(say("weight_none"))
        return {name: start.get(name, 1) for name in chosen}
    weights = {}
    for name in chosen:
        key = f"{prefix}_{name}"
        st.session_state[key] = st.session_state.get(key, start.get(name, 1))
        weights[name] = int(st.slider(say("weight_of", name=names[name]), 1, MOST, key=key))
    return weights


def _summary(chosen: Sequence[str], weights: Mapping[str, int], say: Words) -> str:
    """Return what is chosen now, as the label of the box."""
    method = st.session_state[Keys.METHOD]
    word = say(f"method_{method}")
    given = [_given(name, weights) for name in chosen]
    if method not in WEIGHTED:
        return say("mixture_plain", method=word)
    if len(set(given)) == 1:
        return say("mixture_equal", method=word)
    return say("mixture_weights", method=word, weights=" : ".join(str(one) for one in given))


def _given(name: str, weights: Mapping[str, int]) -> int:
    """Return a weight, as its slider has it already where it was moved just now."""
    return int(st.session_state.get(f"weight_{name}", weights.get(name, 1)))
