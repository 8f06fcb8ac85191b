"""Downloads of any size that resume, are verified and appear whole or not at all.

While a file arrives it is called ``NAME.part``, with ``NAME.part.json`` beside it, which says of
which version of the file these bytes are. Both stay when a download is stopped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from satseg.errors import Cancelled, FetchError, StorageError
from satseg.fetch.checksums import Checksum
from satseg.fetch.partial import Partial, Version
from satseg.fetch.transfer import (
    Brief,
    Policy,
    Progress,
    check_url,
    new_client,
    requested,
    shown,
    unreachable,
    wait,
)

MAX_BYTES = 2**40


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to download.

    Attributes:
        url: http or https address.
        target: where it goes; its folder is made where it is missing.
        size: bytes that it must have, None where nobody says.
        checksum: what it must hold, None where nobody says.
        max_bytes: size above which it is refused.
    """

    url: str
    target: Path
    size: int | None = None
    checksum: Checksum | None = None
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        check_url(self.url)
        if self.size is not None and self.size > self.max_bytes:
            raise _too_long(self.url, self.size, self.max_bytes)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that is there, whole and verified.

    Attributes:
        path: the file.
        size: its bytes.
        resumed_from: bytes of it that an earlier run had left.
        was_there: whether it was there before, so that nothing was asked of the network.
    """

    path: Path
    size: int
    resumed_from: int = 0
    was_there: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on while files arrive.

    Attributes:
        progress: called with (bytes done, bytes in all); in all is 0 where it is not known.
        verifying: likewise, while the file is read back against its checksum.
        cancelled: asked between pieces; true stops the download, which can be resumed later.
    """

    progress: Progress = field(default=lambda done, total: None)
    verifying: Progress = field(default=lambda done, total: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)


def download(
    wanted: Wanted,
    *,
    policy: Policy | None = None,
    client: httpx.Client | None = None,
    watch: Watch | None = None,
) -> Downloaded:
    """Download a file, or say that it is there already.

    A download that was stopped goes on where it ended if the server still has the same version
    (ETag or date); else it begins anew. The file gets its name after size and checksum agree.

    Raises:
        FetchError: no network after all attempts, a refusal of the server, or another size or
            content than expected. Bytes that may still be of use stay for the next run.
        StorageError: the disk is full or may not be written.
        Cancelled: ``watch.cancelled`` returned true; what has arrived stays for the next run.
    """
    policy, watch = policy or Policy(), watch or Watch()
    if wanted.target.is_file() and _agrees(wanted, wanted.target, watch) is None:
        return Downloaded(wanted.target, wanted.target.stat().st_size, was_there=True)
    part = Partial.of(wanted.target)
    with _storing(part.path):
        part.path.parent.mkdir(parents=True, exist_ok=True)
    before = part.size
    with nullcontext(client) if client else new_client(policy) as http:
        resumed = _persist(_Transfer(http, wanted, part, watch), policy)
    problem = _agrees(wanted, part.path, watch)
    if problem is not None:
        part.discard()
        raise problem
    size = part.size
    with _storing(part.path):
        part.finish(wanted.target)
    return Downloaded(wanted.target, size, before if resumed else 0)


@dataclass(frozen=True, slots=True)
class _Transfer:
    client: httpx.Client
    wanted: Wanted
    part: Partial
    watch: Watch


def _persist(transfer: _Transfer, policy: Policy) -> bool:
    """Try until all bytes are there; return whether those from before the call were of use."""
    part, failures, best = transfer.part, 0, transfer.part.size
    kept = True
    while True:
        if transfer.watch.cancelled():
            raise Cancelled
        try:
            return _attempt(transfer) and kept
        except Brief as reason:
            gained, best = part.size - best, max(part.size, best)
            failures = 1 if gained >= policy.fresh_bytes else failures + 1
            if failures >= policy.attempts:
                raise _given_up(transfer, str(reason), failures) from reason
            wait(policy, reason, failures)
            kept = kept and part.size >= best


def _attempt(transfer: _Transfer) -> bool:
    """Ask once for what is missing; return whether the bytes that were there were kept."""
    wanted, part = transfer.wanted, transfer.part
    have = part.usable(shown(wanted.url), verified_later=wanted.checksum is not None)
    if have and have == (wanted.size or part.version.total):
        return True
    headers = part.range_headers(have)
    with requested(transfer.client, wanted.url, headers, also=frozenset({416})) as response:
        _check_plain(response, wanted.url)
        if response.status_code == 416:
            _check_end(response, transfer, have)
            return True
        if response.status_code == 200:
            have = 0
        version = Version.of(response, shown(wanted.url), have)
        _check_version(version, transfer, have)
        _check_size(version.total, transfer, have)
        _receive(response, transfer, version, have)
    return have > 0


