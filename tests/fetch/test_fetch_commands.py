"""satseg fetch as a person runs it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from chip_files import SIDE, name_of, pixels_of, write_chip
from nasty_server import NastyServer, Reply
from shelf_files import snapshot, write_scene
from stac_files import catalog as stac_catalog
from stac_files import item, write

from satseg.catalog import Catalog
from satseg.cli import main
from satseg.cli.terminal import byte_bar, in_bytes
from satseg.fetch import spacenet, transfer

Put = Callable[[str, bytes], None]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setattr(transfer, "time", SimpleNamespace(sleep=lambda seconds: None))
    return tmp_path / "catalog"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, product in spacenet.PRODUCTS.items():
        monkeypatch.setitem(spacenet.PRODUCTS, key, dataclasses.replace(product, chip_px=SIDE))


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def chips(tmp_path: Path) -> Path:
    for key, bands in (("ps-rgb", 3), ("ps-ms", 8)):
        for number in (1, 2):
            path = tmp_path / "mine" / name_of(spacenet.PRODUCTS[key], number, old=True)
            write_chip(path, pixels_of(number, bands), col=SIDE * number)
    path.write_bytes(path.read_bytes()[:-400])
    return tmp_path / "mine"


@pytest.mark.parametrize("command", ["spacenet-shanghai", "stac"])
def test_each_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fetch", command, "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"Example: satseg fetch {command}" in text
    assert "--endpoint" not in text


@pytest.mark.usefixtures("small")
def test_both_products_become_scenes(
    root: Path, chips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ("fetch", "spacenet-shanghai", "--from", chips, "--products", "ps-rgb,ps-ms")
    assert run(*wanted) == 0
    told = capsys.readouterr().out
    assert "of 2015-06-06: 2 chips, 100% of the image below chips" in told
    assert "of 2015-06-06: 1 chip, 100% of the image below chips" in told
    assert "Left out as faulty: 1 chip" in told
    assert "MUL-PanSharpen_AOI_4_Shanghai_img2.tif: cannot be read" in told
    assert told.count("Next: satseg predict") == 2
    assert [len(scene.bands) for scene in Catalog.open(root).scenes()] in ([3, 8], [8, 3])
    before = snapshot(root)
    assert run(*wanted) == 0
    assert capsys.readouterr().out.count("is in the catalog already") == 2
    assert snapshot(root) == before


@pytest.mark.usefixtures("small")
def test_the_bucket_is_named_by_an_environment_variable(
    root: Path,
    tmp_path: Path,
    endpoint: str,
    put: Put,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SATSEG_SPACENET_ENDPOINT", endpoint)
    for number in (1, 2):
        path = write_chip(tmp_path / "one.tif", pixels_of(number), col=SIDE * number)
        put(name_of(spacenet.PRODUCTS["ps-rgb"], number, old=False), path.read_bytes())
    wanted = ("fetch", "spacenet-shanghai", "--chips", "2", "--products", "ps-rgb")
    assert run(*wanted, "--dry-run") == 0
    told = capsys.readouterr().out
    assert "bucket spacenet-dataset" in told
    assert "Nothing was downloaded" in told
    assert not Catalog.open(root).scenes()
    assert run(*wanted, "--to", tmp_path / "else") == 0
    (scene,) = Catalog.open(root).scenes()
    assert scene.image.is_relative_to(tmp_path / "else" / "spacenet-shanghai")


def test_no_network_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SATSEG_SPACENET_ENDPOINT", "http://127.0.0.1:9")
    assert run("fetch", "spacenet-shanghai", "--chips", "2") == 1
    told = capsys.readouterr().err
    assert "an answer from http://127.0.0.1:9/spacenet-dataset" in told
    assert "Connection refused" in told
    assert "Check the network connection" in told
    assert Catalog.open(root).scenes() == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--bbox", "1,2"), "four numbers"),
        (("--products", "pan"), "products out of"),
        (("--region", "nowhere"), "one of the regions"),
        (("--chips", "0"), "at least 1 chip"),
        (("--from", "/nowhere/at/all"), "nothing at /nowhere/at/all"),
    ],
)
def test_wrong_options_are_told(
    root: Path, options: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "spacenet-shanghai", *options) == 1
    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_ctrl_c_says_that_the_download_goes_on(
    root: Path,
    chips: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def pressed(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("satseg.fetch.shanghai.check_chips", pressed)
    assert run("fetch", "spacenet-shanghai", "--from", chips) == 130
    assert "it goes on where it ended" in capsys.readouterr().err
    assert Catalog.open(root).scenes() == []


@pytest.fixture
def stac(tmp_path: Path, server: NastyServer) -> str:
    """A catalog over HTTP: a good image, a web page instead of one, and an item without one."""
    image = write_scene(tmp_path / "good.tif").read_bytes()
    good = item("good", server.on("/good.tif", Reply(image)), day="2020-05-02")
    bad = item("[red]bad\x1b", server.on("/bad.tif", Reply(b"<html>")), cloud=None)
    none = item("none", "s3://bucket/a.tif", day="2020-05-03")
    documents = {"good.json": good, "bad.json": bad, "none.json": none}
    documents["catalog.json"] = stac_catalog([], [f"./{name}" for name in documents])
    folder = write(tmp_path / "stac", documents).parent
    for name in documents:
        server.on(f"/{name}", Reply((folder / name).read_bytes()))
    return f"{server.address}/catalog.json"


def test_stac_items_are_listed_before_anything_is_downloaded(
    root: Path, stac: str, server: NastyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "stac", stac, "--dry-run") == 0
    told = capsys.readouterr().out
    lines = [line for line in told.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]
    size = in_bytes((root.parent / "good.tif").stat().st_size)
    assert cells[0] == ["[red]bad?", "image", "new", "2020-05-01", "-", "0.60 m", "3", "6 B"]
    assert cells[1] == ["good", "image", "new", "2020-05-02", "5 %", "0.60 m", "3", size]
    assert cells[2][:3] == ["none", "'s3://bucket/a.tif'", "no asset to fetch"]
    assert "Nothing was downloaded" in told
    assert Catalog.open(root).scenes() == []


def test_stac_items_are_added_and_a_failed_one_is_told(
    root: Path, stac: str, server: NastyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "stac", stac) == 1
    told = capsys.readouterr()
    assert "Added scene vhr.good.image." in told.out
    assert "Failed: [red]bad?: Expected a complete GeoTIFF" in " ".join(told.out.split())
    assert "1 of them failed" in told.err
    assert len(Catalog.open(root).scenes()) == 1
    server.requests.clear()
    assert run("fetch", "stac", stac, "--since", "2020-05-02") == 0
    told = capsys.readouterr()
    assert "in the catalog" in told.out
    assert "There is nothing to add." in told.out
    assert server.asked("/good.tif") == []


def test_nothing_that_matches_is_no_error(
    root: Path, stac: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "stac", stac, "--bbox", "1,1,2,2", "--cloud", "10") == 0
    assert capsys.readouterr().out.strip() == "There is nothing to add."


def test_a_region_limits_the_search_and_gets_the_scene(
    root: Path, tmp_path: Path, stac: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Catalog.open(root).add_scene(write_scene(tmp_path / "mine.tif", seed=9), date="2019-01-01")
    assert run("fetch", "stac", stac, "--region", "mine") == 0
    assert "nothing to add" in capsys.readouterr().out  # the items lie elsewhere
    assert run("fetch", "stac", stac, "--region", "nowhere") == 1


def test_bytes_are_told_as_people_write_them() -> None:
    sizes = (0, 999, 1000, 2_500_000, 23_400_000_000, 4_000_000_000_000_000)
    told = ["0 B", "999 B", "1 kB", "2.5 MB", "23.4 GB", "4e+03 TB"]
    assert [in_bytes(size) for size in sizes] == told


def test_a_bar_of_bytes_takes_an_unknown_number(capsys: pytest.CaptureFixture[str]) -> None:
    with byte_bar("Downloading") as step:
        step(0, 0)
        step(5, 10)
    assert capsys.readouterr().out == ""
