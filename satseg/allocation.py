"""What this process may use: its cores, and memory as the C library shares it out."""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache

_M_ARENA_MAX, _M_MMAP_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -4, -3, -1
"""Source: mallopt(3), glibc."""

_OF_ITS_OWN = 8 * 2**20
"""Bytes from which an array gets pages of its own, which go back to the system with it; the most
that glibc takes. What is smaller is used again by the next one: the system clears pages before it
gives them out."""

_KEPT = 128 * 2**20
"""Free bytes at the end of the heap that do not go back to the system."""


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def use_one_heap() -> bool:
    """Let all threads of this process share one heap; return whether the C library agreed.

    glibc gives each thread a heap of its own and returns little of it, so that what the reading
    thread has freed adds up to 90 MiB which differ from run to run. With one heap the peak is what
    is in use. That few holes grow in it is the engine's part, which uses its own large arrays
    again (``satseg.engine.sums.Memory``). Elsewhere nothing is changed. Call it before threads
    start.
    """
    return _agreed((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, _OF_ITS_OWN), (_M_TRIM_THRESHOLD, _KEPT))


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Keep what is freed for the next array, however large; return whether the C library agreed.

    PyTorch takes new memory for the answer of each layer. Where that comes from the system each
    time, clearing its pages takes as long as the network.
    """
    return _agreed((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**30))


def return_freed_memory() -> bool:
    """Give what is free in the heap back to the system; return whether any was.

    A map leaves 150 MB of windows and tiles behind, in pieces that the work after it, on a map in
    place of a scene, does not fit into.
    """
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError, TypeError):
        return False


def _agreed(*settings: tuple[int, int]) -> bool:
    """Give settings to the C library; return whether it took all of them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return all(mallopt(name, value) for name, value in settings)
