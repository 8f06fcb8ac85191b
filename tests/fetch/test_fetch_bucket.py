"""Lists of a bucket: of a server that speaks S3, and of one that does not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from nasty_server import NastyServer, Reply

from satseg.errors import FetchError
from satseg.fetch.bucket import Bucket, RemoteObject
from satseg.fetch.checksums import from_etag, from_multihash
from satseg.fetch.transfer import Policy, new_client

Put = Callable[[str, bytes], None]
FOLDER = "spacenet/SN2_buildings/"
PATH = "/spacenet-dataset"


def listed(endpoint: str, policy: Policy, prefix: str = "") -> list[RemoteObject]:
    with new_client(policy) as client:
        bucket = Bucket(endpoint, "spacenet-dataset")
        return list(bucket.objects(prefix, client=client, policy=policy))


def page(*entries: str, follow: str = "", more: bool = False) -> Reply:
    text = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size><ETag>x-1</ETag></Contents>" for key in entries
    )
    after = f"<NextContinuationToken>{follow}</NextContinuationToken>" if follow else ""
    name = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
    return Reply(f"<ListBucketResult {name}>{truncated}{text}{after}</ListBucketResult>".encode())


def test_objects_come_with_size_and_checksum(endpoint: str, put: Put, policy: Policy) -> None:
    put("train/a b+ü&.tif", b"12345")
    put("other/c", b"")
    assert listed(endpoint, policy, f"{FOLDER}train/") == [
        RemoteObject(
            f"{FOLDER}train/a b+ü&.tif",
            5,
            from_etag(hashlib.md5(b"12345", usedforsecurity=False).hexdigest()),
        )
    ]


def test_an_object_is_found_again_under_its_address(
    endpoint: str, put: Put, policy: Policy
) -> None:
    put("train/a b+ü&.tif", b"12345")
    bucket = Bucket(endpoint, "spacenet-dataset")
    with new_client(policy) as client:
        assert client.get(bucket.url(f"{FOLDER}train/a b+ü&.tif")).content == b"12345"


def test_an_empty_list_is_no_error(endpoint: str, policy: Policy) -> None:
    assert listed(endpoint, policy, "nothing/") == []


def test_all_pages_are_read(server: NastyServer, policy: Policy) -> None:
    server.on(PATH, page("a", "b", follow="t/1 +", more=True), page("c%20d"))
    assert [each.key for each in listed(server.address, policy)] == ["a", "b", "c d"]
    assert "continuation-token=t%2F1+%2B" in server.requests[1].path
    assert "list-type=2" in server.requests[0].path


def test_a_list_that_turns_in_a_circle_ends(server: NastyServer, policy: Policy) -> None:
    server.on(PATH, page("a", follow="t", more=True))
    with pytest.raises(FetchError, match="turns in a circle"):
        listed(server.address, policy)


ENTITIES = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<ListBucketResult><Contents><Key>&b;</Key><Size>1</Size></Contents></ListBucketResult>"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<html><body>Log in</body></html>", "<html>"),
        (b"nothing", "ParseError"),
        (b"", "ParseError"),
        (ENTITIES, "DTDForbidden"),
        (b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", "without a"),
        (
            b"<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>"
            b"</ListBucketResult>",
            "without a",
        ),
    ],
)
def test_an_answer_that_is_no_list_is_refused(
    server: NastyServer, policy: Policy, body: bytes, found: str
) -> None:
    server.on(PATH, Reply(body))
    with pytest.raises(FetchError, match=found) as caught:
        listed(server.address, policy)
    assert "must speak Amazon S3's protocol" in caught.value.fix


def test_a_list_without_end_is_refused(server: NastyServer, policy: Policy) -> None:
    server.on(PATH, Reply(bytes(33 * 2**20), claim=-1))
    with pytest.raises(FetchError, match="at most 33,554,432 bytes"):
        listed(server.address, policy)


def test_a_busy_server_is_asked_again(
    server: NastyServer, policy: Policy, pauses: list[float]
) -> None:
    server.on(PATH, Reply(status=503), page("a"))
    assert len(listed(server.address, policy)) == 1
    assert pauses == [1.0]


def test_checksums_are_taken_only_where_they_are_understood() -> None:
    md5, sha = "0" * 32, "a" * 64
    assert from_etag(f'"{md5}"') == from_multihash(f"d50110{md5}")
    assert from_etag(f"{md5}-3") is None
    multihash = from_multihash(f"1220{sha.upper()}")
    assert multihash is not None
    assert (multihash.algorithm, multihash.digest) == ("sha256", sha)
    for text in (None, 3, "", sha, f"1220{sha}00", "1220" + "g" * 64, f"1114{'0' * 40}"):
        assert from_multihash(text) is None
