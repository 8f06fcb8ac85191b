import threading

import pytest

from dashboard import mapfirst
from dashboard.mapfirst import Standing


def test_waiting_ends_when_the_map_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapfirst, "LONGEST_S", 60.0)
    maps = Standing()
    token = maps.expect()
    other = threading.Thread(target=maps.stands, args=(token,))
    other.start()
    assert maps.wait(token)
    other.join()


def test_waiting_ends_without_a_map() -> None:
    maps = Standing()
    assert not maps.wait(maps.expect())  # the tests' visitors have no browser, and no patience


def test_unknown_tokens_are_nothing() -> None:
    maps = Standing()
    maps.stands("nobody")
    assert not maps.wait("nobody")


def test_the_oldest_maps_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapfirst, "MOST", 2)
    maps = Standing()
    first, *later = [maps.expect() for _ in range(3)]
    for token in (first, *later):
        maps.stands(token)
    assert [maps.wait(token) for token in (first, *later)] == [False, True, True]
    assert len({first, *later}) == 3
