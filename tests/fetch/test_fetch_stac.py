"""STAC items that become scenes, and those that must not."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
from nasty_server import NastyServer, Reply
from shelf_files import snapshot, write_raster, write_scene
from stac_files import item

from satseg.catalog import Catalog
from satseg.catalog_records import SceneRecord
from satseg.errors import BandError, CatalogError, DateError, FetchError, SceneError
from satseg.fetch.stac import add_candidate, in_catalog, with_size
from satseg.fetch.stac_assets import Candidate, candidate
from satseg.fetch.transfer import Policy, new_client


@pytest.fixture
def image_bytes(tmp_path: Path) -> bytes:
    return write_scene(tmp_path / "image.tif").read_bytes()


def of(href: str, **options: Any) -> Candidate:
    return candidate(pystac.Item.from_dict(item("Field 1", href, **options)))


def add(catalog: Catalog, wanted: Candidate, policy: Policy, **options: Any) -> SceneRecord:
    folder = catalog.root / "downloads"
    with new_client(policy) as client:
        return add_candidate(catalog, wanted, folder, client=client, policy=policy, **options)


def test_an_item_becomes_a_scene_with_its_terms(
    catalog: Catalog, server: NastyServer, image_bytes: bytes, policy: Policy
) -> None:
    url = server.on("/a.tif", Reply(image_bytes))
    digest = "1220" + hashlib.sha256(image_bytes).hexdigest()
    wanted = of(url, asset={"file:checksum": digest}, license="CC-BY-4.0", title="A field")
    assert not in_catalog(catalog, wanted)
    record = add(catalog, wanted, policy)
    assert in_catalog(catalog, wanted)
    assert record == catalog.scene(wanted.scene_id)
    assert (record.title, record.licence, str(record.date)) == (
        "A field",
        "CC-BY-4.0",
        "2020-05-01",
    )
    assert record.bands == ("red", "green", "blue")
    assert record.image.read_bytes() == image_bytes


def test_the_bands_of_the_item_count(
    catalog: Catalog, server: NastyServer, image_bytes: bytes, policy: Policy
) -> None:
    names = [{"name": name} for name in ("blue", "green", "red")]
    wanted = of(server.on("/a.tif", Reply(image_bytes)), asset={"bands": names})
    assert add(catalog, wanted, policy).bands == ("blue", "green", "red")


def test_a_file_on_disk_is_registered_where_it_lies(
    catalog: Catalog, tmp_path: Path, policy: Policy
) -> None:
    path = write_scene(tmp_path / "image.tif")
    own = str(tmp_path / "a.json")
    wanted = candidate(pystac.Item.from_dict(item("a", "./image.tif"), href=own))
    assert add(catalog, wanted, policy).image == path
    assert not (catalog.root / "downloads").exists()


@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"II*\0" + bytes(300)])
def test_a_file_that_is_no_image_is_deleted(
    catalog: Catalog, server: NastyServer, policy: Policy, body: bytes
) -> None:
    wanted = of(server.on("/a.tif", Reply(body)))
    before = snapshot(catalog.root)
    with pytest.raises(SceneError):
        add(catalog, wanted, policy)
    assert {**snapshot(catalog.root)} == {**before, "downloads": None}


def test_a_truncated_image_of_a_lying_server_is_deleted(
    catalog: Catalog, server: NastyServer, image_bytes: bytes, policy: Policy
) -> None:
    wanted = of(server.on("/a.tif", Reply(image_bytes, claim=len(image_bytes) - 5000)))
    with pytest.raises(SceneError):
        add(catalog, wanted, policy)
    assert catalog.scenes() == []
    server.on("/a.tif", Reply(image_bytes))
    add(catalog, wanted, policy)


def test_bands_without_names_keep_the_file_for_the_next_run(
    catalog: Catalog, server: NastyServer, tmp_path: Path, policy: Policy
) -> None:
    pixels = np.arange(1, 5 * 900 + 1, dtype=np.uint16).reshape(5, 30, 30)
    path = write_raster(tmp_path / "five.tif", pixels, photometric="minisblack")
    wanted = of(server.on("/a.tif", Reply(path.read_bytes())), asset={"bands": []})
    with pytest.raises(BandError, match="5 bands without names"):
        add(catalog, wanted, policy)
    assert catalog.scenes() == []
    names = ["blue", "green", "red", "red_edge", "nir1"]
    assert add(catalog, wanted, policy, bands=names).bands == tuple(names)
    assert len(server.requests) == 1


def test_a_content_that_the_catalog_has_is_refused(
    catalog: Catalog, server: NastyServer, tmp_path: Path, image_bytes: bytes, policy: Policy
) -> None:
    catalog.add_scene(tmp_path / "image.tif", date="2020-05-01")
    with pytest.raises(CatalogError, match="a file of the same content"):
        add(catalog, of(server.on("/a.tif", Reply(image_bytes))), policy)
    assert len(catalog.scenes()) == 1


def test_an_item_without_a_day_is_told_before_the_download(
    catalog: Catalog, server: NastyServer, policy: Policy
) -> None:
    document = item("a", server.on("/a.tif", Reply(b"")))
    document["properties"]["datetime"] = None
    document["properties"]["start_datetime"] = document["properties"]["end_datetime"] = None
    with pytest.raises(DateError, match="the day of acquisition in the item 'a'"):
        add(catalog, candidate(pystac.Item.from_dict(document)), policy)
    assert server.requests == []


def test_a_size_that_the_item_tells_is_held_against_the_file(
    catalog: Catalog, server: NastyServer, image_bytes: bytes, policy: Policy
) -> None:
    wanted = of(server.on("/a.tif", Reply(image_bytes)), asset={"file:size": 12})
    with pytest.raises(FetchError, match="Expected 12 bytes"):
        add(catalog, wanted, policy)
    assert catalog.scenes() == []


def test_sizes_are_asked_for_where_the_item_is_silent(
    server: NastyServer, tmp_path: Path, policy: Policy
) -> None:
    def size(href: str, **asset: Any) -> int | None:
        with new_client(policy) as client:
            return with_size(of(href, asset=asset), client).size

    assert size(server.on("/ranges", Reply(bytes(900)))) == 900
    assert size(server.on("/none", Reply(bytes(900), ranges=False))) == 900
    assert size(server.on("/unknown", Reply(bytes(900), ranges=False, claim=-1))) is None
    assert size(server.on("/away", Reply(status=404))) is None
    assert size(server.on("/busy", Reply(status=503))) is None
    server.requests.clear()
    assert size(server.on("/told", Reply(bytes(900))), **{"file:size": 5}) == 5
    assert server.requests == []
    (tmp_path / "a.tif").write_bytes(bytes(30))
    here = str(tmp_path / "a.json")
    with new_client(policy) as client:
        local = candidate(pystac.Item.from_dict(item("a", "./a.tif"), href=here))
        assert with_size(local, client).size == 30
        gone = candidate(pystac.Item.from_dict(item("a", "./b.tif"), href=here))
        assert with_size(gone, client).size is None
