"""How a server is spoken to: timeouts, retries with growing pauses, redirects, error texts."""

from __future__ import annotations

import logging
import math
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from satseg import __version__
from satseg.errors import Cancelled, FetchError

Progress = Callable[[int, int], None]
"""(bytes done, bytes in all); in all is 0 where the server does not say."""

BRIEF = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses of which a repetition may end well. Source: RFC 9110 section 15, RFC 6585, RFC 8470."""

MAX_REDIRECTS = 10
_MAX_BODY = 32 * 2**20
_LOG = logging.getLogger(__name__)


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a transfer is.

    Attributes:
        attempts: tries in a row that may fail before giving up; a try that brought at least
            ``fresh_bytes`` starts the count anew.
        fresh_bytes: see ``attempts``.
        timeout_s: seconds without a byte after which a try has failed.
        pause_s: pause after the first failure, in seconds; it doubles with each further one.
        longest_pause_s: bound of the pause, and of what a server may ask for with Retry-After.
        sleep: waits for a number of seconds.
    """

    attempts: int = 6
    fresh_bytes: int = 8 * 2**20
    timeout_s: float = 30.0
    pause_s: float = 1.0
    longest_pause_s: float = 60.0
    sleep: Callable[[float], None] = _sleep

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.timeout_s <= 0 or self.pause_s < 0:
            raise FetchError(
                expected="at least one attempt, a timeout above 0 s and a pause of 0 s or more",
                found=f"{self.attempts}, {self.timeout_s} s, {self.pause_s} s",
                fix="Correct the policy of the transfer",
            )

    def pause_after(self, failures: int, asked_s: float | None = None) -> float:
        """Return the seconds to wait after so many failures in a row (1 or more)."""
        wished = self.pause_s * 2 ** min(failures - 1, 30) if asked_s is None else asked_s
        return min(wished, self.longest_pause_s)


class Brief(Exception):  # noqa: N818 (a reason to try again, told to nobody)
    """A failure that may pass.

    Attributes:
        retry_after_s: how long the server asked to be left alone, None where it did not.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Return the trusted certificates, whose reading takes a quarter of a second."""
    return httpx.create_ssl_context()


def new_client(policy: Policy) -> httpx.Client:
    """Return a client without credentials that speaks http and https only, redirects included."""
    return httpx.Client(
        timeout=policy.timeout_s,
        verify=_certificates(),
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        headers={"User-Agent": f"satseg/{__version__}", "Accept-Encoding": "identity"},
        event_hooks={"response": [_refuse_downgrade]},
    )


def check_url(url: str) -> str:
    """Return ``url`` unchanged.

    Raises:
        FetchError: it is no http or https address with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FetchError(
            expected="an address that starts with http:// or https://",
            found=repr(url[:200]),
            fix="Correct the address, or download the file by other means and name it with --from",
        )
    return url


def shown(url: str) -> str:
    """Return ``url`` without user, password, query and fragment, which may hold secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


@contextmanager
def requested(
    client: httpx.Client,
    url: str,
    headers: dict[str, str],
    *,
    also: frozenset[int] = frozenset(),
    post: object = None,
) -> Iterator[httpx.Response]:
    """Yield the open response to ``url`` with a status of 200, 206 or one of ``also``.

    Args:
        client: see ``new_client``.
        url: http or https address.
        headers: further headers of the request.
        also: statuses that the caller understands.
        post: what to send as JSON with POST; None for GET.

    Raises:
        Brief: no connection, a stall, a broken answer or a status that may pass.
        FetchError: a status that will not pass, or a redirect that is refused.
    """
    try:
        method = "GET" if post is None else "POST"
        with client.stream(method, url, headers=headers, json=post) as response:
            if response.status_code not in {200, 206} | also:
                _refuse(response, url)
            yield response
    except httpx.TooManyRedirects as error:
        raise FetchError(
            expected=f"at most {MAX_REDIRECTS} redirects from {shown(url)}",
            found="more",
            fix="Correct the address",
        ) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise _bad_redirect(url, str(error)) from error
    except httpx.TimeoutException as error:
        raise Brief(f"no answer within {client.timeout.read:g} s") from error
    except httpx.TransportError as error:
        raise Brief(str(error) or type(error).__name__) from error


