"""What this process may use: its cores, and memory as the C library shares it out."""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache

_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1
"""Source: mallopt(3), glibc."""

_OF_ITS_OWN = 8 * 2**20
"""Bytes from which an array gets pages of its own, which go back to the system with it. Those that
a map needs again and again are kept by the engine itself (``satseg.engine.sums.Memory``)."""

_KEPT = 64 * 2**20
"""Free bytes at the end of the heap that are kept: the system clears what it gives out anew, page
by page."""

_HUGE_PAGES = "THP_MEM_ALLOC_ENABLE"
"""Environment variable with which PyTorch asks for pages of 2 MiB for its large tensors: with small
ones half of its time goes into new pages. Source: c10/core/impl/alloc_cpu.cpp, PyTorch 2."""


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def use_one_heap() -> bool:
    """Let all threads of this process share one heap; return whether the C library agreed.

    glibc gives each thread a heap of its own and returns little of it, so that what the reading
    thread has freed adds up to 90 MiB which differ from run to run. With one heap the peak is what
    is in use, and with pages of their own for the largest arrays few holes grow in it. PyTorch,
    where it comes to be used, takes large pages unless its variable says otherwise. Elsewhere
    nothing is changed. Call it before threads start and before PyTorch is used.
    """
    os.environ.setdefault(_HUGE_PAGES, "1")
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    agreed = [
        mallopt(_M_ARENA_MAX, 1),
        mallopt(_M_MMAP_THRESHOLD, _OF_ITS_OWN),
        mallopt(_M_TRIM_THRESHOLD, _KEPT),
    ]
    return all(agreed)
