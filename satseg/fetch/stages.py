"""The stages of a fetch, each with its own progress."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal

from satseg.fetch.download import Watch

Progress = Callable[[int, int], None]
Unit = Literal["bytes", "steps"]
Begin = Callable[[str, Unit], AbstractContextManager[Progress]]


def _silently(description: str, unit: Unit) -> AbstractContextManager[Progress]:
    return nullcontext(lambda done, total: None)


@dataclass(frozen=True, slots=True)
class Stages:
    """Who is told of the stages of a fetch.

    Attributes:
        begin: called with a description and the unit that is counted; the context that it returns
            gives a callback (done, in all) and ends with the stage.
        cancelled: asked again and again; true stops the fetch. What has arrived stays.
    """

    begin: Begin = field(default=_silently)
    cancelled: Callable[[], bool] = field(default=lambda: False)

    def watch(self, progress: Progress, *, before: int = 0, total: int = 0) -> Watch:
        """Return the watch over one of several downloads.

        Args:
            progress: callback of the stage.
            before: bytes of the downloads before this one.
            total: bytes of all downloads; 0 where there is only this one.
        """

        def step(done: int, in_all: int) -> None:
            progress(before + done, total or in_all)

        return Watch(progress=step, cancelled=self.cancelled)
