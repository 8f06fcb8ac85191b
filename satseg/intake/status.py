"""How far an image on its way into the catalog is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from satseg.deliveries import Plan
from satseg.errors import SatsegError, SceneError
from satseg.intake.arrivals import Arrival
from satseg.intake.understanding import Understood

State = Literal["arriving", "reading", "ready", "adding", "added", "failed"]
ACTIVE: Final[tuple[State, ...]] = ("arriving", "reading", "adding")


@dataclass(frozen=True, slots=True)
class Status:
    """How far an arrival is.

    Attributes:
        arrival: what it is.
        state: how far it is.
        done: steps (bytes, rows, percent) done of the present state.
        total: steps in all; 0 where nobody knows.
        error: why it failed.
        understood: what was read of an image.
        plan: what was read of a delivery.
        known: id of the scene that holds the same file, or an empty text.
        scene_id: the new scene, once it is added.
    """

    arrival: Arrival
    state: State
    done: int = 0
    total: int = 0
    error: SatsegError | None = None
    understood: Understood | None = None
    plan: Plan | None = None
    known: str = ""
    scene_id: str = ""


def interrupted() -> SatsegError:
    """Return the error of a download that a restart of the server ended."""
    return SceneError(
        expected="the whole file",
        found="a part of it: the server was restarted meanwhile",
        fix="Try again; the download goes on where it ended",
    )


def unexpected(error: Exception) -> SatsegError:
    """Return the error of a fault of ours."""
    return SceneError(
        expected="an image that can be read and added",
        found=f"an unexpected {type(error).__name__}: {error}",
        fix="See the server's log, and try again",
    )
