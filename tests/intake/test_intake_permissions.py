import os
from pathlib import Path

import pytest
from shelf_files import write_scene

from satseg.errors import FetchError, SceneError
from satseg.intake import Permissions
from satseg.intake.permissions import MAX_LISTED, Host


@pytest.fixture
def allowed(folder: Path) -> Permissions:
    write_scene(folder / "a.tif")
    (folder / "deep").mkdir()
    write_scene(folder / "deep" / "b.TIFF")
    (folder / "order").mkdir()
    (folder / "order" / "x.IMD").write_text("")
    write_scene(folder / "order" / "x.TIF")
    (folder / "notes.txt").write_text("no image")
    return Permissions(folders=(folder,))


def test_nothing_is_allowed_until_the_operator_says_so() -> None:
    nothing = Permissions.from_environment({})
    assert (nothing.folders, nothing.hosts, nothing.listed()) == ((), (), [])
    assert nothing.max_bytes == 4_000_000_000
    with pytest.raises(SceneError, match="SATSEG_SCENE_FOLDERS"):
        nothing.path_of("/etc/passwd")


def test_the_environment_names_folders_hosts_and_the_limit(tmp_path: Path) -> None:
    found = Permissions.from_environment(
        {
            "SATSEG_SCENE_FOLDERS": f"{tmp_path}/x/../y{os.pathsep}{tmp_path}/z",
            "SATSEG_SCENE_HOSTS": "Data.Example.org, *.example.com, private:nas.local:8443",
            "SATSEG_SCENE_MAX_MB": "1.5",
        }
    )
    assert found.folders == (tmp_path / "y", tmp_path / "z")
    assert found.hosts == (
        Host("data.example.org"),
        Host("example.com", below=True),
        Host("nas.local", 8443, private=True),
    )
    assert [host.text for host in found.hosts] == [
        "data.example.org",
        "*.example.com",
        "nas.local:8443",
    ]
    assert found.max_bytes == 1_500_000


@pytest.mark.parametrize(
    ("name", "port", "covered"),
    [
        ("data.example.org", 443, True),
        ("DATA.example.org", 443, True),
        ("data.example.org", 8443, False),
        ("a.example.com", 443, True),
        ("example.com", 443, False),
        ("evilexample.com", 443, False),
        ("data.example.org.evil.net", 443, False),
    ],
)
def test_a_host_is_covered_by_its_whole_name_and_port(name: str, port: int, covered: bool) -> None:
    allowed = Permissions(hosts=(Host("data.example.org"), Host("example.com", below=True)))
    assert (allowed.host(name, port) is not None) == covered


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("SATSEG_SCENE_FOLDERS", "relative/folder", SceneError),
        ("SATSEG_SCENE_HOSTS", "https://data.example.org", FetchError),
        ("SATSEG_SCENE_HOSTS", "data.example.org:99999", FetchError),
        ("SATSEG_SCENE_MAX_MB", "many", SceneError),
        ("SATSEG_SCENE_MAX_MB", "0", SceneError),
        ("SATSEG_SCENE_MAX_MB", "inf", SceneError),
    ],
)
def test_a_setting_that_cannot_be_understood_is_told(
    variable: str, value: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=variable):
        Permissions.from_environment({variable: value})


def test_a_path_below_a_folder_is_found_absolute_or_by_the_folders_name(
    allowed: Permissions, folder: Path
) -> None:
    assert allowed.path_of(str(folder / "a.tif")) == folder / "a.tif"
    assert allowed.path_of("imagery/deep/b.TIFF") == folder / "deep" / "b.TIFF"
    assert allowed.path_of("imagery/order") == folder / "order"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "/etc/passwd",
        "imagery",
        "imagery/../../etc/passwd",
        "imagery/../secret.tif",
        "../imagery/a.tif",
        "/vsicurl/https://evil.net/a.tif",
        "/vsizip/imagery/a.zip",
        "vsicurl/x.tif",
        "\\vsimem\\a.tif",
        "file:///etc/passwd",
        "https://evil.net/a.tif",
        "GTIFF_DIR:1:/etc/passwd",
        "imagery/a.tif\0.txt",
        "imagery/" + "x" * 1000 + ".tif",
    ],
)
def test_other_paths_are_refused_without_a_look_at_the_disk(
    allowed: Permissions, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("looked")

    for name in ("resolve", "is_file", "is_dir", "stat", "open"):
        monkeypatch.setattr(Path, name, never)
    with pytest.raises(SceneError, match="a path below"):
        allowed.path_of(text)


def test_a_link_that_leads_out_of_the_folder_is_refused(
    allowed: Permissions, folder: Path, tmp_path: Path
) -> None:
    write_scene(tmp_path / "secret.tif")
    (folder / "link.tif").symlink_to(tmp_path / "secret.tif")
    (folder / "out").symlink_to(tmp_path)
    for text in ("imagery/link.tif", "imagery/out/secret.tif"):
        with pytest.raises(SceneError, match="a path below"):
            allowed.path_of(text)
    assert [each.name for each in allowed.listed()] == [
        "imagery/a.tif",
        "imagery/deep/b.TIFF",
        "imagery/order",
    ]


def test_other_kinds_and_missing_files_are_told(allowed: Permissions) -> None:
    with pytest.raises(SceneError, match=r"ends with \.tif or \.tiff"):
        allowed.path_of("imagery/notes.txt")
    with pytest.raises(SceneError, match="none called 'imagery/no.tif'"):
        allowed.path_of("imagery/no.tif")


def test_the_list_ends_somewhere(folder: Path) -> None:
    for number in range(MAX_LISTED + 5):
        (folder / f"{number:04d}.tif").touch()
    listed = Permissions(folders=(folder, folder / "none")).listed()
    assert len(listed) == MAX_LISTED
    assert listed[0].name == "imagery/0000.tif"


def test_a_delivery_is_listed_as_one(allowed: Permissions, folder: Path) -> None:
    assert [each.is_delivery for each in allowed.listed()] == [False, False, True]
    for product in ("P001_MUL", "P001_PAN"):
        (folder / "whole" / product).mkdir(parents=True)
        (folder / "whole" / product / "x.IMD").write_text("")
    (folder / "year" / "order").mkdir(parents=True)
    (folder / "year" / "order" / "x.IMD").write_text("")
    names = [each.name for each in allowed.listed() if each.is_delivery]
    assert names == ["imagery/order", "imagery/whole", "imagery/year/order"]


def test_hidden_files_and_folders_are_not_listed(allowed: Permissions, folder: Path) -> None:
    (folder / ".cache").mkdir()
    (folder / ".cache" / "c.tif").touch()
    (folder / "._a.tif").touch()
    assert len(allowed.listed()) == 3
