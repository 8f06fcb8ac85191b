"""Scenes that stay on a web server or in a bucket, both on loopback."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
from moto.server import ThreadedMotoServer
from shelf_files import write_scene

from satseg.addresses import Address
from satseg.catalog import Catalog
from satseg.cli import main
from satseg.errors import SceneError
from satseg.linking import link_scene
from satseg.scene import open_scene
from satseg.windows import Window

SIDE = 96


class _Server(ThreadingHTTPServer):
    """Serves one file, in ranges, and counts the bytes that it gave."""

    content = b""
    given = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        content = self.server.content
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if self.path != "/image.tif":
            self.send_response(404)
            content = b""
        elif found:
            first, last = int(found[1]), int(found[2] or len(content) - 1)
            content = content[first : last + 1]
            self.send_response(206)
            end = first + len(content) - 1
            whole = len(self.server.content)
            self.send_header("Content-Range", f"bytes {first}-{end}/{whole}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.server.given += len(content)
            self.wfile.write(content)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "image.tif", size=(SIDE, SIDE))


@contextmanager
def _serving(content: bytes) -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.content = content
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server(image: Path) -> Iterator[_Server]:
    with _serving(image.read_bytes()) as running:
        yield running


@pytest.fixture
def address(server: _Server) -> Address:
    return Address(f"http://127.0.0.1:{server.server_port}/image.tif")


def test_a_linked_scene_reads_as_the_file_does(
    catalog: Catalog, image: Path, address: Address, server: _Server
) -> None:
    record = link_scene(catalog, address, date="2020-05-01")
    assert record.id == "image"
    assert record.image.suffix == ".vrt"
    assert server.given > 0
    whole = Window(0, 0, SIDE, SIDE)
    linked = open_scene(record.image)
    local = open_scene(image)
    assert (linked.bands, linked.stretch, linked.grid) == (local.bands, local.stretch, local.grid)
    np.testing.assert_array_equal(linked.read(whole), local.read(whole))


def test_an_object_of_a_bucket_is_linked(
    catalog: Catalog, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    monkeypatch.setenv("AWS_S3_ENDPOINT", f"{host}:{port}")
    monkeypatch.setenv("AWS_HTTPS", "NO")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTING", "FALSE")
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "YES")
    public = {"x-amz-acl": "public-read-write"}
    try:
        with httpx.Client(base_url=f"http://{host}:{port}", trust_env=False) as client:
            client.put("/scenes", headers=public).raise_for_status()
            content = image.read_bytes()
            client.put("/scenes/a/image.tif", content=content, headers=public).raise_for_status()
        record = link_scene(catalog, Address("s3://scenes/a/image.tif"), date="2020-05-01")
        found = open_scene(record.image).read(Window(0, 0, SIDE, SIDE))
    finally:
        running.stop()
    np.testing.assert_array_equal(found, open_scene(image).read(Window(0, 0, SIDE, SIDE)))


def test_a_lost_server_is_told(catalog: Catalog, image: Path) -> None:
    with _serving(image.read_bytes()) as server:
        address = Address(f"http://127.0.0.1:{server.server_port}/image.tif")
        record = link_scene(catalog, address, date="2020-05-01")
        other = Address(f"http://127.0.0.1:{server.server_port}/other.tif")
        with pytest.raises(SceneError, match="that can be read at"):
            link_scene(catalog, other, date="2020-05-01")
    text = record.image.read_text()
    record.image.write_text(text.replace("image.tif", "gone.tif"))
    with pytest.raises(SceneError, match="that can be read at"):
        open_scene(record.image)


def test_something_else_than_a_geotiff_is_refused(catalog: Catalog) -> None:
    with _serving(b"<VRTDataset/>" * 100) as server:
        address = Address(f"http://127.0.0.1:{server.server_port}/image.tif")
        with pytest.raises(SceneError, match="a GeoTIFF that can be read at"):
            link_scene(catalog, address, date="2020-05-01")
    assert not catalog.scenes()


def test_the_command_links_an_address_and_does_not_copy_it(
    catalog: Catalog,
    address: Address,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SATSEG_CATALOG", str(catalog.root))
    with pytest.raises(SystemExit) as ended:
        main(["scenes", "add", address.text, "--date", "2020-05-01", "--copy"])
    assert ended.value.code == 1
    assert "a file of this machine to copy" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(SystemExit) as ended:
        main(["scenes", "add", address.text, "--date", "2020-05-01"])
    assert ended.value.code in (0, None)
    assert [scene.id for scene in catalog.scenes()] == ["image"]
