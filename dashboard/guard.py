"""Headers that go with every answer of the server, Streamlit's own included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware

from dashboard.browser_files import early_files
from dashboard.firstpaint import FirstPaint

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
"""Where a page may fetch from: this server and nowhere else, whatever a library would like.

Streamlit and streamlit-folium start scripts from text, hence 'unsafe-inline' and 'unsafe-eval'.
Other sites may show the pages in a frame, which the links' ``embed`` is for: no frame-ancestors.

Source: W3C, Content Security Policy Level 3.
"""

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

FRAME: Final = "/component/"
HASHED: Final = re.compile(r"/component/streamlit_folium\.st_folium/static/.+\.[0-9a-f]{8}\.js$")
"""Scripts of the map's frame, whose names change when they do: a browser may keep them."""


class Guard:
    """ASGI middleware that adds ``HEADERS`` where an answer does not have its own.

    A page is told, too, what to fetch early; see ``early_files``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and complete its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                _hasten(scope["path"], message["status"], headers)
            await send(message)

        await self.app(scope, receive, complete)


def _hasten(path: str, status: int, headers: MutableHeaders) -> None:
    """Let the browser fetch early, and only once, what the map's frame is made of."""
    if status != 200:
        return
    if HASHED.search(path):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif headers.get("content-type", "").startswith("text/html") and FRAME not in path:
        headers["Link"] = ", ".join(early_files())


def guarded() -> list[Middleware]:
    """Return what ``st.App`` puts around its routes."""
    return [Middleware(Guard), Middleware(FirstPaint)]
