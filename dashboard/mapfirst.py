"""The map comes first: once in a visit, the chart is kept back until the map stands.

Page and map share the browser's one thread, and the first chart keeps it for most of a second: its
code alone has 4.7 MB. A chart that comes with everything else makes the visitor wait for the map.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from functools import lru_cache
from typing import Final

LONGEST_S = 2.5
MOST: Final = 1000


class Standing:
    """Tokens of maps that are being drawn in some browser, and which of them stand.

    The oldest are forgotten. Safe to call from many threads.
    """

    def __init__(self) -> None:
        self._maps: OrderedDict[str, threading.Event] = OrderedDict()
        self._guard = threading.Lock()

    def expect(self) -> str:
        """Return a new token, which nobody can guess."""
        token = secrets.token_urlsafe(12)
        with self._guard:
            self._maps[token] = threading.Event()
            while len(self._maps) > MOST:
                self._maps.popitem(last=False)
        return token

    def stands(self, token: str) -> None:
        """Note that a map stands; a token that is not expected is nothing."""
        with self._guard:
            event = self._maps.get(token)
        if event is not None:
            event.set()

    def wait(self, token: str) -> bool:
        """Return as soon as a map stands, or after ``LONGEST_S`` seconds; tell whether it does."""
        with self._guard:
            event = self._maps.get(token)
        if event is None:
            return False
        stood = event.wait(LONGEST_S)
        with self._guard:
            self._maps.pop(token, None)
        return stood


@lru_cache(maxsize=1)
def standing() -> Standing:
    """Return the maps of this server's visitors."""
    return Standing()
