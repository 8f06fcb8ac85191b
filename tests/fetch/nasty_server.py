"""An HTTP server on loopback that misbehaves as told."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BODY = bytes(range(256)) * 40  # 10,240 bytes
OTHER = BODY[::-1]


def left(target: Path) -> list[str]:
    """Return the names of the files beside a download."""
    return sorted(path.name for path in target.parent.iterdir())


@dataclass
class Reply:
    """How the next request for a path is answered.

    Attributes:
        body: the whole file.
        status: status, where it is not 200 or 206.
        headers: further headers, which win over those that follow from the body.
        stop_after: bytes of the answer after which the connection is cut.
        stall_after: bytes after which nothing more comes until the server ends.
        ranges: whether Range is understood.
        claim: length to claim instead of the true one; -1 for none at all.
        etag: entity tag; empty for none.
    """

    body: bytes = b""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    stop_after: int | None = None
    stall_after: int | None = None
    ranges: bool = True
    claim: int | None = None
    etag: str = '"one"'


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def range(self) -> str | None:
        return self.headers.get("range")


class NastyServer:
    """Replies by path: each is used once, the last one again and again."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply | Callable[[Request], Reply]]] = {}
        self.requests: list[Request] = []
        self.ending = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def do_POST(self) -> None:
                outer.answer(self)

            def log_message(self, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def on(self, path: str, *replies: Reply | Callable[[Request], Reply]) -> str:
        self.replies[path] = list(replies)
        return self.address + path

    def asked(self, path: str) -> list[Request]:
        return [each for each in self.requests if each.path.partition("?")[0] == path]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.path, headers, handler.rfile.read(length))
        self.requests.append(request)
        replies = self.replies.get(handler.path.partition("?")[0], [Reply(status=404)])
        found = replies.pop(0) if len(replies) > 1 else replies[0]
        reply = found(request) if callable(found) else found
        body, status, extra = self._part(request, reply)
        shown = {"Content-Length": str(len(body) if reply.claim is None else reply.claim)}
        if reply.claim == -1:
            shown = {"Connection": "close"}
        if reply.etag:
            shown["ETag"] = reply.etag
        handler.send_response(status)
        for name, value in {**shown, **extra, **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        self._send(handler, body, reply)

    def _part(self, request: Request, reply: Reply) -> tuple[bytes, int, dict[str, str]]:
        if reply.status:
            return reply.body, reply.status, {}
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.range or "")
        condition = request.headers.get("if-range")
        current = condition in {None, reply.etag, reply.headers.get("Last-Modified")}
        if not (match and reply.ranges and current):
            return reply.body, 200, {}
        first, total = int(match[1]), len(reply.body)
        if first >= total:
            return b"", 416, {"Content-Range": f"bytes */{total}"}
        last = min(int(match[2]) if match[2] else total - 1, total - 1)
        return reply.body[first : last + 1], 206, {"Content-Range": f"bytes {first}-{last}/{total}"}

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes, reply: Reply) -> None:
        cuts = [each for each in (reply.stop_after, reply.stall_after) if each is not None]
        handler.wfile.write(body[: min(cuts, default=len(body))])
        handler.wfile.flush()
        if reply.stall_after is not None:
            self.ending.wait(5)
        handler.close_connection = bool(cuts) or reply.claim is not None


@contextmanager
def nasty_server() -> Iterator[NastyServer]:
    server = NastyServer()
    thread = threading.Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.server.shutdown()
        server.server.server_close()
        thread.join()


def as_json(document: Any, **more: Any) -> Reply:
    return Reply(json.dumps(document).encode(), **more)
