"""Uploads and thumbnails over HTTP: what is taken, and what never leaves a trace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from shelf_files import snapshot, write_scene
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard import shelf as shelves
from dashboard.routes import routes
from dashboard.shelf import desk, shelf
from satseg.intake.status import ACTIVE


@pytest.fixture
def client(served_own: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("SATSEG_SCENE_MAX_MB", "0.1")
    shelves._desk.cache_clear()
    yield TestClient(Starlette(routes=routes("/base")))
    desk().close()
    shelves._desk.cache_clear()


def arrivals(root: Path) -> list[str]:
    folder = root / "arrivals"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_is_taken_with_a_ticket_and_shown_under_its_name(
    client: TestClient, served_own: Path, tmp_path: Path
) -> None:
    data = write_scene(tmp_path / "x.tif").read_bytes()
    address = f"/base/arrivals/{desk().ticket()}?name=..%2F..%2Fcatalog.json"
    answer = client.post(address, content=data)
    assert answer.status_code == 200
    arrival_id = answer.json()["id"]
    assert arrivals(served_own) == [arrival_id]
    assert (served_own / "arrivals" / arrival_id / "image.tif").read_bytes() == data
    assert desk().status(arrival_id).arrival.name == "catalog.json"
    assert client.post(address, content=data).status_code == 422


def test_pieces_of_any_size_make_the_same_file(
    client: TestClient, served_own: Path, tmp_path: Path
) -> None:
    data = write_scene(tmp_path / "x.tif").read_bytes()
    pieces = (data[start : start + 777] for start in range(0, len(data), 777))
    answer = client.post(f"/base/arrivals/{desk().ticket()}?name=x.tif", content=pieces)
    arrival_id = answer.json()["id"]
    assert (served_own / "arrivals" / arrival_id / "image.tif").read_bytes() == data


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>" * 20, "a GeoTIFF"),
        (b"", "a GeoTIFF"),
        (b"II*\0" + bytes(100_001), "a file of at most 0.1 MB"),
    ],
)
def test_other_files_are_refused_and_leave_nothing(
    client: TestClient, served_own: Path, body: bytes, told: str
) -> None:
    before = snapshot(served_own)
    for content in (body, iter([body[:50], body[50:]])):
        answer = client.post(f"/base/arrivals/{desk().ticket()}?name=x.tif", content=content)
        assert answer.status_code == 422
        assert answer.json()["expected"].startswith(told)
    after = snapshot(served_own)
    assert {name for name in after if name not in before} <= {"arrivals"}


@pytest.mark.parametrize(
    "path",
    [
        "arrivals/guess",
        "arrivals/..%2Ftiles",
        "arrivals/",
        "arrivals/a/b",
        "arrivals/..%2F..%2Fcatalog.json",
    ],
)
def test_without_a_ticket_nothing_is_taken(client: TestClient, served_own: Path, path: str) -> None:
    assert client.post(f"/base/{path}", content=b"II*\0" + bytes(99)).status_code in (404, 422)
    assert client.get(f"/base/{path}").status_code in (404, 405)
    assert arrivals(served_own) == []


def test_a_sender_that_goes_away_leaves_nothing(client: TestClient, served_own: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"II*\0" + bytes(500)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        client.post(f"/base/arrivals/{desk().ticket()}?name=x.tif", content=broken())
    assert [status for status in desk().statuses() if status.state in ACTIVE] == []
    assert arrivals(served_own) == []


def test_thumbnails_are_given_by_scene_and_nothing_else_is(client: TestClient) -> None:
    scene = shelf().catalog.scenes()[0]
    answer = client.get(f"/base/thumbnails/{scene.id}?v={scene.sha256[:12]}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == scene.thumbnail.read_bytes()
    for name in ("none", "..%2F..%2Fcatalog.json", "%2Fetc%2Fpasswd", "x" * 300, "a%00b", "."):
        assert client.get(f"/base/thumbnails/{name}").status_code == 404
