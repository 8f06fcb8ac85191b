"""SpaceNet's Shanghai out of a bucket, an archive and a folder, and nothing half-registered."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from chip_files import SIDE, SMALL_MS, SMALL_RGB, name_of, pixels_of, write_chip
from nasty_server import NastyServer, Reply
from shelf_files import snapshot

from satseg.catalog import Catalog
from satseg.errors import Cancelled, FetchError, StorageError
from satseg.fetch import chip_sources
from satseg.fetch.checksums import Checksum
from satseg.fetch.chip_sources import Offer, Selection
from satseg.fetch.places import Box
from satseg.fetch.shanghai import SceneFetched, Site, add_chips, find_chips, working_in
from satseg.fetch.spacenet import PRODUCTS, Product
from satseg.fetch.stages import Stages
from satseg.fetch.transfer import Policy

Put = Callable[[str, bytes], None]
ALL = Selection()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "downloads"


def chip_bytes(tmp_path: Path, number: int, *, bands: int = 3) -> bytes:
    """A chip that lies ``number`` chips to the right of the origin."""
    path = write_chip(tmp_path / "one.tif", pixels_of(number, bands), col=number * SIDE)
    return path.read_bytes()


def fetch(
    catalog: Catalog,
    site: Site,
    selection: Selection = ALL,
    product: Product = SMALL_RGB,
    stages: Stages | None = None,
) -> tuple[Offer, SceneFetched]:
    told = stages or Stages()
    with find_chips(product, selection, site, told) as source:
        return source.offer, add_chips(catalog, source, product, site, stages=told)


def archive_of(tmp_path: Path, numbers: range, *, old: bool, **extra: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        content = {name_of(SMALL_RGB, n, old=old): chip_bytes(tmp_path, n) for n in numbers}
        content["AOI_4_Shanghai_Train/summaryData/list.csv"] = b"ImageId"
        for name, data in {**content, **extra}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize("old", [True, False])
def test_a_folder_becomes_one_scene(
    catalog: Catalog, tmp_path: Path, folder: Path, old: bool
) -> None:
    source = tmp_path / "mine"
    for number in (1, 2, 4):
        path = source / name_of(SMALL_RGB, number, old=old)
        write_chip(path, pixels_of(number), col=number * SIDE)
    before = snapshot(source)
    offer, done = fetch(catalog, Site(folder, local=source))
    assert (offer.chips, offer.to_download) == (3, 0)
    assert (done.chips, done.faults, done.moved, done.covered) == (3, (), 0, 0.75)
    scene = catalog.scene(done.scene_id)
    assert str(scene.date) == "2015-06-06"
    assert scene.bands == ("red", "green", "blue")
    assert scene.licence == "CC-BY-SA-4.0"
    assert "SpaceNet" in scene.attribution
    assert scene.valid_fraction == 0.75
    assert scene.title == "Shanghai, SpaceNet: red, green, blue, 0.3 m (3 chips)"
    assert snapshot(source) == before
    with rasterio.open(scene.image) as dataset:
        pixels = dataset.read()
        assert dataset.tags()["TIFFTAG_COPYRIGHT"] == scene.attribution
    assert np.array_equal(pixels[:, :, :16], pixels_of(1))
    assert np.array_equal(pixels[:, :, 48:], pixels_of(4))
    assert not pixels[:, :, 32:48].any()


def test_the_item_names_owner_terms_and_chips(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    write_chip(tmp_path / "mine" / name_of(SMALL_MS, 7, old=True), pixels_of(7, 8))
    done = fetch(catalog, Site(folder, local=tmp_path / "mine"), product=SMALL_MS)[1]
    item = json.loads((catalog.root / f"scenes/{done.scene_id}/{done.scene_id}.json").read_text())
    found = item["properties"]
    assert found["license"] == "CC-BY-SA-4.0"
    assert "CC BY-SA 4.0" in found["satseg:attribution"]
    assert [each["name"] for each in found["providers"]] == ["SpaceNet", "DigitalGlobe"]
    assert found["satseg:chips"] == [7]
    assert [band["name"] for band in item["assets"]["image"]["bands"]] == list(SMALL_MS.bands)


def test_the_real_tile_becomes_a_scene_pixel_by_pixel(
    catalog: Catalog, tmp_path: Path, folder: Path, shanghai_tile: Path
) -> None:
    mine = tmp_path / "AOI_4_Shanghai_Train" / "RGB-PanSharpen" / shanghai_tile.name
    mine.parent.mkdir(parents=True)
    shutil.copyfile(shanghai_tile, mine)
    done = fetch(catalog, Site(folder, local=tmp_path), product=PRODUCTS["ps-rgb"])[1]
    assert (done.chips, done.faults, done.moved) == (1, (), 0)
    with rasterio.open(shanghai_tile) as before, rasterio.open(done.image) as after:
        assert np.array_equal(before.read(), after.read())
        assert before.transform.almost_equals(after.transform, precision=1e-12)
        assert before.crs == after.crs


def test_a_second_run_finds_the_scene(catalog: Catalog, tmp_path: Path, folder: Path) -> None:
    write_chip(tmp_path / "mine" / name_of(SMALL_RGB, 1, old=True), pixels_of(1))
    site = Site(folder, local=tmp_path / "mine")
    first = fetch(catalog, site)[1]
    before = snapshot(catalog.root)
    again = fetch(catalog, site)[1]
    assert (again.was_there, again.scene_id, again.image) == (True, first.scene_id, first.image)
    assert snapshot(catalog.root) == before


def test_faulty_chips_are_left_out_and_listed(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    source = tmp_path / "mine"
    for number in (1, 2, 3):
        path = write_chip(source / name_of(SMALL_RGB, number, old=True), pixels_of(number))
    path.write_bytes(path.read_bytes()[:300])
    write_chip(source / name_of(SMALL_RGB, 4, old=True), np.zeros((3, SIDE, SIDE), np.uint16))
    done = fetch(catalog, Site(folder, local=source))[1]
    assert done.chips == 2
    names = [fault.name for fault in done.faults]
    assert names == [f"RGB-PanSharpen_AOI_4_Shanghai_img{n}.tif" for n in (3, 4)]
    assert done.faults[1].reason == "all pixels black"


def test_only_faulty_chips_register_nothing(catalog: Catalog, tmp_path: Path, folder: Path) -> None:
    black = np.zeros((3, SIDE, SIDE), np.uint16)
    write_chip(tmp_path / "mine" / name_of(SMALL_RGB, 4, old=True), black)
    with pytest.raises(FetchError, match="1 faulty ones .*all pixels black"):
        fetch(catalog, Site(folder, local=tmp_path / "mine"))
    assert catalog.scenes() == []


def test_a_folder_without_chips_is_told_both_layouts(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(catalog, Site(folder, local=tmp_path))
    assert "AOI_4_Shanghai_Train/RGB-PanSharpen/" in caught.value.expected
    assert "train/AOI_4_Shanghai/PS-RGB/" in caught.value.expected


@pytest.mark.parametrize("old", [True, False])
def test_single_chips_come_from_the_bucket_closest_together(
    catalog: Catalog,
    tmp_path: Path,
    folder: Path,
    endpoint: str,
    put: Put,
    policy: Policy,
    old: bool,
) -> None:
    for number in (1, 2, 3, 8, 20):
        name = name_of(SMALL_RGB, number, old=old)
        put(f"train/{name}" if old else name, chip_bytes(tmp_path, number))
    put("train/AOI_4_Shanghai/PAN/SN2_AOI_4_Shanghai_PAN_img1.tif", b"1")
    site = Site(folder, endpoint, policy=policy)
    offer, done = fetch(catalog, site, Selection(count=3))
    assert (offer.chips, offer.there) == (3, 0)
    assert offer.to_download == 3 * len(chip_bytes(tmp_path, 1))
    assert (done.chips, done.covered) == (3, 1.0)
    with rasterio.open(done.image) as dataset:
        assert np.array_equal(dataset.read()[:, :, 16:32], pixels_of(2))
    again = fetch(catalog, site, Selection(count=3))
    assert (again[0].to_download, again[1].was_there) == (0, True)


def test_a_box_takes_its_chips_and_a_look_is_kept(
    catalog: Catalog, tmp_path: Path, folder: Path, server: NastyServer, policy: Policy
) -> None:
    prefix = "spacenet/SN2_buildings/train/AOI_4_Shanghai/PS-RGB"
    entries = ""
    for number in (1, 2, 30):
        data = chip_bytes(tmp_path, number)
        key = f"{prefix}/SN2_AOI_4_Shanghai_img{number}.tif"
        server.on(f"/spacenet-dataset/{key}", Reply(data))
        entries += f"<Contents><Key>{key}</Key><Size>{len(data)}</Size></Contents>"
    listing = f"<ListBucketResult>{entries}</ListBucketResult>"
    server.on("/spacenet-dataset", Reply(listing.encode()))
    site = Site(folder, server.address, policy=policy)
    within = Selection(within=Box(121.73, 31.2, 121.73 + 60 * 2.7e-6 + 0.0041, 31.3))
    offer, done = fetch(catalog, site, within)
    assert (offer.chips, done.chips) == (2, 2)
    looks = [each for each in server.requests if each.range == "bytes=0-16383"]
    assert len(looks) == 3
    fetch(catalog, site, Selection(count=1))
    assert len([each for each in server.requests if each.range == "bytes=0-16383"]) == 3
    with pytest.raises(FetchError, match=r"none; the 3 chips .* lie between 121\.73") as caught:
        fetch(catalog, site, Selection(within=Box(0, 0, 1, 1)))
    assert caught.value.fix == "Choose a box there"


def test_a_bucket_without_single_chips_names_the_archive(
    catalog: Catalog, folder: Path, endpoint: str, policy: Policy
) -> None:
    with pytest.raises(FetchError, match="single chips of ps-rgb") as caught:
        fetch(catalog, Site(folder, endpoint, policy=policy), Selection(count=5))
    assert "--archive" in caught.value.fix


@pytest.mark.parametrize("old", [True, False])
def test_all_chips_come_as_the_archive(
    catalog: Catalog,
    tmp_path: Path,
    folder: Path,
    endpoint: str,
    put: Put,
    policy: Policy,
    old: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = archive_of(tmp_path, range(1, 4), old=old)
    put("tarballs/SN2_buildings_train_AOI_4_Shanghai.tar.gz", packed)
    _expect(packed, monkeypatch)
    site = Site(folder, endpoint, policy=policy)
    offer, done = fetch(catalog, site)
    assert (offer.chips, offer.to_download) == (None, len(packed))
    assert done.chips == 3
    (folder / "SN2_buildings_train_AOI_4_Shanghai.tar.gz").unlink()  # no longer needed
    offer, done = fetch(catalog, site)
    assert (offer.chips, offer.to_download, done.was_there) == (3, 0, True)


def test_an_archive_of_another_checksum_is_refused(
    catalog: Catalog, tmp_path: Path, folder: Path, endpoint: str, put: Put, policy: Policy
) -> None:
    packed = archive_of(tmp_path, range(1, 3), old=True)
    put("tarballs/SN2_buildings_train_AOI_4_Shanghai.tar.gz", packed)
    with pytest.raises(FetchError, match="986129eecd3e842ebc2063d43b407adb"):
        fetch(catalog, Site(folder, endpoint, policy=policy))
    assert catalog.scenes() == []
    assert snapshot(folder) == {}


def test_a_bucket_without_the_archive_is_told(
    catalog: Catalog, folder: Path, endpoint: str, policy: Policy
) -> None:
    with pytest.raises(FetchError, match="no such object"):
        fetch(catalog, Site(folder, endpoint, policy=policy))


def test_an_archive_on_disk_is_unpacked_once_and_only_the_product(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "mine.tar.gz"
    path.write_bytes(archive_of(tmp_path, range(1, 4), old=False))
    begun: list[str] = []
    done = fetch(catalog, Site(folder, local=path), stages=_told(begun))[1]
    assert done.chips == 3
    assert begun[0] == "Unpacking ps-rgb"
    names = [name for name in snapshot(folder) if name.endswith(".csv")]
    assert names == []
    begun.clear()
    some = fetch(catalog, Site(folder, local=path), Selection(count=2), stages=_told(begun))[1]
    assert some.chips == 2
    assert "Unpacking ps-rgb" not in begun


def test_an_archive_without_the_product_is_told(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "mine.tar.gz"
    path.write_bytes(archive_of(tmp_path, range(1, 2), old=False))
    with pytest.raises(FetchError, match="none of ps-ms in mine.tar.gz"):
        fetch(catalog, Site(folder, local=path), product=SMALL_MS)


def test_a_malicious_archive_registers_nothing(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "mine.tar.gz"
    path.write_bytes(archive_of(tmp_path, range(1, 3), old=False, **{"../evil": b"1"}))
    with pytest.raises(FetchError, match=r"a name with '\.\.'"):
        fetch(catalog, Site(folder, local=path))
    assert catalog.scenes() == []
    assert not list(tmp_path.rglob("evil"))
    assert [name for name in snapshot(folder) if name.endswith(".tif")] == []


def test_ctrl_c_while_registering_keeps_the_work_and_registers_nothing(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    write_chip(tmp_path / "mine" / name_of(SMALL_RGB, 1, old=True), pixels_of(1))
    site = Site(folder, local=tmp_path / "mine")

    @contextmanager
    def begin(description: str, unit: str) -> Iterator[Callable[[int, int], None]]:
        if description.startswith("Adding"):
            raise KeyboardInterrupt
        yield lambda done, total: None

    with pytest.raises(KeyboardInterrupt):
        fetch(catalog, site, stages=Stages(begin=begin))  # type: ignore[arg-type]
    assert catalog.scenes() == []
    begun: list[str] = []
    assert fetch(catalog, site, stages=_told(begun))[1].chips == 1
    assert [text for text in begun if text.startswith("Joining")] == []


def test_a_cancelled_fetch_registers_nothing(
    catalog: Catalog, tmp_path: Path, folder: Path
) -> None:
    write_chip(tmp_path / "mine" / name_of(SMALL_RGB, 1, old=True), pixels_of(1))
    with pytest.raises(Cancelled):
        fetch(catalog, Site(folder, local=tmp_path / "mine"), stages=Stages(cancelled=lambda: True))
    assert catalog.scenes() == []


def test_too_little_room_for_the_image_is_told(
    catalog: Catalog, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_chip(tmp_path / "mine" / name_of(SMALL_RGB, 1, old=True), pixels_of(1))
    monkeypatch.setattr(
        "satseg.fetch.shanghai.shutil.disk_usage", lambda path: type("usage", (), {"free": 3071})
    )
    with pytest.raises(StorageError, match="3,072 free bytes"):
        fetch(catalog, Site(folder, local=tmp_path / "mine"))


def test_two_fetches_do_not_share_a_folder(folder: Path) -> None:
    with (
        working_in(folder),
        pytest.raises(FetchError, match="another process that does"),
        working_in(folder),
    ):
        pass
    with working_in(folder):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="a folder for downloads"), working_in(tmp_path / "file"):
        pass


def test_no_chips_cannot_be_asked_for() -> None:
    with pytest.raises(FetchError, match="at least 1 chip"):
        Selection(count=0)


def test_a_chip_that_breaks_off_goes_on_in_the_next_run(
    catalog: Catalog, tmp_path: Path, folder: Path, server: NastyServer, policy: Policy
) -> None:
    key = "spacenet/SN2_buildings/train/AOI_4_Shanghai/PS-RGB/SN2_AOI_4_Shanghai_img1.tif"
    data = chip_bytes(tmp_path, 1)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    entry = f"<Key>{key}</Key><Size>{len(data)}</Size><ETag>&quot;{md5}&quot;</ETag>"
    listing = f"<ListBucketResult><Contents>{entry}</Contents></ListBucketResult>"
    server.on("/spacenet-dataset", Reply(listing.encode()))
    path = f"/spacenet-dataset/{key}"
    server.on(path, Reply(data, stop_after=700), Reply(status=500))
    site = Site(folder, server.address, policy=policy)
    with pytest.raises(FetchError, match=f"700 of {len(data):,} bytes are there"):
        fetch(catalog, site, Selection(count=1))
    assert catalog.scenes() == []
    server.on(path, Reply(data))
    offer, done = fetch(catalog, site, Selection(count=1))
    assert server.requests[-1].range == "bytes=700-"
    assert (offer.chips, done.chips) == (1, 1)


def _expect(packed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.md5(packed, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(chip_sources, "ARCHIVE_CHECKSUM", Checksum("md5", digest))


def _told(begun: list[str]) -> Stages:
    @contextmanager
    def begin(description: str, unit: str) -> Iterator[Callable[[int, int], None]]:
        begun.append(description)
        yield lambda done, total: None

    return Stages(begin=begin)  # type: ignore[arg-type]
