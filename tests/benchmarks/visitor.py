"""A visitor without a browser: Streamlit's own protocol over one websocket, and the map's tiles.

What a browser does beyond that, which is to draw, costs the server nothing.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

PATIENCE_S = 60.0
TILES_A_VIEW = 12
_STATE = re.compile(r"satseg\.apply\(map_div, (\{.*\})\);")


@dataclass(frozen=True, slots=True)
class Rerun:
    """One run of the page: how long until it was finished, and what it said went wrong."""

    seconds: float
    errors: tuple[str, ...]


@dataclass(slots=True)
class Seen:
    """What the page of a run holds: controls by kind, the map's state, error texts."""

    boxes: dict[str, Any] = field(default_factory=dict)
    sliders: dict[str, Any] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)
    maps: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


class Visitor:
    """One session of the dashboard, in a ``with`` statement.

    Args:
        address: of the server, without a slash at its end.
        query: parameters with which the visit begins.
        seed: what the visitor clicks on follows from it.
    """

    def __init__(
        self, address: str, *, query: Mapping[str, str] | None = None, seed: int = 0
    ) -> None:
        self.address = address
        self.query = urlencode(query or {})
        self.chance = random.Random(seed)
        self.client = httpx.Client(base_url=address, timeout=PATIENCE_S)
        self.open = ExitStack()
        self.line: Any = None
        self.states: dict[str, WidgetState] = {}
        self.pages: dict[str, str] = {}
        self.page = ""
        self.session = ""
        self.seen = Seen()
        self.fetched: set[str] = set()

    def __enter__(self) -> Visitor:
        self.open.enter_context(self.client)
        self.line = self.open.enter_context(
            connect(
                self.address.replace("http", "ws", 1) + "/_stcore/stream",
                subprotocols=["streamlit"],  # type: ignore[list-item]
                origin=self.address,  # type: ignore[arg-type]
                max_size=None,
            )
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.open.close()

    def rerun(self, change: WidgetState | None = None) -> Rerun:
        """Run the page, with one control changed.

        Raises:
            TimeoutError: the page is not finished within a minute.
        """
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        ask.rerun_script.page_script_hash = self.page
        if change is not None:
            self.states[change.id] = change
        for state in self.states.values():
            ask.rerun_script.widget_states.widgets.append(state)
        if change is not None and change.WhichOneof("value") == "json_trigger_value":
            del self.states[change.id]
        self.seen = Seen()
        started = time.perf_counter()
        self.line.send(ask.SerializeToString())
        self._until_finished(started + PATIENCE_S)
        return Rerun(time.perf_counter() - started, tuple(self.seen.errors))

    def go(self, url_path: str) -> Rerun:
        """Go to another page, by its path; the first one has none."""
        self.page = self.pages[url_path]
        return self.rerun()

    def choose(self, box: str, option: str) -> Rerun:
        """Choose an option of the box with a label."""
        return self.rerun(WidgetState(id=self.seen.boxes[box].id, string_value=option))

    def click_about(self) -> Rerun:
        """Do what a visitor does next, by chance."""
        does = [self._choose_date, self._choose_date, self._switch, self._choose_box, self._look]
        if self.pages and self.chance.random() < 0.1:
            return self.go(self.chance.choice(sorted(self.pages)))
        return self.chance.choice(does)()

    def fetch_tiles(self) -> list[float]:
        """Fetch the tiles on view that this visit has not; return the seconds of each."""
        seconds = []
        for url in self._tiles():
            if url in self.fetched:
                continue
            self.fetched.add(url)
            started = time.perf_counter()
            self.client.get(url).raise_for_status()
            seconds.append(time.perf_counter() - started)
        return seconds

    def _choose_date(self) -> Rerun:
        sliders = [slider for slider in self.seen.sliders.values() if len(slider.default) == 1]
        if not sliders:
            return self.rerun()
        slider = self.chance.choice(sliders)
        state = WidgetState(id=slider.id)
        state.string_array_value.data.append(self.chance.choice(list(slider.options)))
        return self.rerun(state)

    def _switch(self) -> Rerun:
        if not self.seen.switches:
            return self.rerun()
        group = self.chance.choice(list(self.seen.switches.values()))
        state = WidgetState(id=group.id)
        state.string_array_value.data.append(self.chance.choice(group.options).content)
        return self.rerun(state)

    def _choose_box(self) -> Rerun:
        if not self.seen.boxes:
            return self.rerun()
        box = self.chance.choice(list(self.seen.boxes.values()))
        return self.rerun(WidgetState(id=box.id, string_value=self.chance.choice(box.options)))

    def _look(self) -> Rerun:
        """Let go of the map's threshold slider at another place."""
        if not self.seen.maps:
            return self.rerun()
        name, state = self.chance.choice(list(self.seen.maps.items()))
        return self.rerun(threshold_change(name, state, round(self.chance.uniform(0.1, 0.9), 2)))

    def _until_finished(self, until: float) -> None:
        while True:
            data = self.line.recv(timeout=max(0.1, until - time.perf_counter()))
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
            elif kind == "navigation":
                self.pages = {
                    page.url_pathname: page.page_script_hash
                    for page in message.navigation.app_pages
                }
                self.page = message.navigation.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._take(message.delta.new_element)
            elif kind == "script_finished" and message.script_finished == 0:
                return

    def _take(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        part = getattr(element, kind) if kind else None
        if kind == "alert" and part.format == part.ERROR:
            self.seen.errors.append(part.body)
        elif kind == "exception":
            self.seen.errors.append(f"{part.type}: {part.message}")
        elif kind == "selectbox":
            self.seen.boxes[part.label] = part
        elif kind == "slider" and part.options:
            self.seen.sliders[part.label] = part
        elif kind == "button_group":
            self.seen.switches[part.label] = part
        elif kind == "component_instance":
            state = _map_state(part.json_args)
            if state is not None:
                self.seen.maps[part.id] = state
                self._tell_that_it_stands(state)
        if part is not None and getattr(part, "set_value", False):
            self.states.pop(part.id, None)

    def _tell_that_it_stands(self, state: Mapping[str, Any]) -> None:
        """Answer for a map that is never drawn here, or the page's first run waits for it."""
        if state.get("standing"):
            self.client.post(f"/standing/{state['standing']}").raise_for_status()

    def _tiles(self) -> Iterator[str]:
        for state in self.seen.maps.values():
            for layer in (state.get("imagery"), state.get("later"), state.get("overlay")):
                if layer:
                    yield from tile_addresses(layer)


def threshold_change(widget: str, state: Mapping[str, Any], threshold: float) -> WidgetState:
    """Return what the map tells when its threshold slider is let go of."""
    told = {
        "token": state["token"],
        "threshold": threshold,
        "opacity": state["opacity"],
        "shade": state["shade"],
        "first": state.get("first"),
        "region": None,
        "clicks": 0,
    }
    return WidgetState(id=widget, json_value=json.dumps(told))


def tile_addresses(layer: Mapping[str, Any], *, count: int = TILES_A_VIEW) -> Sequence[str]:
    """Return the addresses of a layer's tiles where the whole layer is about one window wide."""
    from morecantile import tms

    (south, west), (north, east) = layer["bounds"]
    grid = tms.get("WebMercatorQuad")
    for zoom in range(layer["maxZoom"], layer["minZoom"] - 1, -1):
        tiles = list(grid.tiles(west, south, east, north, zooms=zoom))
        if len(tiles) <= count:
            break
    return [
        "/" + layer["url"].removeprefix("../../").format(z=tile.z, x=tile.x, y=tile.y)
        for tile in tiles
    ]


def _map_state(arguments: str) -> dict[str, Any] | None:
    """Return the state that a component's arguments hand to the map, if it is the map."""
    for text in json.loads(arguments).values():
        found = _STATE.search(text) if isinstance(text, str) else None
        if found:
            return dict(json.loads(found.group(1)))
    return None
