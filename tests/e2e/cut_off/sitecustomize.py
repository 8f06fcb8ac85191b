"""Python without a network: whatever leaves the loopback fails, and is written down.

Python reads a module of this name when it starts, where its folder is on PYTHONPATH. It sees what
goes through Python's sockets, in the server and in the processes that it starts.
"""

from __future__ import annotations

import os
import sys

ALLOWED = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 (compared, never bound)


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to look a name up, or to connect, outside of this machine."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name and not name.startswith(ALLOWED):
        with open(os.environ["SATSEG_OUTSIDE"], "a", encoding="utf-8") as log:
            log.write(f"{event} {name}\n")
        raise OSError(f"no network here: {event} {name}")


if "SATSEG_OUTSIDE" in os.environ:
    sys.addaudithook(watch)
