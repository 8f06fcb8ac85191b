"""Processes that run by turns, so that all of them meet the same machine.

The speed of a machine that others use as well changes from one second to the next: what is measured
one after the other meets different machines. Here processes are stopped and continued, and each is
timed by the seconds in which it ran.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any


class Turns:
    """A process that is stopped but for its turns.

    Attributes:
        pipe: to the process.
    """

    def __init__(self, pid: int, pipe: Connection) -> None:
        self.pipe = pipe
        self._pid = pid
        self._ran: list[tuple[float, float]] = []

    def stop(self) -> None:
        """Stop the process."""
        os.kill(self._pid, signal.SIGSTOP)

    def run(self, seconds: float, *, answer: bool = False) -> bool:
        """Let the process run, for so long or, with ``answer``, until something comes from it.

        Returns:
            Whether something is in the pipe.
        """
        started = time.monotonic()
        os.kill(self._pid, signal.SIGCONT)
        if answer:
            self.pipe.poll(seconds)
        else:
            time.sleep(seconds)
        self.stop()
        self._ran.append((started, time.monotonic()))
        return self.pipe.poll()

    def seconds(self, moment: float = math.inf) -> float:
        """Return for how long the process had run at ``moment`` of ``time.monotonic``."""
        return sum(max(0.0, min(end, moment) - start) for start, end in self._ran)


_PR_SET_PDEATHSIG = 1
"""Source: prctl(2), Linux."""


def _run(function: Callable[..., None], *arguments: Any) -> None:
    """Run a function in a process that does not outlive, stopped, the one that started it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    function(*arguments)


@contextlib.contextmanager
def started(function: Callable[..., None], *arguments: Any) -> Iterator[Turns]:
    """Yield the turns of a process that runs ``function(pipe, *arguments)``.

    It is stopped once the function has sent something, which waits in the pipe, and ended at last.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(function, theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    assert process.pid is not None
    turns = Turns(process.pid, ours)
    try:
        ours.poll(None)
        turns.stop()
        yield turns
    finally:
        process.kill()
        process.join()
