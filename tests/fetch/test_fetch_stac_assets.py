"""Which asset of an item is taken, and what its item says of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pystac
import pytest
from stac_files import item

from satseg.errors import FetchError
from satseg.fetch.stac_assets import Candidate, candidate

TIFF = "image/tiff; application=geotiff; profile=cloud-optimized"
URL = "https://example.org/a.tif"


def of(document: dict[str, Any], key: str | None = None, own: str | None = None) -> Candidate:
    return candidate(pystac.Item.from_dict(document, href=own), key)


def with_assets(**assets: dict[str, Any]) -> dict[str, Any]:
    document = item("a", URL)
    document["assets"] = assets
    return document


def bands(*names: str, field: str = "eo:common_name") -> list[dict[str, str]]:
    return [{field: name} for name in names]


def test_an_item_tells_all_that_the_catalog_wants() -> None:
    fields = {"file:size": 7, "file:checksum": "1220" + "a" * 64}
    document = item("Été 1", URL, asset=fields, license="CC-BY-4.0", platform="worldview-3")
    document["properties"]["providers"] = [{"name": "Maxar", "url": "javascript:1"}]
    found = of(document, own="https://example.org/items/a.json?sig=secret")
    assert (found.asset, found.href, found.is_local) == ("image", URL, False)
    assert (found.date, found.cloud, found.gsd_m) == (dt.date(2020, 5, 1), 5.0, 0.6)
    assert (found.bands, found.band_count, found.size) == (("red", "green", "blue"), 3, 7)
    assert found.checksum is not None
    assert (found.licence, found.title) == ("CC-BY-4.0", "Été 1")
    assert found.scene_id.startswith("vhr.ete-1.image.")
    assert found.properties == {
        "platform": "worldview-3",
        "eo:cloud_cover": 5.0,
        "providers": [{"name": "Maxar"}],
        "satseg:source": "https://example.org/items/a.json",
        "satseg:stac_id": "Été 1",
        "satseg:stac_collection": "vhr",
    }


def test_the_geotiff_with_most_named_bands_is_taken() -> None:
    document = with_assets(
        pan={"href": URL, "type": TIFF, "bands": bands("red")},
        visual={
            "href": URL,
            "type": TIFF,
            "roles": ["visual"],
            "bands": bands("red", "green", "blue"),
        },
        analytic={"href": URL, "type": TIFF, "bands": bands("blue", "green", "red", "nir")},
        overview={"href": URL, "type": TIFF, "roles": ["overview"]},
        picture={"href": URL, "type": "image/png"},
    )
    found = of(document)
    assert (found.asset, found.bands) == ("analytic", ("blue", "green", "red", "nir1"))
    assert of(document, "visual").asset == "visual"


def test_a_tiff_without_a_type_is_known_by_its_name() -> None:
    assert of(with_assets(a={"href": f"{URL}?sig=1"})).asset == "a"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (bands("coastal", "rededge", "nir", "nir09"), ("coastal", "red_edge", "nir1", "nir2")),
        (bands("Red", "Green", "Blue", field="name"), ("red", "green", "blue")),
        (bands("red", "green", "swir16"), None),
        (bands("red", "green", "red"), None),
        (bands("B1", "B2", "B3", field="name"), None),
    ],
)
def test_band_names_are_taken_only_where_all_are_understood(
    names: list[dict[str, str]], expected: tuple[str, ...] | None
) -> None:
    for field in ("bands", "eo:bands"):
        found = of(with_assets(a={"href": URL, "type": TIFF, field: names}))
        assert (found.bands, found.band_count) == (expected, len(names))


def test_the_eo_extension_of_old_is_understood() -> None:
    names = bands("red", "green", "blue", field="common_name")
    assert of(with_assets(a={"href": URL, "type": TIFF, "eo:bands": names})).bands is not None


def test_an_item_without_an_image_lists_its_assets() -> None:
    document = with_assets(t={"href": "./t.png", "type": "image/png"}, b={"href": "b.json"})
    with pytest.raises(FetchError, match="found the assets b, t. Choose one of them with --asset"):
        of(document)
    with pytest.raises(FetchError, match="the asset 'none'"):
        of(document, "none")


@pytest.mark.parametrize("href", ["s3://bucket/a.tif", "ftp://host/a.tif", "file:///etc/passwd"])
def test_an_asset_that_http_does_not_give_is_refused(href: str) -> None:
    for own in ("https://example.org/a.json", "/data/a.json", None):
        with pytest.raises(FetchError, match="an http or https address") as caught:
            of(item("a", href), own=own)
        assert "satseg scenes add" in caught.value.fix


def test_a_remote_item_names_no_file_of_this_machine() -> None:
    found = of(item("a", "/etc/passwd"), own="https://example.org/items/a.json")
    assert (found.href, found.is_local) == ("https://example.org/etc/passwd", False)
    with pytest.raises(FetchError, match="an http or https address"):
        of(item("a", "/etc/passwd"))


def test_an_item_on_disk_names_its_neighbour() -> None:
    found = of(item("a", "./a.tif"), own="/data/items/a.json")
    assert (found.href, found.is_local) == ("/data/items/a.tif", True)


def test_odd_values_are_left_out() -> None:
    odd = {"file:size": -1, "file:checksum": "zz", "gsd": "fine"}
    document = item("a", URL, asset=odd, license="x" * 501, platform={"a": 1})
    document["properties"]["eo:cloud_cover"] = "some"
    found = of(document)
    assert (found.size, found.checksum, found.gsd_m, found.cloud) == (None, None, None, None)
    assert found.licence == ""
    assert "platform" not in found.properties


def test_the_same_item_of_another_collection_is_another_scene() -> None:
    ids = {of(item(i, URL, collection=c)).scene_id for i in "ab" for c in ("c", "d", None)}
    assert len(ids) == 6
