import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from delivery_files import write_multispectral, write_panchromatic
from shelf_files import write_scene
from uploads import DAY, ENTRY, RGB, Settle, image, upload

from satseg.bands import WORLDVIEW3
from satseg.catalog import Catalog
from satseg.errors import (
    CatalogError,
    DateError,
    FetchError,
    RegionError,
    SatsegError,
    SceneError,
)
from satseg.fetch.transfer import Policy
from satseg.intake import Desk, Entry, Permissions
from satseg.intake import desk as desks
from satseg.intake.arrivals import Arrivals
from satseg.intake.permissions import Host


def test_an_upload_is_read_shown_and_added(
    desk: Desk, catalog: Catalog, tmp_path: Path, settle: Settle
) -> None:
    data = image(tmp_path)
    found = settle(desk, upload(desk, data))
    assert found.state == "ready"
    assert found.arrival.name == "field 20150606.tif"
    assert found.understood is not None
    assert found.understood.scene.date == DAY
    assert catalog.scenes() == []
    desk.add(found.arrival.id, Entry("Field", date=DAY, bands=RGB, region_name="East"))
    added = settle(desk, found.arrival.id)
    assert (added.state, added.scene_id) == ("added", "field-20150606")
    scene = catalog.scene("field-20150606")
    assert scene.image.read_bytes() == data
    assert scene.image.is_relative_to(catalog.root / "scenes" / scene.id)
    assert catalog.region(scene.region_id).name_en == "East"
    item = json.loads((scene.thumbnail.parent / f"{scene.id}.json").read_text())
    assert item["properties"]["satseg:origin"] == "upload"
    assert list((catalog.root / "arrivals").iterdir()) == []
    assert list((catalog.root / ".staging").iterdir()) == []


def test_corrections_of_the_visitor_are_what_is_registered(
    desk: Desk, catalog: Catalog, tmp_path: Path, settle: Settle
) -> None:
    first = settle(desk, upload(desk, image(tmp_path)))
    desk.add(first.arrival.id, Entry("A", date=DAY, bands=RGB, region_name="Home"))
    home = catalog.scene(settle(desk, first.arrival.id).scene_id).region_id
    second = settle(desk, upload(desk, image(tmp_path, seed=1)))
    bands = ("nir1", "red", "green")
    desk.add(second.arrival.id, Entry("B", dt.date(2020, 2, 3), bands, home, licence="CC0-1.0"))
    scene = catalog.scene(settle(desk, second.arrival.id).scene_id)
    assert (scene.title, scene.date, scene.bands) == ("B", dt.date(2020, 2, 3), bands)
    assert (scene.region_id, scene.licence) == (home, "CC0-1.0")
    third = settle(desk, upload(desk, image(tmp_path, seed=2)))
    desk.add(third.arrival.id, Entry("C", date=DAY, bands=RGB, region_name="Home"))
    assert settle(desk, third.arrival.id).scene_id
    assert [region.name_en for region in catalog.regions()] == ["Home", "Home"]
    assert len({region.id for region in catalog.regions()}) == 2


def test_a_path_of_the_operators_is_used_where_it_lies(
    desk: Desk, catalog: Catalog, folder: Path, settle: Settle
) -> None:
    path = write_scene(folder / "big.tif")
    found = settle(desk, desk.take("imagery/big.tif"))
    assert found.state == "ready"
    desk.add(found.arrival.id, ENTRY)
    assert catalog.scene(settle(desk, found.arrival.id).scene_id).image == path
    assert settle(desk, desk.take(str(path))).known == "big"
    desk.discard(desk.statuses()[-1].arrival.id)
    assert path.is_file()
    with pytest.raises(SceneError, match="a path below"):
        desk.take("/etc/passwd")