def _receive(response: httpx.Response, transfer: _Transfer, version: Version, have: int) -> None:
    wanted, part, watch = transfer.wanted, transfer.part, transfer.watch
    done, total = have, version.total
    watch.progress(done, total or 0)
    with _storing(part.path), part.open(version, have) as file:
        for piece in response.iter_raw():
            if watch.cancelled():
                raise Cancelled
            done += len(piece)
            if done > wanted.max_bytes:
                raise _too_long(wanted.url, done, wanted.max_bytes)
            file.write(piece)
            watch.progress(done, total or 0)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done != total:
        raise Brief(f"the transfer ended after {done:,} of {total:,} bytes")


def _check_plain(response: httpx.Response, url: str) -> None:
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    kind = response.headers.get("Content-Type", "").lower()
    if encoding not in {"identity", ""} or kind.startswith("multipart/"):
        raise FetchError(
            expected=f"the plain bytes of {shown(url)}",
            found=f"an answer that is packed ({encoding}, {kind or 'no type'})",
            fix="The server does not follow HTTP; download the file by other means",
        )


def _check_end(response: httpx.Response, transfer: _Transfer, have: int) -> None:
    """Decide about status 416: the file ends before the byte that was asked for."""
    part, wanted = transfer.part, transfer.wanted
    end = response.headers.get("Content-Range", "").removeprefix("bytes */")
    promised = part.version.total
    if end == str(have) and promised in {None, have}:
        return
    part.discard()
    if end == str(have):
        raise _other_length(wanted.url, f"{promised:,} bytes, as the server said before", have)
    raise Brief("the server no longer has the rest of the file")


def _check_version(version: Version, transfer: _Transfer, have: int) -> None:
    if have and not version.continues(transfer.part.version, have):
        transfer.part.discard()
        raise Brief("the server went on with another version of the file")


def _check_size(total: int | None, transfer: _Transfer, have: int) -> None:
    wanted = transfer.wanted
    if total is None:
        return
    if wanted.size is not None and total != wanted.size:
        raise _other_length(wanted.url, f"{wanted.size:,} bytes", total)
    if total > wanted.max_bytes:
        raise _too_long(wanted.url, total, wanted.max_bytes)
    free = shutil.disk_usage(wanted.target.parent).free
    replaced = transfer.part.size - have
    if total - have > free + replaced:
        raise StorageError(
            expected=f"{total - have:,} free bytes for {wanted.target}",
            found=f"{free:,}",
            fix="Free space on the disk, or choose another folder with --to; then run the same"
            " command again",
        )


def _agrees(wanted: Wanted, path: Path, watch: Watch) -> FetchError | None:
    """Return what is wrong with a whole file, or None."""
    size = path.stat().st_size
    if wanted.size is not None and size != wanted.size:
        return _other_length(wanted.url, f"{wanted.size:,} bytes", size)
    if wanted.checksum is None:
        return None
    digest = wanted.checksum.of(path, watch.verifying, watch.cancelled)
    if digest == wanted.checksum.digest:
        return None
    return FetchError(
        expected=f"a file of the {wanted.checksum.algorithm} checksum {wanted.checksum.digest}"
        f" from {shown(wanted.url)}",
        found=f"{digest}, {size:,} bytes; they were deleted",
        fix="Run the same command again; if it happens again, the file was damaged or exchanged"
        " at its source",
    )


def _given_up(transfer: _Transfer, reason: str, failures: int) -> FetchError:
    have, total = transfer.part.size, transfer.part.version.total
    if not have:
        return unreachable(transfer.wanted.url, reason, failures)
    return FetchError(
        expected=f"the whole of {shown(transfer.wanted.url)}",
        found=f"{reason}, {failures} times in a row; {have:,} of"
        f" {'an unknown number of' if total is None else f'{total:,}'} bytes are there",
        fix="Run the same command again when the connection is better; it goes on from there",
    )


def _other_length(url: str, expected: str, found: int) -> FetchError:
    return FetchError(
        expected=f"{expected} from {shown(url)}",
        found=f"{found:,} bytes",
        fix="The server's file is not the expected one, or it misstates its length; check the"
        " address, or download the file by other means",
    )


def _too_long(url: str, size: int, limit: int) -> FetchError:
    return FetchError(
        expected=f"a file of at most {limit:,} bytes from {shown(url)}",
        found=f"{size:,} bytes or more",
        fix="Check that the address is the right one",
    )


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            expected=f"room and permission to write {path}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            fix="Free space on the disk, or choose another folder with --to; then run the same"
            " command again",
        ) from error
