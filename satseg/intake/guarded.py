"""Downloads from hosts that the operator allowed: https only, and never into a private network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from satseg.errors import FetchError
from satseg.fetch.download import Wanted, Watch, download
from satseg.fetch.transfer import MAX_REDIRECTS, Policy, fetch_bytes, new_client
from satseg.intake.permissions import HOSTS_VARIABLE, Host, Permissions
from satseg.intake.structure import check_start

MAX_ADDRESS = 2_000
_START = 16
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that stand for IPv4 ones. Source: RFC 6052, section 2.1."""

NewClient = Callable[[Permissions, Policy], httpx.Client]


def check_address(url: str, permissions: Permissions) -> Host:
    """Return the entry of the operator's list that covers an address; nothing is asked.

    Raises:
        FetchError: it is no https address, holds a password, or its host is not on the list.
    """
    try:
        parts = urlsplit(url)
        name, port = (parts.hostname or "").rstrip("."), parts.port or 443
    except ValueError as error:
        raise _refused(permissions, "an address that cannot be read") from error
    fine = parts.scheme == "https" and name and "@" not in parts.netloc and url.isprintable()
    host = permissions.host(name, port) if fine and len(url) <= MAX_ADDRESS else None
    if host is None:
        raise _refused(permissions, f"{parts.scheme or 'nothing'} at {name or 'no host'}")
    return host


def check_route(url: str, permissions: Permissions) -> None:
    """Look up the host of an address and refuse it where the internet does not route to it.

    Raises:
        FetchError: as ``check_address``; the name is unknown, or one of its addresses is private.
    """
    host = check_address(url, permissions)
    parts = urlsplit(url)
    name = parts.hostname or ""
    try:
        found = socket.getaddrinfo(name, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError(
            expected=f"the address of the host {name}",
            found=f"{type(error).__name__}: {error}",
            fix="Check the name and the network connection",
        ) from error
    for entry in found:
        _check_ip(str(entry[4][0]), name, host)


def guarded_client(permissions: Permissions, policy: Policy) -> httpx.Client:
    """Return a client that checks each request and each redirect, before and after it connects.

    The second look is for a name that is given another address between the two. The environment's
    proxies are not used: behind one nobody could tell where a request ends.
    """
    plain = new_client(policy)
    hooks = plain.event_hooks

    def before(request: httpx.Request) -> None:
        check_route(str(request.url), permissions)

    def after(response: httpx.Response) -> None:
        stream = response.extensions.get("network_stream")
        peer = None if stream is None else stream.get_extra_info("server_addr")
        if peer is not None:
            url = str(response.request.url)
            _check_ip(str(peer[0]), urlsplit(url).hostname or "", check_address(url, permissions))

    client = httpx.Client(
        timeout=policy.timeout_s,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        headers=plain.headers,
        trust_env=False,
        event_hooks={"request": [before], "response": [after, *hooks["response"]]},
    )
    plain.close()
    return client


def download_image(
    url: str,
    target: Path,
    permissions: Permissions,
    *,
    watch: Watch,
    policy: Policy | None = None,
    new_client: NewClient = guarded_client,
) -> None:
    """Download a GeoTIFF to ``target``; an earlier download that was stopped goes on.

    Raises:
        FetchError: the address is refused, the server does not answer, or the file is no TIFF or
            too large.
        StorageError: the disk is full.
        Cancelled: the watch said so.
    """
    check_address(url, permissions)
    patience = policy or Policy(attempts=3)
    with new_client(permissions, patience) as client:
        start = fetch_bytes(
            url, policy=patience, client=client, first=_START, cancelled=watch.cancelled
        )
        check_start(start, urlsplit(url).path.rpartition("/")[2] or "the file")
        wanted = Wanted(url, target, max_bytes=permissions.max_bytes)
        download(wanted, policy=patience, client=client, watch=watch)


def _check_ip(text: str, name: str, host: Host) -> None:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        else:
            address = address.ipv4_mapped or address.sixtofour or address
    if host.private or (address.is_global and not address.is_multicast):
        return
    raise FetchError(
        expected=f"a public address of the host {name}",
        found=f"{address}, which is private",
        fix=f"If that is meant, let the operator write private:{host.text} in {HOSTS_VARIABLE}",
    )


def _refused(permissions: Permissions, found: str) -> FetchError:
    names = ", ".join(host.text for host in permissions.hosts)
    return FetchError(
        expected=f"an https address at {names}" if names else "no address: no host is allowed",
        found=found,
        fix="Correct the address, or upload the file"
        if names
        else f"Ask the operator to set {HOSTS_VARIABLE}, or upload the file",
    )