@pytest.mark.parametrize(("sharpened", "gsd_m"), [(None, 2.4), (1.2, 1.2)])
def test_a_delivery_is_understood_and_added(
    desk: Desk,
    catalog: Catalog,
    folder: Path,
    settle: Settle,
    sharpened: float | None,
    gsd_m: float,
) -> None:
    write_multispectral(folder / "order" / "P001_MUL")
    write_panchromatic(folder / "order" / "P001_PAN")
    (listed,) = desk.permissions.listed()
    found = settle(desk, desk.take(listed.name))
    assert found.plan is not None
    assert found.understood is None
    assert catalog.scenes() == []
    desk.add(found.arrival.id, Entry("Order", licence="CC0-1.0", pansharpen_m=sharpened))
    scene = catalog.scene(settle(desk, found.arrival.id).scene_id)
    assert (scene.title, scene.date, scene.bands) == ("Order", DAY, WORLDVIEW3)
    assert scene.gsd_m == pytest.approx(gsd_m, rel=0.01)
    assert scene.platform == "worldview-3"
    assert scene.cloud_percent == pytest.approx(1.2)
    assert (folder / "order" / "P001_MUL").is_dir()


def test_what_fails_says_why_and_can_be_tried_again(
    desk: Desk, folder: Path, settle: Settle, catalog: Catalog
) -> None:
    (folder / "bad.tif").write_bytes(b"no image")
    failed = settle(desk, desk.take("imagery/bad.tif"))
    assert failed.state == "failed"
    assert "begins with b'no image'" in str(failed.error)
    with pytest.raises(CatalogError, match="an image that was read"):
        desk.add(failed.arrival.id, ENTRY)
    write_scene(folder / "bad.tif")
    desk.again(failed.arrival.id)
    assert settle(desk, failed.arrival.id).state == "ready"
    desk.add(failed.arrival.id, Entry("X", date=DAY, bands=("red",)))
    assert "3 band names" in str(settle(desk, failed.arrival.id).error)
    desk.add(failed.arrival.id, Entry("X", date=DAY, bands=RGB, region_id="nowhere"))
    assert isinstance(settle(desk, failed.arrival.id).error, RegionError)
    desk.add(failed.arrival.id, Entry("X", bands=RGB))
    assert isinstance(settle(desk, failed.arrival.id).error, DateError)
    assert (catalog.scenes(), catalog.regions()) == ([], [])


def test_corrected_bands_of_another_number_are_read_anew(
    desk: Desk, folder: Path, settle: Settle
) -> None:
    write_scene(folder / "x.tif", bands=4, photometric="RGB", alpha="YES")
    found = settle(desk, desk.take("imagery/x.tif"))
    desk.read(found.arrival.id, bands=(*RGB, "nir1"))
    again = settle(desk, found.arrival.id)
    assert again.understood is not None
    assert again.understood.look.values.shape[0] == 4


