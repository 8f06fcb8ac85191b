"""Downloads from a server that breaks off, stalls, lies, changes its mind or is not there."""

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
from nasty_server import NastyServer, Reply
from shelf_files import snapshot

from satseg.errors import Cancelled, FetchError, StorageError
from satseg.fetch.checksums import Checksum
from satseg.fetch.download import Downloaded, Wanted, Watch, download
from satseg.fetch.transfer import Policy, new_client

BODY = bytes(range(256)) * 40  # 10,240 bytes
OTHER = BODY[::-1]
SHA = Checksum("sha256", hashlib.sha256(BODY).hexdigest())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "to" / "file.bin"


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_arrives_whole_with_progress(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY))
    seen: list[tuple[int, int]] = []
    watch = Watch(progress=lambda done, total: seen.append((done, total)))
    done = download(Wanted(url, target, len(BODY), SHA), policy=policy, watch=watch)
    assert done == Downloaded(target, len(BODY))
    assert target.read_bytes() == BODY
    assert left(target) == ["file.bin"]
    assert seen[0] == (0, len(BODY))
    assert seen[-1] == (len(BODY), len(BODY))
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_second_run_asks_nothing_of_the_network(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    wanted = Wanted(server.on("/file", Reply(BODY)), target, checksum=SHA)
    download(wanted, policy=policy)
    assert download(wanted, policy=policy) == Downloaded(target, len(BODY), was_there=True)
    assert len(server.requests) == 1


def test_a_damaged_file_that_is_there_comes_again(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    target.parent.mkdir()
    target.write_bytes(OTHER)
    download(Wanted(server.on("/file", Reply(BODY)), target, checksum=SHA), policy=policy)
    assert target.read_bytes() == BODY


def test_a_transfer_that_breaks_off_goes_on_where_it_ended(
    server: NastyServer, target: Path, policy: Policy, pauses: list[float]
) -> None:
    url = server.on(
        "/file", Reply(BODY, stop_after=3000), Reply(BODY, stop_after=3000), Reply(BODY)
    )
    done = download(Wanted(url, target, checksum=SHA), policy=policy)
    assert target.read_bytes() == BODY
    assert [request.range for request in server.requests] == [None, "bytes=3000-", "bytes=6000-"]
    assert server.requests[1].headers["if-range"] == '"one"'
    assert done.resumed_from == 0
    assert pauses == [1.0, 2.0]


def test_a_later_run_goes_on_from_what_an_earlier_one_left(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, stop_after=3000), Reply(status=503))
    with pytest.raises(FetchError) as caught:
        download(Wanted(url, target), policy=policy)
    assert caught.value.found.startswith("status 503 Service Unavailable, 3 times in a row;")
    assert "3,000 of 10,240 bytes are there" in caught.value.found
    assert "it goes on from there" in caught.value.fix
    assert left(target) == ["file.bin.part", "file.bin.part.json"]
    server.on("/file", Reply(BODY))
    done = download(Wanted(url, target), policy=policy)
    assert done == Downloaded(target, len(BODY), resumed_from=3000)
    assert server.requests[-1].range == "bytes=3000-"
    assert target.read_bytes() == BODY
    assert left(target) == ["file.bin"]


def test_a_file_that_changed_between_two_attempts_begins_anew(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    changed = Reply(OTHER, etag='"two"')
    url = server.on("/file", Reply(BODY, stop_after=3000), changed)
    done = download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == OTHER
    assert server.requests[1].range == "bytes=3000-"
    assert done.resumed_from == 0


def test_a_change_that_the_server_hides_in_a_206_is_seen(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    def careless(request: object) -> Reply:
        head = {"Content-Range": f"bytes 3000-10239/{len(BODY)}"}
        return Reply(OTHER[3000:], status=206, headers=head, etag='"two"')

    url = server.on("/file", Reply(BODY, stop_after=3000), careless, Reply(OTHER, etag='"two"'))
    download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == OTHER
    assert [request.range for request in server.requests] == [None, "bytes=3000-", None]


def test_a_206_from_another_place_is_not_appended(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    def elsewhere(request: object) -> Reply:
        head = {"Content-Range": f"bytes 2000-10239/{len(BODY)}"}
        return Reply(BODY[2000:], status=206, headers=head)

    url = server.on("/file", Reply(BODY, stop_after=3000), elsewhere, Reply(BODY))
    download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == BODY


def test_a_server_that_answers_200_to_a_range_begins_anew(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, stop_after=3000), Reply(BODY, ranges=False))
    download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == BODY


def test_without_a_validator_only_a_checksum_allows_to_go_on(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    replies = (Reply(BODY, stop_after=3000, etag=""), Reply(BODY, etag=""))
    download(Wanted(server.on("/a", *replies), target), policy=policy)
    assert [request.range for request in server.asked("/a")] == [None, None]
    other = target.with_name("b.bin")
    download(Wanted(server.on("/b", *replies), other, checksum=SHA), policy=policy)
    assert [request.range for request in server.asked("/b")] == [None, "bytes=3000-"]
    assert target.read_bytes() == other.read_bytes() == BODY


def test_a_weak_tag_is_no_validator_and_a_date_is(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    day = {"Last-Modified": "Sat, 06 Jun 2015 02:41:00 GMT"}
    first = Reply(BODY, stop_after=3000, etag='W/"one"', headers=day)
    url = server.on("/file", first, Reply(BODY, headers=day))
    download(Wanted(url, target), policy=policy)
    assert server.requests[1].headers["if-range"] == day["Last-Modified"]
    assert target.read_bytes() == BODY


def test_the_part_of_another_address_is_not_taken(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    one = server.on("/one", Reply(BODY, stop_after=3000), Reply(status=503))
    with pytest.raises(FetchError):
        download(Wanted(one, target), policy=policy)
    download(Wanted(server.on("/two", Reply(OTHER)), target), policy=policy)
    assert target.read_bytes() == OTHER
    assert server.asked("/two")[0].range is None


def test_a_signature_in_the_address_is_neither_stored_nor_told(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, stop_after=3000), Reply(status=503))
    with pytest.raises(FetchError) as caught:
        download(Wanted(f"{url}?sig=secret", target), policy=policy)
    assert "secret" not in str(caught.value)
    assert b"secret" not in b"".join(path.read_bytes() for path in target.parent.iterdir())
    server.on("/file", Reply(BODY))
    assert download(Wanted(f"{url}?sig=new", target), policy=policy).resumed_from == 3000


def test_a_stall_is_a_failure_that_is_tried_again(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, stall_after=3000), Reply(BODY))
    download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == BODY
    assert server.requests[1].range == "bytes=3000-"


def test_a_server_that_stalls_again_and_again_is_given_up(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, stall_after=0))
    with pytest.raises(FetchError, match=r"no answer within 0.15 s \(3 times in a row\)"):
        download(Wanted(url, target), policy=policy)
    assert not target.exists()


def test_breaking_off_again_and_again_is_given_up_after_all_attempts(
    server: NastyServer, target: Path, policy: Policy, pauses: list[float]
) -> None:
    url = server.on("/file", Reply(BODY, stop_after=100, ranges=False))
    with pytest.raises(FetchError, match="the whole of http://127.0.0.1") as caught:
        download(Wanted(url, target), policy=policy)
    assert "3 times in a row" in caught.value.found
    assert len(server.requests) == 3
    assert len(pauses) == 2
    assert not target.exists()


def test_attempts_count_anew_while_bytes_arrive(
    server: NastyServer, target: Path, pauses: list[float]
) -> None:
    replies = [Reply(BODY, stop_after=1000) for _ in range(10)]
    policy = Policy(attempts=2, fresh_bytes=1000, timeout_s=1, sleep=pauses.append)
    download(Wanted(server.on("/file", *replies, Reply(BODY)), target), policy=policy)
    assert target.read_bytes() == BODY
    assert pauses == [1.0] * 10


def test_a_server_that_begins_anew_each_time_does_not_count_as_progress(
    server: NastyServer, target: Path, pauses: list[float]
) -> None:
    replies = [Reply(BODY, stop_after=cut, ranges=False) for cut in (2000, 1000, 2000, 1000)]
    policy = Policy(attempts=3, fresh_bytes=1000, timeout_s=1, sleep=pauses.append)
    with pytest.raises(FetchError, match="3 times in a row"):
        download(Wanted(server.on("/file", *replies), target), policy=policy)
    assert len(server.requests) == 3


def test_500_and_then_fine(
    server: NastyServer, target: Path, policy: Policy, pauses: list[float]
) -> None:
    busy = Reply(status=429, headers={"Retry-After": "7"})
    download(
        Wanted(server.on("/file", Reply(status=500), busy, Reply(BODY)), target), policy=policy
    )
    assert target.read_bytes() == BODY
    assert pauses == [1.0, 7.0]


def test_a_server_cannot_ask_for_an_endless_pause(
    server: NastyServer, target: Path, policy: Policy, pauses: list[float]
) -> None:
    busy = [Reply(status=503, headers={"Retry-After": text}) for text in ("1e9", "nan")]
    download(Wanted(server.on("/file", *busy, Reply(BODY)), target), policy=policy)
    assert pauses == [60.0, 2.0]


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


def test_a_cancelled_download_keeps_its_part(
    server: NastyServer, target: Path, policy: Policy
) -> None:
    url = server.on("/file", Reply(BODY, stop_after=3000), Reply(BODY))
    answers = iter([False, False, True])
    watch = Watch(cancelled=lambda: next(answers, True))
    with pytest.raises(Cancelled):
        download(Wanted(url, target), policy=policy, watch=watch)
    assert target.with_name("file.bin.part").stat().st_size == 3000
    assert not target.exists()
    assert download(Wanted(url, target), policy=policy).resumed_from == 3000


def test_ctrl_c_keeps_the_part(server: NastyServer, target: Path, policy: Policy) -> None:
    url = server.on("/file", Reply(BODY, stop_after=3000), Reply(BODY))

    def pressed(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(Wanted(url, target), policy=policy, watch=Watch(progress=pressed))
    assert left(target) == ["file.bin.part", "file.bin.part.json"]
    download(Wanted(url, target), policy=policy)
    assert target.read_bytes() == BODY


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
