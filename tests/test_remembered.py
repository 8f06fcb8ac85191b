"""What is read of files: once for each state of a file, never an old state."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from satseg.remembered import Remembered


class Reading:
    """Reads texts of a folder and counts."""

    def __init__(self, folder: Path, *, most: int = 8) -> None:
        self.folder = folder
        self.times = 0
        self.remembered = Remembered(self._read, self._file, most=most)

    def _file(self, name: str) -> Path:
        return self.folder / name

    def _read(self, name: str) -> str:
        self.times += 1
        return self._file(name).read_text(encoding="utf-8")


def replace(path: Path, text: str, *, time_ns: int | None = None) -> None:
    """Put another file in the place of one, as satseg writes all of its files."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    if time_ns is not None:
        os.utime(fresh, ns=(time_ns, time_ns))
    os.replace(fresh, path)


def test_a_file_is_read_once_until_it_is_another(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    replace(tmp_path / "a", "first")
    assert [reading.remembered("a") for _ in range(3)] == ["first"] * 3
    assert reading.times == 1
    replace(tmp_path / "a", "second")
    assert reading.remembered("a") == "second"
    assert reading.times == 2


def test_a_replaced_file_of_the_same_size_and_time_is_read_anew(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    replace(tmp_path / "a", "one", time_ns=10**18)
    assert reading.remembered("a") == "one"
    replace(tmp_path / "a", "two", time_ns=10**18)
    assert reading.remembered("a") == "two"


def test_what_is_missing_raises_each_time_and_is_found_once_it_is_there(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            reading.remembered("a")
    replace(tmp_path / "a", "here")
    assert reading.remembered("a") == "here"
    (tmp_path / "a").unlink()
    with pytest.raises(FileNotFoundError):
        reading.remembered("a")


def test_the_one_asked_for_longest_ago_goes_first(tmp_path: Path) -> None:
    reading = Reading(tmp_path, most=2)
    for name in "abc":
        replace(tmp_path / name, name)
    for name in "abac":
        reading.remembered(name)
    assert reading.times == 3
    reading.remembered("a")
    assert reading.times == 3, "a was asked for later than b, which had to go"
    reading.remembered("b")
    assert reading.times == 4


def test_threads_all_see_the_newest_file(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        for turn in range(20):
            replace(tmp_path / "a", f"turn {turn}")
            found = list(threads.map(reading.remembered, ["a"] * 40))
            assert set(found) == {f"turn {turn}"}