def fetch_bytes(
    url: str,
    *,
    policy: Policy,
    client: httpx.Client,
    first: int | None = None,
    post: object = None,
    max_bytes: int = _MAX_BODY,
    cancelled: Callable[[], bool] = lambda: False,
) -> bytes:
    """Return a small body, or the ``first`` bytes of a larger one.

    Raises:
        FetchError: no network, a refusal, or a body of more than ``max_bytes``.
        Cancelled: ``cancelled`` returned true.
    """
    check_url(url)
    headers = {} if first is None else {"Range": f"bytes=0-{first - 1}"}

    def once() -> bytes:
        body = bytearray()
        with requested(client, url, headers, post=post) as response:
            for piece in response.iter_raw():
                body += piece
                if first is not None and len(body) >= first:
                    return bytes(body[:first])
                if len(body) > max_bytes:
                    raise FetchError(
                        expected=f"an answer of at most {max_bytes:,} bytes from {shown(url)}",
                        found="a longer one",
                        fix="Check that the address is the right one",
                    )
        return bytes(body)

    return patiently(once, url, policy=policy, cancelled=cancelled)


def patiently(
    once: Callable[[], bytes], url: str, *, policy: Policy, cancelled: Callable[[], bool]
) -> bytes:
    """Return what ``once`` returns, tried again with pauses while it raises Brief."""
    for failures in range(1, policy.attempts + 1):
        if cancelled():
            raise Cancelled
        try:
            return once()
        except Brief as reason:
            if failures == policy.attempts:
                raise unreachable(url, str(reason), policy.attempts) from reason
            wait(policy, reason, failures)
    raise AssertionError("attempts is at least 1")


def wait(policy: Policy, reason: Brief, failures: int) -> None:
    """Pause after a failure, and say so."""
    pause_s = policy.pause_after(failures, reason.retry_after_s)
    _LOG.warning(
        "%s; trying again in %.0f s (%d of %d)", reason, pause_s, failures, policy.attempts
    )
    policy.sleep(pause_s)


def unreachable(url: str, reason: str, attempts: int) -> FetchError:
    """Return the error of a transfer that failed so many times in a row."""
    times = "once" if attempts == 1 else f"{attempts} times in a row"
    return FetchError(
        expected=f"an answer from {shown(url)}",
        found=f"{reason} ({times})",
        fix="Check the network connection and the address, and run the same command again",
    )


def _refuse(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in BRIEF:
        raise Brief(
            f"status {status} {response.reason_phrase}".strip(),
            _seconds(response.headers.get("Retry-After")),
        )
    fixes = {
        401: "The server wants credentials, which satseg does not send: download the file by other"
        " means",
        403: "The server does not give this file to everybody: check the address, or download it"
        " by other means",
        404: "Check the address; the file may have moved",
        410: "The file was removed; look for its new address",
    }
    raise FetchError(
        expected=f"the file {shown(url)}",
        found=f"status {status} {response.reason_phrase}".strip(),
        fix=fixes.get(status, "Check the address"),
    )


def _seconds(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header; a date there counts as unsaid."""
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _refuse_downgrade(response: httpx.Response) -> None:
    """Refuse a redirect from https to http; httpx itself knows no other schemes."""
    here = response.request.url
    there = here.join(response.headers.get("Location", ""))
    if response.is_redirect and here.scheme == "https" and there.scheme == "http":
        raise _bad_redirect(str(here), f"a redirect from https to {shown(str(there))}")


def _bad_redirect(url: str, found: str) -> FetchError:
    return FetchError(
        expected=f"redirects from {shown(url)} to http or https only, and never back to http",
        found=found,
        fix="Do not use this address; ask its owner",
    )
