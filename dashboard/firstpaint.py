"""What a visitor sees while the browser starts Streamlit: the page's name in its place, at once.

Streamlit's page is empty until two megabytes of script have run. The answer that brings it gets a
few lines of style and text, which leave as soon as the real page stands. Nothing depends on them.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders

from dashboard.session import LANGUAGES, Language
from dashboard.words import words

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FILE: Final = Path(__file__).resolve().parent / "assets" / "first.html"
END: Final = b"</body>"
EMPTY: Final = b'<div id="root"></div>'
NAMELESS: Final = b"<title>Streamlit</title>"
NAMED: Final = b"<title>satseg</title>"
CONDITIONS: Final = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}
"""What a browser says of copies and packing; the page is sent whole and plain, it is small."""


class FirstPaint:
    """ASGI middleware that completes Streamlit's empty page, and passes on all else as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; complete the answer if it is the page."""
        if not _asks_for_a_page(scope):
            await self.app(scope, receive, send)
            return
        plain = [pair for pair in scope["headers"] if pair[0].lower() not in CONDITIONS]
        start: Message = {}
        body = bytearray()

        async def complete(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            page = completed(bytes(body), language_of(scope["query_string"]))
            if len(page) != len(body):
                headers = MutableHeaders(scope=start)
                headers["Content-Length"] = str(len(page))
                for name in ("ETag", "Last-Modified", "Accept-Ranges"):
                    del headers[name]
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self.app({**scope, "headers": plain}, receive, complete)


def completed(page: bytes, language: Language) -> bytes:
    """Return Streamlit's empty page with the first picture in it; any other page as it is."""
    if EMPTY not in page or END not in page:
        return page
    before, end, behind = page.rpartition(END)
    return before.replace(NAMELESS, NAMED) + first_picture(language) + end + behind


@lru_cache(maxsize=2)
def first_picture(language: Language) -> bytes:
    """Return the lines that show the page's name."""
    say = words(language)
    told = {name: escape(say(name)) for name in ("title", "tagline", "opening")}
    text = Template(FILE.read_text(encoding="utf-8")).substitute(told, language=language)
    return text.encode()


def language_of(query: bytes) -> Language:
    """Return the language that an address asks for, English where it asks for none."""
    asked = parse_qs(query.decode("latin-1")).get("lang", [""])[-1]
    return next((known for known in LANGUAGES if known == asked), "en")


def _asks_for_a_page(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and "text/html" in Headers(scope=scope).get("accept", "")
        and "/component/" not in scope["path"]
    )
