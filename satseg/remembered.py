"""What was read of a file, kept for as long as the file stays the same. A leaf module."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
MOST = 16_384


class Remembered(Generic[Key, Value]):
    """Calls a function once for each state of a file; any thread may ask.

    A file that is replaced by another one, as everything in satseg writes its files, has another
    inode, so that it is read anew even where size and time are alike. What is missing and what
    raises is never kept. Values are shared among all who ask, hence not to be changed.

    Args:
        read: returns the value of a key.
        file: returns the file on which the value of a key depends.
        most: values kept; the one asked for longest ago goes first.
    """

    def __init__(
        self, read: Callable[[Key], Value], file: Callable[[Key], Path], *, most: int = MOST
    ) -> None:
        self._read = read
        self._file = file
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Key, tuple[tuple[int, int, int], Value]] = OrderedDict()

    def __call__(self, key: Key) -> Value:
        """Return the value of a key, read now or before.

        The file's state is taken before it is read: what is written in between is seen next time.
        """
        try:
            status = os.stat(self._file(key))
        except OSError:
            with self._lock:
                self._kept.pop(key, None)
            return self._read(key)
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            known = self._kept.get(key)
            if known is not None and known[0] == state:
                self._kept.move_to_end(key)
                return known[1]
        value = self._read(key)
        with self._lock:
            self._kept[key] = (state, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value
