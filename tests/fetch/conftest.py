"""A server that misbehaves, a patient policy that never sleeps, and chips like SpaceNet's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer
from nasty_server import NastyServer, nasty_server

from satseg.fetch.transfer import Policy

PUBLIC = {"x-amz-acl": "public-read"}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[NastyServer]:
    with nasty_server() as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a download goes; its folder does not exist yet."""
    return tmp_path / "to" / "file.bin"


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the policy was asked to make, in seconds."""
    return []


@pytest.fixture
def policy(pauses: list[float]) -> Policy:
    """Three attempts, a tenth of a second of patience, pauses that take no time."""
    return Policy(attempts=3, fresh_bytes=1 << 30, timeout_s=0.15, sleep=pauses.append)


@pytest.fixture(scope="session")
def moto_address() -> Iterator[str]:
    """The address of a server on loopback that speaks Amazon S3's protocol."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="session")
def filler() -> Iterator[httpx.Client]:
    """A client that fills the bucket."""
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def endpoint(moto_address: str, filler: httpx.Client) -> str:
    """An endpoint with an empty bucket spacenet-dataset that everybody may read."""
    filler.post(f"{moto_address}/moto-api/reset").raise_for_status()
    filler.put(f"{moto_address}/spacenet-dataset", headers=PUBLIC).raise_for_status()
    return moto_address


@pytest.fixture
def put(endpoint: str, filler: httpx.Client) -> Callable[[str, bytes], None]:
    """Put an object below the data set's folder of the bucket."""

    def put(key: str, content: bytes) -> None:
        url = f"{endpoint}/spacenet-dataset/spacenet/SN2_buildings/{key}"
        filler.put(url, content=content, headers=PUBLIC).raise_for_status()

    return put
