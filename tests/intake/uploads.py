"""Images that a visitor sends to the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from shelf_files import write_scene

from satseg.intake import Desk, Entry, Status

Settle = Callable[[Desk, str], Status]
DAY = dt.date(2015, 6, 6)
RGB = ("red", "green", "blue")
ENTRY = Entry("Field", date=DAY, bands=RGB)


def upload(desk: Desk, data: bytes, name: str = "field 20150606.tif", step: int = 5000) -> str:
    receiving = desk.begin(desk.ticket(), name, len(data))
    for start in range(0, len(data), step):
        receiving.write(data[start : start + step])
    return receiving.finish()


def image(tmp_path: Path, seed: int = 0) -> bytes:
    return write_scene(tmp_path / f"source{seed}.tif", seed=seed).read_bytes()
