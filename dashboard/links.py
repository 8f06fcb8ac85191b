"""Every view is a link: what is on view as parameters of the address, and back again.

The address is written in the browser (``assets/link.js``), which costs no rerun and leaves no trace
in the history. It is read once, when a visit begins; from then on the session knows better.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.cardtexts import titles
from dashboard.choice import Choice, Look
from dashboard.mapview import Answer
from dashboard.mixture import MOST, selections_of
from dashboard.session import COLOURS, KINDS, LANGUAGES, PARTS, SECTIONS, STEPS, VIEWS, Keys
from dashboard.shelf import cards, shelf
from dashboard.words import Words
from satseg.errors import SatsegError
from satseg.export.quantities import UNITS
from satseg.pooling import METHODS, Method
from satseg.recipes import AUGMENTED
from satseg.sampling import INTERPRETERS

if TYPE_CHECKING:
    from dashboard.shelf import Selection
    from satseg.catalog_records import SceneRecord

HERE = Path(__file__).resolve().parent
LONGEST: Final = 300
NONE: Final = "none"
D4: Final = "d4"
_AT = re.compile(r"-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?,\d{1,2}(\.\d+)?")

_component = st.components.v2.component(
    "satseg_link",
    html=(
        '<button type="button"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 14a4 4 0 0'
        " 0 6 .5l3-3a4 4 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1.5"
        '-1.5"/></svg><span></span></button><div role="status"></div>'
    ),
    css=(HERE / "assets" / "link.css").read_text(encoding="utf-8"),
    js=(HERE / "assets" / "link.js").read_text(encoding="utf-8"),
)


def show_link(query: Mapping[str, str], say: Words) -> None:
    """Write what is on view into the address, and offer to copy it."""
    data = {
        "query": {name: value for name, value in query.items() if value},
        "label": say("link_copy"),
        "help": say("link_help"),
        "copied": say("link_copied"),
        "failed": say("link_failed"),
    }
    _component(key=Keys.LINK, data=data)


def explore_query(choice: Choice, look: Look) -> dict[str, str]:
    """Return the parameters of a view of Explore."""
    kept = choice.interest is not None and st.session_state[Keys.AREA] != "draft"
    return {
        "region": choice.region.id,
        "area": choice.interest.id if choice.interest is not None and kept else "",
        "date": str(choice.scene.date),
        "models": ",".join(
            s.model_ids[0].removesuffix(AUGMENTED)
            for s in choice.selections
            if len(s.model_ids) == 1
        )
        or NONE,
        "augment": D4 if st.session_state.get(Keys.AUGMENT) else "",
        **_mixture_query(choice.shown),
        "view": choice.view,
        "imagery": choice.colour,
        **look_query(look),
        **common_query(),
    }


def _mixture_query(shown: Selection | None) -> dict[str, str]:
    """Return how the models on the map become one: method and weights, where there is a choice."""
    if shown is None or len(shown.model_ids) < 2:
        return {}
    numbers = "" if shown.weights is None else ",".join(f"{number:g}" for number in shown.weights)
    return {"method": "" if shown.method == "mean" else shown.method, "weights": numbers}


def look_query(look: Look) -> dict[str, str]:
    """Return the parameters of how an overlay is painted."""
    if not look.token:
        return {}
    return {
        "threshold": f"{look.threshold:g}",
        "threshold_first": "" if look.first is None else f"{look.first:g}",
        "opacity": f"{look.opacity:g}",
        "shade": "1" if look.shade else "",
    }


def common_query() -> dict[str, str]:
    """Return the parameters that each page has."""
    return {
        "unit": st.session_state.get(Keys.UNIT, UNITS[0]),
        "lang": st.session_state[Keys.LANGUAGE],
    }


def take_link() -> None:
    """Begin a visit with what its address says; what cannot be is left out and told once."""
    if Keys.LINKED in st.session_state:
        return
    st.session_state[Keys.LINKED] = True
    given = {name: value[:LONGEST] for name, value in st.query_params.to_dict().items()}
    try:
        found = read_link(given)
    except SatsegError:  # the page tells what is wrong with the catalog
        return
    st.session_state.update(found.state)
    if found.ignored:
        st.session_state[Keys.IGNORED] = found.ignored


def show_ignored(say: Words) -> None:
    """Tell once which parameters of the address could not be used."""
    ignored = st.session_state.pop(Keys.IGNORED, ())
    if ignored:
        st.toast(say("link_ignored", names=", ".join(ignored)), duration="long")


@dataclass(slots=True)
class Linked:
    """What an address says: values for the session, and the parameters that were left out."""

    given: Mapping[str, str]
    state: dict[str, Any] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def take(self, name: str, key: str, read: Callable[[str], Any]) -> Any:
        """Put a parameter under a session key; ``read`` returns None for what cannot be."""
        text = self.given.get(name)
        if text is None:
            return None
        value = read(text)
        if value is None:
            self.ignored.append(name)
        elif key:
            self.state[key] = value
        return value


def read_link(given: Mapping[str, str]) -> Linked:
    """Return what the parameters of an address mean in this catalog."""
    found = Linked(given)
    for name, key, options in (
        ("lang", Keys.LANGUAGE, LANGUAGES),
        ("unit", Keys.UNIT, UNITS),
        ("view", Keys.VIEW, VIEWS),
        ("imagery", Keys.COLOUR, COLOURS),
        ("kind", Keys.KIND, KINDS),
        ("step", Keys.STEP, STEPS),
        ("by", Keys.INTERPRETER, INTERPRETERS),
        ("method", Keys.METHOD, METHODS),
        ("section", Keys.SECTION, SECTIONS),
        ("part", Keys.PART, PARTS),
    ):
        found.take(name, key, _one_of(options))
    _read_place(found)
    _read_models(found)
    found.take("at", "", lambda text: text if _AT.fullmatch(text) else None)
    found.take("split", "", _number)
    return found


def _read_place(found: Linked) -> None:
    """Read region, area, dates and sample, each within what the one before allows."""
    scenes = shelf().scenes()
    if not scenes:
        return
    found.take("only", Keys.SCENE_REGION, _one_of(scenes))
    found.take("find", Keys.SCENE_TEXT, lambda text: text if text.isprintable() else None)
    region_id = found.take("region", Keys.REGION, _one_of(scenes))
    if region_id is None:
        region_id = next(region.id for region in shelf().regions() if region.id in scenes)
        if "region" in found.ignored:
            # Without its region a link's other places mean nothing.
            return
    here: list[SceneRecord] = scenes[region_id]
    dates = [str(scene.date) for scene in here]
    found.take("area", Keys.AREA, _one_of([one.id for one in shelf().interests_at(here)]))
    found.take("date", Keys.DATE, _one_of(dates))
    start = found.take("from", "", _one_of(dates))
    end = found.take("to", "", _one_of(dates))
    if start and end and start < end:
        found.state[Keys.PERIOD] = (start, end)
    found.take("sample", Keys.SAMPLE, lambda text: text if _is_sample(text, here) else None)


def _is_sample(text: str, scenes: list[SceneRecord]) -> bool:
    from dashboard.samples import known_samples

    return any(sample.id == text for scene in scenes for sample in known_samples(scene.id))


def _read_models(found: Linked) -> None:
    """Read models, and how their overlay is painted: that belongs to the models."""
    known = list(titles())
    every = "+".join(card.id for card in cards())
    models = found.take("models", Keys.MODELS, lambda text: _several(text.split(","), known))
    if models and set(found.given["models"].split(",")) > set(models):
        found.ignored.append("models")
    weights = _read_weights(found, models or [])
    augmented = bool(found.take("augment", Keys.AUGMENT, lambda text: text == D4 or None))
    found.take("card", Keys.CARD, _one_of(known))
    one = found.take("model", Keys.COMPARED, _one_of([*known, every]))
    pair = [
        found.take(name, key, _one_of([*known, every]))
        for name, key in (("first", Keys.FIRST), ("second", Keys.SECOND))
    ]
    threshold = found.take("threshold", "", _number)
    first = found.take("threshold_first", "", _number)
    opacity = found.take("opacity", "", _number)
    shade = found.given.get("shade") == "1"
    if threshold is None and opacity is None:
        return
    tokens = {
        Keys.MAP: _token_on_map(
            models or known[:1], weights, found.state.get(Keys.METHOD, "mean"), augmented
        ),
        Keys.COMPARE_MAP: "+".join(sorted((one or known[0]).split("+"))) if known else "",
    }
    if all(pair):
        tokens[Keys.COMPARE_MAP] = "|".join("+".join(sorted(name.split("+"))) for name in pair)
    looks: dict[str, Answer] = found.state.setdefault(Keys.LOOKS, {})
    for key, token in tokens.items():
        looks[key] = Answer(
            token=token if threshold is not None else "",
            threshold=0.5 if threshold is None else threshold,
            opacity=0.55 if opacity is None else opacity,
            shade=shade,
            region=None,
            clicks=0,
            first=first,
        )


def _read_weights(found: Linked, models: list[str]) -> dict[str, int]:
    """Read the weights of the models of a link, which stand in the order of their ids."""

    def read(text: str) -> dict[str, int] | None:
        numbers = text.split(",")
        fit = len(numbers) == len(models) and all(
            number.isdecimal() and 1 <= int(number) <= MOST for number in numbers
        )
        return dict(zip(sorted(models), map(int, numbers), strict=True)) if fit else None

    return found.take("weights", Keys.WEIGHTS, read) or {}


def _token_on_map(
    models: list[str], weights: Mapping[str, float], method: Method, augmented: bool
) -> str:
    """Return the token of what is on the map when these models are chosen."""
    shown = selections_of(models, weights, method, augmented=augmented) if models else ()
    return shown[-1].token if shown else ""


def _several(names: list[str], known: list[str]) -> list[str] | None:
    """Return those names of models that are known, each once; None where there is none."""
    if names == [NONE]:
        return []
    return [name for name in dict.fromkeys(names) if name in known] or None


def _one_of(options: Any) -> Callable[[str], str | None]:
    return lambda text: text if text in options else None


def _number(text: str) -> float | None:
    """Return a number from 0 to 1, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
