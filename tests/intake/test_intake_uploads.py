from pathlib import Path

import pytest
from shelf_files import snapshot
from uploads import ENTRY, Settle, image, upload

from satseg.catalog import Catalog
from satseg.errors import (
    Cancelled,
    CatalogError,
    SceneError,
    StorageError,
)
from satseg.intake import Desk
from satseg.intake import desk as desks
from satseg.intake.arrivals import MAX_WAITING, Arrivals, shown_name


@pytest.mark.parametrize(
    "name",
    ["../../scenes/x/x.json", "/etc/passwd", "..\\..\\a.tif", "a\0b.tif", "catalog.json", "", "."],
)
def test_a_name_from_elsewhere_names_no_file(
    desk: Desk, catalog: Catalog, tmp_path: Path, settle: Settle, name: str
) -> None:
    before = snapshot(tmp_path)
    found = settle(desk, upload(desk, image(tmp_path), name=name))
    new = {path for path in snapshot(tmp_path) if path not in before and "source" not in path}
    home = f"catalog/arrivals/{found.arrival.id}"
    assert new == {"catalog/arrivals", home, f"{home}/arrival.json", f"{home}/image.tif"}
    assert not {"/", "\\", "\0"} & set(found.arrival.name)


def test_uploads_never_overwrite(
    desk: Desk, catalog: Catalog, tmp_path: Path, settle: Settle
) -> None:
    ids = [upload(desk, image(tmp_path, seed), name="same.tif") for seed in (1, 2)]
    assert len(set(ids)) == 2
    for number, arrival_id in enumerate(ids):
        settle(desk, arrival_id)
        desk.add(arrival_id, ENTRY)
        assert settle(desk, arrival_id).scene_id == ("same", "same-20150606")[number]
    assert len(catalog.scenes()) == 2
    desk.add(again := settle(desk, upload(desk, image(tmp_path, 3), "same.tif")).arrival.id, ENTRY)
    assert settle(desk, again).scene_id.startswith("same-20150606-scene-")


def test_the_same_image_again_is_noticed_and_refused(
    desk: Desk, catalog: Catalog, tmp_path: Path, settle: Settle
) -> None:
    first = settle(desk, upload(desk, image(tmp_path)))
    desk.add(first.arrival.id, ENTRY)
    settle(desk, first.arrival.id)
    again = settle(desk, upload(desk, image(tmp_path), name="other.tif"))
    assert again.known == "field-20150606"
    desk.add(again.arrival.id, ENTRY)
    refused = settle(desk, again.arrival.id)
    assert refused.state == "failed"
    assert "a file of the same content" in str(refused.error)
    assert len(catalog.scenes()) == 1
    assert desk.status(again.arrival.id).understood is not None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<!doctype html>" * 50, "Expected a GeoTIFF; found x.tif, which begins with"),
        (b"II", "Expected a GeoTIFF"),
        (b"II*\0" + bytes(200_001), "a file of at most 0.2 MB"),
        (b"PK\x03\x04" * 10, "Expected a GeoTIFF"),
    ],
)
def test_wrong_kinds_and_sizes_leave_nothing(
    desk: Desk, catalog: Catalog, data: bytes, message: str
) -> None:
    receiving = desk.begin(desk.ticket(), "x.tif", None)
    with pytest.raises(SceneError, match=message):  # noqa: PT012 (whichever step refuses it)
        receiving.write(data[:5])
        receiving.write(data[5:])
        receiving.finish()
    assert desk.statuses() == []
    assert list((catalog.root / "arrivals").iterdir()) == []


def test_a_file_announced_as_too_large_is_not_begun(desk: Desk) -> None:
    with pytest.raises(SceneError, match="SATSEG_SCENE_MAX_MB"):
        desk.begin(desk.ticket(), "x.tif", 200_001)
    assert desk.statuses() == []


def test_a_file_that_breaks_off_is_forgotten(desk: Desk, tmp_path: Path) -> None:
    data = image(tmp_path)
    receiving = desk.begin(desk.ticket(), "x.tif", len(data))
    receiving.write(data[:1000])
    assert (desk.statuses()[0].state, desk.statuses()[0].done) == ("arriving", 1000)
    with pytest.raises(SceneError, match="the connection broke"):
        receiving.finish()
    assert desk.statuses() == []


def test_a_ticket_holds_once_and_for_an_hour(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = desk.ticket()
    desk.begin(ticket, "x.tif", None).abandon()
    old = desk.ticket()
    for word in (ticket, "", "guess", old):
        if word == old:
            monkeypatch.setattr(desks, "TICKET_S", -1.0)
        with pytest.raises(CatalogError, match="without a valid ticket"):
            desk.begin(word, "x.tif", None)


def test_the_waiting_room_and_the_disk_have_limits(
    desk: Desk, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [desk.begin(desk.ticket(), "x.tif", None) for _ in range(MAX_WAITING)]
    with pytest.raises(CatalogError, match="fewer than 20 images"):
        desk.begin(desk.ticket(), "x.tif", None)
    kept[0].abandon()
    kept.append(desk.begin(desk.ticket(), "x.tif", None))
    monkeypatch.setattr("satseg.intake.arrivals.FREE_BYTES", 10**18)
    with pytest.raises(StorageError, match="GB to spare"):
        desk.begin(desk.ticket(), "x.tif", None)
    for receiving in kept:
        receiving.abandon()
    assert desk.statuses() == []


def test_what_nobody_added_in_a_week_is_removed(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Arrivals(catalog.root)
    old = room.open("old.tif", "upload")
    monkeypatch.setattr("satseg.intake.arrivals.KEPT_S", -1.0)
    new = room.open("new.tif", "upload")
    assert [arrival.id for arrival in room.list()] == [new.id]
    assert room.read(old.id) is None
    assert room.read("../jobs") is None


def test_an_upload_that_was_discarded_stops(desk: Desk, catalog: Catalog) -> None:
    receiving = desk.begin(desk.ticket(), "x.tif", None)
    receiving.write(b"II*\0" + bytes(100))
    desk.stop(receiving.arrival.id)
    with pytest.raises(Cancelled):
        receiving.write(bytes(100))
    assert list((catalog.root / "arrivals").iterdir()) == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../x.tif", "x.tif"),
        ("C:\\a\\b.tif", "b.tif"),
        ("崇明 2015.tif", "崇明 2015.tif"),
        ("a\u202ebc.tif", "abc.tif"),
        ("dir/", "image.tif"),
        ("x" * 300 + ".tif", "x" * 112 + "…xxx.tif"),
    ],
)
def test_a_name_is_shown_without_its_folders_and_signs_that_deceive(given: str, shown: str) -> None:
    assert shown_name(given) == shown
