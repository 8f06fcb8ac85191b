"""A made-up Overpass answer, served on the loopback address."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from osm_answer import ANSWER


@dataclass
class Overpass:
    """What the server does next and what it was asked."""

    url: str = ""
    body: bytes = field(default_factory=ANSWER.read_bytes)
    status: int = 200
    queries: list[str] = field(default_factory=list)


@pytest.fixture
def overpass() -> Iterator[Overpass]:
    state = Overpass()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(
                200, b"Connected as: 1\nCurrent time:\n\nRate limit: 2\n2 slots available\n"
            )

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            state.queries.append(parse_qs(text)["data"][0])
            self._reply(state.status, state.body)

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/api"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def elements() -> list[dict[str, Any]]:
    """The elements of the recorded answer."""
    return list(json.loads(ANSWER.read_text(encoding="utf-8"))["elements"])
