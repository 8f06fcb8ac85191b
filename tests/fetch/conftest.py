"""A server that misbehaves, a patient policy that never sleeps, and chips like SpaceNet's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nasty_server import NastyServer, nasty_server

from satseg.fetch.transfer import Policy


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[NastyServer]:
    with nasty_server() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the policy was asked to make, in seconds."""
    return []


@pytest.fixture
def policy(pauses: list[float]) -> Policy:
    """Three attempts, a tenth of a second of patience, pauses that take no time."""
    return Policy(attempts=3, fresh_bytes=1 << 30, timeout_s=0.15, sleep=pauses.append)
