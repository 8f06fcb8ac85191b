import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from shelf_files import write_scene

from satseg.errors import Cancelled, FetchError, SceneError
from satseg.fetch.download import Watch
from satseg.fetch.transfer import Policy
from satseg.intake import Permissions, guarded
from satseg.intake.guarded import check_address, check_route, download_image, guarded_client
from satseg.intake.permissions import Host

ALLOWED = Permissions(hosts=(Host("data.example.org"), Host("nas.local", private=True)))
ONCE = Policy(attempts=1, pause_s=0)
URL = "https://data.example.org/2015/a.tif?token=secret"

Handler = Callable[[httpx.Request], httpx.Response]


def speaking(handler: Handler) -> Callable[[Permissions, Policy], httpx.Client]:
    """Return what makes clients whose hooks are the guarded ones and whose answers are made up."""

    def make(permissions: Permissions, policy: Policy) -> httpx.Client:
        real = guarded_client(permissions, policy)
        return httpx.Client(
            transport=httpx.MockTransport(handler),
            follow_redirects=True,
            event_hooks=real.event_hooks,
        )

    return make


def sent(content: bytes) -> httpx.Response:
    """Return an answer that has not been read yet."""
    length = {"Content-Length": str(len(content))}
    return httpx.Response(200, headers=length, stream=httpx.ByteStream(content))


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Addresses of the hosts; nothing asks the network."""
    known = {"data.example.org": "93.184.215.14", "nas.local": "192.168.1.7"}

    def look_up(name: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if name not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[name], port))]

    monkeypatch.setattr(guarded.socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize(
    "url",
    [
        "http://data.example.org/a.tif",
        "ftp://data.example.org/a.tif",
        "file:///etc/passwd",
        "/vsicurl/https://data.example.org/a.tif",
        "https://evil.net/a.tif",
        "https://data.example.org.evil.net/a.tif",
        "https://data.example.org:8443/a.tif",
        "https://user:word@data.example.org/a.tif",
        "https://data.example.org@evil.net/a.tif",
        "https://evil.net\\@data.example.org/a.tif",
        "https://127.0.0.1/a.tif",
        "https://[::1]/a.tif",
        "https://data.example.org/a\n.tif",
        "https://data.example.org/" + "a" * 2000,
        "https://data.example.org:port/",
        "https://",
        "",
    ],
)
def test_only_https_at_a_named_host_is_an_address(url: str) -> None:
    with pytest.raises(FetchError, match="an https address at data.example.org, nas.local"):
        check_address(url, ALLOWED)


def test_without_hosts_the_error_names_the_setting() -> None:
    with pytest.raises(FetchError, match="SATSEG_SCENE_HOSTS"):
        check_address(URL, Permissions())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_a_public_name_with_a_private_address_is_refused(
    names: dict[str, str], address: str
) -> None:
    names["data.example.org"] = address
    with pytest.raises(FetchError, match="which is private"):
        check_route(URL, ALLOWED)


def test_a_private_host_must_be_named_so(names: dict[str, str]) -> None:
    check_route("https://nas.local/a.tif", ALLOWED)
    with pytest.raises(FetchError, match="private:nas.local in SATSEG_SCENE_HOSTS"):
        check_route("https://nas.local/a.tif", Permissions(hosts=(Host("nas.local"),)))
    del names["nas.local"]
    with pytest.raises(FetchError, match="the address of the host nas.local"):
        check_route("https://nas.local/a.tif", ALLOWED)


def test_an_image_is_downloaded_with_progress(tmp_path: Path) -> None:
    image = write_scene(tmp_path / "source.tif").read_bytes()
    seen: list[tuple[int, int]] = []
    download_image(
        URL,
        tmp_path / "image.tif",
        ALLOWED,
        watch=Watch(progress=lambda done, total: seen.append((done, total))),
        policy=ONCE,
        new_client=speaking(lambda request: sent(image)),
    )
    assert (tmp_path / "image.tif").read_bytes() == image
    assert seen[-1] == (len(image), len(image))


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.net/a.tif",
        "http://data.example.org/a.tif",
        "https://127.0.0.1/a.tif",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_elsewhere_is_refused(tmp_path: Path, there: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "data.example.org"
        assert request.url.scheme == "https"
        return httpx.Response(302, headers={"Location": there})

    with pytest.raises(FetchError):
        download_image(
            URL,
            tmp_path / "image.tif",
            ALLOWED,
            watch=Watch(),
            policy=ONCE,
            new_client=speaking(answer),
        )
    assert list(tmp_path.iterdir()) == []


class Peer:
    """A connection whose other end is at an address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get_extra_info(self, name: str) -> tuple[str, int] | None:
        return (self._address, 443) if name == "server_addr" else None


def test_an_address_that_changes_after_the_look_is_refused(tmp_path: Path) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, content=b"II*\0secret", extensions={"network_stream": Peer("127.0.0.1")}
        )

    with pytest.raises(FetchError, match="127.0.0.1, which is private"):
        download_image(
            URL,
            tmp_path / "image.tif",
            ALLOWED,
            watch=Watch(),
            policy=ONCE,
            new_client=speaking(answer),
        )


def test_what_is_no_tiff_or_too_large_is_refused_early(tmp_path: Path) -> None:
    page = speaking(lambda request: sent(b"<!doctype html>" * 10))
    with pytest.raises(SceneError, match=r"a GeoTIFF; found a\.tif, which begins with b'<!doctyp"):
        download_image(URL, tmp_path / "a", ALLOWED, watch=Watch(), policy=ONCE, new_client=page)
    large = speaking(lambda request: sent(b"II*\0" + bytes(5000)))
    small = Permissions(hosts=ALLOWED.hosts, max_bytes=4000)
    with pytest.raises(FetchError, match="at most 4,000 bytes"):
        download_image(URL, tmp_path / "a", small, watch=Watch(), policy=ONCE, new_client=large)


def test_a_download_can_be_stopped(tmp_path: Path) -> None:
    image = speaking(lambda request: sent(b"II*\0" + bytes(5000)))
    with pytest.raises(Cancelled):
        download_image(
            URL,
            tmp_path / "a",
            ALLOWED,
            watch=Watch(cancelled=lambda: True),
            policy=ONCE,
            new_client=image,
        )
    assert not (tmp_path / "a").exists()


def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with guarded_client(ALLOWED, ONCE) as client:
        assert client.trust_env is False
