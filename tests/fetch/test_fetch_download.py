"""Downloads from a server that breaks off, stalls, lies, changes its mind or is not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from nasty_server import BODY, OTHER, NastyServer, Reply, left

from satseg.errors import Cancelled, FetchError
from satseg.fetch.checksums import Checksum
from satseg.fetch.download import Downloaded, Wanted, Watch, download
from satseg.fetch.transfer import Policy

SHA = Checksum("sha256", hashlib.sha256(BODY).hexdigest())


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
