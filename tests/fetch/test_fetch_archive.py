"""Archives that are whole, damaged, or made to harm."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.errors import Cancelled, FetchError, StorageError
from satseg.fetch.archive import Limits, extract
from satseg.fetch.member_names import Names

Add = Callable[[tarfile.TarFile], None]
NOISE = os.urandom(5000)


def regular(name: str, content: bytes = b"x") -> Add:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))

    return add


def special(name: str, kind: bytes, link: str = "") -> Add:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        tar.addfile(info)

    return add


def tar(path: Path, *members: Add) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for add in members:
            add(archive)
    return path


def zipped(path: Path, members: dict[str, bytes], *, mode: int = 0, level: int = 8) -> Path:
    with zipfile.ZipFile(path, "w", level) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = level
            archive.writestr(info, content)
    return path


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "place" / "out"


def refused(archive: Path, out: Path, match: str, **options: object) -> FetchError:
    """Unpack, expect a refusal, and find nothing left of it."""
    with pytest.raises(FetchError, match=match) as caught:
        extract(archive, out, **options)  # type: ignore[arg-type]
    assert not out.exists()
    assert not out.parent.exists() or list(out.parent.iterdir()) == []
    assert not (out.parent.parent / "evil").exists()
    return caught.value


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_is_unpacked_whole(kind: str, tmp_path: Path, out: Path) -> None:
    content = {"a/b.tif": NOISE, "a/c/d.tif": b"", "e": b"1"}
    path = tmp_path / "archive.bin"
    if kind == "zip":
        zipped(path, {"a/": b"", **content})
    else:
        tar(path, special("a", tarfile.DIRTYPE), *(regular(*each) for each in content.items()))
    seen: list[tuple[int, int]] = []
    assert extract(path, out, progress=lambda done, total: seen.append((done, total))) == 3
    assert tree(out) == content
    assert os.listdir(out.parent) == ["out"]
    packed = path.stat().st_size
    assert seen[-1] == (packed, packed)
    assert all(done <= total == packed for done, total in seen)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: tar(p, regular("a/1"), regular("b/2")),
        lambda p: zipped(p, {"a/1": b"x", "b/2": b"x"}),
    ],
)
def test_only_wanted_members_are_unpacked(
    make: Callable[[Path], Path], tmp_path: Path, out: Path
) -> None:
    def wanted(name: PurePosixPath) -> bool:
        return name.parent.name == "b"

    assert extract(make(tmp_path / "archive"), out, wanted=wanted) == 1
    assert tree(out) == {"b/2": b"x"}


def test_permissions_of_the_archive_are_not_taken_over(tmp_path: Path, out: Path) -> None:
    def add(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo("run")
        info.mode, info.size = 0o6777, 1
        archive.addfile(info, io.BytesIO(b"x"))

    extract(tar(tmp_path / "a", add), out)
    assert stat.S_IMODE((out / "run").stat().st_mode) & 0o6111 == 0


NAMES = {
    "../evil": "a name with '..'",
    "a/../../evil": "a name with '..'",
    "/tmp/evil": "an absolute name",  # noqa: S108
    "C:\\evil": "a name for another system",
    "a\\..\\evil": "a name for another system",
    "c:evil": "a name for another system",
    "a\nb": "control characters",
    "a/" + "x" * 300: "a name that is too long",
    "a/" * 600 + "b": "a name that is too long",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_outside_are_refused(name: str, tmp_path: Path, out: Path) -> None:
    error = refused(tar(tmp_path / "a", regular("first"), regular(name)), out, "stay inside")
    assert NAMES[name] in error.found
    assert "Do not use this archive" in error.fix
    assert (
        NAMES[name]
        in refused(zipped(tmp_path / "z", {"1": b"", name: b""}), out, "stay inside").found
    )


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (tarfile.SYMTYPE, "a link to '/etc/passwd'"),
        (tarfile.LNKTYPE, "a link to '/etc/passwd'"),
        (tarfile.CHRTYPE, "a device or a pipe"),
        (tarfile.BLKTYPE, "a device or a pipe"),
        (tarfile.FIFOTYPE, "a device or a pipe"),
        (tarfile.CONTTYPE, "a device|another kind"),
        (tarfile.GNUTYPE_SPARSE, "another kind"),
        (b"Z", "another kind"),
    ],
)
def test_links_and_devices_are_refused(kind: bytes, found: str, tmp_path: Path, out: Path) -> None:
    path = tar(tmp_path / "a", regular("first"), special("x", kind, "/etc/passwd"))
    refused(path, out, found, wanted=lambda name: name.name == "first")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_in_a_zip_are_refused(kind: int, tmp_path: Path, out: Path) -> None:
    path = zipped(tmp_path / "z", {"x": b"/etc/passwd"}, mode=kind | 0o777)
    refused(path, out, "a link or a device")


def test_an_encrypted_zip_is_refused(tmp_path: Path, out: Path) -> None:
    path = zipped(tmp_path / "z", {"x": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(path, out, "an encrypted file")


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "a"), ("a", "./a"), ("a/b", "a//b"), ("A", "a"), ("caf\u00e9", "cafe\u0301")],
)
def test_a_name_twice_is_refused(first: str, second: str, tmp_path: Path, out: Path) -> None:
    refused(tar(tmp_path / "a", regular(first), regular(second)), out, "the same name twice")


def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path, out: Path) -> None:
    refused(tar(tmp_path / "a", regular("a"), regular("a/b")), out, "a name below a file")
    refused(tar(tmp_path / "b", regular("a/b"), regular("a")), out, "the same name twice")


def test_bombs_are_refused(tmp_path: Path, out: Path) -> None:
    zeros = bytes(4_000_000)
    limits = Limits(ratio=10, free_bytes=100_000)
    packed = tar(tmp_path / "a", regular("bomb", zeros))
    refused(packed, out, "more than 10 times its [0-9,]+ bytes when unpacked", limits=limits)
    one = zipped(tmp_path / "z", {"noise": os.urandom(500_000), "bomb": zeros})
    refused(one, out, "'bomb' of [0-9,]+ bytes that become 4,000,000", limits=limits)
    five = tar(tmp_path / "b", *(regular(str(i), NOISE) for i in range(5)))
    refused(five, out, "more than 4 members", limits=Limits(members=4))
    refused(five, out, "'0' of 5,000 bytes", limits=Limits(member_bytes=4999))
    refused(five, out, "more than 24,999 bytes when unpacked", limits=Limits(total_bytes=24_999))
    assert extract(five, out, limits=Limits(members=5, member_bytes=5000, total_bytes=25_000)) == 5


def test_a_bomb_among_members_that_are_not_wanted_is_refused(tmp_path: Path, out: Path) -> None:
    packed = tar(tmp_path / "a", regular("good"), regular("bomb", bytes(4_000_000)))
    limits = Limits(ratio=10, free_bytes=100_000)
    refused(packed, out, "when unpacked", limits=limits, wanted=lambda name: name.name == "good")


def test_a_bomb_behind_the_last_member_is_refused(tmp_path: Path, out: Path) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        regular("good")(archive)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(plain.getvalue() + bytes(8_000_000)))
    limits = Limits(members=10, ratio=10, free_bytes=100_000)
    refused(path, out, "more bytes than its members have", limits=limits)


def test_a_giant_header_is_refused_before_it_is_read(tmp_path: Path, out: Path) -> None:
    info = tarfile.TarInfo("header")
    info.type, info.size = tarfile.XHDTYPE, 2**33
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(100_000)))
    roomy = Limits(total_bytes=2**40, free_bytes=2**40)
    refused(path, out, "more bytes than its members have", limits=roomy)


def test_a_damaged_archive_leaves_nothing(tmp_path: Path, out: Path) -> None:
    whole = tar(tmp_path / "a", *(regular(str(i), os.urandom(3000)) for i in range(20)))
    data = whole.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    for broken in (data[: len(data) // 2], data[:-4], bytes(flipped)):
        path = tmp_path / "broken"
        path.write_bytes(broken)
        error = refused(path, out, "a complete archive broken")
        assert "truncated or damaged" in error.fix


def test_a_damaged_zip_leaves_nothing(tmp_path: Path, out: Path) -> None:
    whole = zipped(tmp_path / "z", {"a": NOISE, "b": NOISE}, level=zipfile.ZIP_STORED)
    data = bytearray(whole.read_bytes())
    data[3000] ^= 0xFF
    path = tmp_path / "broken"
    path.write_bytes(data)
    refused(path, out, "Bad CRC-32", wanted=lambda name: name.name == "b")
    path.write_bytes(data[:4000])
    refused(path, out, "a complete archive")


def test_a_web_page_is_no_archive(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(b"<html>Please log in</html>")
    assert "a page of a web site" in refused(path, out, "begins like a .tar.gz or a .zip").fix


def test_a_missing_archive_is_told(tmp_path: Path, out: Path) -> None:
    refused(tmp_path / "none.tar.gz", out, "no file .*none.tar.gz")


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path, out: Path) -> None:
    out.mkdir(parents=True)
    (out / "mine").write_bytes(b"1")
    with pytest.raises(FetchError, match="no folder .* yet"):
        extract(tar(tmp_path / "a", regular("b")), out)
    assert tree(out) == {"mine": b"1"}


def test_what_a_killed_run_left_is_replaced(tmp_path: Path, out: Path) -> None:
    left = out.parent / ".out.unpacking"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"1")
    extract(tar(tmp_path / "a", regular("b")), out)
    assert tree(out) == {"b": b"x"}
    assert os.listdir(out.parent) == ["out"]


def test_cancel_leaves_nothing(tmp_path: Path, out: Path) -> None:
    answers = iter([False, True])
    with pytest.raises(Cancelled):
        extract(
            tar(tmp_path / "a", regular("a"), regular("b")), out, cancelled=lambda: next(answers)
        )
    assert list(out.parent.iterdir()) == []


def test_a_folder_that_may_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="room and permission to write"):
        extract(tar(tmp_path / "a", regular("b")), tmp_path / "file" / "out")


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_no_accepted_name_leaves_its_folder(name: str) -> None:
    root = Path("/nowhere/root")
    try:
        place = Names("a").place(name, is_folder=False)
    except FetchError:
        return
    path = Path(os.path.normpath(root / place))
    assert path.is_relative_to(root)
    assert path != root
