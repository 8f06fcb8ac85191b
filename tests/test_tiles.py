import io
import math
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from rasterio.transform import from_origin

from satseg.errors import CatalogError
from satseg.tiles import MAX_ZOOM, TILE_PX, TileSource, _Span, empty_tile

HALF_WORLD_M = math.pi * 6378137
ZOOM = 16
TILE_M = 2 * HALF_WORLD_M / 2**ZOOM
X, Y = 54_900, 26_700


class Folder:
    """Assets by id and key, as a catalog has them."""

    def __init__(self, files: dict[tuple[str, str], Path]) -> None:
        self.files = files

    def asset(self, item_id: str, key: str) -> Path:
        try:
            return self.files[item_id, key]
        except KeyError as error:
            raise CatalogError(expected="an asset", found=item_id, fix="Look again") from error


def write_on_grid(
    path: Path,
    pixels: NDArray[np.uint8],
    *,
    mask: NDArray[np.bool_] | None = None,
    **profile: object,
) -> Path:
    """Write (bands, 512, 512): two by two tiles of zoom 16 from tile (X, Y)."""
    corner = from_origin(
        X * TILE_M - HALF_WORLD_M,
        HALF_WORLD_M - Y * TILE_M,
        TILE_M / TILE_PX,
        TILE_M / TILE_PX,
    )
    count, height, width = pixels.shape
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=count,
            height=height,
            width=width,
            dtype="uint8",
            crs="EPSG:3857",
            transform=corner,
            **profile,
        ) as target,
    ):
        target.write(pixels)
        if mask is not None:
            target.write_mask(mask)
    return path


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.fixture
def grey(tmp_path: Path) -> NDArray[np.uint8]:
    values = np.random.default_rng(0).integers(0, 255, (1, 512, 512)).astype(np.uint8)
    values[0, :256, 256:] = 255
    return values


@pytest.fixture
def source(tmp_path: Path, grey: NDArray[np.uint8]) -> TileSource:
    colour = np.stack([np.full((512, 512), value, dtype=np.uint8) for value in (200, 100, 50)])
    mask = np.ones((512, 512), dtype=bool)
    mask[:, 384:] = False
    files = {
        ("forecast", "display"): write_on_grid(tmp_path / "p.tif", grey, nodata=255),
        ("scene", "display"): write_on_grid(tmp_path / "s.tif", colour, mask=mask),
        ("scene", "false_colour"): write_on_grid(tmp_path / "f.tif", colour[::-1]),
        ("forecast", "entropy_display"): write_on_grid(tmp_path / "e.tif", grey, nodata=255),
        ("scene", "truth"): write_on_grid(tmp_path / "t.tif", grey % 10),
        ("gone", "display"): tmp_path / "gone.tif",
    }
    return TileSource(Folder(files), max_open=2)


def test_probability_tiles_carry_every_value_unchanged_and_nodata_as_255(
    source: TileSource, grey: NDArray[np.uint8]
) -> None:
    tile = source.tile("forecast", "probability", ZOOM, X, Y + 1)
    assert tile.media_type == "image/png"
    shown = picture(tile.content)
    assert shown.mode == "L"
    np.testing.assert_array_equal(np.asarray(shown), grey[0, 256:, :256])
    beside = picture(source.tile("forecast", "probability", ZOOM, X + 1, Y).content)
    assert (np.asarray(beside) == 255).all()


@pytest.mark.parametrize(("item_id", "kind"), [("forecast", "entropy"), ("scene", "truth")])
def test_uncertainty_and_classes_travel_as_their_codes(
    source: TileSource, grey: NDArray[np.uint8], item_id: str, kind: str
) -> None:
    shown = picture(source.tile(item_id, kind, ZOOM, X, Y + 1).content)
    expected = grey[0, 256:, :256]
    np.testing.assert_array_equal(np.asarray(shown), expected % 10 if kind == "truth" else expected)
    empty = picture(source.tile(item_id, kind, ZOOM, X + 9, Y).content)
    assert (np.asarray(empty) == 255).all()


def test_magnified_probability_repeats_pixels_instead_of_mixing_them(
    source: TileSource, grey: NDArray[np.uint8]
) -> None:
    tile = source.tile("forecast", "probability", ZOOM + 1, 2 * X, 2 * Y)
    expected = grey[0, :128, :128].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(np.asarray(picture(tile.content)), expected)


def test_imagery_is_opaque_jpeg_where_it_is_whole(source: TileSource) -> None:
    tile = source.tile("scene", "true_colour", ZOOM, X, Y)
    assert tile.media_type == "image/jpeg"
    assert np.abs(np.asarray(picture(tile.content)).mean(axis=(0, 1)) - (200, 100, 50)).max() < 4
    swapped = source.tile("scene", "false_colour", ZOOM, X, Y)
    assert np.asarray(picture(swapped.content)).mean(axis=(0, 1))[2] > 190


def test_imagery_is_transparent_where_it_has_no_data(source: TileSource) -> None:
    tile = source.tile("scene", "true_colour", ZOOM, X + 1, Y)
    assert tile.media_type == "image/webp"
    alpha = np.asarray(picture(tile.content))[..., 3]
    assert (alpha[:, :128] == 255).all()
    assert (alpha[:, 129:] == 0).all()


