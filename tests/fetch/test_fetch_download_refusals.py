"""Downloads that are refused: what lies, leads elsewhere, is too large or finds no room."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import httpx
import pytest
from nasty_server import BODY, OTHER, NastyServer, Reply, left
from shelf_files import snapshot

from satseg.errors import FetchError, StorageError
from satseg.fetch.checksums import Checksum
from satseg.fetch.download import Wanted, Watch, download
from satseg.fetch.transfer import Policy, new_client

SHA = Checksum("sha256", hashlib.sha256(BODY).hexdigest())


@pytest.mark.parametrize(
    ("status", "fix"), [(404, "may have moved"), (403, "other means"), (401, "credentials")]
)
def test_what_will_not_pass_is_not_tried_again(
    server: NastyServer, target: Path, policy: Policy, status: int, fix: str
) -> None:
    url = server.on("/file", Reply(status=status))
    with pytest.raises(FetchError, match=f"status {status}") as caught:
        download(Wanted(url, target), policy=policy)
    assert caught.value.expected == f"the file {url}"
    assert fix in caught.value.fix
    assert len(server.requests) == 1
    assert left(target) == []


def test_no_network(target: Path, policy: Policy) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError, match="Connection refused") as caught:
        download(Wanted(f"http://127.0.0.1:{port}/file", target), policy=policy)
    assert "Check the network connection" in caught.value.fix


def test_a_length_that_is_claimed_too_long_is_refused(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, claim=20_000))
    with pytest.raises(FetchError) as caught:
        download(Wanted(url, target), policy=policy)
    assert caught.value.expected.startswith("20,000 bytes, as the server said before")
    assert caught.value.found == "10,240 bytes"
    assert "misstates its length" in caught.value.fix
    assert left(target) == []


def test_a_length_that_is_claimed_too_short_is_refused_at_once(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, claim=5000))
    seen: list[int] = []
    watch = Watch(progress=lambda done, total: seen.append(done))
    with pytest.raises(FetchError, match=r"Expected 10,240 bytes from .*; found 5,000 bytes"):
        download(Wanted(url, target, size=len(BODY)), policy=policy, watch=watch)
    assert seen == []
    assert left(target) == []
    with pytest.raises(FetchError, match="sha256 checksum"):
        download(Wanted(url, target, checksum=SHA), policy=policy)
    assert left(target) == []


def test_an_unknown_length_is_accepted(server: NastyServer, target: Path, policy: Policy) -> None:
    seen: list[int] = []
    watch = Watch(progress=lambda done, total: seen.append(total))
    url = server.on("/file", Reply(BODY, claim=-1))
    download(Wanted(url, target, checksum=SHA), policy=policy, watch=watch)
    assert target.read_bytes() == BODY
    assert set(seen) == {0}


def test_another_content_than_expected_is_deleted(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(OTHER))
    with pytest.raises(FetchError) as caught:
        download(Wanted(url, target, checksum=SHA), policy=policy)
    assert SHA.digest in caught.value.expected
    assert hashlib.sha256(OTHER).hexdigest() in caught.value.found
    assert "damaged or exchanged at its source" in caught.value.fix
    assert left(target) == []


def test_an_md5_holds_a_file_too(server: NastyServer, target: Path, policy: Policy) -> None:
    right = Checksum("md5", hashlib.md5(BODY, usedforsecurity=False).hexdigest())
    download(Wanted(server.on("/file", Reply(BODY)), target, checksum=right), policy=policy)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("claim", [None, -1])
def test_a_file_above_the_limit_is_refused(
    server: NastyServer, target: Path, policy: Policy, claim: int | None
) -> None:
    url = server.on("/file", Reply(BODY, claim=claim))
    with pytest.raises(FetchError, match="at most 10,000 bytes"):
        download(Wanted(url, target, max_bytes=10_000), policy=policy)
    assert not target.exists()


def test_too_little_room_is_told_before_the_first_byte(
    server: NastyServer, target: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 5000))
    with pytest.raises(StorageError, match="10,240 free bytes") as caught:
        download(Wanted(server.on("/file", Reply(BODY)), target), policy=policy)
    assert caught.value.found == "5,000"
    assert left(target) == []


def test_a_disk_that_fills_up_keeps_the_part(
    server: NastyServer, target: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.fsync, [None]

    def full(descriptor: int) -> None:
        if calls:  # the note beside the part still found room
            calls.pop()
            real(descriptor)
        else:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    url = server.on("/file", Reply(BODY))
    with monkeypatch.context() as patched:
        patched.setattr("satseg.fetch.download.os.fsync", full)
        with pytest.raises(StorageError, match="No space left on device") as caught:
            download(Wanted(url, target), policy=policy)
    assert "another folder with --to" in caught.value.fix
    assert not target.exists()
    download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == BODY


def test_a_damaged_note_beside_the_part_begins_anew(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    target.parent.mkdir()
    target.with_name("file.bin.part").write_bytes(OTHER[:3000])
    for note in ("{", "[]", '{"source": 3}', '{"total": "x"}', '{"more": 1}'):
        target.with_name("file.bin.part.json").write_text(note)
        download(Wanted(server.on("/file", Reply(BODY)), target), policy=policy)
        assert target.read_bytes() == BODY
        target.rename(target.with_name("file.bin.part"))


def test_redirects_lead_to_http_only(server: NastyServer, target: Path, policy: Policy) -> None:
    def to(place: str) -> Reply:
        return Reply(status=302, headers={"Location": place})

    good = server.on("/good", to(server.on("/file", Reply(BODY))))
    download(Wanted(good, target), policy=policy)
    assert target.read_bytes() == BODY
    for place in ("file:///etc/passwd", "ftp://127.0.0.1/file"):
        with pytest.raises(FetchError, match="to http or https only"):
            download(Wanted(server.on("/bad", to(place)), target.with_name("b")), policy=policy)
    circle = server.on("/circle", to("/circle"))
    with pytest.raises(FetchError, match="at most 10 redirects"):
        download(Wanted(circle, target.with_name("c")), policy=policy)


def test_a_server_that_gives_piece_by_piece_is_asked_on(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    def piece(request: object) -> Reply:
        head = {"Content-Range": f"bytes 3000-4999/{len(BODY)}"}
        return Reply(BODY[3000:5000], status=206, headers=head)

    url = server.on("/file", Reply(BODY, stop_after=3000), piece, Reply(BODY))
    download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == BODY
    assert server.requests[-1].range == "bytes=5000-"


def test_a_redirect_from_https_to_http_is_refused(policy: Policy) -> None:
    with new_client(policy) as client:
        (check,) = client.event_hooks["response"]
    request = httpx.Request("GET", "https://example.org/a")
    check(httpx.Response(302, headers={"Location": "https://example.org/b"}, request=request))
    check(httpx.Response(200, headers={"Location": "http://example.org/b"}, request=request))
    down = httpx.Response(302, headers={"Location": "http://example.org/b"}, request=request)
    with pytest.raises(FetchError, match="from https to http://example.org/b"):
        check(down)


def test_packed_bytes_are_refused(server: NastyServer, target: Path, policy: Policy) -> None:
    url = server.on("/file", Reply(BODY, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(FetchError, match="the plain bytes"):
        download(Wanted(url, target), policy=policy)
    assert not target.exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "s3://bucket/key", "/etc/passwd", "http://"])
def test_other_addresses_are_refused(url: str, target: Path) -> None:
    with pytest.raises(FetchError, match="starts with http:// or https://"):
        Wanted(url, target)


def test_nothing_else_is_written(server: NastyServer, tmp_path: Path, policy: Policy) -> None:
    url = server.on("/file", Reply(BODY, stop_after=10), Reply(status=404))
    with pytest.raises(FetchError):
        download(Wanted(url, tmp_path / "a" / "b"), policy=policy)
    assert set(snapshot(tmp_path)) == {"a", "a/b.part", "a/b.part.json"}
