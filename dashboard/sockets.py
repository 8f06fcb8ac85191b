"""The server sends what it has at once, where Streamlit's own socket would wait."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit.web.server.starlette.starlette_app import App

OPEN_FILES = Path("/dev/fd")


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[dict[str, Any] | None]:
    """Prepare the socket, which is bound when this runs, and let the server live."""
    send_at_once()
    yield None


def send_at_once() -> int:
    """Switch off Nagle's algorithm on every listening socket of this process; return how many.

    Connections inherit the option. Without it an answer in two pieces, such as a tile, waits until
    the visitor's machine acknowledges the first piece: 40 ms on Linux. asyncio would see to it, but
    only for sockets made with their protocol named, and Streamlit's is not. Where open files are
    not listed (Windows) nothing changes.

    Source: RFC 896; RFC 1122, 4.2.3.2; asyncio's base_events, _set_nodelay; tcp(7).
    """
    count = 0
    for name in os.listdir(OPEN_FILES) if OPEN_FILES.is_dir() else ():
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as found:
                if found.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    count += 1
        except OSError:  # closed meanwhile: the listing's own file is one of them
            continue
    return count