def test_adding_can_be_stopped_and_the_image_waits_on(
    desk: Desk, catalog: Catalog, folder: Path, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scene(folder / "x.tif")
    found = settle(desk, desk.take("imagery/x.tif"))
    begun = threading.Event()

    def slow(*_: Any, progress: Callable[[int, int], None], **__: Any) -> None:
        for percent in range(100):
            progress(percent, 100)
            begun.set()
            threading.Event().wait(0.02)
        raise AssertionError("was not stopped")

    monkeypatch.setattr(desks, "add_to_catalog", slow)
    desk.add(found.arrival.id, ENTRY)
    assert begun.wait(30)
    desk.stop(found.arrival.id)
    assert settle(desk, found.arrival.id).state == "ready"
    monkeypatch.undo()
    desk.add(found.arrival.id, ENTRY)
    assert settle(desk, found.arrival.id).state == "added"


def test_a_restarted_server_finds_what_waited(
    desk: Desk, catalog: Catalog, tmp_path: Path, settle: Settle
) -> None:
    ready = upload(desk, image(tmp_path))
    settle(desk, ready)
    broken = desk.begin(desk.ticket(), "half.tif", None)
    broken.write(b"II*\0" + bytes(100))
    late = Arrivals(catalog.root).open("late.tif", "url", source="https://a.example/late.tif")
    new = Desk(catalog.root, Permissions())
    assert settle(new, ready).state == "ready"
    assert [status.arrival.id for status in new.statuses()] == [ready, late.id]
    assert "the server was restarted" in str(new.status(late.id).error)
    with pytest.raises(FetchError, match="SATSEG_SCENE_HOSTS"):
        new.again(late.id)
    new.close()
    broken.abandon()


def test_a_download_is_read_when_it_is_there(
    catalog: Catalog, tmp_path: Path, settle: Settle
) -> None:
    data = image(tmp_path)
    allowed = Permissions(hosts=(Host("data.example.org"),))
    answers = [httpx.Response(500), httpx.Response(500)]

    def answer(request: httpx.Request) -> httpx.Response:
        if answers:
            return answers.pop()
        length = {"Content-Length": str(len(data))}
        return httpx.Response(200, headers=length, stream=httpx.ByteStream(data))

    def client(_: Permissions, __: Policy) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer))

    desk = Desk(catalog.root, allowed, new_client=client, policy=Policy(attempts=1, pause_s=0))
    arrival_id = desk.fetch(" https://data.example.org/2015/a%20b_20150606.tif?key=secret ")
    failed = settle(desk, arrival_id)
    assert "status 500" in str(failed.error)
    assert "secret" not in str(failed.error)
    desk.again(arrival_id)
    assert "status 500" in str(settle(desk, arrival_id).error)
    desk.again(arrival_id)
    assert settle(desk, arrival_id).state == "ready"
    desk.add(arrival_id, ENTRY)
    scene = catalog.scene(settle(desk, arrival_id).scene_id)
    item = json.loads((scene.thumbnail.parent / f"{scene.id}.json").read_text())
    assert item["properties"]["satseg:source"] == "https://data.example.org/2015/a%20b_20150606.tif"
    with pytest.raises(FetchError, match="an https address at data.example.org"):
        desk.fetch("http://127.0.0.1/a.tif")
    desk.close()


class Endless(httpx.SyncByteStream):
    """A body that never ends by itself."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"II*\0" + bytes(100)
        while not self.closed.wait(0.01):
            yield bytes(10)

    def close(self) -> None:
        self.closed.set()


def test_a_discarded_download_ends(catalog: Catalog) -> None:
    bodies: list[Endless] = []

    def answer(_: httpx.Request) -> httpx.Response:
        bodies.append(Endless())
        return httpx.Response(200, stream=bodies[-1])

    def client(_: Permissions, __: Policy) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer))

    desk = Desk(catalog.root, Permissions(hosts=(Host("data.example.org"),)), new_client=client)
    arrival_id = desk.fetch("https://data.example.org/a.tif")
    deadline = time.monotonic() + 60
    while desk.status(arrival_id).done < 200 and time.monotonic() < deadline:
        time.sleep(0.02)
    desk.stop(arrival_id)
    assert len(bodies) == 2  # the first one was for the file's beginning
    assert bodies[1].closed.wait(60)
    assert desk.statuses() == []


def test_a_fault_of_ours_is_told_and_not_left_hanging(
    desk: Desk, folder: Path, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(desks, "understand_image", fault)
    write_scene(folder / "x.tif")
    assert "ZeroDivisionError: by zero" in str(settle(desk, desk.take("imagery/x.tif")).error)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": " "}, "a name of 1 to 200 characters"),
        ({"title": "x" * 201}, "a name of 1 to 200 characters"),
        ({"title": "a\nb"}, "a name of 1 to 200 characters"),
        ({"title": "a", "date": dt.date(1950, 1, 1)}, "from 1999 to today"),
        ({"title": "a", "date": dt.date(2999, 1, 1)}, "from 1999 to today"),
    ],
)
def test_an_entry_needs_a_name_and_a_day_that_can_be(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SatsegError, match=message):
        Entry(**fields)
