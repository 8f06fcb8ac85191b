import pytest

from satseg.addresses import Address, is_address, is_gdal_name
from satseg.errors import SceneError

GOOD = [
    "https://host.example/a/b.tif",
    "http://127.0.0.1:8000/b.tif?version=2",
    "s3://bucket.name/a/b.tif",
]


@pytest.mark.parametrize("text", GOOD)
def test_gdal_reads_an_address_under_a_name_that_is_recognised(text: str) -> None:
    address = Address(text)
    assert address.name == "b.tif"
    assert is_address(text)
    assert is_gdal_name(address.gdal)


def test_what_a_web_server_is_asked_cannot_become_an_option_of_gdal() -> None:
    name = Address("https://host.example/b.tif?x=1&use_head=no&url=file:///etc/passwd").gdal
    assert name.count("&url=") == 1
    assert name.endswith("%3A%2F%2F%2Fetc%2Fpasswd")


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/passwd",
        "ftp://host/b.tif",
        "https:///b.tif",
        "https://host/",
        "https://me:secret@host/b.tif",
        "https://host:port/b.tif",
        "https://host/b\n.tif",
        "b.tif",
    ],
)
def test_what_is_no_address_of_an_image_is_refused(text: str) -> None:
    with pytest.raises(SceneError, match="the address of an image"):
        Address(text)


@pytest.mark.parametrize(
    "name",
    [
        "/vsicurl/https://host/b.tif",
        "/vsicurl?max_retry=3&retry_delay=1&empty_dir=yes&url=file%3A%2F%2F%2Fetc%2Fpasswd",
        "/vsicurl?max_retry=3&retry_delay=1&empty_dir=yes&url=https%3A%2F%2Fh&header_file=%2Fetc",
        "/vsis3/bucket/../../etc/passwd",
        "/vsizip//vsis3/bucket/b.zip/b.tif",
        "/etc/passwd",
    ],
)
def test_other_names_of_gdal_are_not_recognised(name: str) -> None:
    assert not is_gdal_name(name)