@pytest.mark.parametrize(
    ("zoom", "column", "row", "width"), [(15, 0, 0, 256), (14, 0, 0, 128), (13, 128, 128, 64)]
)
def test_a_tile_wider_than_the_raster_shows_it_in_its_place(
    source: TileSource, zoom: int, column: int, row: int, width: int
) -> None:
    address = (zoom, X >> (ZOOM - zoom), Y >> (ZOOM - zoom))
    alpha = np.asarray(picture(source.tile("scene", "true_colour", *address).content))[..., 3]
    expected = np.zeros((TILE_PX, TILE_PX), dtype=bool)
    expected[row : row + width, column : column + width * 3 // 4] = True
    np.testing.assert_array_equal(alpha > 0, expected)
    codes = np.asarray(picture(source.tile("scene", "truth", *address).content))
    assert (codes[row : row + width, column : column + width] < 10).all()
    assert (codes == 255).sum() == TILE_PX**2 - width**2


@given(
    start=st.integers(-600, 600),
    zoom=st.integers(-8, 4),
    size=st.integers(1, 500),
)
def test_a_span_shows_every_pixel_whose_centre_is_on_the_raster(
    start: int, zoom: int, size: int
) -> None:
    step = 2.0**-zoom
    span = _Span.of(start * step, (start + TILE_PX) * step, size)
    centres = (start + np.arange(TILE_PX) + 0.5) * step
    shown = np.flatnonzero((centres >= 0) & (centres < size))
    assert len(span) == len(shown)
    if len(span):
        assert (span.first, span.last) == (shown[0], shown[-1] + 1)
        assert 0 <= span.start < span.stop <= size


def test_a_tile_beside_the_raster_is_empty(source: TileSource) -> None:
    assert source.tile("scene", "true_colour", ZOOM, 0, 0) == empty_tile("true_colour")
    assert source.tile("forecast", "probability", ZOOM, 0, 0) == empty_tile("probability")
    assert np.asarray(picture(empty_tile("true_colour").content))[..., 1].max() == 0
    assert np.asarray(picture(empty_tile("probability").content)).min() == 255


@pytest.mark.parametrize(
    ("z", "x", "y"),
    [
        (-1, 0, 0),
        (MAX_ZOOM + 1, 0, 0),
        (0, 1, 0),
        (3, 0, 8),
        (3, -1, 0),
        (10**9, 0, 0),
        (16, 10**40, 0),
    ],
)
def test_an_address_outside_of_the_pyramid_is_refused(
    source: TileSource, z: int, x: int, y: int
) -> None:
    with pytest.raises(CatalogError, match="a tile with 0 <= z"):
        source.tile("scene", "true_colour", z, x, y)


@pytest.mark.parametrize(
    "item_id", ["../scene", "a/b", "", "SCENE", "scene\x00", "a" * 300, "..", "x..y"]
)
def test_an_id_that_is_none_is_refused(source: TileSource, item_id: str) -> None:
    with pytest.raises(CatalogError):
        source.tile(item_id, "true_colour", ZOOM, X, Y)


@pytest.mark.parametrize(
    ("item_id", "kind"), [("other", "true_colour"), ("gone", "true_colour"), ("scene", "image")]
)
def test_what_is_not_registered_or_gone_is_refused(
    source: TileSource, item_id: str, kind: str
) -> None:
    with pytest.raises(CatalogError):
        source.tile(item_id, kind, ZOOM, X, Y)


@pytest.mark.parametrize("kept", [0, 100, 2000])
def test_a_damaged_file_is_told_as_such(source: TileSource, tmp_path: Path, kept: int) -> None:
    damaged = tmp_path / "s.tif"
    damaged.write_bytes(damaged.read_bytes()[:kept])
    with pytest.raises(CatalogError, match=r"readable display copy s\.tif"):
        source.tile("scene", "true_colour", ZOOM, X, Y)


def test_coverage_tells_bounds_native_zoom_and_a_version(source: TileSource) -> None:
    covered = source.coverage("forecast", "probability")
    west, south, east, north = covered.bounds
    assert west == pytest.approx(X / 2**ZOOM * 360 - 180)
    assert east == pytest.approx((X + 2) / 2**ZOOM * 360 - 180)
    assert south < north
    assert covered.max_zoom == ZOOM
    assert covered.version


def test_a_file_that_is_replaced_is_read_anew(
    source: TileSource, tmp_path: Path, grey: NDArray[np.uint8]
) -> None:
    before = source.coverage("forecast", "probability").version
    source.tile("forecast", "probability", ZOOM, X, Y)
    fresh = write_on_grid(tmp_path / "new.tif", np.full_like(grey, 7), nodata=255)
    fresh.replace(tmp_path / "p.tif")
    tile = source.tile("forecast", "probability", ZOOM, X, Y)
    assert (np.asarray(picture(tile.content)) == 7).all()
    assert source.coverage("forecast", "probability").version != before


def test_no_more_rasters_stay_open_than_allowed(
    source: TileSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    really_open: Callable[..., object] = rasterio.open

    def watched(path: Path) -> object:
        opened.append(really_open(path))
        return opened[-1]

    monkeypatch.setattr("satseg.tiles.rasterio.open", watched)
    wanted = [("scene", "true_colour"), ("scene", "false_colour"), ("forecast", "probability")]
    for item_id, kind in wanted:
        source.tile(item_id, kind, ZOOM, X, Y)
    assert [dataset.closed for dataset in opened] == [True, False, False]
    source.close()
    assert all(dataset.closed for dataset in opened)


def test_many_threads_get_the_same_tiles(source: TileSource) -> None:
    wanted = [("scene", "true_colour"), ("scene", "false_colour"), ("forecast", "probability")] * 8
    expected = {(i, k): source.tile(i, k, ZOOM, X, Y) for i, k in wanted}
    failures: list[object] = []

    def work(item_id: str, kind: str) -> None:
        try:
            same = source.tile(item_id, kind, ZOOM, X, Y) == expected[item_id, kind]
        except Exception as error:  # told to the main thread
            failures.append(error)
        else:
            failures.extend([] if same else [(item_id, kind)])

    threads = [threading.Thread(target=work, args=pair) for pair in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
